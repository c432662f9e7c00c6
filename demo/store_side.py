"""BigCommerce's side of a demo, read from the sandbox's full state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from demo.verdict import ZERO, StoreOrder

State = Mapping[str, Any]
MONEY_IN = ("purchase", "capture", "settled")
PAID = ("captured", "paid", "partially refunded", "refunded")


def store_orders(state: State, since: datetime) -> list[StoreOrder]:
    """Every order; how fast it went is only asked of those that were ready after `since`. Pure."""
    return [_order(order, since) for order in state["orders"].values()]


def _order(order: State, since: datetime) -> StoreOrder:
    total = Decimal(order["total_inc_tax"])
    settled = _money_in(order["transactions"])
    paid = sum((Decimal(row["amount"]) for row in settled), ZERO)
    moments = [order["created_at"], *(row["created_at"] for row in settled)]
    ready_at = max(datetime.fromisoformat(moment) for moment in moments)
    return StoreOrder(
        order_id=str(order["id"]),
        status_id=int(order["status_id"]),
        total=total,
        currency=order["default_currency_code"],
        # What was paid by hand leaves no transaction.
        paid=total if not settled and order["payment_status"] in PAID else paid,
        ready_at=ready_at if ready_at >= since else None,
        external_order_id=str(order["external_order_id"] or ""),
        is_archived=bool(order["is_deleted"]),
        refunds=len(done := _carried_out(order.get("refunds", []))),
        refunded=sum((Decimal(str(refund["total_amount"])) for refund in done), ZERO),
        shipped=sum(
            int(item["quantity"])
            for shipment in order.get("shipments", [])
            for item in shipment["items"]
        ),
    )


def _carried_out(refunds: Iterable[State]) -> list[State]:
    """Refunds of which a gateway has carried out a payment, or that need none."""
    return [
        refund
        for refund in refunds
        if not refund["payments"]
        or any(payment["offline"] or payment["transaction_id"] for payment in refund["payments"])
    ]


def _money_in(transactions: Iterable[State]) -> list[State]:
    """Rows that are money received; a capture and its settlement are one."""
    rows = [row for row in transactions if row["status"] == "ok" and row["event"] in MONEY_IN]
    captured = {row["reference_id"] for row in rows if row["event"] == "capture"} - {None}
    return [row for row in rows if row["event"] != "settled" or row["reference_id"] not in captured]
