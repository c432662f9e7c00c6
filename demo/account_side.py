"""Brightpearl's side of a demo, read from the sandbox's full state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from demo.verdict import ZERO, AccountOrder

State = Mapping[str, Any]
REF = "BC-"
MONEY_IN, MONEY_OUT = "RECEIPT", "PAYMENT"
SALES_ORDER, SALES_CREDIT = "SO", "SC"
CANCELLED, CREDIT_CANCELLED = 5, 21
"""The sandbox account's statuses of what was called off."""


def account_orders(state: State) -> dict[str, list[AccountOrder]]:
    """Sales orders by the store's order id, as their external reference tells it. Pure."""
    books = _Books.of(state)
    found: dict[str, list[AccountOrder]] = defaultdict(list)
    for order in state["orders"].values():
        ref = order["external_ref"] or ""
        if order["type_code"] == SALES_ORDER and ref.startswith(REF):
            found[ref.removeprefix(REF)].append(_order(state, order, books))
    return dict(found)


@dataclass(frozen=True)
class _Books:
    """What belongs to an order, by its id."""

    payments: Mapping[str, list[State]]
    credits: Mapping[str, list[State]]
    """Sales credits that stand, by their sales order."""
    notes: Mapping[str, list[State]]
    """Goods-out notes, those of back orders under the order they were made of."""

    @classmethod
    def of(cls, state: State) -> Self:
        payments: dict[str, list[State]] = defaultdict(list)
        for payment in state["payments"].values():
            payments[str(payment["order_id"])].append(payment)
        made_of = {
            str(order["id"]): str(order["parent_id"])
            for order in state["orders"].values()
            if order["type_code"] == SALES_ORDER and order["parent_id"]
        }
        credits_: dict[str, list[State]] = defaultdict(list)
        for order in state["orders"].values():
            if order["type_code"] == SALES_CREDIT and order["status_id"] != CREDIT_CANCELLED:
                credits_[str(order["parent_id"])].append(order)
        notes: dict[str, list[State]] = defaultdict(list)
        for note in state.get("goods_out", {}).values():
            order_id = str(note["order_id"])
            notes[made_of.get(order_id, order_id)].append(note)
        return cls(payments, credits_, notes)


def _order(state: State, order: State, books: _Books) -> AccountOrder:
    order_id = str(order["id"])
    rows = order["rows"].values()
    payments, credits_ = books.payments[order_id], books.credits[order_id]
    reservation = state["reservations"].get(order_id, {"rows": {}})
    reserved = {row_id: units for row_id, (_, units) in reservation["rows"].items()}
    kept = [row for row in rows if row["product_id"] and _has_stock(state, row["product_id"])]
    moments = [order["created_on"], *(payment["created_on"] for payment in payments)]
    is_cancelled = order["status_id"] == CANCELLED
    waits = not (is_cancelled or books.notes[order_id] or credits_)
    return AccountOrder(
        order_id=order_id,
        gross=_gross(rows),
        currency=order["currency_code"],
        received=_sum(payments, MONEY_IN),
        units=sum(int(Decimal(row["quantity"])) for row in kept) if waits else 0,
        reserved=sum(reserved.values()) if waits else 0,
        could_reserve=sum(_could_reserve(state, order, row, reserved) for row in kept)
        if waits
        else 0,
        complete_at=max(datetime.fromisoformat(moment) for moment in moments),
        credits=len(credits_),
        credited=sum((_gross(credit["rows"].values()) for credit in credits_), ZERO),
        paid_out=sum(
            (_sum(books.payments[str(credit["id"])], MONEY_OUT) for credit in credits_), ZERO
        ),
        shipped=sum(_units(note) for note in books.notes[order_id] if "shipped" in note["stages"]),
        is_cancelled=is_cancelled,
    )


def _gross(rows: Iterable[State]) -> Decimal:
    return sum((Decimal(row["net"]) + Decimal(row["tax"]) for row in rows), ZERO)


def _units(note: State) -> int:
    return sum(int(entry[1]) for entries in note["rows"].values() for entry in entries)


def _sum(payments: Iterable[State], type_code: str) -> Decimal:
    amounts = (Decimal(p["amount_paid"]) for p in payments if p["type_code"] == type_code)
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
    free = int(level["in_stock"]) - int(level["allocated"]) - int(level.get("quarantined", 0))
    return max(0, min(missing, free))
