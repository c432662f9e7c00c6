"""How right the store's stock is, what drifted and why, and what was sold above stock. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from core.frames import records
from tasks.stock.look import Look
from tasks.stock.memory import StockMemory
from tasks.stock.rule import offers

Row = Mapping[str, Any]

ON_ITS_WAY = "an adjustment is on its way"
NEW = "never compared before"
LATE = "Brightpearl's stock changed, and no event said so yet"
BY_HAND = "the store's stock was changed by hand or by another app"
BOTH = "both changed since they agreed"


@dataclass(frozen=True, slots=True)
class Drift:
    """One SKU at one location that differs."""

    sku: str
    location_id: str
    on_sale: int
    sellable: int
    cause: str

    def __str__(self) -> str:
        """For people."""
        return f"{self.on_sale} on sale, {self.sellable} may be sold: {self.cause}"

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "sku": self.sku,
            "location": self.location_id,
            "before": self.on_sale,
            "after": self.sellable,
            "cause": self.cause,
        }


@dataclass(frozen=True)
class Oversold:
    """Units of a SKU sold above what there is."""

    sku: str
    units: int
    cause: str
    orders: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "sku": self.sku,
            "units": self.units,
            "cause": self.cause,
            "orders": list(self.orders),
        }


@dataclass(frozen=True)
class Verdict:
    """A comparison of all stock."""

    compared: int
    drifted: tuple[Drift, ...]
    oversold: tuple[Oversold, ...]

    @property
    def equal(self) -> int:
        """SKUs at locations that are right."""
        return self.compared - len(self.drifted)

    @property
    def percent(self) -> float:
        """How many of a hundred are right; 100 where there is nothing to compare."""
        return 100.0 * self.equal / self.compared if self.compared else 100.0


def judge_stock(look: Look, levels: pd.DataFrame) -> Verdict:
    """Every SKU at every location. In: STOCK_LEVELS of the look."""
    both = levels.merge(look.items.drop(columns="sku"), on=["sku_key", "location_id"])
    apart = both[both["quantity"] != both["available"]]
    drifted = tuple(_drift(row, look.memories) for row in records(apart))
    return Verdict(len(both), drifted, tuple(oversold(look)))


def _drift(row: Row, memories: Mapping[str, StockMemory]) -> Drift:
    memory = memories.get(row["sku_key"], StockMemory())
    return Drift(
        row["sku"],
        row["location_id"],
        row["available"],
        row["quantity"],
        _cause(row, memory),
    )


def _cause(row: Row, memory: StockMemory) -> str:
    location = row["location_id"]
    if location in memory.sent:
        return ON_ITS_WAY
    told = memory.told.get(location)
    if told is None:
        return NEW
    if row["available"] == told:
        return LATE
    return BY_HAND if row["quantity"] == told else BOTH


RACE = "storefront race: sold in the store before it was told of less"
MANUAL = "manual edit: the store had more on sale than it was told"
EVENT = "late event: Brightpearl's stock went down after the store was told"
BUNDLE = "bundle: its components were sold otherwise"


def oversold(look: Look) -> Iterable[Oversold]:
    """SKUs of which orders hold more than Brightpearl can promise."""
    some = look.stock.skus[look.stock.skus["sku_key"].isin(list(look.orders))]
    if some.empty:
        return
    found = offers(replace(look.stock, skus=some), look.places)
    sales = look.places.locations[:1]
    for row in records(found[found["location_id"].isin(sales)]):
        sku = row["sku_key"]
        ours = sum(look.orders[sku].values())
        above = min(ours, max(0, row["held"] - max(0, row["promised"])))
        if above:
            memory = look.memories.get(sku, StockMemory())
            orders = tuple(sorted(look.orders.get(sku, ()), key=int))
            yield Oversold(row["sku"], above, _why_oversold(row, memory, look, ours), orders)


def _why_oversold(row: Row, memory: StockMemory, look: Look, held: int) -> str:
    if memory.oversold:
        return memory.oversold
    if row["product_id"] in look.stock.bundles:
        return BUNDLE
    location = row["location_id"]
    told = memory.told.get(location)
    if location in memory.sent or told is None:
        return RACE
    if held > told:
        return MANUAL
    return EVENT if row["promised"] < told else RACE
