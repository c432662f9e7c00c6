"""Sales orders and credits, the fields we read and write. Source: Brightpearl API reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import AliasPath, BaseModel, Field

from connectors.documents import (
    Document,
    Flag,
    Id,
    Moment,
    Money,
    OtherId,
    RequestBody,
    Text,
    Typed,
)


@dataclass(frozen=True)
class Unreadable:
    """A document of an order, or of one of its goods notes, that breaks the model."""

    order_id: str
    field: str
    reason: str
    """What is wrong with the field; never its value."""
    record_id: str = ""
    """Of a goods note; empty for an order or credit."""


class Comparable(BaseModel):
    """An address, of an answer or of a request."""

    @property
    def plain(self) -> Mapping[str, str]:
        """The fields that say something, without letter case and spacing."""
        texts = {
            name: " ".join(str(value or "").split()).casefold()
            for name, value in self.model_dump().items()
        }
        return {name: text for name, text in texts.items() if text}


class Total(Document):
    """Totals of an order, in its currency."""

    net: Money
    tax: Money
    gross: Money


class SalesOrderRow(Document):
    """A row of an order; net and tax are totals of the row."""

    id: Id
    product_id: OtherId = Field(default="", alias="productId")
    name: Text = ""
    sku: Text = ""
    quantity: Decimal
    net: Money
    tax: Money
    tax_code: Text = Field(default="", alias="taxCode")
    nominal_code: Text = Field(default="", alias="nominalCode")
    external_ref: Text = Field(default="", alias="externalRef")
    is_bundle_child: Flag = Field(default=False, alias="bundleChild")
    parent_row_id: OtherId = Field(default="", alias="parentRowId")
    """Of a bundle's component: the row of the bundle."""


class Customer(Document):
    """The contact of an order."""

    id: Id


class Invoice(Document):
    """The order's invoice; the reference is empty until it exists."""

    reference: Text = Field(default="", alias="invoiceReference")


class OrderAddress(Comparable, Document):
    """An address of an order: street, suburb, city, state."""

    full_name: Text = Field(default="", alias="addressFullName")
    company: Text = Field(default="", alias="companyName")
    line_1: Text = Field(default="", alias="addressLine1")
    line_2: Text = Field(default="", alias="addressLine2")
    line_3: Text = Field(default="", alias="addressLine3")
    line_4: Text = Field(default="", alias="addressLine4")
    post_code: Text = Field(default="", alias="postalCode")
    country_iso3: Text = Field(default="", alias="countryIsoCode")
    telephone: Text = ""
    email: Text = ""


class SalesOrder(Document):
    """A sales order. Rows come in no particular order: go by their references."""

    id: Id
    external_ref: Text = Field(default="", alias="externalRef")
    instance_id: Id = Field(default="", alias="installedIntegrationInstanceId")
    ref: Text = ""
    status_id: Id = Field(default="", alias="statusId")
    parent_id: OtherId = Field(default="", alias="parentId")
    warehouse_id: OtherId = Field(default="", alias="warehouseId")
    channel_id: OtherId = Field(default="", alias="channelId")
    currency_code: Text = Field(default="", validation_alias=AliasPath("currency", "code"))
    exchange_rate: Money = Field(
        default=Decimal(1), validation_alias=AliasPath("currency", "exchangeRate")
    )
    customer: Customer | None = None
    total: Total
    rows: tuple[SalesOrderRow, ...] = ()
    is_cancelled: Flag = Field(default=False, alias="isCanceled")
    """No also where the account has no cancelled status: see the statuses."""
    invoice: Invoice | None = None
    placed_on: Moment | None = Field(default=None, alias="placedOn")
    created_on: Moment | None = Field(default=None, alias="createdOn")
    updated_on: Moment | None = Field(default=None, alias="updatedOn")
    delivery_address: OrderAddress = Field(
        default=OrderAddress(), validation_alias=AliasPath("delivery", "address")
    )
    shipping_method_id: OtherId = Field(
        default="", validation_alias=AliasPath("delivery", "shippingMethodId")
    )
    payment_status: Text = Field(default="", alias="orderPaymentStatus")
    """PAID, PARTIALLY_PAID, UNPAID or NOT_APPLICABLE."""
    allocation_code: Text = Field(default="", alias="allocationStatusCode")
    """ANR not required, ANA none, APA part, AAA all."""
    shipping_code: Text = Field(default="", alias="shippingStatusCode")
    """NST no stock tracked, SNS not shipped, SPS part, ASS all."""
    stock_code: Text = Field(default="", alias="stockStatusCode")
    """NON no stock items, SON none fulfilled, SOP part, SOA all; of a credit SCN, SCP, SCA."""

    @property
    def is_invoiced(self) -> bool:
        """Whether the invoice exists, after which nothing may be edited."""
        return self.invoice is not None and bool(self.invoice.reference)


class SalesCredit(SalesOrder):
    """A sales credit; amounts are positive, and `parent_id` is the sales order."""


class OrderRef(Document):
    """An order as a search shows it."""

    order_id: Id = Field(alias="orderId")
    external_ref: Text = Field(default="", alias="externalRef")
    instance_id: Id = Field(default="", alias="installedIntegrationInstanceId")
    order_type_id: Id = Field(default="", alias="orderTypeId")
    contact_id: OtherId = Field(default="", alias="contactId")
    status_id: Id = Field(default="", alias="orderStatusId")
    parent_id: OtherId = Field(default="", alias="parentOrderId")
    created_on: Moment | None = Field(default=None, alias="createdOn")


class OrderNote(Document):
    """A note of an order, as a search shows it. Source: order-service/order-note-search."""

    id: Id = Field(alias="noteId")
    text: Typed = Field(default="", alias="noteText")


class Address(Comparable, RequestBody):
    """An address inside a sales order: street, suburb, city, state."""

    full_name: str | None = Field(default=None, serialization_alias="addressFullName")
    company: str | None = Field(default=None, serialization_alias="companyName")
    line_1: str | None = Field(default=None, serialization_alias="addressLine1")
    line_2: str | None = Field(default=None, serialization_alias="addressLine2")
    line_3: str | None = Field(default=None, serialization_alias="addressLine3")
    line_4: str | None = Field(default=None, serialization_alias="addressLine4")
    post_code: str | None = Field(default=None, serialization_alias="postalCode")
    country_iso3: str | None = Field(default=None, serialization_alias="countryIsoCode")
    telephone: str | None = None
    email: str | None = None


class CustomerRef(RequestBody):
    """The contact of an order, and its address where it differs from the contact's."""

    id: int
    address: Address | None = None


class BillingRef(RequestBody):
    """Who is billed."""

    contact_id: int = Field(serialization_alias="contactId")
    address: Address | None = None


class Delivery(RequestBody):
    """Where and how an order goes."""

    address: Address | None = None
    shipping_method_id: int | None = Field(default=None, serialization_alias="shippingMethodId")


class CurrencyRef(RequestBody):
    """The order's currency; the rate is stated only where it is fixed."""

    code: str
    fixed_exchange_rate: bool | None = Field(default=None, serialization_alias="fixedExchangeRate")
    exchange_rate: str | None = Field(default=None, serialization_alias="exchangeRate")


class SalesOrderRowCreate(RequestBody):
    """A row: `net` and `tax` are totals of the row."""

    product_id: int | None = Field(default=None, serialization_alias="productId")
    name: str | None = None
    quantity: str
    tax_code: str = Field(serialization_alias="taxCode")
    net: Money
    tax: Money
    nominal_code: str | None = Field(default=None, serialization_alias="nominalCode")
    external_ref: str = Field(serialization_alias="externalRef")
    sequence: int | None = None


class SalesOrderCreate(RequestBody):
    """A whole sales order; `external_ref` with `instance_id` is its key against doubling.

    A sales credit is the same, with positive amounts and the sales order as its parent.
    """

    customer: CustomerRef
    billing: BillingRef
    delivery: Delivery
    ref: str
    external_ref: str = Field(serialization_alias="externalRef")
    instance_id: int = Field(serialization_alias="installedIntegrationInstanceId")
    parent_id: int | None = Field(default=None, serialization_alias="parentId")
    placed_on: Moment = Field(serialization_alias="placedOn")
    tax_date: str = Field(serialization_alias="taxDate")
    status_id: int = Field(serialization_alias="statusId")
    warehouse_id: int = Field(serialization_alias="warehouseId")
    channel_id: int = Field(serialization_alias="channelId")
    price_list_id: int | None = Field(default=None, serialization_alias="priceListId")
    price_mode_code: str = Field(serialization_alias="priceModeCode")
    currency: CurrencyRef
    rows: tuple[SalesOrderRowCreate, ...]


class RowUpdate(RequestBody):
    """A row as it shall be; `net` and `tax` are totals of the row. What is not set stays."""

    id: int = Field(gt=0)
    product_id: int | None = Field(default=None, serialization_alias="productId")
    name: str | None = None
    quantity: str
    tax_code: str = Field(serialization_alias="taxCode")
    net: Money
    tax: Money
    nominal_code: str | None = Field(default=None, serialization_alias="nominalCode")
    external_ref: str | None = Field(default=None, serialization_alias="externalRef")
    sequence: int | None = None


class RowAdd(RequestBody):
    """A row that comes later. It takes two places only and no reference of ours: update it then."""

    product_id: int | None = None
    name: str | None = None
    quantity: str
    tax_code: str
    net: Money = Field(decimal_places=2)
    tax: Money = Field(decimal_places=2)
    nominal_code: str | None = None

    def wire(self) -> dict[str, Any]:
        """The nested shape that single rows have."""
        body = {
            "productId": self.product_id,
            "productName": self.name,
            "quantity": {"magnitude": self.quantity},
            "rowValue": {
                "taxCode": self.tax_code,
                "rowNet": {"value": str(self.net)},
                "rowTax": {"value": str(self.tax)},
            },
            "nominalCode": self.nominal_code,
        }
        return {name: value for name, value in body.items() if value is not None}
