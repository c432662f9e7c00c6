"""One order on its way through the writes."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.errors import CausewayError
from tasks.orders.plan_models import Action, OrderPlan, Reservation
from tasks.orders.states import ActualOrder


@dataclass
class Work:
    """An order's plan, and how far it is carried out."""

    plan: OrderPlan
    there: ActualOrder | None = None
    """Brightpearl's side, as it was last read."""
    order_id_bp: str = ""
    error: CausewayError | None = None
    reservation: Reservation | None = None
    """What is to be reserved: as planned, or as an amendment left it."""
    short: dict[str, int] = field(default_factory=dict)
    credit_id: str = ""
    status_id: str = ""
    external_order_id: str = ""
    """What the store was told."""

    @property
    def may_write(self) -> bool:
        """Whether nothing stopped this order so far."""
        return self.error is None

    @property
    def goes_on(self) -> bool:
        """Whether it stands or will stand in Brightpearl, and nothing stopped it."""
        return self.may_write and not (self.plan.action is Action.HOLD and not self.order_id_bp)
