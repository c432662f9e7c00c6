"""Which SKUs the keys of a batch mean, and a snapshot of both sides' stock of these, or of all.

Both sides are read in the order in which errors are harmless (docs/decisions/0011): the store's
stock first, then its orders, then Brightpearl. What happens in between makes too little on sale for
a moment, never too much.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import partial

import pandas as pd

from connectors.bigcommerce.inventory_models import StockItem
from core.ids import PRODUCT, VARIANT, sku_key
from store.catalogue import Catalogue
from tasks.brightpearl.reference import products_by_id
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.cases import Outcome, skipped
from tasks.reconciler.run import Run
from tasks.stock.availability import bundles_with, read_availability
from tasks.stock.frames import Snapshot, Supply, no_supply
from tasks.stock.inventory import Inventory, read_held_units, read_inventory
from tasks.stock.links import CATALOGUE, COMPONENTS, AgreedStock
from tasks.stock.matching import SkuNames
from tasks.stock.offers import needed
from tasks.stock.places import open_places, places_of

NO_SKU = "has no stock, or no SKU"


@step("resolve-keys", RETRIED)
def resolve_keys(run: Run) -> tuple[list[str], list[Outcome]]:
    """The SKUs (as compared) that the keys of the batch mean, and what becomes of other keys.

    A key that names a product or a variant gives way to its SKU. A product that bundles are made of
    makes these due as well.

    Raises: TransientError, ConfigError.
    """
    keys = run.batch.keys
    products, variants = _named(keys, PRODUCT), _named(keys, VARIANT)
    skus = {**_of_products(run, products), **_of_variants(run, variants)}
    known = {key: found[0] for key, found in skus.items() if found}
    _make_due(run, skus, {*known.values(), *keys})
    if known:
        run.rekey(known)
    without_sku = {*products, *variants, CATALOGUE} - known.keys()
    wanted = [key for key in run.batch.keys if key not in without_sku]
    others = [key for key in run.batch.keys if key in without_sku]
    return wanted, [skipped(key, "not ours", NO_SKU) for key in others]


@step("extract-stock", RETRIED)
def extract_stock(run: Run, skus: Collection[str] | None) -> Snapshot:
    """Both sides' stock of these SKUs (as compared), or of all.

    Raises: TransientError, ConfigError.
    """
    places, closed = open_places(run.connections, places_of(run))
    if skus is not None and not skus:
        return Snapshot(supply=no_supply(), places=places, agreed={}, read_at=run.now())
    agreed = _agreed(run, skus)
    read_at = run.now()
    store = read_inventory(run, skus, agreed, places)
    orders = read_held_units(run, skus, agreed)
    wanted = set(store.skus) if skus is None else set(skus)
    held = {sku: sum(units.values()) for sku, units in orders.by_order.items()}
    account = read_availability(run, wanted, set(held), is_all=skus is None)
    both = [sku for sku in store.skus if sku in account.products and sku in wanted]
    refused = {**store.refused, **account.refused}
    renamed = {sku: one for sku, one in store.renamed(agreed).items() if sku in account.products}
    notes = [*closed, *store.notes]
    run.report.notes.update(notes)
    return Snapshot(
        items=store.items[store.items["sku_key"].isin(both)].reset_index(drop=True),
        supply=Supply(
            skus=_sku_rows(both, store, account.products),
            on_hand=account.on_hand,
            bundles=account.bundles,
            held=needed(held, account.all_products, account.bundles),
        ),
        places=places,
        agreed={**agreed, **renamed},
        renamed=renamed,
        read_at=read_at,
        orders=orders.by_order,
        held_products={
            sku: account.all_products[sku] for sku in held if sku in account.all_products
        },
        sold=orders.sold,
        newest_order=orders.newest_order,
        refused={s: why for s, why in refused.items() if s in wanted or s in store.refused},
        only_store=sorted(set(store.skus) - account.products.keys() - refused.keys()),
        only_account=_only_account(run, store.skus)
        if skus is None
        else sorted((wanted - store.skus.keys()) & account.products.keys()),
        notes=notes,
    )


def _named(keys: Iterable[str], kind: str) -> dict[str, str]:
    """Ids by key, of the keys of a kind."""
    return {key: key.removeprefix(kind) for key in keys if key.startswith(kind)}


def _of_products(run: Run, products: Mapping[str, str]) -> dict[str, list[str]]:
    """SKUs of the store by key: the product's own, and those of the bundles that contain it."""
    if not products:
        return {}
    links = run.links.get(run.pair, COMPONENTS, list(products.values()))
    within = {key: bundles_with(links.get(one)) for key, one in products.items()}
    asked = {*products.values(), *(one for bundles in within.values() for one in bundles)}
    catalogued = products_by_id(run.connections, asked)
    names = SkuNames(run.bundle.table("skus"))
    found: dict[str, list[str]] = {}
    for key, product_id in products.items():
        ids = [product_id, *within[key]]
        own = (catalogued[one].sku for one in ids if one in catalogued and catalogued[one].sku)
        found[key] = [sku for one in own for sku in names.in_store(one)]
    return found


def _of_variants(run: Run, variants: Mapping[str, str]) -> dict[str, list[str]]:
    if not variants:
        return {}
    found = with_retries(partial(_read_variants, run, list(variants.values())))
    return {key: [found[one]] if one in found else [] for key, one in variants.items()}


def _read_variants(run: Run, variant_ids: list[str]) -> dict[str, str]:
    items = run.bigcommerce.list_inventory_of_variants(variant_ids)
    return {
        item.variant_id: sku_key(item.sku)
        for item in items
        if isinstance(item, StockItem) and item.variant_id and item.sku
    }


def _make_due(run: Run, skus: Mapping[str, list[str]], in_hand: set[str]) -> None:
    """SKUs that a key means beside its first: they become keys of their own."""
    others = {sku for found in skus.values() for sku in found[1:]} - in_hand
    if others and not run.dry_run:
        run.inbox.put(run.pair, run.entity, others, source="bundle", now=run.now())


def _agreed(run: Run, skus: Collection[str] | None) -> dict[str, AgreedStock]:
    links = (
        run.links.scan(run.pair, run.entity)
        if skus is None
        else run.links.get(run.pair, run.entity, sorted(skus)).values()
    )
    return {link.key_bc: AgreedStock.of(link) for link in links}


def _sku_rows(both: list[str], store: Inventory, products: Mapping[str, str]) -> pd.DataFrame:
    """SKUS of these. Column by column, for there may be 100,000."""
    columns = {
        "sku_key": both,
        "sku": [store.skus[sku] for sku in both],
        "product_id": [products[sku] for sku in both],
    }
    return pd.DataFrame(columns, dtype="str")


def _only_account(run: Run, store_skus: Collection[str]) -> list[str]:
    """SKUs with stock that the store does not sell, of all."""
    names = SkuNames(run.bundle.table("skus"))
    known = Catalogue(run.database).tracked(run.pair)
    return sorted(one for one in known if not any(sku in store_skus for sku in names.in_store(one)))
