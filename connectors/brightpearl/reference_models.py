"""Brightpearl's reference data, the fields we read. Source: Brightpearl API reference."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field, field_validator

from connectors.documents import Document, Id, Money, Text


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
    """A price list; `is_gross` says how orders show its prices, `type` is SELL or BUY."""

    code: Text = ""
    currency_code: Text = Field(default="", alias="currencyCode")
    type: Text = Field(default="", alias="priceListTypeCode")
    is_gross: bool = Field(default=False, alias="gross")


class TaxCode(Document):
    """A tax code; its rate (percent) is absent when zero."""

    id: Id
    code: str
    rate: Money = Decimal(0)


class BankAccount(Document):
    """Where money of one currency is booked."""

    currency_code: Text = Field(default="", alias="currencyIsoCode")
    nominal_code: Text = Field(default="", alias="bankAccountNominalCode")


class PaymentMethod(Document):
    """A payment method; without a bank account for a currency no accounting entry is made."""

    name: Text = ""
    code: str
    is_active: bool = Field(default=True, alias="isActive")
    bank_accounts: tuple[BankAccount, ...] = Field(default=(), alias="bankAccounts")


class Currency(Document):
    """A currency of the account."""

    code: str
    is_default: bool = Field(default=False, alias="isDefault")
