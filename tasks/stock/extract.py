"""Which SKUs the keys of a batch mean, and a snapshot of both sides' stock of these, or of all.

Both sides are read in the order in which errors are harmless (docs/decisions/0011): the store's
stock first, then its orders, then Brightpearl. What happens in between makes too little on sale for
a moment, never too much.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import takewhile
from typing import Any

from connectors.bigcommerce.inventory_models import StockItem, UnreadableItem
from connectors.bigcommerce.models import Order, OrderHeader
from core.frames import frame_of_columns
from core.ids import PRODUCT, VARIANT, sku_key
from core.refusals import Refusal, release_remedy
from core.stock import ITEMS, SKUS
from mappings.sku_names import SkuNames
from mappings.stock_places import Places, read_places
from store.inbox import OPERATOR
from store.links import Link
from store.stock import Catalogue, Demand
from tasks.bigcommerce.orders import HOLDS_NO_STOCK, WHOLLY_SENT, OrderStatus, sold_units
from tasks.brightpearl.reference import KEPT_S, known_ids, skus_in_store
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.cases import Outcome, refusal_rows
from tasks.reconciler.defects import each
from tasks.reconciler.run import Run
from tasks.stock.absence import with_absences
from tasks.stock.availability import COMPONENTS, read_availability
from tasks.stock.frames import AgreedStock, Identity, Snapshot, release_sku

NO_SKU = "has no stock, or no SKU"
ORDERS = "orders"
"""Links of orders."""
SEEN = "orders-seen-by-stock"
"""Link that keeps which orders stock has seen."""
READ = {"parked", "done", "dead"}
"""States of an order's key once the order sync has read it."""
YET_TO_LEAVE = sorted(set(OrderStatus) - HOLDS_NO_STOCK - WHOLLY_SENT)
"""Statuses of orders that may hold units."""


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
    return run.rekey_to_all(skus, "bundle", NO_SKU)


def _of_products(run: Run, products: Mapping[str, str]) -> dict[str, list[str]]:
    """SKUs of the store by key: the product's own, and those of the bundles that contain it."""
    if not products:
        return {}
    links = run.links.get(run.pair, COMPONENTS, list(products.values()))
    bundles = {one: link.detail["bundles"] for one, link in links.items()}
    meant = {key: [one, *bundles.get(one, ())] for key, one in products.items()}
    skus = skus_in_store(
        run.connections, run.bundle.tables["skus"], [one for ids in meant.values() for one in ids]
    )
    return {key: [sku for one in ids for sku in skus.get(one, ())] for key, ids in meant.items()}


def _of_variants(run: Run, variants: Mapping[str, str]) -> dict[str, list[str]]:
    if not variants:
        return {}
    store, wanted = run.bigcommerce, list(variants.values())
    items = with_retries(lambda: list(store.list_inventory_of_variants(wanted)))
    found = {item.variant_id: [sku_key(item.sku)] for item in items if item.variant_id and item.sku}
    broken = [one for one in items if isinstance(one, UnreadableItem) and not one.sku]
    run.refuse(refusal_rows((VARIANT + one.variant_id, _unreadable(one)) for one in broken))
    return {key: found.get(one, []) for key, one in variants.items()}


@step("extract-stock", RETRIED)
def extract_stock(run: Run, skus: Collection[str] | None) -> Snapshot:
    """Both sides' stock of these SKUs (as compared), or of all.

    Raises: TransientError, ConfigError.
    """
    places, notes = _open_places(run)
    if skus is not None and not skus:
        return Snapshot(places=places, read_at=run.now())
    links = (
        run.links.scan(run.pair, run.entity)
        if skus is None
        else run.links.get(run.pair, run.entity, sorted(skus)).values()
    )
    agreed, defects = each(((link.key_bc, link) for link in links), AgreedStock.of)
    found = Snapshot(places=places, agreed=agreed, refused=defects, read_at=run.now(), notes=notes)
    found = read_held_units(run, _read_inventory(run, found, skus))
    wanted = set(found.store_skus) if skus is None else set(skus)
    found = read_availability(run, found, wanted, is_all=skus is None)
    run.report.notes.update(found.notes)
    found = with_absences(run, found, wanted)
    known = ((wanted & found.products.keys()) | found.gone.keys()) - found.refused.keys()
    both = [sku for sku in found.store_skus if sku in known]
    # Column by column, for there may be 100,000.
    columns = {
        "sku_key": both,
        "sku": [found.store_skus[sku] for sku in both],
        "product_id": [found.products.get(sku, "") for sku in both],
    }
    only_account = known - found.store_skus.keys()
    if skus is None:
        names = SkuNames(run.bundle.tables["skus"])
        tracked = Catalogue(run.database).tracked(run.pair)
        stores = found.store_skus.keys()
        only_account = {one for one in tracked if stores.isdisjoint(names.in_store(one))}
    return replace(
        found,
        items=found.items[found.items["sku_key"].isin(both)].reset_index(drop=True),
        skus=frame_of_columns(columns, SKUS, len(both)),
        only_store=sorted(found.store_skus.keys() - found.products.keys() - found.refused.keys()),
        only_account=sorted(only_account),
    )


def _open_places(run: Run) -> tuple[Places, list[str]]:
    """The places of the tables in force that exist and are open, and what to say of the others.

    A row that names such a one holds nothing else up.

    Raises: ConfigError naming table and line; TransientError.
    """
    tables, connections, store = run.bundle.tables, run.connections, run.bigcommerce
    sales_location = connections.pair.stock.sales_location
    places = read_places(tables["stock_locations"], tables["stock_buffers"], sales_location)
    listed = connections.cache.get(
        "stock locations", lambda: with_retries(store.list_locations), max_age_s=KEPT_S
    )
    is_enabled = {one.id: one.enabled for one in listed}
    warehouses = known_ids(connections, "warehouse", places.warehouses)
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


def _read_inventory(run: Run, found: Snapshot, skus: Collection[str] | None) -> Snapshot:
    """With the store's stock of these SKUs (as compared), or of all, at the locations that are fed.

    A SKU on several items, or an item that breaks the model, is refused.
    """
    clear: dict[str, StockItem] = {}
    doubled: dict[str, set[str]] = defaultdict(set)
    refused = dict(found.refused)
    shared: list[str] = []
    for item in _list_items(run, found, skus):
        key = sku_key(item.sku)
        if isinstance(item, UnreadableItem):
            key = key or _linked(found, item) or f"product {item.product_id}"
            refused[key] = _unreadable(item, key)
        elif not key:
            shared.append(item.product_id)
        elif _name(other := clear.setdefault(key, item)) != _name(item):
            doubled[key] |= {_name(other), _name(item)}
    for key, ids in doubled.items():
        reason = f"the store has the SKU {key!r} on several items ({', '.join(sorted(ids))})"
        remedy = release_remedy("Give each its own SKU", "sku", value=key)
        refused[key] = Refusal("sku", "sku", key, reason, remedy)
        del clear[key]
    several = "products share one stock among several variants: their stock is left alone"
    notes = [*found.notes, f"{len(shared)} {several}"] if shared else found.notes
    return _with_items(replace(found, refused=refused, shared=shared, notes=notes), clear)


def _list_items(
    run: Run, found: Snapshot, skus: Collection[str] | None
) -> list[StockItem | UnreadableItem]:
    """Asked for by their SKUs, so that one on two items shows; by variants what is not found so.

    What is still not found is asked for by itself if its name cannot stand in a list, or if a
    person asks.
    """
    store, agreed, at = run.bigcommerce, found.agreed, found.places.locations
    if skus is None:
        return with_retries(lambda: list(store.list_inventory(at)))
    names = [agreed[sku].sku if sku in agreed else sku for sku in skus]
    items = with_retries(lambda: list(store.list_inventory_of_skus(names, at)))
    seen = {sku_key(one.sku) for one in items}
    ids = [agreed[sku].variant_id for sku in skus if sku not in seen and sku in agreed]
    left = [
        sku for sku in skus if sku not in seen and not (sku in agreed and agreed[sku].variant_id)
    ]
    known = [one for one in ids if one]
    for name in _exact_names(run, left):
        known += with_retries(partial(store.list_variants_named, name))
    if known:
        items += with_retries(lambda: list(store.list_inventory_of_variants(known, at)))
    return items


def _exact_names(run: Run, skus: Collection[str]) -> Iterable[str]:
    """How SKUs (as compared) may be written in the store that a list of SKUs does not find."""
    in_account = SkuNames(run.bundle.tables["skus"]).in_account
    account = Catalogue(run.database).find(run.pair, [sku_key(in_account(sku)) for sku in skus])
    names = {sku for sku in skus if "," in sku}
    names |= {one.sku for one in account.values() if "," in one.sku or one.sku != one.sku.strip()}
    if run.dry_run or any(claim.source == OPERATOR for claim in run.batch.claims):
        names |= {name for sku in skus for name in (f"{sku} ", f" {sku}")}
    return sorted(names)


def _unreadable(item: UnreadableItem, key: str = "") -> Refusal:
    """Why an item's stock cannot be compared. In: the key that is released once it is correct."""
    key = key or f"{VARIANT}{item.variant_id}"
    what = item.sku or f"product {item.product_id}"
    reason = f"the store's stock of {what} cannot be read: {item.field} {item.reason}"
    remedy = f"Correct the item in BigCommerce, then: {release_sku(key)}"
    return Refusal("document", item.field, "", reason, remedy)


def _linked(found: Snapshot, item: UnreadableItem) -> str:
    """The SKU of an item that shows none, by its link."""
    ids = (item.variant_id, item.product_id)
    return next(
        (sku for sku, one in found.agreed.items() if (one.variant_id, one.product_id_bc) == ids),
        "",
    )


def _name(item: StockItem) -> str:
    return item.variant_id or item.product_id


def _with_items(found: Snapshot, clear: Mapping[str, StockItem]) -> Snapshot:
    """With these items by SKU, and what is to be kept of those that are new or have other ids."""
    variants = Counter(item.product_id for item in clear.values())
    locations, disabled = set(found.places.locations), set()
    backordered: set[str] = set()
    # Column by column: a record for each of 100,000 SKUs takes a hundred megabytes on the way.
    columns: dict[str, list[Any]] = {name: [] for name in ITEMS}
    renamed: dict[str, AgreedStock] = {}
    for key, item in clear.items():
        known, ids = found.agreed_on(key), (item.variant_id or "", item.product_id)
        if (known.variant_id, known.product_id_bc) != ids:
            # A guess that the store corrects: what is simple is tracked by product.
            identity: Identity = "product_id" if variants[item.product_id] == 1 else "sku"
            renamed[key] = replace(
                known, sku=item.sku, variant_id=ids[0], product_id_bc=ids[1], identity=identity
            )
        for at in item.locations:
            if at.location_id in locations and not at.is_enabled:
                disabled.add(at.location_id)
            elif at.location_id in locations:
                backordered |= {key} if at.backorder_limit != 0 else set()
                columns["sku_key"].append(key)
                columns["sku"].append(item.sku)
                columns["product_id_bc"].append(item.product_id)
                columns["location_id"].append(at.location_id)
                columns["on_hand"].append(at.balance)
                columns["safety_stock"].append(at.safety_stock)
    notes = [f"location {one} is disabled in the store: nothing is sent there" for one in disabled]
    return replace(
        found,
        agreed={**found.agreed, **renamed},
        renamed=renamed,
        backordered=backordered,
        store_skus={key: item.sku for key, item in clear.items()},
        items=frame_of_columns(columns, ITEMS, len(columns["sku_key"])),
        notes=[*found.notes, *sorted(notes)],
    )


@dataclass(frozen=True)
class SeenOrders:
    """Up to which order, and to which one without a gap, stock knows the orders of a pair."""

    newest: int = 0
    passed: int = 0
    """All orders up to this one are known, or their events say what becomes of them."""

    @staticmethod
    def of(run: Run) -> SeenOrders | None:
        """As the last run kept it; None before the first one."""
        link = run.links.get(run.pair, SEEN, [SEEN]).get(SEEN)
        return SeenOrders(**link.detail) if link else None


def read_held_units(run: Run, found: Snapshot) -> Snapshot:
    """With what orders hold: those that the order sync has not read yet, and all written down.

    Orders are recognised by their ids, never by a clock, so that it does not matter how late the
    order sync is, nor how an order is dated. Those above the newest one without a gap are listed;
    older ones are named by their events, and are due. The first time it is all that have yet to
    leave. Of all these, those that are linked or written down are known already: by then
    Brightpearl has allocated what the table does not say. Only what is not known is read in full,
    and what was sold since something was sent that is still pending.

    Raises: TransientError, ConfigError.
    """
    seen, store, demand = SeenOrders.of(run), run.bigcommerce, Demand(run.database)
    pending = (sent for one in found.agreed.values() for sent in one.pending.values())
    first = min((sent.newest_order for sent in pending), default=None)
    if seen is None:
        newest = int(with_retries(store.newest_order_id))
        filters: list[dict[str, Any]] = [{"status_id": int(one)} for one in YET_TO_LEAVE]
    else:
        newest, at = seen.newest, seen.passed
        filters = [{"min_id": 1 + (at if first is None else min(at, first))}]
    listed = {
        int(one.id): one
        for asked in filters
        for one in with_retries(partial(_list_headers, run, asked))
    }
    due = {one for one in run.inbox.open_keys(run.pair, ORDERS) if one.isdecimal()}
    ids = {one.id for one in listed.values() if one.status_id not in HOLDS_NO_STOCK}
    every = sorted({*ids, *(due - {one.id for one in listed.values()})}, key=int)
    known = run.links.get(run.pair, ORDERS, every).keys() | demand.known(run.pair, every)
    wanted = [one for one in every if one not in known or (first is not None and int(one) > first)]
    documents = with_retries(lambda: store.get_orders(wanted)) if wanted else []
    # Bundles hold their components, whichever SKUs are asked for: all of it is needed.
    held = defaultdict(dict, demand.of(run.pair))
    sold: dict[str, dict[int, int]] = defaultdict(dict)
    unknown: dict[str, Mapping[str, int]] = {}
    for order in (one for one in documents if isinstance(one, Order)):
        units = sold_units(order)
        for sku, count in units.items():
            sold[sku][int(order.id)] = count
            if order.id not in known:
                held[sku][order.id] = count
        if order.id not in known:
            unknown[order.id] = units
    numbers = sorted(listed)
    if seen is None:
        passed = newest
        # Older ones are not listed again. What the order sync read meanwhile is its own.
        linked = run.links.get(run.pair, ORDERS, list(unknown)).keys()
        meanwhile = linked | demand.known(run.pair, list(unknown))
        if not run.dry_run:
            mine = {key: units for key, units in unknown.items() if key not in meanwhile}
            demand.replace(run.pair, mine, now=run.now())
    else:
        is_passed = _passable(run, listed, known)
        passed = max([seen.passed, *takewhile(is_passed.__contains__, numbers)])
    now_seen = SeenOrders(newest=max([newest, *numbers]), passed=passed)
    if now_seen != seen and not run.dry_run:
        run.links.put(run.pair, SEEN, [Link(SEEN, "", asdict(now_seen))], now=run.now())
    return replace(found, orders=held, sold=sold, newest_order=now_seen.newest)


def _list_headers(run: Run, filters: Mapping[str, Any]) -> list[OrderHeader]:
    headers = run.bigcommerce.list_order_headers(**filters)
    return [one for one in headers if isinstance(one, OrderHeader)]


def _passable(run: Run, listed: Mapping[int, OrderHeader], known: Collection[str]) -> set[int]:
    """Orders that need not be listed again: their events say what becomes of them.

    They are known, or the order sync has read them, or they hold nothing and newer orders were
    placed long after them: an order is incomplete for a moment before it is paid.
    """
    window = timedelta(minutes=run.connections.pair.stock.orders_window_minutes)
    newest = max((one.date_created for one in listed.values()), default=None)
    unknown = [one.id for one in listed.values() if one.id not in known]
    states = run.inbox.states(run.pair, ORDERS, unknown)
    return {
        number
        for number, one in listed.items()
        if one.id in known
        or states.get(one.id) in READ
        or (
            one.status_id in HOLDS_NO_STOCK | WHOLLY_SENT
            and newest is not None
            and newest - one.date_created >= window
        )
    }
