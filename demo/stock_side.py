"""Is on sale in the store what the account can promise? Read from both sandboxes. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

State = Mapping[str, Any]
Levels = Mapping[str, Mapping[str, list[int]]]
REF = "BC-"
NOT_SOLD = (0, 4, 5, 6)
"""Statuses of orders that hold nothing."""
CANCELLED = 5
"""The sandbox account's status of an order that was called off."""


@dataclass(frozen=True)
class StockVerdict:
    """SKUs that both systems keep stock of."""

    skus: int = 0
    differences: dict[str, str] = field(default_factory=dict)

    @property
    def equal(self) -> int:
        """SKUs that are right."""
        return self.skus - len(self.differences)


def judge_stock(store: State, account: State, on_sale: Levels, levels: Levels) -> StockVerdict:
    """Every SKU: what shoppers can buy is what is promised, less what orders hold.

    In: both full states, and `GET /_sandbox/stock` of both.
    """
    held = Counter[str]()
    for sku, units in _held(store, account):
        held[sku] += units
    both = on_sale.keys() & levels.keys()
    found = {}
    for sku in sorted(both):
        there = sum(level[1] for level in levels[sku].values())
        right = max(0, there - held[sku])
        shown = sum(level[1] for level in on_sale[sku].values())
        if shown != right:
            found[sku] = f"{shown} on sale, {there} promised, {held[sku]} held by orders"
    return StockVerdict(len(both), found)


def _held(store: State, account: State) -> Iterator[tuple[str, int]]:
    """Units by SKU that orders have taken in the store and the account has not set aside."""
    sales = {
        (order["external_ref"] or "").removeprefix(REF): order
        for order in account["orders"].values()
        if order["type_code"] == "SO" and (order["external_ref"] or "").startswith(REF)
    }
    noted = Counter[str]()
    for note in account["goods_out"].values():
        for row_id, parts in note["rows"].items():
            noted[row_id] += sum(int(part[1]) for part in parts)
    for order in store["orders"].values():
        if order["is_deleted"] or order["status_id"] in NOT_SOLD:
            continue
        sale = sales.get(str(order["id"]))
        rows = _rows(sale)
        kept = account["reservations"].get(str(sale["id"]), {"rows": {}})["rows"] if sale else {}
        if sale is not None and sale["status_id"] == CANCELLED:
            continue
        for line in order["lines"]:
            units = line["quantity"] - int(line.get("quantity_refunded") or 0)
            row = rows.get(str(line["id"]))
            if row is not None:
                row_id = str(row["id"])
                units -= int(kept.get(row_id, (0, 0))[1]) + noted[row_id]
                units = min(units, int(Decimal(row["quantity"])))
            if line["sku"] and units > 0:
                yield line["sku"], units


def _rows(sale: State | None) -> Mapping[str, State]:
    rows = sale["rows"].values() if sale else ()
    return {row["external_ref"]: row for row in rows if row["external_ref"]}
