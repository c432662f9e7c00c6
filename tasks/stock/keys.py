"""Which SKUs the keys of a batch mean: they name products, variants, or SKUs themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from connectors.bigcommerce.inventory_models import StockItem
from core.ids import PRODUCT, VARIANT, sku_key
from core.times import utc_now
from mappings.tables import Table
from store.inbox import Inbox
from store.links import Links
from tasks.claim import Batch, Run
from tasks.outcome import Aside
from tasks.policy import PATIENT, patiently, step
from tasks.reconciler.connections import Connections
from tasks.reference import products_by_id

STOCK, COMPONENTS = "stock", "components"
CATALOGUE = "catalogue:all"
"""The key under which a case stands that concerns all SKUs."""
STRANGER = Aside("not ours", "has no stock, or no SKU")


@dataclass(frozen=True)
class Named:
    """What a batch means."""

    skus: Sequence[str]
    """As compared."""
    strangers: Mapping[str, Aside]
    """Keys that mean no SKU."""


@step("identify-stock", PATIENT)
def identify(run: Run, batch: Batch) -> Named:
    """Put SKUs in the place of keys that name products and variants.

    A product that bundles are made of makes these due as well.

    Raises: TransientError, ConfigError.
    """
    products = _named(batch.keys, PRODUCT)
    variants = _named(batch.keys, VARIANT)
    skus = {**_of_products(run, products), **_of_variants(run.world, variants)}
    known = {key: found[0] for key, found in skus.items() if found}
    _make_due(run, skus, set(known.values()) | set(batch.keys))
    if known:
        run.take_over(known)
    strangers = {*products, *variants} - known.keys()
    others = [key for key in run.batch.keys if key not in strangers and key != CATALOGUE]
    asides = dict.fromkeys(strangers | ({CATALOGUE} & set(run.batch.keys)), STRANGER)
    return Named(others, asides)


def _named(keys: Iterable[str], kind: str) -> dict[str, str]:
    """Ids by key, of the keys of a kind."""
    return {key: key.removeprefix(kind) for key in keys if key.startswith(kind)}


def _of_products(run: Run, products: Mapping[str, str]) -> dict[str, list[str]]:
    """SKUs of the store by key: the product's own, and those of the bundles that contain it."""
    if not products:
        return {}
    linked = Links(run.world.database)
    links = linked.get(run.report.pair, COMPONENTS, list(products.values()))
    within = {key: links[one].detail["bundles"] for key, one in products.items() if one in links}
    asked = {*products.values(), *(one for bundles in within.values() for one in bundles)}
    catalogued = products_by_id(run.world, asked)
    names = StoreSkus(run.bundle.table("skus"))
    found: dict[str, list[str]] = {}
    for key, product_id in products.items():
        ids = [product_id, *within.get(key, ())]
        own = (catalogued[one].sku for one in ids if one in catalogued and catalogued[one].sku)
        found[key] = [sku for one in own for sku in names(one)]
    return found


class StoreSkus:
    """The store's SKUs of an account's SKU: the table `skus`, read from right to left."""

    def __init__(self, skus: Table) -> None:
        self._renamed: dict[str, list[str]] = defaultdict(list)
        self._names = {sku_key(row.value) for row in skus.rows}
        for row in skus.rows:
            self._renamed[sku_key(row.becomes)].append(sku_key(row.value))

    def __call__(self, account_sku: str) -> list[str]:
        """SKUs, as compared, under which the store sells it."""
        own = sku_key(account_sku)
        same = [] if own in self._names else [own]
        return [*same, *(one for one in self._renamed.get(own, ()) if one not in same)]


def _of_variants(world: Connections, variants: Mapping[str, str]) -> dict[str, list[str]]:
    if not variants:
        return {}
    found = patiently(partial(_read_variants, world, list(variants.values())))
    return {key: [found[one]] if one in found else [] for key, one in variants.items()}


def _read_variants(world: Connections, variant_ids: list[str]) -> dict[str, str]:
    items = world.bigcommerce.list_inventory_of_variants(variant_ids)
    return {
        item.variant_id: sku_key(item.sku)
        for item in items
        if isinstance(item, StockItem) and item.variant_id and item.sku
    }


def _make_due(run: Run, skus: Mapping[str, list[str]], in_hand: set[str]) -> None:
    """SKUs that a key means beside its first: they become keys of their own."""
    others = {sku for found in skus.values() for sku in found[1:]} - in_hand
    if others and not run.dry_run:
        Inbox(run.world.database).put(
            run.report.pair, STOCK, others, source="bundle", now=utc_now()
        )
