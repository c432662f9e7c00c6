"""What was paid, the fields we read. Source: Brightpearl API reference, customer-payment."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field, field_validator

from connectors.documents import Document, Id, Moment, Money, Text


class PaymentRow(Document):
    """A customer payment as a search shows it."""

    payment_id: Id = Field(alias="paymentId")
    transaction_ref: Text = Field(default="", alias="transactionRef")
    method_code: Text = Field(default="", alias="paymentMethodCode")
    payment_type: Text = Field(default="", alias="paymentType")
    order_id: Id = Field(alias="orderId")
    currency_code: Text = Field(default="", alias="currencyCode")
    amount: Money = Field(default=Decimal(0), alias="amountPaid")
    amount_authorized: Money = Field(default=Decimal(0), alias="amountAuthorized")
    transaction_code: Text = Field(default="", alias="transactionCode")
    paid_at: Moment | None = Field(default=None, alias="paymentDate")

    @field_validator("amount", "amount_authorized", mode="before")
    @classmethod
    def _none_is_nought(cls, value: object) -> object:
        return Decimal(0) if value is None or value == "" else value
