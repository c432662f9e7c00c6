"""What is remembered of a SKU's stock, as the link keeps it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Literal

from pydantic import TypeAdapter

from store.links import Link

Identity = Literal["sku", "product_id"]
"""By what the store wants a SKU's stock to be named."""


class Arrival(Enum):
    """Whether an adjustment that the store accepted can be seen."""

    NOT_YET = "not yet"
    ARRIVED = "arrived"
    UNCLEAR = "unclear"
    """Something else changed the number as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An adjustment that the store accepted, or may have: its answer was lost."""

    base: int
    """Units in the store's hand that it was worked out from."""
    units: int
    """What was added, or the number itself if it was absolute."""
    is_absolute: bool = False
    at: datetime
    newest_order: int = 0
    """Id of the newest order that was counted then."""

    @property
    def goal(self) -> int:
        """Units in hand once it has arrived, unless something was sold meanwhile."""
        return self.units if self.is_absolute else self.base + self.units

    def arrival(self, on_hand: int, sold: int) -> Arrival:
        """What a later read says. In: units in hand now, and units sold since it was sent."""
        if on_hand == self.goal - sold:
            return Arrival.ARRIVED
        return Arrival.NOT_YET if on_hand == self.base - sold else Arrival.UNCLEAR

    def is_over(self, now: datetime, visible_after: timedelta) -> bool:
        """Whether every delay the store may take has passed."""
        return now - self.at >= visible_after


# One for each of 100,000 SKUs is held at once: slots keep them small.
@dataclass(frozen=True, slots=True, kw_only=True)
class StockMemory:
    """One SKU, as both systems last had it."""

    sku: str = ""
    variant_id: str = ""
    product_id_bc: str = ""
    identity: Identity = "sku"
    told: dict[str, int] = field(default_factory=dict)
    """What shoppers could buy when both sides last agreed, by location."""
    sent: dict[str, Sent] = field(default_factory=dict)
    """What is on its way, by location."""
    revision: int = 0
    """How often something was sent: a plan that was made before the last time is out of date."""
    rests_since: datetime | None = None
    """Since when a difference waits for a flood of events to pass."""
    oversold: str = ""
    """Why more was sold than there is, as it looked when that was first seen."""

    @staticmethod
    def of(link: Link | None) -> StockMemory:
        """What the link remembers; nothing of a SKU that is not linked."""
        return _FORM.validate_python(link.detail) if link else StockMemory()

    def detail(self) -> dict[str, Any]:
        """As the link keeps it."""
        found: dict[str, Any] = _FORM.dump_python(self, mode="json", exclude_defaults=True)
        return found


_FORM = TypeAdapter(StockMemory)
