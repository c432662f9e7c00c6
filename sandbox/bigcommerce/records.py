"""What the store remembers. Documents are made of these elsewhere."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.bigcommerce.aftersales import ZERO, Mail, Refund, Shipment
from sandbox.bigcommerce.reference import LOCATION
from sandbox.bigcommerce.stock_records import StockAt
from sandbox.catalogue.model import Address


@dataclass(frozen=True, slots=True)
class Amount:
    """Money told apart; `ex` + `tax` = `inc`."""

    ex: Decimal = ZERO
    inc: Decimal = ZERO
    tax: Decimal = ZERO

    def __add__(self, other: "Amount") -> "Amount":
        """Side by side."""
        return Amount(self.ex + other.ex, self.inc + other.inc, self.tax + other.tax)


@dataclass(slots=True)
class Discount:
    """A discount on one line. `amount` is in the order's price terms (ex or inc tax)."""

    id: str
    name: str
    code: str | None
    target: str
    amount: Decimal
    taken_inc: Decimal = ZERO
    """What it takes off the line's price with tax; computed."""


@dataclass(slots=True)
class Option:
    """What the shopper chose or typed."""

    id: int
    name: str
    value: str
    type: str = "Multiple choice"


@dataclass(slots=True)
class Line:
    """A line. `price` and `wrapping` are in the order's price terms, for one and for all."""

    id: int
    name: str
    quantity: int
    price: Decimal
    rate: Decimal
    tax_class_id: int = 0
    sku: str = ""
    product_id: int = 0
    variant_id: int = 0
    type: str = "physical"
    address_id: int = 0
    recipient: str = ""
    parent_id: int | None = None
    weight: Decimal = ZERO
    brand: str = ""
    options: list[Option] = field(default_factory=list)
    discounts: list[Discount] = field(default_factory=list)
    wrapping_name: str = ""
    wrapping: Decimal = ZERO
    wrapping_rate: Decimal = ZERO
    wrapping_message: str = ""
    quantity_shipped: int = 0
    quantity_refunded: int = 0
    restocked: int = 0
    """Pieces whose stock a refund gave back."""
    unit: Amount = Amount()
    total: Amount = Amount()
    discounted: Amount = Amount()
    wrapped: Amount = Amount()


@dataclass(slots=True)
class ShipTo:
    """One address that an order goes to. `cost` and `handling` are in the order's price terms."""

    id: int
    address: Address
    email: str
    method: str
    cost: Decimal = ZERO
    handling: Decimal = ZERO
    rate: Decimal = ZERO
    zone: str = "United Kingdom"
    shipping: Amount = Amount()
    handled: Amount = Amount()


@dataclass(slots=True)
class OrderCoupon:
    """A coupon used. `kind`: 0 per item, 1 percent, 2 per total, 4 free shipping."""

    id: int
    coupon_id: int
    code: str
    amount: Decimal
    kind: int


@dataclass(slots=True)
class Fee:
    """A further cost. `price` is in the order's price terms."""

    id: int
    name: str
    price: Decimal
    rate: Decimal
    source: str = "AA"
    cost: Amount = Amount()


@dataclass(slots=True)
class Transaction:
    """A row of the gateway."""

    id: int
    event: str
    method: str
    gateway: str
    amount: Decimal
    currency: str
    created_at: datetime
    status: str = "ok"
    gateway_id: str = ""
    reference_id: int | None = None
    method_name: str = ""
    certificate: str = ""


@dataclass(slots=True)
class Message:
    """A note between shopper and staff."""

    id: int
    text: str
    subject: str
    created_at: datetime
    staff_id: int | None = None
    is_flagged: bool = False


@dataclass(slots=True)
class Totals:
    """An order's computed money, in its transactional currency."""

    subtotal: Amount = Amount()
    subtotal_tax: Decimal = ZERO
    shipping: Amount = Amount()
    handling: Amount = Amount()
    wrapping: Amount = Amount()
    fees: Amount = Amount()
    discount: Decimal = ZERO
    coupon: Decimal = ZERO
    inc: Decimal = ZERO
    ex: Decimal = ZERO
    tax: Decimal = ZERO


@dataclass(slots=True)
class Order:
    """An order with everything that hangs on it."""

    id: int
    created_at: datetime
    modified_at: datetime
    billing: Address
    email: str
    customer_id: int = 0
    channel_id: int = 1
    cart_id: str = ""
    status_id: int = 0
    payment_status: str = ""
    payment_method: str = ""
    payment_provider: str = ""
    is_inclusive: bool = False
    currency: str = "GBP"
    display_currency: str = "GBP"
    rate_to_store: Decimal = Decimal(1)
    lines: list[Line] = field(default_factory=list)
    addresses: list[ShipTo] = field(default_factory=list)
    coupons: list[OrderCoupon] = field(default_factory=list)
    fees: list[Fee] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    shipments: list[Shipment] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    before_refunds: tuple[int, str] | None = None
    """Status and payment status that refunds changed."""
    store_credit: Decimal = ZERO
    gift_certificate: Decimal = ZERO
    gift_code: str = ""
    staff_notes: str = ""
    customer_message: str = ""
    external_order_id: str = ""
    external_id: str | None = None
    external_source: str | None = None
    external_merchant_id: str | None = None
    source: str = "www"
    is_archived: bool = False
    shipped_at: datetime | None = None
    holds_stock: bool = False
    totals: Totals = field(default_factory=Totals)
    cache: dict[str, Any] = field(default_factory=dict)
    """Documents made of this order as it is now."""

    @property
    def due(self) -> Decimal:
        """What is left to pay after store credit and gift certificate."""
        return self.totals.inc - self.store_credit - self.gift_certificate

    @property
    def pieces(self) -> int:
        """Pieces on all lines."""
        return sum(line.quantity for line in self.lines)


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
    total_sold: int = 0


@dataclass(slots=True)
class Customer:
    """A shopper with an account."""

    id: int
    email: str
    address: Address
    created_at: datetime
    modified_at: datetime
    channel_id: int = 1


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
