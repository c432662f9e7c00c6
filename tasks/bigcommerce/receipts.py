"""What the store knows of an order's money: receipts and tax rates. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from operator import itemgetter
from typing import Any

import pandas as pd

from core.frames import frame, records, records_by
from core.money import ZERO
from core.orders import TRANSACTIONS
from mappings.bundle import Bundle
from tasks.reconciler.cases import digest

RECEIPT = "receipt"
"""Kind of the case of a receipt that one side does not have any more."""
MONEY_IN = ("purchase", "capture", "settled")
"""Transaction events that are money received; an authorisation is not."""
PAYMENT_COLUMNS = (
    *("order_id", "payment_method", "payment_status", "total_inc_tax", "store_credit_amount"),
    *("gift_certificate_amount", "currency_code", "placed_at"),
)
"""Columns of ORDERS that say how an order is paid."""
PAID = ("paid", "captured", "partially refunded", "refunded")
"""Payment statuses of an order whose money is in although no gateway reports a transaction."""


def receipts(orders: pd.DataFrame, transactions: pd.DataFrame) -> pd.DataFrame:
    """Money that came in: TRANSACTIONS rows, one per receipt, with the order's `payment_method`.

    A capture and its settlement are one receipt (both name the same earlier transaction); several
    captures of one authorisation are several. An order that is paid although no gateway reports it
    (cash, bank deposit, a settled manual payment) gets one receipt for what is not covered by store
    credit or gift certificates. In: ORDERS, TRANSACTIONS.
    """
    reported = records_by(transactions, "order_id")
    rows = [
        {**row, "payment_method": order["payment_method"]}
        for order in records(orders[list(PAYMENT_COLUMNS)])
        for row in _came_in(order, reported.get(order["order_id"], []))
    ]
    return frame(rows, {**TRANSACTIONS, "payment_method": "text"})


def _came_in(
    order: Mapping[str, Any], reported: Sequence[Mapping[str, Any]]
) -> Iterable[Mapping[str, Any]]:
    """One order's receipts, in the sequence of their transactions."""
    if not reported:
        return _offline(order)
    settled = [row for row in reported if row["status"] == "ok" and row["event"] in MONEY_IN]
    captured = {row["reference_transaction_id"] for row in settled if row["event"] == "capture"}
    return sorted(
        (
            row
            for row in settled
            if row["event"] != "settled" or row["reference_transaction_id"] not in captured
        ),
        key=itemgetter("transaction_id"),
    )


def receipt_case(ref: str) -> str:
    """The value of the case in which a receipt that staff deleted is proposed anew."""
    return f"{RECEIPT} {digest(ref)}"


def lost_receipt_case(ref: str) -> str:
    """The value of the case of a receipt whose money the store does not know of any more."""
    return f"{RECEIPT} {digest(ref, 'gone')}"


def tax_rates(bundle: Bundle) -> list[Decimal]:
    """The tax rates, in percent, that the table of tax codes knows."""
    table = bundle.table("tax_codes")
    return [Decimal(value) for value in table.values]  # noqa: PD011 - a table, not a frame


def _offline(order: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """Payments of an order that no gateway reports."""
    if order["payment_status"] not in PAID:
        return
    credit, certificates = order["store_credit_amount"], order["gift_certificate_amount"]
    parts = {
        "offline": order["total_inc_tax"] - credit - certificates,
        "store_credit": credit,
        "gift_certificate": certificates,
    }
    for method, amount in parts.items():
        if amount > ZERO:
            yield {
                "order_id": order["order_id"],
                "transaction_id": method,
                "event": "settled",
                "method": method,
                "status": "ok",
                "amount": amount,
                "currency_code": order["currency_code"],
                "created_at": order["placed_at"],
            }
