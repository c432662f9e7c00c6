"""The one rule for what may be sold. Pure: sync, reconciliation, audit and `explain` all ask it.

At a location: Σ over its warehouses of what Brightpearl can still promise - units of store orders
that Brightpearl has not set aside - the buffer, never below 0. A bundle has as many units in a
warehouse as the scarcest of its components makes there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from core.frames import frame, records
from core.stock import OFFERS
from tasks.stock.places import Places

Free = dict[tuple[str, str], int]
"""Units by (product id, warehouse id)."""


@dataclass(frozen=True)
class Stock:
    """What is known of both sides' goods before anything is worked out."""

    skus: pd.DataFrame
    """`sku_key`, `sku`, `product_id`: a row per SKU that both systems have."""
    on_hand: pd.DataFrame
    """`product_id`, `warehouse_id`, `on_hand`: what Brightpearl can still promise."""
    bundles: Mapping[str, Mapping[str, int]]
    """Units of products with stock, by bundle's product id."""
    held: Mapping[str, int]
    """Units of products with stock in store orders that Brightpearl has not set aside."""


def offers(stock: Stock, places: Places) -> pd.DataFrame:
    """What may be sold of each SKU at each location that is fed. Out: OFFERS."""
    taken = _taken(stock, places)
    plain = stock.skus[~stock.skus["product_id"].isin(list(stock.bundles))]
    found = pd.concat(
        [
            _summed(plain, stock.on_hand, taken, places),
            _of_bundles(stock, taken, places),
        ],
        ignore_index=True,
    )
    found["buffer"] = _buffers(found, places)
    found["held"] = found["promised"] - found["free"]
    found["sellable"] = (found["free"] - found["buffer"]).clip(lower=0)
    return found[list(OFFERS)].astype({"held": "int64", "sellable": "int64", "buffer": "int64"})


def needed(
    held: Mapping[str, int],
    product_of: Mapping[str, str],
    bundles: Mapping[str, Mapping[str, int]],
) -> dict[str, int]:
    """Units of products that orders hold, bundles in their components.

    In: units by SKU, products by SKU, and what bundles are made of.
    """
    units: Counter[str] = Counter()
    for sku, count in held.items():
        product_id = product_of.get(sku)
        if product_id is None:
            continue
        for part, each in bundles.get(product_id, {product_id: 1}).items():
            units[part] += each * count
    return dict(units)


def _taken(stock: Stock, places: Places) -> Free:
    """What orders take from each warehouse: from the first that has some; what lacks, lacks there.

    In the order of the table: nobody knows yet from where an order will be sent.
    """
    wanted = stock.held
    rows = stock.on_hand[stock.on_hand["product_id"].isin(list(wanted))]
    level = _levels(rows)
    taken: Free = {}
    for product_id, units in wanted.items():
        left = units
        for warehouse in places.warehouses:
            some = min(left, max(0, level.get((product_id, warehouse), 0)))
            if some:
                taken[product_id, warehouse] = some
                left -= some
        if left and places.warehouses:
            first = product_id, places.warehouses[0]
            taken[first] = taken.get(first, 0) + left
    return taken


def _summed(skus: pd.DataFrame, on_hand: pd.DataFrame, taken: Free, places: Places) -> pd.DataFrame:
    """Products with stock of their own: units by SKU and location."""
    fed = pd.DataFrame(places.pairs, columns=["warehouse_id", "location_id"]).astype("str")
    lost = pd.DataFrame(
        [(product, warehouse, units) for (product, warehouse), units in taken.items()],
        columns=["product_id", "warehouse_id", "taken"],
    ).astype({"product_id": "str", "warehouse_id": "str", "taken": "int64"})
    levels = on_hand.merge(lost, on=["product_id", "warehouse_id"], how="outer")
    levels = levels.merge(fed, on="warehouse_id")
    levels["promised"] = levels["on_hand"].fillna(0).astype("int64")
    levels["free"] = levels["promised"] - levels["taken"].fillna(0).astype("int64")
    by_place = levels.groupby(["product_id", "location_id"], as_index=False)[
        ["promised", "free"]
    ].sum()
    wanted = skus.merge(pd.DataFrame({"location_id": list(places.locations)}, dtype="str"), "cross")
    found = wanted.merge(by_place, on=["product_id", "location_id"], how="left")
    return found.fillna({"promised": 0, "free": 0}).astype({"promised": "int64", "free": "int64"})


def _of_bundles(stock: Stock, taken: Free, places: Places) -> pd.DataFrame:
    """Bundles: units by SKU and location, warehouse by warehouse."""
    made = stock.skus[stock.skus["product_id"].isin(list(stock.bundles))]
    parts = {part for one in made["product_id"] for part in stock.bundles[one]}
    rows = stock.on_hand[stock.on_hand["product_id"].isin(list(parts))]
    level = _levels(rows)
    free = {key: units - taken.get(key, 0) for key, units in level.items()}
    found: list[Mapping[str, Any]] = []
    for row in records(made):
        each = stock.bundles[row["product_id"]]
        found.extend(
            {
                **row,
                "location_id": location,
                "promised": sum(_whole(each, level, one) for one in places.feeding(location)),
                "free": sum(_whole(each, free, one) for one in places.feeding(location)),
            }
            for location in places.locations
        )
    schema = {name: kind for name, kind in OFFERS.items() if name in _BUNDLE_COLUMNS}
    return frame(found, {**schema, "free": "count"})


_BUNDLE_COLUMNS = ("sku_key", "sku", "product_id", "location_id", "promised")


def _levels(on_hand: pd.DataFrame) -> Free:
    return {(row["product_id"], row["warehouse_id"]): row["on_hand"] for row in records(on_hand)}


def _whole(each: Mapping[str, int], level: Mapping[tuple[str, str], int], warehouse: str) -> int:
    """Whole bundles that a warehouse makes."""
    return min(max(0, level.get((part, warehouse), 0)) // units for part, units in each.items())


def _buffers(rows: pd.DataFrame, places: Places) -> list[int]:
    """Units kept back, row by row; what is the same for most SKUs is looked up once."""
    buffers = places.buffers
    usual = {location: buffers.of("", location) for location in places.locations}
    return [
        buffers.of(sku, location) if sku in buffers.skus else usual[location]
        for sku, location in zip(rows["sku_key"], rows["location_id"], strict=True)
    ]
