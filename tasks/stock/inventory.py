"""The store's side: its stock, items of one SKU each, and what its orders hold of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pandas as pd

from connectors.bigcommerce.inventory_models import StockItem, UnreadableItem
from connectors.bigcommerce.models import Order, OrderHeader
from core.frames import DTYPES
from core.ids import sku_key
from core.refusals import Refusal, release_remedy
from core.stock import ITEMS
from store.demand import Demand
from tasks.bigcommerce.orders import HOLDS_NO_STOCK, sold_units
from tasks.policy import with_retries
from tasks.reconciler.connections import Connections
from tasks.reconciler.run import Run
from tasks.stock.links import NOTHING_AGREED, AgreedStock, Agreements, release_sku
from tasks.stock.places import Places

ORDERS = "orders"
"""Links of orders."""
REMEMBERED_S = 86400.0
"""How long it is remembered which orders are known; after that all recent ones are listed anew."""


@dataclass(frozen=True)
class Inventory:
    """The store's stock."""

    items: pd.DataFrame
    """ITEMS."""
    skus: Mapping[str, str]
    """The store's SKU by SKU as compared."""
    refused: Mapping[str, Refusal]
    identities: Mapping[str, tuple[str, str]]
    """Variant id and product id by SKU."""
    notes: Sequence[str]

    def renamed(self, agreed: Agreements) -> dict[str, AgreedStock]:
        """What is to be kept of SKUs that were met for the first time, or under other ids."""
        found = {}
        variants = Counter(product_id for _, product_id in self.identities.values())
        for sku, (variant_id, product_id) in self.identities.items():
            known = agreed.get(sku, NOTHING_AGREED)
            if (known.variant_id, known.product_id_bc) != (variant_id, product_id):
                is_simple = variants[product_id] == 1
                found[sku] = replace(
                    known,
                    sku=self.skus[sku],
                    variant_id=variant_id,
                    product_id_bc=product_id,
                    # A guess that the store corrects: what is simple is tracked by product.
                    identity="product_id" if is_simple else "sku",
                )
        return found


def read_inventory(
    run: Run, skus: Collection[str] | None, agreed: Agreements, places: Places
) -> Inventory:
    """The store's stock of these SKUs (as compared), or of all, at the locations that are fed.

    Raises: TransientError, ConfigError.
    """
    store, at = run.bigcommerce, places.locations
    if skus is None:
        return _sorted_out(with_retries(lambda: list(store.list_inventory(at))), set(at))
    variants = [agreed[sku].variant_id for sku in skus if sku in agreed]
    known = [one for one in variants if one]
    found = with_retries(lambda: list(store.list_inventory_of_variants(known, at)))
    seen = {sku_key(one.sku) for one in found}
    unknown = [agreed[sku].sku if sku in agreed else sku for sku in skus if sku not in seen]
    if unknown:
        found += with_retries(lambda: list(store.list_inventory_of_skus(unknown, at)))
    return _sorted_out(found, set(at))


def _sorted_out(found: Iterable[StockItem | UnreadableItem], locations: set[str]) -> Inventory:
    """The store's side as a frame; a SKU on two items, or one that breaks the model, is refused."""
    clear: dict[str, StockItem] = {}
    doubled: dict[str, set[str]] = {}
    refused: dict[str, Refusal] = {}
    shared = 0
    for item in found:
        key = sku_key(item.sku)
        if isinstance(item, UnreadableItem):
            key = key or f"product {item.product_id}"
            refused[key] = _unreadable(key, item)
        elif not key:
            shared += 1
        elif _name(other := clear.setdefault(key, item)) != _name(item):
            doubled.setdefault(key, {_name(other)}).add(_name(item))
    for key, ids in doubled.items():
        refused[key] = _ambiguous(key, sorted(ids))
        del clear[key]
    items, disabled = _columns(clear, locations)
    notes = [f"location {one} is disabled in the store: nothing is sent there" for one in disabled]
    if shared:
        notes.append(
            f"{shared} products share one stock among several variants: their stock is left alone"
        )
    return Inventory(
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
                columns["product_id_bc"].append(item.product_id)
                columns["location_id"].append(at.location_id)
                columns["on_hand"].append(at.on_hand)
                columns["safety_stock"].append(at.safety_stock)
    found = pd.DataFrame(
        {name: pd.Series(columns[name], dtype=DTYPES[kind]) for name, kind in ITEMS.items()}
    )
    return found, disabled


def _ambiguous(key: str, ids: Sequence[str]) -> Refusal:
    return Refusal(
        "sku",
        "sku",
        key,
        f"the store has the SKU {key!r} on several items ({', '.join(ids)})",
        release_remedy("Give each its own SKU", "sku", value=key),
    )


def _unreadable(key: str, item: UnreadableItem) -> Refusal:
    return Refusal(
        "document",
        item.field,
        "",
        f"the store's stock of {item.sku or item.product_id} cannot be read: {item.field} "
        f"{item.reason}",
        f"Correct the item in BigCommerce, then: {release_sku(key)}",
    )


@dataclass(frozen=True)
class HeldUnits:
    """What the store's orders hold."""

    by_order: Mapping[str, Mapping[str, int]]
    """Units that Brightpearl has not allocated, by SKU as compared and order id."""
    sold: Mapping[str, Mapping[int, int]]
    """Units of recent orders, by SKU and order id, whether it has or not."""
    newest_order: int


@dataclass
class KnownOrders:
    """Up to which order, and to which one without a gap, a pair's orders are known."""

    newest: int = 0
    passed: int = 0
    """All orders up to this one are known: their webhooks say what becomes of them."""

    def add(self, headers: Sequence[OrderHeader], known: Collection[str]) -> None:
        """Go on to the newest of these, and as far as there is none that is not known."""
        ids = sorted(int(one.id) for one in headers)
        self.newest = max([self.newest, *ids])
        unknown = next((one for one in ids if str(one) not in known), None)
        settled = [one for one in ids if unknown is None or one < unknown]
        self.passed = max([self.passed, *settled])


def known_orders(connections: Connections) -> KnownOrders:
    """Which orders need not be listed again; a process that starts lists all recent ones once."""
    return connections.cache.get("orders known to stock", KnownOrders, max_age_s=REMEMBERED_S)


def read_held_units(run: Run, skus: Collection[str] | None, agreed: Agreements) -> HeldUnits:
    """What orders hold: those of the last minutes from the store, all others as written down.

    Of recent ones, those that are linked or written down are known already: by then Brightpearl
    has allocated what the table does not say. Only what is not known is read in full, and what was
    sold since something was sent that is still pending. Orders older than all of these are not
    listed again: on a busy day every batch would list thousands.

    Raises: TransientError, ConfigError.
    """
    pending = [sent.newest_order for one in agreed.values() for sent in one.pending.values()]
    first = min(pending, default=None)
    passed = known_orders(run.connections)
    headers = _recent(run, 1 + (passed.passed if first is None else min(passed.passed, first)))
    ids = [one.id for one in headers if one.status_id not in HOLDS_NO_STOCK]
    demand = Demand(run.database)
    known = run.links.get(run.pair, ORDERS, ids).keys() | demand.known(run.pair, ids)
    passed.add(headers, known)
    wanted = [one for one in ids if one not in known or (first is not None and int(one) > first)]
    documents = with_retries(lambda: run.bigcommerce.get_orders(wanted)) if wanted else []
    held: dict[str, dict[str, int]] = defaultdict(dict)
    # Bundles hold their components, whichever SKUs are asked for: all of it is needed.
    for sku, units in demand.of(run.pair).items():
        held[sku].update(units)
    sold: dict[str, dict[int, int]] = defaultdict(dict)
    for order in (one for one in documents if isinstance(one, Order)):
        for sku, count in sold_units(order).items():
            sold[sku][int(order.id)] = count
            if order.id not in known:
                held[sku][order.id] = count
    asked = sold if skus is None else {sku: sold[sku] for sku in skus if sku in sold}
    return HeldUnits(held, asked, passed.newest)


def _recent(run: Run, first: int) -> list[OrderHeader]:
    """Orders of the last minutes, from this id on."""
    since = run.now() - timedelta(minutes=run.connections.pair.stock.orders_window_minutes)
    found = with_retries(
        lambda: list(run.bigcommerce.list_order_headers(min_date_created=since, min_id=first))
    )
    return [one for one in found if isinstance(one, OrderHeader)]
