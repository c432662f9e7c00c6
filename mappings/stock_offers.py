"""The one rule for what may be sold. Pure: sync, reconciliation, audit and `explain` all ask it.

At a location: Σ over its warehouses of what Brightpearl can still promise - units of store orders
that Brightpearl has not allocated - the buffer, never below 0. A bundle has as many units in a
warehouse as the scarcest of its components makes there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from core.frames import Schema, frame
from core.stock import OFFERS, ON_HAND, SKUS
from mappings.stock_places import Places

Bundles = Mapping[str, Mapping[str, int]]
"""Units of each product with stock in one bundle, by the bundle's product id."""
Units = Mapping[tuple[str, str], int]
"""By (product id, warehouse id)."""
UNITS: Schema = {
    "product_id": "text",
    "warehouse_id": "text",
    "promised": "count",
    "free": "count",
}
"""Units of a product or bundle in a warehouse: what Brightpearl can promise, and what is left of it
once the orders that it does not know have taken theirs."""


@dataclass(frozen=True, kw_only=True)
class Supply:
    """What the rule is worked out from."""

    places: Places
    bundles: Bundles = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    """Units of products with stock that orders hold."""
    on_hand: pd.DataFrame = field(default_factory=lambda: frame([], ON_HAND))
    skus: pd.DataFrame = field(default_factory=lambda: frame([], SKUS))

    def parts_of(self, product_id: str) -> Mapping[str, int]:
        """Units of each product with stock in one of a product: of a bundle, or the product."""
        return self.bundles.get(product_id, {product_id: 1})

    @cached_property
    def product_of(self) -> Mapping[str, str]:
        """Brightpearl's product id by SKU as compared."""
        return dict(zip(self.skus["sku_key"], self.skus["product_id"], strict=True))


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be sold of a SKU at a location: a row of OFFERS."""

    sku_key: str
    sku: str
    product_id: str
    location_id: str
    promised: int
    held: int
    buffer: int
    sellable: int


def offers(found: Supply) -> pd.DataFrame:
    """What may be sold of each SKU at each location that is fed. Out: OFFERS."""
    by_place = (
        by_warehouse(found)
        .groupby(["product_id", "location_id"], as_index=False)[["promised", "free"]]
        .sum()
    )
    locations = pd.DataFrame({"location_id": list(found.places.locations)}, dtype="str")
    wanted = found.skus.merge(locations, "cross")
    offered = wanted.merge(by_place, on=["product_id", "location_id"], how="left")
    counts = ["promised", "free"]
    offered[counts] = offered[counts].fillna(0).astype("int64")
    offered["buffer"] = pd.Series(_buffers(offered, found.places), dtype="int64")
    offered["held"] = offered["promised"] - offered["free"]
    offered["sellable"] = (offered["free"] - offered["buffer"]).clip(lower=0)
    return offered[list(OFFERS)]


def by_warehouse(found: Supply) -> pd.DataFrame:
    """Units by warehouse, at each location that it feeds. Out: UNITS, and `location_id`."""
    fed = pd.DataFrame(found.places.pairs, columns=["warehouse_id", "location_id"]).astype("str")
    taken = _taken(found)
    units = _plain(found.on_hand, taken)
    if found.bundles:
        units = pd.concat([units, _of_bundles(found, taken)], ignore_index=True)
    return units.merge(fed, on="warehouse_id")


def needed(
    held: Mapping[str, int], product_of: Mapping[str, str], bundles: Bundles
) -> dict[str, int]:
    """Units of products that orders hold, bundles in their components.

    In: units by SKU, products by SKU, and what bundles are made of.
    """
    units: Counter[str] = Counter()
    for sku in held.keys() & product_of.keys():
        product_id = product_of[sku]
        for part, each in bundles.get(product_id, {product_id: 1}).items():
            units[part] += each * held[sku]
    return dict(units)


class BrokenBundleError(ValueError):
    """Nobody can know how many of a bundle there are."""


def explode(
    bundle: str, components: Bundles, has_stock: Mapping[str, bool], within: tuple[str, ...] = ()
) -> dict[str, int]:
    """Units of each product with stock in one bundle. Pure.

    In: what each bundle is made of, bundles among it. Components that have no stock, such as a
    printed card, limit nothing. `has_stock` knows every product that exists.

    Raises: BrokenBundleError saying why.
    """
    if bundle in within:
        raise BrokenBundleError(f"it contains itself, by way of product {within[-1]}")
    found: Counter[str] = Counter()
    for part, each in components[bundle].items():
        if each < 1:
            raise BrokenBundleError(f"it contains {each} of product {part}")
        if part in components:
            inner = explode(part, components, has_stock, (*within, bundle))
            found.update({one: units * each for one, units in inner.items()})
        elif part not in has_stock:
            raise BrokenBundleError(f"its component, product {part}, does not exist")
        elif has_stock[part]:
            found[part] += each
    if not found and not within:
        raise BrokenBundleError("none of its components has stock")
    return dict(found)


def units_of(on_hand: pd.DataFrame, product_ids: Collection[str]) -> Units:
    """Units of some products. In: ON_HAND."""
    some = on_hand[on_hand["product_id"].isin(list(product_ids))]
    names = zip(some["product_id"], some["warehouse_id"], strict=True)
    return dict(zip(names, some["on_hand"].tolist(), strict=True))


def _taken(found: Supply) -> Units:
    """What orders take from each warehouse: from the first that has some; what lacks, lacks there.

    In the order of the table: nobody knows yet from where an order will be sent.
    """
    level, warehouses = units_of(found.on_hand, found.held), found.places.warehouses
    taken: Counter[tuple[str, str]] = Counter()
    for product_id, units in found.held.items():
        left = units
        for warehouse in warehouses:
            some = min(left, max(0, level.get((product_id, warehouse), 0)))
            taken[product_id, warehouse] += some
            left -= some
        if warehouses:
            taken[product_id, warehouses[0]] += left
    return {name: units for name, units in taken.items() if units}


def _plain(on_hand: pd.DataFrame, taken: Units) -> pd.DataFrame:
    """Products with stock of their own. Out: UNITS."""
    lost = pd.DataFrame(
        [(*name, units) for name, units in taken.items()],
        columns=["product_id", "warehouse_id", "taken"],
    ).astype({"product_id": "str", "warehouse_id": "str", "taken": "int64"})
    found = on_hand.merge(lost, on=["product_id", "warehouse_id"], how="outer")
    found["promised"] = found["on_hand"].fillna(0).astype("int64")
    found["free"] = found["promised"] - found["taken"].fillna(0).astype("int64")
    return found[list(UNITS)]


def _of_bundles(found: Supply, taken: Units) -> pd.DataFrame:
    """Bundles that are sold. Out: UNITS."""
    sold = sorted(set(found.skus["product_id"]) & found.bundles.keys())
    promised = units_of(found.on_hand, {part for one in sold for part in found.bundles[one]})
    free = {name: units - taken.get(name, 0) for name, units in promised.items()}

    def whole(bundle: str, warehouse: str, units: Units) -> int:
        parts = found.bundles[bundle].items()
        return min(max(0, units.get((part, warehouse), 0)) // each for part, each in parts)

    return frame(
        (
            {
                "product_id": bundle,
                "warehouse_id": warehouse,
                "promised": whole(bundle, warehouse, promised),
                "free": whole(bundle, warehouse, free),
            }
            for bundle in sold
            for warehouse in found.places.warehouses
        ),
        UNITS,
    )


def _buffers(rows: pd.DataFrame, places: Places) -> list[int]:
    """Units kept back, row by row; what is the same for most SKUs is looked up once."""
    buffers = places.buffers
    usual = {location: buffers.units("", location) for location in places.locations}
    return [
        buffers.units(sku, location) if sku in buffers.skus else usual[location]
        for sku, location in zip(rows["sku_key"], rows["location_id"], strict=True)
    ]
