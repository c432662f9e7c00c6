"""What the store keeps besides orders: products, stock, customers and webhook subscriptions."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from sandbox.bigcommerce.reference import CHANNEL_IDS, LOCATION
from sandbox.catalogue.model import Address

Cause = Literal["order", "cancel", "refund", "staff", "absolute", "relative"]
"""Who changed a level: orders and what becomes of them, people in the control panel, the API."""
MOST_UNITS = 2_147_483_647
"""Of one item at one location."""
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
    """One item at one location: its true level, and the part of it that reads do not show yet."""

    on_hand: int = 0
    safety_stock: int = 0
    warning_level: int = 0
    is_in_stock: bool | None = None
    """As a settings write set it; None follows the level."""
    bin_picking_number: str = ""
    backorder_limit: int | None = 0
    """How many pieces may be sold beyond what there is; None for any number.

    What was sold so is on hand below zero.
    """
    is_odd: bool = False
    """Whether reads show no number of units at all."""
    unseen: int = 0
    """Relative adjustments that shoppers feel and reads do not show."""
    overwritten: int = 0
    """How often an absolute adjustment landed here."""

    @property
    def available(self) -> int:
        """What shoppers may buy."""
        if self.backorder_limit is None:
            return MOST_UNITS
        return max(0, self.on_hand - self.safety_stock + self.backorder_limit)

    @property
    def seen(self) -> int:
        """On hand, as reads show it."""
        return self.on_hand - self.unseen

    @property
    def seen_available(self) -> int:
        """Available to sell, as reads show it; without any number of back orders."""
        return max(0, self.seen - self.safety_stock + (self.backorder_limit or 0))


class StockMoved(NamedTuple):
    """A change of what is really on hand."""

    at: datetime
    sku: str
    location_id: int
    before: int
    after: int
    cause: Cause
    reference: str
    """The order's id, or the transaction id of an adjustment."""


class OverlappingAdjustment(NamedTuple):
    """An absolute adjustment that came while another one of the same item was under way."""

    at: datetime
    sku: str
    location_id: int
    reference: str


@dataclass(slots=True)
class Variant:
    """One SKU of a product, with its stock at each location where it was ever counted."""

    id: int
    product_id: int
    sku: str
    options: tuple[tuple[str, str], ...]
    price: Decimal
    weight: Decimal
    stock: dict[int, StockAt]
    """By location; the default one is always there."""
    inherits: frozenset[str] = frozenset()
    """`price` and `weight`, where they are those of its product."""
    details: dict[str, Any] = field(default_factory=dict)
    """What was written and nothing here depends on: barcodes, sizes, other prices."""

    @property
    def sku_id(self) -> int:
        """Its id in the older catalogue."""
        return self.id + 1000

    @property
    def on_hand(self) -> int:
        """What is really at the default location."""
        return self.stock[LOCATION].on_hand

    @property
    def available(self) -> int:
        """What shoppers may buy from the default location."""
        return self.stock[LOCATION].available


@dataclass(slots=True)
class ProductOption:
    """What shoppers choose of a product, or (without values) a text that they type."""

    id: int
    name: str
    values: dict[str, int] = field(default_factory=dict)
    """Ids by label."""


@dataclass(slots=True)
class Product:
    """A product; each has at least one variant. `price` is ex tax."""

    id: int
    name: str
    sku: str
    type: str
    price: Decimal
    weight: Decimal
    tax_class_id: int
    tracking: str
    brand: str
    created_at: datetime
    modified_at: datetime
    variant_ids: list[int] = field(default_factory=list)
    options: list[ProductOption] = field(default_factory=list)
    """Choices that make its variants."""
    modifiers: list[ProductOption] = field(default_factory=list)
    """Texts that were typed with it."""
    upc: str = ""
    mpn: str = ""
    categories: tuple[int, ...] = ()
    condition: str = "New"
    availability: str = "available"
    is_visible: bool = True
    is_featured: bool = False
    is_free_shipping: bool = False
    imported_at: datetime | None = None
    total_sold: int = 0
    channel_ids: tuple[int, ...] = CHANNEL_IDS
    details: dict[str, Any] = field(default_factory=dict)
    """What was written and nothing here depends on: description, sizes, other prices."""
    custom_fields: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Name and value by id."""
    images: dict[int, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Category:
    """A place in the tree of categories; `parent_id` 0 is the top."""

    id: int
    parent_id: int
    name: str


@dataclass(slots=True)
class CustomerAddress:
    """One entry of a customer's address book."""

    id: int
    address: Address
    kind: str = "residential"

    @property
    def content(self) -> tuple[Address, str]:
        """What makes it another address than the others of its customer."""
        return self.address, self.kind


@dataclass(slots=True)
class Customer:
    """A shopper with an account."""

    id: int
    email: str
    first_name: str
    last_name: str
    created_at: datetime
    modified_at: datetime
    company: str = ""
    phone: str = ""
    notes: str = ""
    tax_exempt_category: str = ""
    group_id: int = 0
    takes_mails: bool = True
    """Reviews and abandoned carts: shoppers are asked at registration."""
    must_reset_password: bool = False
    store_credit: Decimal = Decimal(0)
    addresses: dict[int, CustomerAddress] = field(default_factory=dict)
    attributes: dict[int, str] = field(default_factory=dict)
    form_fields: list[dict[str, str]] = field(default_factory=list)
    channel_id: int = 1
    channel_ids: list[int] | None = None
    welcomed: int = 0
    """Mails about the new account that went out."""

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"

    @property
    def address(self) -> Address:
        """The oldest of the book; without one, the person alone."""
        first = next(iter(self.addresses.values()), None)
        return first.address if first else Address(self.first_name, self.last_name)


@dataclass(slots=True)
class Metafield:
    """What an app keeps with an order."""

    id: int
    order_id: int
    owner: str
    """The client id of the app."""
    permission_set: str
    namespace: str
    key: str
    value: str
    created_at: datetime
    modified_at: datetime
    description: str = ""

    @property
    def named(self) -> tuple[int, str, str, str]:
        """What is unique about it."""
        return self.order_id, self.owner, self.namespace, self.key


@dataclass(slots=True)
class Hook:
    """A webhook subscription."""

    id: int
    scope: str
    destination: str
    headers: dict[str, str]
    is_active: bool
    created_at: datetime
    updated_at: datetime
    live_at: datetime
    is_deactivated: bool = False
    """By the store, after too many failures."""
