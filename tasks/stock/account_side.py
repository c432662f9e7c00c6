"""Brightpearl's stock: products by the store's SKUs, what bundles are made of, what is on hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from connectors.brightpearl.stock_models import (
    Bundle,
    NotTracked,
    ProductStock,
    UnreadableProduct,
)
from core.ids import sku_key
from core.times import utc_now
from store.catalogue import Catalogue, CataloguedProduct
from store.links import Link, Links
from tasks.claim import Run
from tasks.deliver import chunks
from tasks.outcome import Obstacle
from tasks.policy import PATIENT, patiently, step
from tasks.reconciler.connections import Connections
from tasks.reference import find_products, refresh_products
from tasks.stock.bundles import BrokenBundle, explode
from tasks.stock.keys import COMPONENTS

TOGETHER = 2000
"""Products whose availability is read in one step."""


@dataclass(frozen=True)
class Account:
    """Brightpearl's side."""

    products: Mapping[str, str]
    """Product id by the store's SKU as compared, of the SKUs looked at."""
    all_products: Mapping[str, str]
    """The same, with those of SKUs that orders hold."""
    bundles: Mapping[str, Mapping[str, int]]
    on_hand: pd.DataFrame
    refused: Mapping[str, Obstacle]


def read_account(
    run: Run, wanted: Collection[str], held: Collection[str], *, is_all: bool
) -> Account:
    """What Brightpearl can promise of the SKUs to look at, and what bundles are made of.

    In: beside them, SKUs that orders hold, of which only the components matter.

    Raises: TransientError, ConfigError.
    """
    products, refused = _products(run, {*wanted, *held}, is_all=is_all)
    untracked = {one.product_id for one in products.values() if not one.stock_tracked}
    components, unread = _components(run, sorted(untracked, key=int))
    has_stock = _has_stock(run, products.values(), components)
    bundles: dict[str, Mapping[str, int]] = {}
    known: dict[str, str] = {}
    for sku, product in products.items():
        made_of = unread.get(product.product_id) or explode(
            product.product_id, components, has_stock
        )
        if isinstance(made_of, BrokenBundle):
            refused[sku] = _broken(sku, made_of)
        elif made_of is not None:
            bundles[product.product_id] = made_of
            known[sku] = product.product_id
        elif product.stock_tracked:
            known[sku] = product.product_id
    looked_at = {sku: known[sku] for sku in wanted if sku in known}
    asked = {part for one in looked_at.values() for part in bundles.get(one, {one: 1})}
    on_hand, odd = _on_hand(run, sorted(asked, key=int))
    for sku, product_id in list(looked_at.items()):
        parts = bundles.get(product_id, {product_id: 1})
        bad = next((part for part in parts if part in odd), None)
        if bad is not None:
            refused[sku] = _odd(sku, bad, odd[bad])
            del looked_at[sku]
    return Account(looked_at, known, bundles, on_hand, refused)


def _products(
    run: Run, store_skus: Collection[str], *, is_all: bool
) -> tuple[dict[str, CataloguedProduct], dict[str, Obstacle]]:
    """Brightpearl's product of each of the store's SKUs; ambiguous ones are refused."""
    renamed = run.bundle.table("skus")
    account_sku = {sku: sku_key(renamed.get(sku) or sku) for sku in store_skus}
    catalogue = Catalogue(run.world.database)
    if is_all:
        refresh_products(run.world)
    else:
        find_products(run.world, set(account_sku.values()))
    found = catalogue.find(run.report.pair, set(account_sku.values()))
    products: dict[str, CataloguedProduct] = {}
    refused: dict[str, Obstacle] = {}
    for sku, name in account_sku.items():
        product = found.get(name)
        if product is not None and product.is_ambiguous:
            refused[sku] = Obstacle(
                "sku",
                "sku",
                sku,
                f"several products of Brightpearl have the SKU {name!r}",
                "Give each its own SKU, or archive all but one, then: causeway quarantine release "
                f"--class sku --value {sku!r}",
            )
        elif product is not None and product.status != "ARCHIVED":
            products[sku] = product
    return products, refused


def _components(
    run: Run, untracked: Sequence[str]
) -> tuple[dict[str, dict[str, int]], dict[str, BrokenBundle]]:
    """What bundles are made of, bundles within them included; kept for events of components.

    And those of which Brightpearl says nothing that can be.
    """
    found: dict[str, dict[str, int]] = {}
    unread: dict[str, BrokenBundle] = {}
    asked = set(untracked)
    left = list(untracked)
    while left:
        read = _read_bundles(run.world, left)
        made = [one for one in read if isinstance(one, Bundle)]
        unread.update(
            (one.product_id, BrokenBundle(one.product_id, f"{one.field} {one.reason}"))
            for one in read
            if isinstance(one, UnreadableProduct)
        )
        found.update({one.product_id: dict(one.components) for one in made})
        parts = {part for one in made for part in one.components} - asked
        known = Catalogue(run.world.database).by_id(run.report.pair, parts)
        left = sorted(
            (one for one in parts if one in known and not known[one].stock_tracked), key=int
        )
        asked |= parts
    _remember_components(run, found)
    return found, unread


def _read_bundles(
    world: Connections, product_ids: Sequence[str]
) -> list[Bundle | UnreadableProduct]:
    return patiently(lambda: list(world.brightpearl.list_bundles(product_ids)))


def _remember_components(run: Run, found: Mapping[str, Mapping[str, int]]) -> None:
    within: dict[str, set[str]] = defaultdict(set)
    for bundle, parts in found.items():
        for part in parts:
            within[part].add(bundle)
    if run.dry_run or not within:
        return
    linked, pair = Links(run.world.database), run.report.pair
    links = linked.get(pair, COMPONENTS, sorted(within))
    changed = [
        Link(part, part, {"bundles": sorted({*_bundles_of(links.get(part)), *bundles})})
        for part, bundles in within.items()
        if not bundles <= set(_bundles_of(links.get(part)))
    ]
    if changed:
        linked.put(pair, COMPONENTS, changed, now=utc_now())


def _bundles_of(link: Link | None) -> Sequence[str]:
    return link.detail["bundles"] if link else ()


def _has_stock(
    run: Run,
    products: Iterable[CataloguedProduct],
    components: Mapping[str, Mapping[str, int]],
) -> dict[str, bool]:
    known = {one.product_id: one.stock_tracked for one in products}
    parts = {part for each in components.values() for part in each} - known.keys()
    more = Catalogue(run.world.database).by_id(run.report.pair, parts)
    return known | {one.product_id: one.stock_tracked for one in more.values()}


def _on_hand(run: Run, product_ids: Sequence[str]) -> tuple[pd.DataFrame, dict[str, str]]:
    """What Brightpearl can still promise, and products of which it says nothing sensible."""
    futures = [read_levels.submit(run.world, part) for part in chunks(product_ids, TOGETHER)]
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


@step("read-levels", PATIENT)
def read_levels(world: Connections, product_ids: Sequence[str]) -> list[Any]:
    """Availability of some products."""
    return patiently(lambda: list(world.brightpearl.list_availability(product_ids)))


def _broken(sku: str, bundle: BrokenBundle) -> Obstacle:
    return Obstacle(
        "bundle",
        "composition",
        sku,
        f"nobody can say how many of the bundle {sku!r} (product {bundle.product_id}) there are: "
        f"{bundle.reason}",
        "Correct the bundle in Brightpearl, then: causeway quarantine release --class bundle "
        f"--value {sku!r}",
    )


def _odd(sku: str, product_id: str, reason: str) -> Obstacle:
    return Obstacle(
        "document",
        "availability",
        sku,
        f"Brightpearl's stock of product {product_id} cannot be read: {reason}",
        "Look at the product in Brightpearl, then: causeway quarantine release --entity stock "
        f"--key {sku!r}",
    )
