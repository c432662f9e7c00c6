"""Orders as the store keeps them: lines, addresses, money, shipments and mails."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.bigcommerce.formats import ZERO
from sandbox.bigcommerce.refund_records import Refund
from sandbox.bigcommerce.tax_zones import Rates
from sandbox.catalogue.model import Address

FormFields = dict[str, Any]
"""What the shopper filled in at checkout, by the name of the field."""


@dataclass(frozen=True, slots=True)
class ShippedItem:
    """Pieces of one line in a shipment."""

    line_id: int
    product_id: int
    quantity: int


@dataclass(slots=True)
class Shipment:
    """A parcel. Texts and the cost are None until they are set."""

    id: int
    order_id: int
    address_id: int
    created_at: datetime
    items: tuple[ShippedItem, ...]
    tracking_number: str | None = None
    tracking_carrier: str | None = None
    tracking_link: str | None = None
    shipping_provider: str | None = None
    shipping_method: str | None = None
    comments: str | None = None
    merchant_shipping_cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to the shopper. `about` says what `record_id` is the id of."""

    about: str
    record_id: int
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Amount:
    """Money with and without its tax; `ex` + `tax` = `inc`."""

    ex: Decimal = ZERO
    inc: Decimal = ZERO
    tax: Decimal = ZERO

    def __add__(self, other: "Amount") -> "Amount":
        """Each part by itself."""
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
class LineOption:
    """What the shopper chose or typed, by the ids that the catalogue has for it."""

    option_id: int
    name: str
    label: str
    value_id: int | None = None
    """Of what was chosen; None for a text."""


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
    pickup_id: int = 0
    recipient: str = ""
    parent_id: int | None = None
    weight: Decimal = ZERO
    brand: str = ""
    options: list[LineOption] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    """What the shopper filled in on a product of an older catalogue."""
    discounts: list[Discount] = field(default_factory=list)
    taxes: Rates = ()
    """What `rate` is made of; one of its own where that is not known."""
    wrapping_name: str = ""
    wrapping: Decimal = ZERO
    wrapping_rate: Decimal = ZERO
    wrapping_taxes: Rates = ()
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
    """One address that an order goes to. `cost` and `handling` are in the order's price terms.

    Discounts are on the shipping.
    """

    id: int
    address: Address
    email: str
    method: str
    cost: Decimal = ZERO
    handling: Decimal = ZERO
    rate: Decimal = ZERO
    taxes: Rates = ()
    zone: str = "United Kingdom"
    form_fields: FormFields = field(default_factory=dict)
    discounts: list[Discount] = field(default_factory=list)
    shipping: Amount = Amount()
    discounted: Amount = Amount()
    handled: Amount = Amount()


@dataclass(frozen=True, slots=True)
class PickupPoint:
    """Where shoppers collect; `address.company` is its name."""

    id: int
    code: str
    address: Address
    email: str = ""


@dataclass(slots=True)
class Pickup:
    """What a shopper collects instead of having it sent."""

    id: int
    method_id: int
    method: str
    instructions: str
    opening_hours: str
    point: PickupPoint


@dataclass(slots=True)
class OrderCoupon:
    """A coupon used.

    `kind`: 0 per item, 1 percent, 2 per total, 3 off shipping, 4 free shipping.
    """

    id: int
    coupon_id: int
    code: str
    amount: Decimal
    kind: int
    freed: dict[int, Decimal] = field(default_factory=dict)
    """What shipping cost before it was free, by the id of its address."""


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
    worth: Decimal | None = None
    """In the order's currency, where the row is in another one."""

    @property
    def counts(self) -> Decimal:
        """The amount in the order's currency."""
        return self.amount if self.worth is None else self.worth


@dataclass(slots=True)
class OrderMessage:
    """A message between shopper and staff."""

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
    """As the order shows it."""
    paid_by: str = ""
    """The method of its transactions, where the order shows another text."""
    payment_provider: str = ""
    is_inclusive: bool = False
    currency: str = "GBP"
    display_currency: str = "GBP"
    rate_to_store: Decimal = Decimal(1)
    shows_rate: bool = True
    """Off: the document has null for the exchange rate."""
    tax_zone: str = ""
    """Code of the zone that applies whatever the destination."""
    tax_provider: str = "BasicTaxProvider"
    lines: list[Line] = field(default_factory=list)
    addresses: list[ShipTo] = field(default_factory=list)
    pickup: Pickup | None = None
    """Instead of addresses."""
    coupons: list[OrderCoupon] = field(default_factory=list)
    fees: list[Fee] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    messages: list[OrderMessage] = field(default_factory=list)
    shipments: list[Shipment] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    before_refunds: tuple[int, str] | None = None
    """Status and payment status that refunds changed."""
    store_credit: Decimal = ZERO
    gift_certificate: Decimal = ZERO
    gift_code: str = ""
    form_fields: FormFields = field(default_factory=dict)
    """Of the billing address."""
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
    def discounted(self) -> list[Line | ShipTo]:
        """What discounts may be on."""
        return [*self.lines, *self.addresses]

    @property
    def pieces(self) -> int:
        """Pieces on all lines."""
        return sum(line.quantity for line in self.lines)
