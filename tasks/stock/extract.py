"""Which SKUs the keys of a batch mean, and a snapshot of both sides' stock of these, or of all.

Both sides are read in the order in which errors are harmless (docs/decisions/0011): the store's
stock first, then its orders, then Brightpearl. What happens in between makes too little on sale for
a moment, never too much.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import pandas as pd

from connectors.bigcommerce.inventory_models import StockItem
from core.ids import PRODUCT, VARIANT, sku_key
from mappings.stock_places import Places, read_places
from store.catalogue import Catalogue
from tasks.brightpearl.reference import KEPT_S, products_by_id, reference_of
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.cases import Outcome, skipped
from tasks.reconciler.run import Run
from tasks.stock.availability import COMPONENTS, bundles_with, read_availability
from tasks.stock.frames import CATALOGUE, AgreedStock, Snapshot
from tasks.stock.inventory import read_held_units, read_inventory
from tasks.stock.matching import SkuNames

NO_SKU = "has no stock, or no SKU"


def resolve_keys(run: Run) -> tuple[list[str], list[Outcome]]:
    """The SKUs (as compared) that the keys of the batch mean, and what becomes of other keys.

    A key that names a product or a variant gives way to its SKU. A product that bundles are made of
    makes these due as well.

    Raises: TransientError, ConfigError.
    """
    keys = run.batch.keys
    products = {key: key.removeprefix(PRODUCT) for key in keys if key.startswith(PRODUCT)}
    variants = {key: key.removeprefix(VARIANT) for key in keys if key.startswith(VARIANT)}
    skus = {**_of_products(run, products), **_of_variants(run, variants)}
    known = {key: found[0] for key, found in skus.items() if found}
    # What a key means besides its first SKU becomes a key of its own.
    others = {sku for found in skus.values() for sku in found[1:]} - {*known.values(), *keys}
    if others and not run.dry_run:
        run.inbox.put(run.pair, run.entity, others, source="bundle", now=run.now())
    if known:
        run.rekey(known)
    without_sku = {*products, *variants, CATALOGUE} - known.keys()
    wanted = [key for key in run.batch.keys if key not in without_sku]
    left = [key for key in run.batch.keys if key in without_sku]
    return wanted, [skipped(key, "not ours", NO_SKU) for key in left]


@step("extract-stock", RETRIED)
def extract_stock(run: Run, skus: Collection[str] | None) -> Snapshot:
    """Both sides' stock of these SKUs (as compared), or of all.

    Raises: TransientError, ConfigError.
    """
    places, notes = _open_places(run)
    if skus is not None and not skus:
        return Snapshot(places=places, read_at=run.now())
    agreed = _agreed(run, skus)
    found = Snapshot(places=places, agreed=agreed, read_at=run.now(), notes=notes)
    found = read_held_units(run, read_inventory(run, found, skus))
    wanted = set(found.store_skus) if skus is None else set(skus)
    found = read_availability(run, found, wanted, is_all=skus is None)
    run.report.notes.update(found.notes)
    known = (wanted & found.products.keys()) - found.refused.keys()
    both = [sku for sku in found.store_skus if sku in known]
    # Column by column, for there may be 100,000.
    columns = {
        "sku_key": both,
        "sku": [found.store_skus[sku] for sku in both],
        "product_id": [found.products[sku] for sku in both],
    }
    only_account = _only_account(run, found) if skus is None else known - found.store_skus.keys()
    return replace(
        found,
        items=found.items[found.items["sku_key"].isin(both)].reset_index(drop=True),
        skus=pd.DataFrame(columns, dtype="str"),
        only_store=sorted(found.store_skus.keys() - known - found.refused.keys()),
        only_account=sorted(only_account),
    )


def _open_places(run: Run) -> tuple[Places, list[str]]:
    """The places of the tables in force that exist and are open, and what to say of the others.

    A row that names such a one holds nothing else up.

    Raises: ConfigError naming table and line; TransientError.
    """
    bundle, connections = run.bundle, run.connections
    places = read_places(
        bundle.table("stock_locations"),
        bundle.table("stock_buffers"),
        connections.pair.stock.sales_location,
    )
    is_enabled = connections.cache.get(
        "stock locations",
        lambda: {
            one.id: one.enabled for one in with_retries(connections.bigcommerce.list_locations)
        },
        max_age_s=KEPT_S,
    )
    warehouses = reference_of(connections).ids["warehouse"]
    notes = [
        f"location {one} of stock_locations.csv "
        + ("is disabled in" if one in is_enabled else "does not exist in")
        + " the store: nothing is sent there"
        for one in places.locations
        if not is_enabled.get(one)
    ]
    notes += [
        f"warehouse {one} of stock_locations.csv does not exist in Brightpearl"
        for one in places.warehouses
        if one not in warehouses
    ]
    pairs = tuple(one for one in places.pairs if one[0] in warehouses and is_enabled.get(one[1]))
    return replace(places, pairs=pairs), notes


def _of_products(run: Run, products: Mapping[str, str]) -> dict[str, list[str]]:
    """SKUs of the store by key: the product's own, and those of the bundles that contain it."""
    if not products:
        return {}
    links = run.links.get(run.pair, COMPONENTS, list(products.values()))
    meant = {key: [one, *bundles_with(links.get(one))] for key, one in products.items()}
    catalogued = products_by_id(run.connections, {one for ids in meant.values() for one in ids})
    names = SkuNames(run.bundle.table("skus"))
    found: dict[str, list[str]] = {}
    for key, ids in meant.items():
        own = (catalogued[one].sku for one in ids if one in catalogued and catalogued[one].sku)
        found[key] = [sku for one in own for sku in names.in_store(one)]
    return found


def _of_variants(run: Run, variants: Mapping[str, str]) -> dict[str, list[str]]:
    if not variants:
        return {}
    store, wanted = run.bigcommerce, list(variants.values())
    items = with_retries(lambda: list(store.list_inventory_of_variants(wanted)))
    found = {
        item.variant_id: [sku_key(item.sku)]
        for item in items
        if isinstance(item, StockItem) and item.variant_id and item.sku
    }
    return {key: found.get(one, []) for key, one in variants.items()}


def _agreed(run: Run, skus: Collection[str] | None) -> dict[str, AgreedStock]:
    links = (
        run.links.scan(run.pair, run.entity)
        if skus is None
        else run.links.get(run.pair, run.entity, sorted(skus)).values()
    )
    return {link.key_bc: AgreedStock.of(link) for link in links}


def _only_account(run: Run, found: Snapshot) -> set[str]:
    """SKUs with stock that the store does not sell, of all."""
    names = SkuNames(run.bundle.table("skus"))
    known = Catalogue(run.database).tracked(run.pair)
    return {one for one in known if found.store_skus.keys().isdisjoint(names.in_store(one))}
