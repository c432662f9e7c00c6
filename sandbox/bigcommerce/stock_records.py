"""What the store remembers about stock: places, levels, and every change of a level."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

Cause = Literal["order", "cancel", "refund", "staff", "absolute", "relative"]
"""Who changed a level: orders and what becomes of them, people in the control panel, the API."""
BY_ORDER: frozenset[Cause] = frozenset({"order", "cancel", "refund"})


@dataclass(slots=True)
class Location:
    """A place that holds stock."""

    id: int
    code: str
    label: str
    created_at: datetime
    updated_at: datetime
    enabled: bool = True
    type_id: Literal["PHYSICAL", "VIRTUAL"] = "PHYSICAL"
    managed_by_external_source: bool = False
    storefront_visibility: bool = True


@dataclass(slots=True)
class StockAt:
    """One item at one location: what is really there, and what of it reads do not tell yet."""

    on_hand: int = 0
    safety_stock: int = 0
    warning_level: int = 0
    is_in_stock: bool | None = None
    """As a settings write set it; None follows the level."""
    bin_picking_number: str = ""
    unseen: int = 0
    """Relative adjustments that shoppers feel and reads do not show."""
    overwritten: int = 0
    """How often an absolute adjustment landed here."""

    @property
    def available(self) -> int:
        """What shoppers may buy."""
        return max(0, self.on_hand - self.safety_stock)

    @property
    def seen(self) -> int:
        """On hand, as reads tell it."""
        return self.on_hand - self.unseen

    @property
    def seen_available(self) -> int:
        """Available to sell, as reads tell it."""
        return max(0, self.seen - self.safety_stock)


class Moved(NamedTuple):
    """A change of what is really on hand."""

    at: datetime
    sku: str
    location_id: int
    before: int
    after: int
    cause: Cause
    reference: str
    """The order's id, or the transaction id of an adjustment."""


class Overlap(NamedTuple):
    """An absolute adjustment that came while another one of the same item was under way."""

    at: datetime
    sku: str
    location_id: int
    reference: str
