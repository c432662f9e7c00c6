"""What planning has to know besides both sides: the merchant's choices and people's decisions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from tasks.outcome import Obstacle

OFF = frozenset({"5", "6"})
"""Store statuses of an order that was called off: cancelled, declined."""
DISPUTED = "13"
REFUNDED, PARTLY_REFUNDED = "4", "14"
SENT = frozenset({"2", "3", "10"})
"""Store statuses of an order of which something has left, even if no shipment says so."""


@dataclass(frozen=True)
class Rules:
    """The merchant's settings, the account's statuses, and what people decided about cases."""

    on_hold: str = ""
    """Brightpearl's status of an order whose pick must wait; "" if the table has none."""
    cancelled: str = ""
    cancel_in_store: bool = True
    approved: Collection[tuple[str, str]] = frozenset()
    """(order, value of the case) whose proposal may be carried out."""
    discarded: Collection[tuple[str, str]] = frozenset()
    """(order, value of the case) that is left as it is."""

    def approves(self, order_id: str, case: Obstacle) -> bool:
        """Whether a person approved what the case proposes."""
        return (order_id, case.value) in self.approved

    def undecided(self, order_id: str, cases: Iterable[Obstacle]) -> tuple[Obstacle, ...]:
        """The cases that nobody decided yet."""
        decided = {*self.approved, *self.discarded}
        return tuple(case for case in cases if (order_id, case.value) not in decided)
