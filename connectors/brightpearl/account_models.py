"""Contacts, products, payments, reference data, webhooks: the fields we read and write.

Source: Brightpearl API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AliasPath, BeforeValidator, Field, field_validator

from connectors.documents import (
    Document,
    Flag,
    Id,
    Moment,
    Money,
    OrDefault,
    OtherId,
    Phone,
    RequestBody,
    Text,
    Typed,
)
from core.ids import email_key

EMAIL_KINDS = ("PRI", "SEC", "TER")
"""The three e-mails of a contact."""


class ContactRow(Document):
    """A contact as a search shows it."""

    contact_id: Id = Field(alias="contactId")
    primary_email: Text = Field(default="", alias="primaryEmail")
    secondary_email: Text = Field(default="", alias="secondaryEmail")
    tertiary_email: Text = Field(default="", alias="tertiaryEmail")
    is_staff: bool | None = Field(default=False, alias="isStaff")
    is_supplier: bool | None = Field(default=False, alias="isSupplier")
    is_primary: bool | None = Field(default=True, alias="isPrimary")


class AddressRow(Document):
    """An entry of the address book. Lines are street, suburb, city, state."""

    id: Id = Field(alias="addressId")
    line_1: Typed = Field(default="", alias="addressLine1")
    line_2: Typed = Field(default="", alias="addressLine2")
    line_3: Typed = Field(default="", alias="addressLine3")
    line_4: Typed = Field(default="", alias="addressLine4")
    post_code: Text = Field(default="", alias="postalCode")
    country_iso3: Text = Field(default="", alias="countryIsoCode")


def _tags(value: object) -> object:
    return tuple(part.strip() for part in str(value or "").split(",") if part.strip())


class Contact(Document):
    """A contact itself, read by its id with its addresses."""

    id: Id = Field(alias="contactId")
    first_name: Typed = Field(default="", alias="firstName")
    last_name: Typed = Field(default="", alias="lastName")
    salutation: Typed = ""
    company: Typed = Field(default="", validation_alias=AliasPath("organisation", "name"))
    organisation_id: Id = Field(
        default="", validation_alias=AliasPath("organisation", "organisationId")
    )
    company_id: OtherId = Field(default="", alias="companyId")
    """The company that it is a further contact of."""
    emails: Annotated[Mapping[str, Mapping[str, Text]], OrDefault] = Field(
        default={}, validation_alias=AliasPath("communication", "emails")
    )
    telephones: Annotated[Mapping[str, Phone], OrDefault] = Field(
        default={}, validation_alias=AliasPath("communication", "telephones")
    )
    price_list_id: Id = Field(
        default="", validation_alias=AliasPath("financialDetails", "priceListId")
    )
    credit_term_days: Annotated[int, OrDefault] = Field(
        default=0, validation_alias=AliasPath("financialDetails", "creditTermDays")
    )
    takes_newsletter: Flag = Field(
        default=False, validation_alias=AliasPath("marketingDetails", "isReceiveEmailNewsletter")
    )
    is_staff: Flag = Field(
        default=False, validation_alias=AliasPath("relationshipToAccount", "isStaff")
    )
    is_supplier: Flag = Field(
        default=False, validation_alias=AliasPath("relationshipToAccount", "isSupplier")
    )
    tags: Annotated[tuple[str, ...], BeforeValidator(_tags)] = Field(
        default=(), alias="contactTags"
    )
    """Ids, in the order they were given."""
    address_ids: Annotated[Mapping[str, Id], OrDefault] = Field(default={}, alias="postAddressIds")
    """By use: DEF, BIL, DEL."""
    addresses: Annotated[tuple[AddressRow, ...], OrDefault] = Field(
        default=(), alias="postalAddresses"
    )

    @property
    def emails_by_kind(self) -> Mapping[str, str]:
        """The filled e-mails by PRI, SEC and TER, the primary one first."""
        listed = {kind: self.emails.get(kind, {}).get("email", "") for kind in EMAIL_KINDS}
        return {kind: email for kind, email in listed.items() if email}

    @property
    def email_keys(self) -> list[str]:
        """The same as they are compared."""
        return [email_key(email) for email in self.emails_by_kind.values()]

    def address(self, use: str) -> AddressRow | None:
        """The address of a use."""
        wanted = self.address_ids.get(use)
        return next((one for one in self.addresses if one.id == wanted), None)


@dataclass(frozen=True)
class UnreadableContact:
    """A contact's document that breaks the model."""

    id: str
    field: str
    reason: str
    """What is wrong with the field; never its value."""


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
    finance: Mapping[str, int] | None = Field(default=None, serialization_alias="financialDetails")
    """`priceListId`, `creditTermDays`."""


class ProductRow(Document):
    """A product as a search shows it."""

    product_id: Id = Field(alias="productId")
    sku: Text = Field(default="", alias="SKU")
    stock_tracked: bool = Field(default=False, alias="stockTracked")
    status: Text = Field(default="LIVE", alias="productStatus")
    group_id: OtherId = Field(default="", alias="productGroupId")


class TrackedProduct(Document):
    """A product itself, read by its id."""

    id: Id
    is_tracked: bool = Field(default=False, validation_alias=AliasPath("stock", "stockTracked"))


class ListPrice(Document):
    """Prices of one list by the quantity from which they hold."""

    price_list_id: Id = Field(alias="priceListId")
    currency_code: Text = Field(default="", alias="currencyCode")
    by_quantity: Annotated[Mapping[int, Money], OrDefault] = Field(
        default={}, alias="quantityPrice"
    )


class ProductPrices(Document):
    """A product's prices."""

    product_id: Id = Field(alias="productId")
    lists: tuple[ListPrice, ...] = Field(default=(), alias="priceLists")


class PaymentRow(Document):
    """A customer payment as a search shows it."""

    payment_id: Id = Field(alias="paymentId")
    transaction_ref: Text = Field(default="", alias="transactionRef")
    payment_type: Text = Field(default="", alias="paymentType")
    method_code: Text = Field(default="", alias="paymentMethodCode")
    order_id: Id = Field(alias="orderId")
    currency_code: Text = Field(default="", alias="currencyCode")
    amount: Annotated[Money, OrDefault] = Field(default=Decimal(0), alias="amountPaid")


class PaymentCreate(RequestBody):
    """A customer payment; `transaction_ref` with the method is its key against doubling.

    A RECEIPT belongs to a sales order, a PAYMENT (money out) to a sales credit. Brightpearl books
    nought when the amount is left out.
    """

    method_code: str = Field(serialization_alias="paymentMethodCode")
    payment_type: Literal["RECEIPT", "PAYMENT"] = Field(serialization_alias="paymentType")
    order_id: int = Field(serialization_alias="orderId")
    currency_code: str = Field(serialization_alias="currencyIsoCode")
    paid_at: Moment = Field(serialization_alias="paymentDate")
    transaction_ref: str = Field(serialization_alias="transactionRef")
    amount: Money = Field(serialization_alias="amountPaid")
    exchange_rate: Money | None = Field(default=None, serialization_alias="exchangeRate")


class Named(Document):
    """Something with an id and a name, which may come as text in a language."""

    id: Id
    name: Text = ""

    @field_validator("name", mode="before")
    @classmethod
    def _text_of_language(cls, value: object) -> object:
        return value.get("text") if isinstance(value, dict) else value


class OrderStatus(Document):
    """An order status of one order type."""

    status_id: Id = Field(alias="statusId")
    name: Text = ""
    order_type_code: Text = Field(default="", alias="orderTypeCode")
    state: Text = ""
    """The account's own word for what the status means, such as draft."""

    @property
    def is_cancelled(self) -> bool:
        """Whether the account says that orders of this status are cancelled."""
        return self.state.strip().lower() in {"cancelled", "canceled"}


class Channel(Named):
    """A sales channel."""


class Warehouse(Named):
    """A warehouse."""


class ShippingMethod(Named):
    """A way of sending goods."""

    code: Text = ""


class PriceList(Named):
    """A price list; `type` is SELL or BUY."""

    type: Text = Field(default="", alias="priceListTypeCode")
    currency: Text = Field(default="", alias="currencyCode")


class TaxCode(Document):
    """A tax code; its rate (percent) is absent when zero."""

    code: str
    rate: Money = Decimal(0)


class PaymentMethod(Document):
    """A payment method."""

    name: Text = ""
    code: str
    is_active: bool = Field(default=True, alias="isActive")


class Currency(Document):
    """A currency of the account."""

    code: str
    is_default: bool = Field(default=False, alias="isDefault")


class Webhook(Document):
    """A subscription; the account's list mixes those of all its apps."""

    id: Id
    subscribe_to: str = Field(alias="subscribeTo")
    uri_template: str = Field(alias="uriTemplate")
