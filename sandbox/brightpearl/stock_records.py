"""What the account remembers of stock and its movements."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class OnHandChange:
    """What may be sold of a product in a warehouse became more or less."""

    at: datetime
    product_id: int
    warehouse_id: int
    before: int
    after: int
    cause: str


OddKind = Literal[
    "value", "no_field", "no_level", "no_warehouses", "no_warehouse_map", "no_document", "absent"
]


@dataclass(frozen=True, slots=True)
class OddStock:
    """How the availability of a product is answered otherwise than it is.

    `value` puts `value` into `field`, `no_field` leaves the field out, `no_level` makes a
    warehouse null, `no_warehouses` lists none, `no_warehouse_map` leaves the map out,
    `no_document` makes the product null, `absent` leaves it out. None as warehouse means each.
    """

    kind: OddKind
    field: str
    value: object
    warehouse_id: int | None


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


@dataclass(slots=True)
class FloodProgress:
    """How far a flood is. `ends_with` holds the last count of each product, by SKU."""

    notices: int
    changes: int
    ends_at: datetime
    ends_with: dict[str, int] = field(default_factory=dict)
    product_ids: list[int] = field(default_factory=list)
    notices_sent: int = 0
    changes_made: int = 0
