"""Which transactions of the store are money that came in, each chain of them once."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from core.frames import frame
from core.orders import ORDERS, TRANSACTIONS
from tasks.bigcommerce.order_frames import paid_back, receipts

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def rows(*events: str) -> Any:
    """Transactions, ids from 1: `capture<1` names the first, `/5.00` is its amount, `!` failed."""
    found = []
    for number, text in enumerate(events, start=1):
        event, _, amount = text.partition("/")
        event, _, names = event.partition("<")
        found.append(
            {
                "order_id": "100",
                "transaction_id": str(number),
                "event": event.removesuffix("!"),
                "status": "error" if event.endswith("!") else "ok",
                "amount": Decimal(amount or "50.81"),
                "currency_code": "GBP",
                "reference_transaction_id": names,
                "created_at": AT,
            }
        )
    return frame(found, TRANSACTIONS)


ORDER = frame([{"order_id": "100", "payment_status": "captured"}], ORDERS)


@pytest.mark.parametrize(
    ("events", "received"),
    [
        (["purchase"], ["1"]),
        (["purchase", "settled<1"], ["1"]),
        (["purchase", "capture<1", "settled<2"], ["1"]),
        (["authorization", "capture<1"], ["2"]),
        (["authorization", "capture<1", "settled<1"], ["2"]),
        (["authorization", "capture<1", "settled<2"], ["2"]),
        (["authorization", "settled<1"], ["2"]),
        (["authorization", "pending<1", "settled<2"], ["3"]),
        (
            ["authorization", "capture<1/20", "capture<1/30.81", "settled<2/20", "settled<3/30.81"],
            ["2", "3"],
        ),
        (["purchase", "purchase"], ["1", "2"]),
        (["purchase!", "settled<1"], ["2"]),
        (["purchase", "void<1"], []),
        (["authorization", "capture<1", "void<1"], ["2"]),
        (["authorization", "settled<3", "capture<1"], ["2"]),
        (["settled<2", "capture<1"], ["1"]),
    ],
)
def test_a_chain_of_transactions_is_one_receipt(events: list[str], received: list[str]) -> None:
    assert receipts(ORDER, rows(*events))["transaction_id"].tolist() == received


def test_money_that_went_back_is_added_up_by_order() -> None:
    assert paid_back(rows("purchase", "refund<1/-3", "refund<1/2.50", "refund!<1/9")) == {
        "100": Decimal("5.50")
    }
