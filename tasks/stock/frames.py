"""Both sides' stock on the way of a batch, from the snapshot to what is to be on sale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import pandas as pd

from core.frames import Schema, frame
from core.refusals import Refusal
from core.stock import ITEMS, OFFERS, STOCK_LEVELS
from tasks.reconciler.frames import Frames, rows
from tasks.stock.links import NOTHING_AGREED, AgreedStock, Agreements
from tasks.stock.places import Places

SKUS: Schema = {"sku_key": "text", "sku": "text", "product_id": "text"}
"""A row per SKU that both systems have."""
ON_HAND: Schema = {"product_id": "text", "warehouse_id": "text", "on_hand": "count"}
"""What Brightpearl can still promise, by its products and warehouses."""

Bundles = Mapping[str, Mapping[str, int]]
"""Units of each product with stock in one bundle, by the bundle's product id."""


@dataclass(frozen=True)
class Supply:
    """What the rule of what may be sold is worked out from."""

    skus: pd.DataFrame
    """SKUS."""
    on_hand: pd.DataFrame
    """ON_HAND."""
    bundles: Bundles
    held: Mapping[str, int]
    """Units of products with stock in store orders that Brightpearl has not allocated."""


@dataclass(frozen=True, kw_only=True)
class Snapshot(Frames):
    """Both sides' stock of some SKUs, or of all, as read at one moment."""

    KEY = "sku_key"

    items: pd.DataFrame = rows(ITEMS)
    """At the locations that are fed."""
    supply: Supply
    places: Places
    agreed: Agreements
    read_at: datetime
    """When the store's stock was read."""
    renamed: Agreements = field(default_factory=dict)
    """Those of `agreed` that were met for the first time, or under other ids: not kept yet."""
    orders: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Units that orders hold, by SKU and order id."""
    held_products: Mapping[str, str] = field(default_factory=dict)
    """Brightpearl's product id by SKU that orders hold."""
    sold: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """Units of recent orders, by SKU and order id."""
    newest_order: int = 0
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    """SKUs of which nothing certain is known, and why."""
    only_store: Sequence[str] = ()
    """SKUs that Brightpearl does not have, or keeps no stock of."""
    only_account: Sequence[str] = ()
    """SKUs that the store does not have, or keeps no stock of."""
    notes: Sequence[str] = ()

    def validated(self) -> Mapping[str, pd.DataFrame]:
        """The store's side, before it is compared."""
        return {"items_in": self.items}

    def agreed_on(self, sku: str) -> AgreedStock:
        """What both sides last agreed on about a SKU (as compared)."""
        return self.agreed.get(sku, NOTHING_AGREED)

    @cached_property
    def product_of(self) -> Mapping[str, str]:
        """Brightpearl's product id by SKU as compared."""
        skus = self.supply.skus
        return dict(zip(skus["sku_key"], skus["product_id"], strict=True))


@dataclass(frozen=True, kw_only=True)
class Desired(Frames):
    """What may be sold, and what is to be on sale therefore."""

    KEY = "sku_key"

    offers: pd.DataFrame = rows(OFFERS)
    levels: pd.DataFrame = rows(STOCK_LEVELS)

    def validated(self) -> Mapping[str, pd.DataFrame]:
        """What is to be on sale, before it is compared and sent."""
        return {"stock_levels_out": self.levels}


def no_supply() -> Supply:
    """That of no SKU."""
    return Supply(frame([], SKUS), frame([], ON_HAND), {}, {})
