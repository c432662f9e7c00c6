"""Brightpearl documents, the fields we read and write. Source: Brightpearl API reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from pydantic import Field

from connectors.documents import Document, Flag, Id, Moment, Money, RequestBody, Text

# --- requests


class Address(RequestBody):
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


class PostalAddress(RequestBody):
    """An address by itself, which a contact then refers to."""

    line_1: str = Field(serialization_alias="addressLine1")
    line_2: str | None = Field(default=None, serialization_alias="addressLine2")
    line_3: str | None = Field(default=None, serialization_alias="addressLine3")
    line_4: str | None = Field(default=None, serialization_alias="addressLine4")
    post_code: str | None = Field(default=None, serialization_alias="postalCode")
    country_iso3: str | None = Field(default=None, serialization_alias="countryIsoCode")


class ContactCreate(RequestBody):
    """A customer with addresses that exist already."""

    first_name: str = Field(serialization_alias="firstName")
    last_name: str = Field(serialization_alias="lastName")
    address_ids: Mapping[str, int] = Field(serialization_alias="postAddressIds")
    """By use: DEF, BIL and DEL."""
    communication: Mapping[str, object]
    organisation: Mapping[str, str] | None = None


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
    """A whole sales order; `external_ref` with `instance_id` is its key against doubling."""

    customer: CustomerRef
    billing: BillingRef
    delivery: Delivery
    ref: str
    external_ref: str = Field(serialization_alias="externalRef")
    instance_id: int = Field(serialization_alias="installedIntegrationInstanceId")
    placed_on: Moment = Field(serialization_alias="placedOn")
    tax_date: str = Field(serialization_alias="taxDate")
    status_id: int = Field(serialization_alias="statusId")
    warehouse_id: int = Field(serialization_alias="warehouseId")
    channel_id: int = Field(serialization_alias="channelId")
    price_list_id: int | None = Field(default=None, serialization_alias="priceListId")
    price_mode_code: str = Field(serialization_alias="priceModeCode")
    currency: CurrencyRef
    rows: tuple[SalesOrderRowCreate, ...]


class PaymentCreate(RequestBody):
    """A customer payment; `transaction_ref` with the method is its key against doubling."""

    method_code: str = Field(serialization_alias="paymentMethodCode")
    payment_type: str = Field(serialization_alias="paymentType")
    order_id: int = Field(serialization_alias="orderId")
    currency_code: str = Field(serialization_alias="currencyIsoCode")
    paid_at: Moment = Field(serialization_alias="paymentDate")
    transaction_ref: str = Field(serialization_alias="transactionRef")
    amount: Money = Field(serialization_alias="amountPaid")


class ReservedProduct(RequestBody):
    """Units of one order row."""

    product_id: int = Field(serialization_alias="productId")
    row_id: int = Field(serialization_alias="salesOrderRowId")
    quantity: int


# --- answers


@dataclass(frozen=True)
class Unreadable:
    """A sales order document that breaks the model."""

    order_id: str
    field: str
    reason: str


class Total(Document):
    """Totals of an order, in its currency."""

    net: Money
    tax: Money
    gross: Money


class SalesOrderRow(Document):
    """A row as it stands."""

    id: Id
    product_id: Id = Field(default="", alias="productId")
    quantity: Decimal
    net: Money
    tax: Money
    external_ref: Text = Field(default="", alias="externalRef")
    is_bundle_child: Flag = Field(default=False, alias="bundleChild")


class Customer(Document):
    """The contact of an order."""

    id: Id


class Invoice(Document):
    """The order's invoice; the reference is empty until there is one."""

    reference: Text = Field(default="", alias="invoiceReference")


class SalesOrder(Document):
    """A sales order as it stands. Rows come in no particular order: go by their references."""

    id: Id
    external_ref: Text = Field(default="", alias="externalRef")
    ref: Text = ""
    status_id: Id = Field(default="", alias="statusId")
    customer: Customer | None = None
    total: Total
    rows: tuple[SalesOrderRow, ...] = ()
    is_cancelled: Flag = Field(default=False, alias="isCanceled")
    invoice: Invoice | None = None
    updated_on: Moment | None = Field(default=None, alias="updatedOn")
    payment_status: Text = Field(default="", alias="orderPaymentStatus")
    allocation_code: Text = Field(default="", alias="allocationStatusCode")
    """ANR not required, ANA none, APA part, AAA all."""
    shipping_code: Text = Field(default="", alias="shippingStatusCode")
    """NST no stock tracked, SNS not shipped, SPS part, ASS all."""
    stock_code: Text = Field(default="", alias="stockStatusCode")
    """NON no stock items, SON none fulfilled, SOP part, SOA all."""


class OrderRef(Document):
    """An order as a search shows it."""

    order_id: Id = Field(alias="orderId")
    external_ref: Text = Field(default="", alias="externalRef")
    instance_id: Id = Field(default="", alias="installedIntegrationInstanceId")
    order_type_id: Id = Field(default="", alias="orderTypeId")
    status_id: Id = Field(default="", alias="orderStatusId")
    created_on: Moment | None = Field(default=None, alias="createdOn")


class ContactRow(Document):
    """A contact as a search shows it."""

    contact_id: Id = Field(alias="contactId")
    primary_email: Text = Field(default="", alias="primaryEmail")
    secondary_email: Text = Field(default="", alias="secondaryEmail")
    tertiary_email: Text = Field(default="", alias="tertiaryEmail")
    is_staff: bool | None = Field(default=False, alias="isStaff")
    is_supplier: bool | None = Field(default=False, alias="isSupplier")
    is_primary: bool | None = Field(default=True, alias="isPrimary")


class ProductRow(Document):
    """A product as a search shows it."""

    product_id: Id = Field(alias="productId")
    sku: Text = Field(default="", alias="SKU")
    stock_tracked: bool = Field(default=False, alias="stockTracked")
    status: Text = Field(default="LIVE", alias="productStatus")


class PaymentRow(Document):
    """A customer payment as a search shows it."""

    payment_id: Id = Field(alias="paymentId")
    transaction_ref: Text = Field(default="", alias="transactionRef")
    method_code: Text = Field(default="", alias="paymentMethodCode")
    payment_type: Text = Field(default="", alias="paymentType")
    order_id: Id = Field(alias="orderId")
    amount: Money = Field(default=Decimal(0), alias="amountPaid")


class PaymentTotal(Document):
    """What was paid for an order."""

    order_id: Id = Field(alias="orderId")
    currency_code: Text = Field(default="", alias="paymentCurrency")
    amount_paid: Money = Field(alias="amountPaid")


class NoteRow(Document):
    """An order note as a search shows it."""

    order_id: Id = Field(alias="orderId")
    text: Text = Field(default="", alias="noteText")


class ReservationRow(Document):
    """Units reserved for one order row."""

    product_id: Id = Field(alias="productId")
    quantity: int


class Reservation(Document):
    """What is reserved for an order, by order row id."""

    warehouse_id: Id = Field(alias="warehouseId")
    rows: Mapping[str, ReservationRow] = Field(alias="orderRows")


class StockLevel(Document):
    """Units of a product in a warehouse; on hand is what may still be promised."""

    on_hand: int = Field(alias="onHand")


class ProductLevels(Document):
    """A product's units by warehouse id."""

    warehouses: Mapping[str, StockLevel] = {}


class Availability(Document):
    """Products' units by product id."""

    products: Mapping[str, ProductLevels]


class Webhook(Document):
    """A subscription; the account's list mixes those of all its apps."""

    id: Id
    subscribe_to: str = Field(alias="subscribeTo")
    uri_template: str = Field(alias="uriTemplate")
