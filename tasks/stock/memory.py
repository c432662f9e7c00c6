"""What is remembered of a SKU's stock, as the crosswalk keeps it. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from store.crosswalk import Link

Identity = Literal["sku", "product_id"]
"""By what the store wants a SKU's stock to be named."""


class Arrival(Enum):
    """Whether an adjustment that the store accepted can be seen."""

    NOT_YET = "not yet"
    ARRIVED = "arrived"
    UNCLEAR = "unclear"
    """Something else changed the number as well."""


class Sent(BaseModel):
    """An adjustment that the store accepted, or may have: its answer was lost."""

    model_config = ConfigDict(frozen=True)

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


class StockMemory(BaseModel):
    """One SKU, as both systems last had it."""

    model_config = ConfigDict(frozen=True)

    sku: str = ""
    variant_id: str = ""
    product_id_bc: str = ""
    identity: Identity = "sku"
    told: dict[str, int] = {}
    """What shoppers could buy when both sides last agreed, by location."""
    sent: dict[str, Sent] = {}
    """What is on its way, by location."""
    revision: int = 0
    """How often something was sent: a plan that was made before the last time is out of date."""
    rests_since: datetime | None = None
    """Since when a difference waits for a flood of events to pass."""
    oversold: str = ""
    """Why more was sold than there is, as it looked when that was first seen."""

    @classmethod
    def of(cls, link: Link | None) -> Self:
        """What the link remembers; nothing of a SKU that is not linked."""
        return cls.model_validate(link.detail if link else {})

    def detail(self) -> dict[str, Any]:
        """As the link keeps it."""
        return self.model_dump(mode="json", exclude_defaults=True)
