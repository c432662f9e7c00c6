"""Both sides' stock, read in the order in which errors are harmless (docs/decisions/0011).

The store's stock first, then its orders, then Brightpearl: what happens in between makes too little
on sale for a moment, never too much.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import pandas as pd

from connectors.bigcommerce.inventory_models import StockItem, UnreadableItem
from connectors.bigcommerce.models import Order, OrderHeader
from connectors.brightpearl.stock_models import (
    Bundle,
    NotTracked,
    ProductStock,
    UnreadableProduct,
)
from core.frames import DTYPES, frame
from core.ids import sku_key
from core.stock import ITEMS
from core.times import utc_now
from store.catalogue import Catalogue, CataloguedProduct
from store.crosswalk import Crosswalk, Link
from store.demand import Demand
from tasks.claim import Run
from tasks.connections import Connections
from tasks.deliver import chunks
from tasks.orders.demand import is_sold, sold_units
from tasks.outcome import Obstacle
from tasks.policy import PATIENT, patiently, step
from tasks.reference import find_products, refresh_products
from tasks.stock.bundles import BrokenBundle, explode
from tasks.stock.keys import COMPONENTS, STOCK
from tasks.stock.keys import store_skus as store_skus_of
from tasks.stock.locations import open_places
from tasks.stock.memory import StockMemory
from tasks.stock.places import Places, read_places
from tasks.stock.rule import Stock, needed

TOGETHER = 2000
"""Products whose availability is read in one step."""
ORDERS = "orders"
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
    found = _read_items(run.world, skus, memories, places)
    orders = _read_orders(run, skus, memories)
    wanted = set(found.skus) if skus is None else set(skus)
    held = {sku: sum(units.values()) for sku, units in orders.held.items()}
    account = _read_account(run, wanted, set(held), is_all=skus is None)
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
        refused={sku: why for sku, why in refused.items() if sku in wanted},
        only_store=sorted(set(found.skus) - account.products.keys() - refused.keys()),
        only_account=sorted((wanted - found.skus.keys()) & account.products.keys())
        if skus is not None
        else _only_account(run, found.skus),
        notes=[*strange, *found.notes],
    )


def _memories(run: Run, skus: Collection[str] | None) -> dict[str, StockMemory]:
    crosswalk = Crosswalk(run.world.database)
    links = (
        crosswalk.all(run.report.pair, STOCK)
        if skus is None
        else crosswalk.get(run.report.pair, STOCK, sorted(skus))
    )
    return {key: StockMemory.of(link) for key, link in links.items()}


@dataclass(frozen=True)
class _Items:
    """The store's side."""

    items: pd.DataFrame
    skus: Mapping[str, str]
    """The store's SKU by SKU as compared."""
    refused: Mapping[str, Obstacle]
    identities: Mapping[str, tuple[str, str]]
    """Variant id and product id by SKU."""
    notes: Sequence[str]

    def named(self, memories: Mapping[str, StockMemory]) -> dict[str, StockMemory]:
        """Memories of SKUs that were met for the first time, or under other ids."""
        found = {}
        variants = Counter(product_id for _, product_id in self.identities.values())
        for sku, (variant_id, product_id) in self.identities.items():
            memory = memories.get(sku, StockMemory())
            if (memory.variant_id, memory.product_id_bc) != (variant_id, product_id):
                is_simple = variants[product_id] == 1
                found[sku] = memory.model_copy(
                    update={
                        "sku": self.skus[sku],
                        "variant_id": variant_id,
                        "product_id_bc": product_id,
                        # A guess that the store corrects: what is simple is tracked by product.
                        "identity": "product_id" if is_simple else "sku",
                    }
                )
        return found


def _read_items(
    world: Connections,
    skus: Collection[str] | None,
    memories: Mapping[str, StockMemory],
    places: Places,
) -> _Items:
    bigcommerce, at = world.bigcommerce, places.locations
    if skus is None:
        found = patiently(lambda: list(bigcommerce.scan_inventory(at)))
    else:
        known = [memories[sku].variant_id for sku in skus if sku in memories]
        variants = [one for one in known if one]
        found = patiently(lambda: list(bigcommerce.read_inventory(variants, at)))
        here = {sku_key(one.sku) for one in found}
        unknown = [memories[s].sku if s in memories else s for s in skus if s not in here]
        if unknown:
            found += patiently(lambda: list(bigcommerce.find_inventory(unknown, at)))
    return _sorted_out(found, set(at))


def _sorted_out(found: Iterable[StockItem | UnreadableItem], locations: set[str]) -> _Items:
    """The store's side as frames; a SKU on two items, or one that breaks the model, is refused."""
    clear: dict[str, StockItem] = {}
    doubled: dict[str, set[str]] = {}
    refused: dict[str, Obstacle] = {}
    shared = 0
    for item in found:
        key = sku_key(item.sku)
        if isinstance(item, UnreadableItem):
            refused[key or f"product {item.product_id}"] = _unreadable_item(item)
        elif not key:
            shared += 1
        elif _name(other := clear.setdefault(key, item)) != _name(item):
            doubled.setdefault(key, {_name(other)}).add(_name(item))
    for key, ids in doubled.items():
        refused[key] = _ambiguous(key, sorted(ids))
        del clear[key]
    notes = []
    if shared:
        notes.append(
            f"{shared} products share one stock among several variants: their stock is left alone"
        )
    items, disabled = _columns(clear, locations)
    notes += [f"location {one} is disabled in the store: nothing is sent there" for one in disabled]
    return _Items(
        items,
        {key: item.sku for key, item in clear.items()},
        refused,
        {key: (item.variant_id or "", item.product_id) for key, item in clear.items()},
        sorted(notes),
    )


def _name(item: StockItem) -> str:
    return item.variant_id or item.product_id


def _columns(clear: Mapping[str, StockItem], locations: set[str]) -> tuple[pd.DataFrame, set[str]]:
    """ITEMS at these locations, and those of them that are disabled.

    Column by column: a record for each of 100,000 SKUs takes a hundred megabytes on the way.
    """
    columns: dict[str, list[Any]] = {name: [] for name in ITEMS}
    disabled: set[str] = set()
    for key, item in clear.items():
        for at in item.locations:
            if at.location_id in locations and not at.is_enabled:
                disabled.add(at.location_id)
            elif at.location_id in locations:
                columns["sku_key"].append(key)
                columns["sku"].append(item.sku)
                columns["variant_id"].append(item.variant_id or "")
                columns["product_id_bc"].append(item.product_id)
                columns["location_id"].append(at.location_id)
                columns["is_enabled"].append(True)
                columns["on_hand"].append(at.on_hand)
                columns["available"].append(at.available_to_sell)
                columns["safety_stock"].append(at.safety_stock)
    found = pd.DataFrame(
        {name: pd.Series(columns[name], dtype=DTYPES[kind]) for name, kind in ITEMS.items()}
    )
    return found, disabled


def _ambiguous(key: str, ids: Sequence[str]) -> Obstacle:
    return Obstacle(
        "sku",
        "sku",
        key,
        f"the store has the SKU {key!r} on several items ({', '.join(ids)})",
        f"Give each its own SKU, then: causeway quarantine release --class sku --value {key!r}",
    )


def _unreadable_item(item: UnreadableItem) -> Obstacle:
    return Obstacle(
        "document",
        item.field,
        "",
        f"the store's stock of {item.sku or item.product_id} cannot be read: {item.field} "
        f"{item.reason}",
        "Correct the item in BigCommerce, then release it.",
    )


@dataclass(frozen=True)
class _Orders:
    """What the store's orders hold."""

    held: Mapping[str, Mapping[str, int]]
    sold: Mapping[str, Mapping[int, int]]
    newest: int


def _read_orders(
    run: Run, skus: Collection[str] | None, memories: Mapping[str, StockMemory]
) -> _Orders:
    """Orders of the last minutes from the store, all others as they were written down.

    Of recent ones, those that are linked or written down are known already: by then Brightpearl
    has set aside what the table does not say. Only what is not known is read in full, and what was
    sold since something was sent that is still on its way.
    """
    world = run.world
    since = utc_now() - timedelta(minutes=world.pair.stock.orders_window_minutes)
    found = patiently(lambda: list(world.bigcommerce.list_order_ids(min_date_created=since)))
    headers = [one for one in found if isinstance(one, OrderHeader)]
    ids = [one.id for one in headers if is_sold(one.status_id)]
    demand, pair = Demand(world.database), run.report.pair
    linked = Crosswalk(world.database).get(pair, ORDERS, ids).keys()
    known = linked | demand.known(pair, ids)
    moving = [sent.newest_order for one in memories.values() for sent in one.sent.values()]
    first = min(moving, default=None)
    wanted = [one for one in ids if one not in known or (first is not None and int(one) > first)]
    documents = patiently(lambda: world.bigcommerce.get_orders(wanted)) if wanted else []
    held: dict[str, dict[str, int]] = defaultdict(dict)
    # Bundles hold their components, whichever SKU is looked at: all of it is needed.
    for sku, units in demand.of(pair).items():
        held[sku].update(units)
    sold: dict[str, dict[int, int]] = defaultdict(dict)
    for order in (one for one in documents if isinstance(one, Order)):
        for sku, count in sold_units(order).items():
            sold[sku][int(order.id)] = count
            if order.id not in known:
                held[sku][order.id] = count
    newest = max((int(one.id) for one in headers), default=0)
    asked = sold if skus is None else {sku: sold[sku] for sku in skus if sku in sold}
    return _Orders(held, asked, newest)


@dataclass(frozen=True)
class _Account:
    """Brightpearl's side."""

    products: Mapping[str, str]
    """Product id by the store's SKU as compared, of the SKUs looked at."""
    all_products: Mapping[str, str]
    """The same, with those of SKUs that orders hold."""
    bundles: Mapping[str, Mapping[str, int]]
    on_hand: pd.DataFrame
    refused: Mapping[str, Obstacle]


def _read_account(
    run: Run, wanted: Collection[str], held: Collection[str], *, is_all: bool
) -> _Account:
    """In: SKUs to look at; SKUs that orders hold, of which only the components matter."""
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
    return _Account(looked_at, known, bundles, on_hand, refused)


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


def _only_account(run: Run, store_skus: Collection[str]) -> list[str]:
    """SKUs with stock that the store does not sell, in a look at everything."""
    names = store_skus_of(run.bundle.table("skus"))
    known = Catalogue(run.world.database).tracked(run.report.pair)
    return sorted(one for one in known if not any(name in store_skus for name in names(one)))


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
    crosswalk, pair = Crosswalk(run.world.database), run.report.pair
    links = crosswalk.get(pair, COMPONENTS, sorted(within))
    changed = [
        Link(part, part, {"bundles": sorted({*_bundles_of(links.get(part)), *bundles})})
        for part, bundles in within.items()
        if not bundles <= set(_bundles_of(links.get(part)))
    ]
    if changed:
        crosswalk.put(pair, COMPONENTS, changed, now=utc_now())


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
                rows += [
                    (one.product_id, at, level.on_hand) for at, level in one.warehouses.items()
                ]
            elif isinstance(one, NotTracked):
                odd[one.product_id] = "it says that it keeps no stock of it"
            else:
                odd[one.product_id] = f"{one.field} {one.reason}"
    found = pd.DataFrame(rows, columns=["product_id", "warehouse_id", "on_hand"])
    return found.astype({"product_id": "str", "warehouse_id": "str", "on_hand": "int64"}), odd


@step("read-levels", PATIENT)
def read_levels(world: Connections, product_ids: Sequence[str]) -> list[Any]:
    """Availability of some products."""
    return patiently(lambda: list(world.brightpearl.availability(product_ids)))


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
