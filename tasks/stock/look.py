"""Both sides' stock, read in the order in which errors are harmless (docs/decisions/0011).

The store's stock first, then its orders, then Brightpearl: what happens in between makes too little
on sale for a moment, never too much.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import pandas as pd

from core.frames import frame
from core.stock import ITEMS
from core.times import utc_now
from store.catalogue import Catalogue
from store.links import Links
from tasks.claim import Run
from tasks.outcome import Obstacle
from tasks.policy import PATIENT, step
from tasks.stock.account_side import read_account
from tasks.stock.keys import STOCK, StoreSkus
from tasks.stock.locations import open_places
from tasks.stock.memory import StockMemory
from tasks.stock.orders_side import read_orders
from tasks.stock.places import Places, read_places
from tasks.stock.rule import Stock, needed
from tasks.stock.store_side import read_items

NO_STOCK = Stock(
    pd.DataFrame({"sku_key": [], "sku": [], "product_id": []}, dtype="str"),
    pd.DataFrame({"product_id": [], "warehouse_id": [], "on_hand": []}),
    {},
    {},
)


@dataclass(frozen=True)
class Look:
    """Both sides' stock of some SKUs, or of all."""

    items: pd.DataFrame
    """ITEMS at the locations that are fed."""
    stock: Stock
    places: Places
    memories: Mapping[str, StockMemory]
    """By SKU as compared."""
    orders: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Units that orders hold, by SKU and order id."""
    sold: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """Units of recent orders, by SKU and order id."""
    newest_order: int = 0
    refused: Mapping[str, Obstacle] = field(default_factory=dict)
    """SKUs of which nothing certain is known, and why."""
    only_store: Sequence[str] = ()
    """SKUs that Brightpearl does not have, or keeps no stock of."""
    only_account: Sequence[str] = ()
    """SKUs that the store does not have, or keeps no stock of."""
    notes: Sequence[str] = ()
    read_at: datetime = field(default_factory=utc_now)
    """When the store's stock was read."""
    named: Mapping[str, StockMemory] = field(default_factory=dict)
    """Memories of SKUs that were met for the first time, or under other ids."""

    @cached_property
    def product_of(self) -> Mapping[str, str]:
        """Brightpearl's product id by SKU as compared."""
        skus = self.stock.skus
        return dict(zip(skus["sku_key"], skus["product_id"], strict=True))


def places_of(run: Run) -> Places:
    """Where stock is sold from, by the tables in force.

    Raises: ConfigError naming table and line.
    """
    return read_places(
        run.bundle.table("stock_locations"),
        run.bundle.table("stock_buffers"),
        run.world.pair.stock.sales_location,
    )


@step("look-at-stock", PATIENT)
def look(run: Run, skus: Collection[str] | None) -> Look:
    """Both sides' stock of these SKUs (as compared), or of all. Reads only.

    Raises: TransientError, ConfigError.
    """
    places, strange = open_places(run.world, places_of(run))
    if skus is not None and not skus:
        return Look(frame([], ITEMS), NO_STOCK, places, {})
    memories = _memories(run, skus)
    read_at = utc_now()
    found = read_items(run.world, skus, memories, places)
    orders = read_orders(run, skus, memories)
    wanted = set(found.skus) if skus is None else set(skus)
    held = {sku: sum(units.values()) for sku, units in orders.held.items()}
    account = read_account(run, wanted, set(held), is_all=skus is None)
    both = [sku for sku in found.skus if sku in account.products and sku in wanted]
    refused = {**found.refused, **account.refused}
    named = {sku: one for sku, one in found.named(memories).items() if sku in account.products}
    return Look(
        items=found.items[found.items["sku_key"].isin(both)].reset_index(drop=True),
        stock=Stock(
            skus=pd.DataFrame(
                {
                    "sku_key": both,
                    "sku": [found.skus[sku] for sku in both],
                    "product_id": [account.products[sku] for sku in both],
                },
                dtype="str",
            ),
            on_hand=account.on_hand,
            bundles=account.bundles,
            held=needed(held, account.all_products, account.bundles),
        ),
        places=places,
        memories={**memories, **named},
        named=named,
        read_at=read_at,
        orders=orders.held,
        sold=orders.sold,
        newest_order=orders.newest,
        refused={sku: why for sku, why in refused.items() if sku in wanted or sku in found.refused},
        only_store=sorted(set(found.skus) - account.products.keys() - refused.keys()),
        only_account=sorted((wanted - found.skus.keys()) & account.products.keys())
        if skus is not None
        else _only_account(run, found.skus),
        notes=[*strange, *found.notes],
    )


def _memories(run: Run, skus: Collection[str] | None) -> dict[str, StockMemory]:
    linked = Links(run.world.database)
    links = (
        linked.scan(run.report.pair, STOCK)
        if skus is None
        else linked.get(run.report.pair, STOCK, sorted(skus)).values()
    )
    return {link.key_bc: StockMemory.of(link) for link in links}


def _only_account(run: Run, store_skus: Collection[str]) -> list[str]:
    """SKUs with stock that the store does not sell, in a look at everything."""
    names = StoreSkus(run.bundle.table("skus"))
    known = Catalogue(run.world.database).tracked(run.report.pair)
    return sorted(one for one in known if not any(name in store_skus for name in names(one)))
