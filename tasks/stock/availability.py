"""Brightpearl's side: products of the store's SKUs, what bundles are made of, what is promised."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

import pandas as pd

from connectors.brightpearl.stock_models import Bundle, NotTracked, ProductStock, UnreadableProduct
from core.ids import STOCK_CONDITION, sku_key, stock_condition
from core.refusals import Refusal, release_remedy
from mappings.sku_names import SkuNames
from mappings.stock_offers import BrokenBundleError, explode, needed
from store.links import Link
from store.sql import in_parts
from store.stock import Catalogue, CataloguedProduct
from tasks.brightpearl.reference import find_products, refresh_products
from tasks.policy import RETRIED, run_each, step, with_retries
from tasks.reconciler.run import Run
from tasks.stock.frames import Desired, Snapshot, release_sku

TOGETHER = 2000
"""Products whose availability is read in one step."""
ARCHIVED = "ARCHIVED"
UNTRACKED = "it says that it keeps no stock of it"
COMPONENTS = "components"
"""Links of a component to the bundles that contain it, their product ids as `bundles`."""


def read_availability(
    run: Run, found: Snapshot, wanted: Collection[str], *, is_all: bool
) -> Snapshot:
    """With what Brightpearl can promise of these SKUs, and what bundles are made of.

    Of other SKUs that orders hold only the components matter.

    Raises: TransientError, ConfigError.
    """
    products, refused = _products(run, {*wanted, *found.orders}, is_all=is_all)
    bundles, broken = _bundles(run, products.values())
    known: dict[str, str] = {}
    for sku, product in products.items():
        if why := broken.get(product.product_id):
            what = f"the bundle {sku!r} (product {product.product_id})"
            reason = f"nobody can say how many of {what} there are: {why}"
            remedy = release_remedy("Correct the bundle in Brightpearl", "bundle", value=sku)
            refused[sku] = Refusal("bundle", "composition", sku, reason, remedy)
        elif product.stock_tracked or product.product_id in bundles:
            known[sku] = product.product_id
    parts = {sku: bundles.get(known[sku], {known[sku]: 1}) for sku in wanted if sku in known}
    every_part = {part for each in parts.values() for part in each}
    on_hand, odd = _on_hand(run, sorted(every_part, key=int))
    # Deleted, or not tracked any more, and the catalogue that is kept does not know it yet.
    alone = {known[sku]: products[sku] for sku, each in parts.items() if known[sku] in each}
    gone = _forget(
        run, [alone[one] for one, why in odd.items() if why == UNTRACKED and one in alone]
    )
    for sku in [sku for sku in parts if known[sku] in gone]:
        del known[sku], parts[sku]
    for sku, each in parts.items():
        if bad := next((part for part in each if part in odd), ""):
            reason = f"Brightpearl's stock of product {bad} cannot be read: {odd[bad]}"
            remedy = f"Correct the product's stock in Brightpearl, then: {release_sku(sku)}"
            refused[sku] = Refusal("document", "availability", sku, reason, remedy)
    held = {sku: sum(units.values()) for sku, units in found.orders.items()}
    return replace(
        found,
        products=known,
        bundles=bundles,
        held=needed(held, known, bundles),
        on_hand=on_hand,
        refused={**found.refused, **{sku: refused[sku] for sku in refused.keys() & wanted}},
    )


def wake_waiting(run: Run, found: Snapshot, desired: Desired) -> None:
    """Wake keys that wait for units of a product of which Brightpearl can promise some.

    Most products have units all the time: only those are named that something waits for, or that a
    key which is being worked on may be parked for in a moment. Orders hold units of these, or they
    have risen since both sides agreed.
    """
    if run.dry_run:
        return
    names = ["sku_key", "product_id", "location_id", "quantity"]
    columns = (desired.levels[name].tolist() for name in names)
    risen = {
        product_id
        for sku, product_id, location_id, quantity in zip(*columns, strict=True)
        if found.agreed_on(sku).has_risen(location_id, quantity)
    }
    parts = {part for one in risen for part in found.parts_of(one)}
    on_hand = found.on_hand[found.on_hand["on_hand"] > 0]
    products, warehouses = on_hand["product_id"], on_hand["warehouse_id"]
    free = {
        stock_condition(product_id, warehouse_id): product_id
        for product_id, warehouse_id in zip(products, warehouses, strict=True)
    }
    named = {*parts, *found.held}
    met = free.keys() & run.inbox.waiting_for(run.pair, STOCK_CONDITION)
    met |= {condition for condition, product_id in free.items() if product_id in named}
    if met:
        run.inbox.wake(run.pair, met, now=run.now())


def _products(
    run: Run, store_skus: Collection[str], *, is_all: bool
) -> tuple[dict[str, CataloguedProduct], dict[str, Refusal]]:
    """Brightpearl's product of each of the store's SKUs; ambiguous ones are refused."""
    names = SkuNames(run.bundle.tables["skus"])
    account_sku = {sku: sku_key(names.in_account(sku)) for sku in store_skus}
    if is_all:
        refresh_products(run.connections)
    else:
        # A person who asks wants to know it now.
        is_asked = run.dry_run or bool(run.batch.asked_for)
        find_products(run.connections, set(account_sku.values()), trusts_absence=not is_asked)
    found = Catalogue(run.database).find(run.pair, set(account_sku.values()))
    products: dict[str, CataloguedProduct] = {}
    refused: dict[str, Refusal] = {}
    for sku, name in account_sku.items():
        product = found.get(name)
        if product is not None and product.is_ambiguous:
            reason = f"several products of Brightpearl have the SKU {name!r}"
            action = "Give each its own SKU, or archive all but one"
            remedy = release_remedy(action, "sku", value=sku)
            refused[sku] = Refusal("sku", "sku", sku, reason, remedy)
        elif product is not None and product.status != ARCHIVED:
            products[sku] = product
    return products, refused


def _bundles(
    run: Run, products: Collection[CataloguedProduct]
) -> tuple[dict[str, Mapping[str, int]], dict[str, str]]:
    """Units of products with stock by bundle, and bundles that nobody can count, with the reason.

    What each bundle is made of is kept, for events of components.
    """
    has_stock = {one.product_id: one.stock_tracked for one in products}
    untracked = [product_id for product_id, is_tracked in has_stock.items() if not is_tracked]
    components: dict[str, Mapping[str, int]] = {}
    broken: dict[str, str] = {}
    left = untracked
    while left:
        for one in with_retries(partial(_read_bundles, run, sorted(left, key=int))):
            if isinstance(one, Bundle):
                components[one.product_id] = one.components
            else:
                broken[one.product_id] = f"{one.field} {one.reason}"
        new = {part for parts in components.values() for part in parts} - has_stock.keys()
        known = Catalogue(run.database).by_id(run.pair, new)
        has_stock |= {part: one.stock_tracked for part, one in known.items()}
        left = [part for part, one in known.items() if not one.stock_tracked]
    _keep_components(run, components)
    bundles: dict[str, Mapping[str, int]] = {}
    for product_id in components.keys() & set(untracked):
        try:
            bundles[product_id] = explode(product_id, components, has_stock)
        except BrokenBundleError as error:
            broken[product_id] = str(error)
    return bundles, broken


def _read_bundles(run: Run, product_ids: Sequence[str]) -> list[Bundle | UnreadableProduct]:
    return list(run.brightpearl.list_bundles(product_ids))


def _keep_components(run: Run, found: Mapping[str, Mapping[str, int]]) -> None:
    within: dict[str, set[str]] = defaultdict(set)
    for bundle, parts in found.items():
        for part in parts:
            within[part].add(bundle)
    if run.dry_run or not within:
        return
    links = run.links.get(run.pair, COMPONENTS, sorted(within))
    known = {part: set(link.detail["bundles"]) for part, link in links.items()}
    changed = [
        Link(part, part, {"bundles": sorted(bundles | known.get(part, set()))})
        for part, bundles in within.items()
        if not bundles <= known.get(part, set())
    ]
    if changed:
        run.links.put(run.pair, COMPONENTS, changed, now=run.now())


def _forget(run: Run, products: Collection[CataloguedProduct]) -> set[str]:
    """Those of these products that Brightpearl deleted or keeps no stock of, by their own pages.

    The catalogue that is kept knows it from now on.
    """
    if not products:
        return set()
    ids = [one.product_id for one in products]
    tracked = with_retries(lambda: run.brightpearl.list_tracked(ids))
    gone = [one for one in products if not tracked.get(one.product_id)]
    changed = [
        replace(one, stock_tracked=False, sku=one.sku if one.product_id in tracked else "")
        for one in gone
    ]
    Catalogue(run.database).put(run.pair, changed, now=run.now())
    return {one.product_id for one in gone}


def _on_hand(run: Run, product_ids: Sequence[str]) -> tuple[pd.DataFrame, dict[str, str]]:
    """ON_HAND, and products of which Brightpearl says nothing sensible, with what it says."""
    parts = run_each([(read_levels, run, part) for part in in_parts(product_ids, TOGETHER)])
    rows: list[tuple[str, str, int]] = []
    odd: dict[str, str] = {}
    for part in parts:
        for one in part:
            match one:
                case ProductStock():
                    rows += [(one.product_id, at, units) for at, units in one.on_hand.items()]
                case NotTracked():
                    odd[one.product_id] = UNTRACKED
                case _:
                    odd[one.product_id] = f"{one.field} {one.reason}"
    found = pd.DataFrame(rows, columns=["product_id", "warehouse_id", "on_hand"])
    return found.astype({"product_id": "str", "warehouse_id": "str", "on_hand": "int64"}), odd


@step("read-levels", RETRIED)
def read_levels(
    run: Run, product_ids: Sequence[str]
) -> list[ProductStock | NotTracked | UnreadableProduct]:
    """Availability of some products."""
    return with_retries(lambda: list(run.brightpearl.list_availability(product_ids)))
