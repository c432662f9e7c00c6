"""What a shopper asks for: the shape of `POST /_sandbox/orders`."""

from decimal import Decimal
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from sandbox.catalogue.model import Address
from sandbox.kit.controls import ControlBody

PaymentOutcome = Literal["captured", "authorized", "pending", "declined", "offline"]


class AddressIn(ControlBody):
    """A postal address; what is left out is made up."""

    first_name: str = "Ann"
    last_name: str = "Lee"
    company: str = ""
    street_1: str = "1 High Street"
    street_2: str = ""
    city: str = "Bath"
    state: str = "Somerset"
    zip: str = "BA1 5AN"
    country: str = "United Kingdom"
    country_iso2: str = "GB"
    phone: str = "+44 1225 555010"
    form_fields: dict[str, Any] = Field(default_factory=dict)
    """What the merchant asks besides, such as `{"PO number": "4711"}`."""

    def address(self) -> Address:
        """As the store keeps it, without the form fields."""
        return Address(**self.model_dump(exclude={"form_fields"}))


class LineIn(ControlBody):
    """A line by `sku`, or free text by `name` and `price`.

    `price` is for one piece in the order's price terms (ex tax, or with tax when the order is tax
    inclusive) and in its currency; the catalogue's when left out. A SKU that the catalogue lacks is
    a product that was deleted since.
    """

    sku: str = ""
    name: str = ""
    quantity: int = 1
    price: Decimal | None = None
    tax_rate: Decimal | None = None
    tax_class_id: int | None = Field(default=None, ge=0, le=2)
    """Of the class instead of the product's, or the standard one's of free text."""
    custom: bool = False
    gift_certificate_for: str = ""
    wrapping: str = ""
    wrapping_price: Decimal = Decimal(0)
    wrapping_message: str = ""
    options: dict[str, str] = Field(default_factory=dict)
    """Texts that the shopper typed; what makes a variant is known by its SKU."""
    fields: dict[str, str] = Field(default_factory=dict)
    """`configurable_fields`, which stores of an older catalogue have."""
    address: int = 0
    """Which of the order's addresses it goes to."""


class CouponIn(ControlBody):
    """A coupon. `amount` is percent or money; `skus` limits it to these lines.

    `shipping` takes its amount off the shipping, `free_shipping` all of it.
    """

    code: str
    type: Literal["per_item", "percent", "per_order", "shipping", "free_shipping"] = "percent"
    amount: Decimal = Decimal(10)
    skus: list[str] = Field(default_factory=list)


class FeeIn(ControlBody):
    """A further cost, in the order's price terms."""

    name: str = "Service fee"
    price: Decimal = Decimal("1.50")
    tax_rate: Decimal | None = None


class ShippingIn(ControlBody):
    """One address with its shipping; the method's usual price when `cost` is left out."""

    to: AddressIn = AddressIn()
    method: str = ""
    cost: Decimal | None = None
    handling: Decimal = Decimal(0)
    discount: Decimal = Field(default=Decimal(0), ge=0)
    """Taken off the shipping by staff; the lines stay undiscounted."""


class PickupIn(ControlBody):
    """Collecting at a shop or warehouse; `at.company` is its name."""

    method: str = "Collect in store"
    method_id: int = 1
    instructions: str = "Bring your ID"
    opening_hours: str = "9am - 6pm"
    location_id: int = 1
    code: str = "LEEDS"
    at: AddressIn = AddressIn(
        first_name="",
        last_name="",
        company="Leeds shop",
        street_1="5 Briggate",
        city="Leeds",
        state="West Yorkshire",
        zip="LS1 6HF",
        phone="+44 113 555010",
    )
    email: str = "leeds@example.com"


class Basket(ControlBody):
    """One order as a shopper places it. Money in `currency`, in the order's price terms."""

    lines: list[LineIn] = Field(min_length=1)
    email: str = "ann@example.com"
    customer_id: int | None = None
    """An account; without it, and unless the e-mail has one, the shopper is a guest."""
    guest: bool = False
    channel_id: int = 1
    currency: str = "GBP"
    exchange_rate: Decimal | None = None
    shows_exchange_rate: bool = True
    """Off: the order has null for it."""
    tax_zone: str = Field(default="", pattern="^(|none|GB|FR|US-NY|US-CT|CA-QC)$")
    """Whose tax it carries wherever it goes, `none` for an export; by destination when empty."""
    tax_provider: Literal["BasicTaxProvider", "AvaTaxProvider", ""] = "BasicTaxProvider"
    """Tables of the store, an automatic service, or (empty) what an API client said."""
    tax_inclusive: bool | None = None
    billing: AddressIn | None = None
    shipping: list[ShippingIn] = Field(default_factory=lambda: [ShippingIn()])
    pickup: PickupIn | None = None
    """Instead of shipping."""
    coupons: list[CouponIn] = Field(default_factory=list)
    discount: Decimal = Decimal(0)
    """Taken off by staff, from the order as a whole."""
    fees: list[FeeIn] = Field(default_factory=list)
    gift_certificate: Decimal = Decimal(0)
    store_credit: Decimal = Decimal(0)
    payment_method: str = "Credit card"
    payment_text: str = ""
    """What the order calls it instead; its transactions stay those of the method."""
    payment: PaymentOutcome | None = None
    """Captured when left out; offline for methods without a gateway."""
    status_id: int | None = Field(default=None, ge=0, le=14)
    """Instead of the one that follows from the payment."""
    message: str = ""
    staff_notes: str = ""
    source: str = "www"
    placed_at: AwareDatetime | None = None
    external_id: str | None = None
    external_order_id: str = ""
    """As an app has set it since."""
    external_source: str | None = None
