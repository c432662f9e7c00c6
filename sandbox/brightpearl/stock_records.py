"""What the account remembers of stock and its movements."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(slots=True)
class StockLevel:
    """Units of one product in one warehouse; allocated covers reservations and unshipped notes.

    Quarantined units are in stock, and neither allocated nor on hand.
    """

    in_stock: int = 0
    allocated: int = 0
    quarantined: int = 0

    @property
    def on_hand(self) -> int:
        """What may still be sold."""
        return self.in_stock - self.allocated - self.quarantined


@dataclass(slots=True)
class Reservation:
    """The one reservation an order may have: row id → (product id, units)."""

    order_id: int
    warehouse_id: int
    rows: dict[int, tuple[int, int]] = field(default_factory=dict)


@dataclass(slots=True)
class GoodsOutNote:
    """A shipment from one warehouse: row id → list of (product id, units, location id)."""

    id: int
    order_id: int
    warehouse_id: int
    priority: bool
    release_date: datetime
    created_on: datetime
    created_by: int
    sequence: int
    rows: dict[int, list[tuple[int, int, int]]]
    shipping_method_id: int = 0
    reference: str = ""
    boxes: int = 1
    weight: Decimal = ZERO
    label_uri: str = ""
    transfer: bool = False
    channel_id: int = 0
    events: list[tuple[datetime, int, str]] = field(default_factory=list)
    stages: dict[str, tuple[datetime, int]] = field(default_factory=dict)
    event_version: int = 1

    @property
    def shipped(self) -> bool:
        """Whether it has left; it is locked then."""
        return "shipped" in self.stages


@dataclass(slots=True)
class DropShipNote:
    """What a supplier sends straight to the customer: sales row id → (product id, units).

    No stock of the account is touched. `purchase_rows` has the same units by purchase row.
    """

    id: int
    order_id: int
    purchase_order_id: int
    supplier_id: int
    created_on: datetime
    created_by: int
    rows: dict[int, tuple[int, int]]
    purchase_rows: dict[int, int]
    shipping_method_id: int = 0
    reference: str = ""
    events: list[tuple[datetime, int, str]] = field(default_factory=list)
    shipped_on: datetime | None = None
    shipped_by: int = 0
    event_version: int = 1

    @property
    def shipped(self) -> bool:
        """Whether the supplier has sent it; it is locked then."""
        return self.shipped_on is not None


@dataclass(slots=True)
class GoodsInNote:
    """A receipt of stock against a sales credit or purchase order."""

    id: int
    order_id: int
    warehouse_id: int
    received_on: datetime
    created_on: datetime
    user_batch_reference: str
    rows: dict[int, list[tuple[int, int, int]]]


@dataclass(slots=True)
class GoodsMovement:
    """One change of stock in hand."""

    id: int
    product_id: int
    warehouse_id: int
    location_id: int
    quantity: int
    updated_on: datetime
    order_id: int = 0
    order_row_id: int = 0
    note_id: int = 0
    note_type: str = ""
