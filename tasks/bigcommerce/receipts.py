"""What the store knows of an order's money: receipts and tax rates. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd

from core.frames import concat, frame
from core.money import ZERO
from core.orders import TRANSACTIONS
from mappings.bundle import Bundle
from tasks.reconciler.cases import digest

RECEIPT = "receipt"
"""Kind of the case of a receipt that one side does not have any more."""
MONEY_IN = ("purchase", "capture", "settled")
"""Transaction events that are money received; an authorisation is not."""
PAID = ("paid", "captured", "partially refunded", "refunded")
"""Payment statuses of an order whose money is in although no gateway reports a transaction."""


def receipts(orders: pd.DataFrame, transactions: pd.DataFrame) -> pd.DataFrame:
    """Money that came in: TRANSACTIONS rows, one per receipt, beside the order's `payment_method`.

    A capture and its settlement are one receipt (both name the same earlier transaction); several
    captures of one authorisation are several. An order that is paid although no gateway reports it
    (cash, bank deposit, a settled manual payment) gets one receipt for what is not covered by store
    credit or gift certificates. Pure. In: ORDERS, TRANSACTIONS.
    """
    came_in = transactions[
        (transactions["status"] == "ok") & transactions["event"].isin(MONEY_IN)
    ].sort_values(["order_id", "transaction_id"], kind="stable")
    earlier = came_in["order_id"] + "/" + came_in["reference_transaction_id"]
    captured = set(earlier[came_in["event"] == "capture"])
    came_in = came_in[(came_in["event"] != "settled") | ~earlier.isin(captured)]
    found = concat([came_in, _offline(orders, transactions)], TRANSACTIONS)
    methods = orders.set_index("order_id")["payment_method"]
    return found.assign(payment_method=found["order_id"].map(methods).astype("str"))


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


def _offline(orders: pd.DataFrame, transactions: pd.DataFrame) -> pd.DataFrame:
    """Payments that no gateway reports."""
    unreported = orders[
        orders["payment_status"].isin(PAID) & ~orders["order_id"].isin(transactions["order_id"])
    ]
    rows: list[dict[str, Any]] = []
    for order in unreported.to_dict("records"):
        parts = {
            "offline": order["total_inc_tax"]
            - order["store_credit_amount"]
            - order["gift_certificate_amount"],
            "store_credit": order["store_credit_amount"],
            "gift_certificate": order["gift_certificate_amount"],
        }
        rows.extend(
            {
                "order_id": order["order_id"],
                "transaction_id": method,
                "event": "settled",
                "method": method,
                "gateway": "",
                "status": "ok",
                "amount": amount,
                "currency_code": order["currency_code"],
                "created_at": order["placed_at"],
            }
            for method, amount in parts.items()
            if amount > ZERO
        )
    return frame(rows, TRANSACTIONS)
