"""Brightpearl's side of a demo, read from the sandbox's full state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from cli.demo.verdict import ZERO, AccountOrder

State = Mapping[str, Any]
REF = "BC-"
MONEY_IN = "RECEIPT"
SALES_ORDER = "SO"


def account_orders(state: State) -> dict[str, list[AccountOrder]]:
    """Sales orders by the store's order id, as their external reference tells it. Pure."""
    payments: dict[str, list[State]] = defaultdict(list)
    for payment in state["payments"].values():
        payments[str(payment["order_id"])].append(payment)
    found: dict[str, list[AccountOrder]] = defaultdict(list)
    for order in state["orders"].values():
        ref = order["external_ref"] or ""
        if order["type_code"] == SALES_ORDER and ref.startswith(REF):
            paid = payments[str(order["id"])]
            found[ref.removeprefix(REF)].append(_order(state, order, paid))
    return dict(found)


def _order(state: State, order: State, payments: Iterable[State]) -> AccountOrder:
    rows = order["rows"].values()
    reservation = state["reservations"].get(str(order["id"]), {"rows": {}})
    reserved = {row_id: units for row_id, (_, units) in reservation["rows"].items()}
    kept = [row for row in rows if row["product_id"] and _has_stock(state, row["product_id"])]
    moments = [order["created_on"], *(payment["created_on"] for payment in payments)]
    return AccountOrder(
        order_id=str(order["id"]),
        gross=sum((Decimal(row["net"]) + Decimal(row["tax"]) for row in rows), ZERO),
        currency=order["currency_code"],
        received=_received(payments),
        units=sum(int(Decimal(row["quantity"])) for row in kept),
        reserved=sum(reserved.values()),
        could_reserve=sum(_could_reserve(state, order, row, reserved) for row in kept),
        complete_at=max(datetime.fromisoformat(moment) for moment in moments),
    )


def _received(payments: Iterable[State]) -> Decimal:
    amounts = (Decimal(p["amount_paid"]) for p in payments if p["type_code"] == MONEY_IN)
    return sum(amounts, ZERO)


def _has_stock(state: State, product_id: int) -> bool:
    product = state["products"].get(str(product_id), {})
    document = product.get("document", {})
    is_bundle = bool(document.get("composition", {}).get("bundle"))
    return bool(document.get("stock", {}).get("stockTracked")) and not is_bundle


def _could_reserve(state: State, order: State, row: State, reserved: Mapping[str, int]) -> int:
    """Units of a row that are not reserved although they lie in the order's warehouse."""
    missing = int(Decimal(row["quantity"])) - reserved.get(str(row["id"]), 0)
    levels = state["stock"].get(str(row["product_id"]), {})
    level = levels.get(str(order["warehouse_id"]), {"in_stock": 0, "allocated": 0})
    free = int(level["in_stock"]) - int(level["allocated"])
    return max(0, min(missing, free))
