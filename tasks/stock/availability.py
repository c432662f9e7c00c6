"""Brightpearl's side: products of the store's SKUs, what bundles are made of, what is promised."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from connectors.brightpearl.stock_models import (
    Bundle,
    NotTracked,
    ProductStock,
    UnreadableProduct,
)
from core.ids import STOCK_CONDITION, sku_key, stock_condition
from core.refusals import Refusal, release_remedy
from store.catalogue import Catalogue, CataloguedProduct
from store.links import Link
from tasks.brightpearl.reference import find_products, refresh_products
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.apply import chunks
from tasks.reconciler.run import Run
from tasks.stock.frames import Bundles, Snapshot
from tasks.stock.links import COMPONENTS, release_sku
from tasks.stock.matching import SkuNames

TOGETHER = 2000
"""Products whose availability is read in one step."""
ARCHIVED = "ARCHIVED"


@dataclass(frozen=True)
class Availability:
    """Brightpearl's stock."""

    products: Mapping[str, str]
    """Product id by the store's SKU as compared, of the SKUs asked for."""
    all_products: Mapping[str, str]
    """The same, with those of SKUs that orders hold."""
    bundles: Bundles
    on_hand: pd.DataFrame
    """ON_HAND."""
    refused: Mapping[str, Refusal]


def read_availability(
    run: Run, wanted: Collection[str], held: Collection[str], *, is_all: bool
) -> Availability:
    """What Brightpearl can promise of the SKUs asked for, and what bundles are made of.

    In: beside them, SKUs that orders hold, of which only the components matter.

    Raises: TransientError, ConfigError.
    """
    products, refused = _products(run, {*wanted, *held}, is_all=is_all)
    bundles, broken = _bundles(run, products.values())
    known: dict[str, str] = {}
    for sku, product in products.items():
        if reason := broken.get(product.product_id):
            refused[sku] = _broken(sku, product.product_id, reason)
        elif product.stock_tracked or product.product_id in bundles:
            known[sku] = product.product_id
    asked_for = {sku: known[sku] for sku in wanted if sku in known}
    parts = {part for one in asked_for.values() for part in bundles.get(one, {one: 1})}
    on_hand, odd = _on_hand(run, sorted(parts, key=int))
    for sku, product_id in list(asked_for.items()):
        bad = next((part for part in bundles.get(product_id, {product_id: 1}) if part in odd), None)
        if bad is not None:
            refused[sku] = _odd(sku, bad, odd[bad])
            del asked_for[sku]
    return Availability(asked_for, known, bundles, on_hand, refused)


def wake_waiting(run: Run, found: Snapshot) -> None:
    """Wake whatever waits for units of a product that Brightpearl can promise some of."""
    on_hand = found.supply.on_hand
    free = {
        stock_condition(product_id)
        for product_id in on_hand.loc[on_hand["on_hand"] > 0, "product_id"].unique()
    }
    if not run.batch:  # of all products: only the few that anything waits for
        free &= run.inbox.waiting_for(run.pair, STOCK_CONDITION)
    if free and not run.dry_run:
        run.inbox.wake(run.pair, free, now=run.now())


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


def _products(
    run: Run, store_skus: Collection[str], *, is_all: bool
) -> tuple[dict[str, CataloguedProduct], dict[str, Refusal]]:
    """Brightpearl's product of each of the store's SKUs; ambiguous ones are refused."""
    names = SkuNames(run.bundle.table("skus"))
    account_sku = {sku: sku_key(names.in_account(sku)) for sku in store_skus}
    if is_all:
        refresh_products(run.connections)
    else:
        find_products(run.connections, set(account_sku.values()))
    found = Catalogue(run.database).find(run.pair, set(account_sku.values()))
    products: dict[str, CataloguedProduct] = {}
    refused: dict[str, Refusal] = {}
    for sku, name in account_sku.items():
        product = found.get(name)
        if product is not None and product.is_ambiguous:
            refused[sku] = Refusal(
                "sku",
                "sku",
                sku,
                f"several products of Brightpearl have the SKU {name!r}",
                release_remedy("Give each its own SKU, or archive all but one", "sku", value=sku),
            )
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
        read = with_retries(partial(_read_bundles, run, sorted(left, key=int)))
        for one in read:
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
    changed = [
        Link(part, part, {"bundles": sorted({*bundles_with(links.get(part)), *bundles})})
        for part, bundles in within.items()
        if not bundles <= set(bundles_with(links.get(part)))
    ]
    if changed:
        run.links.put(run.pair, COMPONENTS, changed, now=run.now())


def bundles_with(component: Link | None) -> Sequence[str]:
    """Product ids of the bundles that contain a component, as its link keeps them."""
    return component.detail["bundles"] if component else ()


def _on_hand(run: Run, product_ids: Sequence[str]) -> tuple[pd.DataFrame, dict[str, str]]:
    """ON_HAND, and products of which Brightpearl says nothing sensible, with what it says."""
    futures = [read_levels.submit(run, part) for part in chunks(product_ids, TOGETHER)]
    rows: list[tuple[str, str, int]] = []
    odd: dict[str, str] = {}
    for future in futures:
        for one in future.result():
            if isinstance(one, ProductStock):
                rows += [(one.product_id, at, units) for at, units in one.on_hand.items()]
            elif isinstance(one, NotTracked):
                odd[one.product_id] = "it says that it keeps no stock of it"
            else:
                odd[one.product_id] = f"{one.field} {one.reason}"
    found = pd.DataFrame(rows, columns=["product_id", "warehouse_id", "on_hand"])
    return found.astype({"product_id": "str", "warehouse_id": "str", "on_hand": "int64"}), odd


@step("read-levels", RETRIED)
def read_levels(
    run: Run, product_ids: Sequence[str]
) -> list[ProductStock | NotTracked | UnreadableProduct]:
    """Availability of some products."""
    return with_retries(lambda: list(run.brightpearl.list_availability(product_ids)))


def _broken(sku: str, product_id: str, reason: str) -> Refusal:
    return Refusal(
        "bundle",
        "composition",
        sku,
        f"nobody can say how many of the bundle {sku!r} (product {product_id}) there are: {reason}",
        release_remedy("Correct the bundle in Brightpearl", "bundle", value=sku),
    )


def _odd(sku: str, product_id: str, reason: str) -> Refusal:
    return Refusal(
        "document",
        "availability",
        sku,
        f"Brightpearl's stock of product {product_id} cannot be read: {reason}",
        f"Correct the product's stock in Brightpearl, then: {release_sku(sku)}",
    )
