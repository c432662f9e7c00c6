"""Rows and payments as sales orders and sales credits have them alike, and as documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.brightpearl import messages
from connectors.brightpearl.account_models import PaymentCreate
from connectors.brightpearl.messages import Message
from connectors.brightpearl.models import CurrencyRef


@dataclass(frozen=True)
class Row:
    """A row of ROWS or CREDIT_ROWS: `net` and `tax` are totals of the row."""

    row_ref: str
    kind: str
    product_id: str
    name: str
    quantity: int
    tax_code: str
    net: Decimal
    tax: Decimal
    nominal_code: str
    sequence: int


@dataclass(frozen=True)
class Payment:
    """A row of PAYMENTS or PAYOUTS."""

    transaction_ref: str
    payment_method_code: str
    payment_type: str
    amount: Decimal
    currency_code: str
    paid_at: datetime


def row_fields(row: Row) -> dict[str, Any]:
    """What creating, changing and adding a row have in common."""
    return {
        "external_ref": row.row_ref,
        "product_id": row.product_id or None,
        "name": row.name or None,
        "quantity": str(row.quantity),
        "tax_code": row.tax_code,
        "net": row.net,
        "tax": row.tax,
        "nominal_code": row.nominal_code or None,
    }


def new_payment(payment: Payment, order_id: str, exchange_rate: Decimal | None = None) -> Message:
    """A customer payment; Brightpearl refuses a second one of the same reference and method."""
    document = PaymentCreate(
        method_code=payment.payment_method_code,
        payment_type=payment.payment_type,
        order_id=int(order_id),
        currency_code=payment.currency_code,
        paid_at=payment.paid_at,
        transaction_ref=payment.transaction_ref,
        amount=payment.amount,
        exchange_rate=exchange_rate,
    )
    return messages.create_payment(payment.transaction_ref, document)


def currency_ref(code: str, rate: Decimal | None) -> CurrencyRef:
    """The order's own rate, where there is one against the account's currency."""
    if rate is None or rate in (0, 1):
        return CurrencyRef(code=code)
    return CurrencyRef(code=code, fixed_exchange_rate=True, exchange_rate=f"{rate:.6f}")
