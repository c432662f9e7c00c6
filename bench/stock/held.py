"""Units that store orders have taken and Brightpearl has not set aside, by SKU. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from core.ids import sku_key

State = Mapping[str, Any]
REF = "BC-"
SALES_ORDER, CANCELLED = "SO", 5
NOT_SOLD = frozenset({0, 4, 5, 6})
"""The store's orders that hold nothing: incomplete, refunded, cancelled, declined."""


def held(store: State, account: State) -> dict[str, int]:
    """Units by SKU as compared. In: orders of both states, and what the account set aside."""
    aside = set_aside(account)
    off = _called_off(account)
    units: Counter[str] = Counter()
    for order in store["orders"].values():
        key = str(order["id"])
        if int(order["status_id"]) in NOT_SOLD or order["is_deleted"] or key in off:
            continue
        taken = _taken(order["lines"])
        for sku, count in taken.items():
            units[sku] += max(0, count - aside.get((key, sku), 0))
    return {sku: count for sku, count in units.items() if count}


def set_aside(account: State) -> dict[tuple[str, str], int]:
    """Units that are reserved or on a goods-out note, by the store's order and SKU."""
    names, skus = {}, {}
    for order in account["orders"].values():
        ref = _key(order)
        if ref:
            names[str(order["id"])] = ref
            for row_id, row in order["rows"].items():
                skus[str(row_id)] = sku_key(row["sku"])
    units: Counter[tuple[str, str]] = Counter()
    for order_id, reservation in account["reservations"].items():
        for row_id, (_, count) in reservation["rows"].items():
            if str(order_id) in names and str(row_id) in skus:
                units[names[str(order_id)], skus[str(row_id)]] += int(count)
    for note in account["goods_out"].values():
        for row_id, entries in note["rows"].items():
            if str(note["order_id"]) in names and str(row_id) in skus:
                key = names[str(note["order_id"])], skus[str(row_id)]
                units[key] += sum(int(entry[1]) for entry in entries)
    return dict(units)


def _key(order: State) -> str:
    ref = order["external_ref"] or ""
    is_ours = order["type_code"] == SALES_ORDER and ref.startswith(REF)
    return ref.removeprefix(REF) if is_ours else ""


def _called_off(account: State) -> set[str]:
    return {
        _key(order)
        for order in account["orders"].values()
        if _key(order) and order["status_id"] == CANCELLED
    }


def _taken(lines: Iterable[State]) -> Counter[str]:
    units: Counter[str] = Counter()
    for line in lines:
        if line["sku"]:
            sold = int(Decimal(str(line["quantity"]))) - int(line.get("quantity_refunded") or 0)
            units[sku_key(line["sku"])] += max(0, sold)
    return units
