"""Orders, the fields we read. Source: REST Management API, Orders V2 and V3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AliasChoices, Field, ValidationInfo, field_validator

from connectors.documents import Document, Id, Moment, Money, OrDefault, Phone, Text, Typed
from core.cards import masked


@dataclass(frozen=True)
class Unreadable:
    """An order document, or another record of an order, that breaks the model."""

    order_id: str
    field: str
    reason: str
    """What is wrong with the field; never its value."""
    record_id: str = ""
    """Of a refund; empty for an order."""
    placed_at: datetime | None = None
    """When an order was placed, where that can be read of it."""


@dataclass(frozen=True)
class Missing:
    """An order that was asked for and does not exist."""

    order_id: str


class FormField(Document):
    """What the merchant asks the shopper besides, and the answer."""

    name: Typed = ""
    value: Any = ""
    """A text, a number, or a list of them."""

    def __str__(self) -> str:
        """`Name: value`, on one line; "" without an answer."""
        listed = self.value if isinstance(self.value, list | tuple) else [self.value]
        texts = (masked(str(one)) for one in listed if one is not None)
        text = " ".join(", ".join(texts).split())
        return f"{self.name}: {text}" if text else ""


FormFields = Annotated[tuple[FormField, ...], OrDefault]


class Address(Document):
    """A billing or shipping address."""

    first_name: Typed = ""
    last_name: Typed = ""
    company: Typed = ""
    street_1: Typed = ""
    street_2: Typed = ""
    city: Typed = ""
    state: Typed = ""
    zip: Text = ""
    country_iso2: Text = ""
    email: Text = ""
    phone: Phone = ""
    form_fields: FormFields = ()
    """What the checkout asked besides."""


class AppliedDiscount(Document):
    """A discount on a line; `amount` is taken off the whole line."""

    code: Text = ""


class ProductOption(Document):
    """What the shopper chose or typed, such as an engraving."""

    display_name: Typed = ""
    display_value: Typed = ""


class OrderLine(Document):
    """One line of an order; `id` is the order_product_id."""

    id: Id
    product_id: Id
    """"0" for a custom line."""
    sku: Text = ""
    name: Text = ""
    type: Text = "physical"
    quantity: int
    total_ex_tax: Money
    total_inc_tax: Money
    total_tax: Money
    """Of the whole line, before discounts."""
    discounted_total_inc_tax: Money | None = None
    """Of the whole line after all discounts."""
    applied_discounts: Annotated[tuple[AppliedDiscount, ...], OrDefault] = ()
    product_options: Annotated[tuple[ProductOption, ...], OrDefault] = ()
    order_address_id: Id = ""
    """"0" for what is not shipped."""
    parent_order_product_id: Id = ""
    configurable_fields: FormFields = ()
    event_name: Typed = ""
    event_date: Text = ""
    """The day that the shopper chose for the product, and what it is called."""
    wrapping_name: Text = ""
    wrapping_message: Typed = ""
    wrapping_cost_inc_tax: Money = Decimal(0)
    quantity_shipped: int = 0
    quantity_refunded: int = 0


class ShippingConsignment(Address):
    """What goes to one address, with its own shipping price."""

    id: Id
    """The order_address_id of its lines, which shipments and refunds of shipping name."""
    shipping_method: Text = ""
    line_items: tuple[dict[str, Any], ...] = ()


class PickupLocation(Document):
    """The shop at which something is collected."""

    id: Id = ""
    name: Text = ""
    code: Text = ""
    address_line_1: Text = ""
    address_line_2: Text = ""
    city: Text = ""
    state: Text = ""
    postal_code: Text = ""
    country_alpha2: Text = ""
    email: Text = ""
    phone: Text = ""


class Pickup(Document):
    """What is collected by the shopper."""

    pickup_method_display_name: Text = ""
    collection_instructions: Typed = ""
    collection_time_description: Typed = ""
    location: Annotated[PickupLocation, OrDefault] = PickupLocation()
    line_items: tuple[dict[str, Any], ...] = ()

    @property
    def line_ids(self) -> list[Any]:
        """Of the embedded lines; links and the mark of a cut list have none."""
        return [item["id"] for item in self.line_items if "id" in item]


class Download(Document):
    """Digital lines, or gift certificates sent by e-mail."""

    line_items: tuple[dict[str, Any], ...] = ()


class Certificates(Document):
    """Gift certificates by recipient."""

    gift_certificates: tuple[Download, ...] = ()


class Consignments(Document):
    """Where an order's lines go, in the object form."""

    pickups: Annotated[tuple[Pickup, ...], OrDefault] = ()
    shipping: Annotated[tuple[ShippingConsignment, ...], OrDefault] = ()
    downloads: Annotated[tuple[Download, ...], OrDefault] = ()
    email: Annotated[Certificates, OrDefault] = Certificates()

    @property
    def collected_ids(self) -> frozenset[str]:
        """Ids of the lines that the shopper collects."""
        return frozenset(str(id_) for part in self.pickups for id_ in part.line_ids)

    def line_documents(self) -> Iterator[dict[str, Any]]:
        """Every embedded line, raw; links and the mark of a cut list are passed over.

        A shipped line that does not say its address has that of its consignment.
        """
        for part in self.shipping:
            for item in part.line_items:
                if "id" in item:
                    yield {"order_address_id": part.id, **item}
        others = [
            *(part.line_items for part in self.pickups),
            *(part.line_items for part in self.downloads),
            *(part.line_items for part in self.email.gift_certificates),
        ]
        for items in others:
            yield from (item for item in items if "id" in item)

    def without_lines(self) -> Consignments:
        """The same without the embedded lines; which of them are collected can still be said.

        A line has twice the fields that are read of it, and orders are kept by hundreds.
        """
        pickups = (
            part.model_copy(update={"line_items": tuple({"id": id_} for id_ in part.line_ids)})
            for part in self.pickups
        )
        shipping = (part.model_copy(update={"line_items": ()}) for part in self.shipping)
        return Consignments(pickups=tuple(pickups), shipping=tuple(shipping))


class Fee(Document):
    """A further cost of the order."""

    id: Id
    display_name_customer: Text = ""
    display_name_merchant: Text = ""
    cost_ex_tax: Money = Field(validation_alias=AliasChoices("cost_ex_tax", "cost_exc_tax"))
    """Spelt both ways in the vendor's reference."""
    cost_inc_tax: Money


class OrderHeader(Document):
    """A V2 order as every list gives it."""

    id: Id
    status_id: int
    date_created: Moment
    date_modified: Moment
    total_inc_tax: Money
    is_deleted: bool = False

    @property
    def order_id(self) -> str:
        """The id, by the name under which missing and unreadable orders have theirs."""
        return self.id


class Order(OrderHeader):
    """A V2 order with its consignments, lines and fees."""

    customer_id: Id
    channel_id: Id = "1"
    default_currency_code: str
    store_default_currency_code: Text = ""
    store_default_to_transactional_exchange_rate: Money | None = None
    is_tax_inclusive_pricing: bool = False
    total_ex_tax: Money
    total_tax: Money
    shipping_cost_ex_tax: Money
    shipping_cost_inc_tax: Money
    handling_cost_ex_tax: Money
    handling_cost_inc_tax: Money
    wrapping_cost_ex_tax: Money
    wrapping_cost_inc_tax: Money
    discount_amount: Money
    coupon_discount: Money
    store_credit_amount: Money = Decimal(0)
    gift_certificate_amount: Money = Decimal(0)
    payment_method: Text = ""
    payment_status: Text = ""
    external_order_id: Text = ""
    customer_message: Typed = ""
    staff_notes: Typed = ""
    items_total: int = 0
    billing_address: Address
    ip_address: Text = ""
    """Of the shopper, IPv4."""
    geoip_country_iso2: Text = ""
    """Of the shopper's IP address, as BigCommerce sees it."""
    consignments: Consignments = Consignments()
    fees: tuple[Fee, ...] = ()
    lines: tuple[OrderLine, ...] = Field(default=(), exclude=True)
    """Completed by the client where BigCommerce cut or left out the embedded ones."""

    @field_validator("consignments", "fees", mode="before")
    @classmethod
    def _without_links(cls, value: object, field: ValidationInfo) -> object:
        """Fees as object or list, and the consignments' one object; a mere link holds nothing."""
        listed = value if isinstance(value, list) else [value] if value else []
        held = [one for one in listed if not (isinstance(one, dict) and "url" in one)]
        if field.field_name == "consignments":
            return held[0] or {} if held else {}
        return held


class GatewayAnswer(Document):
    """What the gateway says of the billing address (AVS) or the security code (CVV)."""

    code: Text = ""


class CreditCard(Document):
    """What a transaction shows of the card."""

    card_iin: Text = ""
    card_last4: Text = ""
    card_expiry_month: Text = ""
    card_expiry_year: Text = ""

    @property
    def key(self) -> str:
        """The card, as far as it can be known again; "" where it cannot."""
        if not (self.card_iin and self.card_last4):
            return ""
        expiry = f"{self.card_expiry_month}/{self.card_expiry_year}"
        return f"{self.card_iin} {self.card_last4} {expiry}"


class Transaction(Document):
    """A V3 gateway transaction."""

    id: Id
    event: Text = ""
    method: Text = ""
    gateway: Text = ""
    status: Text = ""
    amount: Money
    currency: Text = ""
    reference_transaction_id: Annotated[Id, OrDefault] = ""
    avs_result: Annotated[GatewayAnswer, OrDefault] = GatewayAnswer()
    cvv_result: Annotated[GatewayAnswer, OrDefault] = GatewayAnswer()
    credit_card: Annotated[CreditCard, OrDefault] = CreditCard()
    date_created: Moment


class TaxRow(Document):
    """One line of the order's tax summary, with details."""

    order_product_id: Id = ""
    order_address_id: Id = ""
    line_item_type: Text = "item"
    name: Text = ""
    tax_class: Text = Field(default="", alias="class")
    rate: Money
    line_amount: Money
