"""The store's side: its stock, items of one SKU each, and what its orders hold of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import takewhile
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
from tasks.stock.frames import NOTHING_AGREED, Agreements, Snapshot, release_sku

ORDERS = "orders"
"""Links of orders."""
REMEMBERED_S = 86400.0
"""How long it is remembered which orders are known; after that all recent ones are listed anew."""


def read_inventory(run: Run, found: Snapshot, skus: Collection[str] | None) -> Snapshot:
    """With the store's stock of these SKUs (as compared), or of all, at the locations that are fed.

    A SKU on several items, or an item that breaks the model, is refused.

    Raises: TransientError, ConfigError.
    """
    clear: dict[str, StockItem] = {}
    doubled: dict[str, set[str]] = {}
    refused: dict[str, Refusal] = {}
    shared = 0
    for item in _list_items(run, found, skus):
        key = sku_key(item.sku)
        if isinstance(item, UnreadableItem):
            key = key or f"product {item.product_id}"
            refused[key] = _unreadable(key, item)
        elif not key:
            shared += 1
        elif _name(other := clear.setdefault(key, item)) != _name(item):
            doubled.setdefault(key, {_name(other)}).add(_name(item))
    for key, ids in doubled.items():
        reason = f"the store has the SKU {key!r} on several items ({', '.join(sorted(ids))})"
        remedy = release_remedy("Give each its own SKU", "sku", value=key)
        refused[key] = Refusal("sku", "sku", key, reason, remedy)
        del clear[key]
    items, disabled = _columns(clear, set(found.places.locations))
    notes = [f"location {one} is disabled in the store: nothing is sent there" for one in disabled]
    if shared:
        notes.append(
            f"{shared} products share one stock among several variants: their stock is left alone"
        )
    renamed = _renamed(clear, found.agreed)
    return replace(
        found,
        agreed={**found.agreed, **renamed},
        renamed=renamed,
        store_skus={key: item.sku for key, item in clear.items()},
        items=items,
        refused=refused,
        notes=[*found.notes, *sorted(notes)],
    )


def _list_items(
    run: Run, found: Snapshot, skus: Collection[str] | None
) -> list[StockItem | UnreadableItem]:
    """What is known is asked for by its variant, all else by its SKU."""
    store, agreed, at = run.bigcommerce, found.agreed, found.places.locations
    if skus is None:
        return with_retries(lambda: list(store.list_inventory(at)))
    known = [agreed[sku].variant_id for sku in skus if sku in agreed and agreed[sku].variant_id]
    items = with_retries(lambda: list(store.list_inventory_of_variants(known, at)))
    seen = {sku_key(one.sku) for one in items}
    unknown = [agreed[sku].sku if sku in agreed else sku for sku in skus if sku not in seen]
    if unknown:
        items += with_retries(lambda: list(store.list_inventory_of_skus(unknown, at)))
    return items


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


def _renamed(clear: Mapping[str, StockItem], agreed: Agreements) -> Agreements:
    """What is to be kept of SKUs that were met for the first time, or under other ids."""
    variants = Counter(item.product_id for item in clear.values())
    found = {}
    for sku, item in clear.items():
        known, ids = agreed.get(sku, NOTHING_AGREED), (item.variant_id or "", item.product_id)
        if (known.variant_id, known.product_id_bc) != ids:
            found[sku] = replace(
                known,
                sku=item.sku,
                variant_id=item.variant_id or "",
                product_id_bc=item.product_id,
                # A guess that the store corrects: what is simple is tracked by product.
                identity="product_id" if variants[item.product_id] == 1 else "sku",
            )
    return found


def _unreadable(key: str, item: UnreadableItem) -> Refusal:
    what = item.sku or item.product_id
    reason = f"the store's stock of {what} cannot be read: {item.field} {item.reason}"
    remedy = f"Correct the item in BigCommerce, then: {release_sku(key)}"
    return Refusal("document", item.field, "", reason, remedy)


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
        self.passed = max([self.passed, *takewhile(lambda one: str(one) in known, ids)])


def known_orders(connections: Connections) -> KnownOrders:
    """Which orders need not be listed again; a process that starts lists all recent ones once."""
    return connections.cache.get("orders known to stock", KnownOrders, max_age_s=REMEMBERED_S)


def read_held_units(run: Run, found: Snapshot) -> Snapshot:
    """With what orders hold: those of the last minutes from the store, all others as written down.

    Of recent ones, those that are linked or written down are known already: by then Brightpearl
    has allocated what the table does not say. Only what is not known is read in full, and what was
    sold since something was sent that is still pending. Orders older than all of these are not
    listed again: on a busy day every batch would list thousands.

    Raises: TransientError, ConfigError.
    """
    passed, store = known_orders(run.connections), run.bigcommerce
    pending = (sent for one in found.agreed.values() for sent in one.pending.values())
    first = min((sent.newest_order for sent in pending), default=None)
    min_id = 1 + (passed.passed if first is None else min(passed.passed, first))
    since = run.now() - timedelta(minutes=run.connections.pair.stock.orders_window_minutes)
    listed = with_retries(
        lambda: list(store.list_order_headers(min_date_created=since, min_id=min_id))
    )
    headers = [one for one in listed if isinstance(one, OrderHeader)]
    ids = [one.id for one in headers if one.status_id not in HOLDS_NO_STOCK]
    demand = Demand(run.database)
    known = run.links.get(run.pair, ORDERS, ids).keys() | demand.known(run.pair, ids)
    passed.add(headers, known)
    wanted = [one for one in ids if one not in known or (first is not None and int(one) > first)]
    documents = with_retries(lambda: store.get_orders(wanted)) if wanted else []
    # Bundles hold their components, whichever SKUs are asked for: all of it is needed.
    held = defaultdict(dict, demand.of(run.pair))
    sold: dict[str, dict[int, int]] = defaultdict(dict)
    for order in (one for one in documents if isinstance(one, Order)):
        for sku, count in sold_units(order).items():
            sold[sku][int(order.id)] = count
            if order.id not in known:
                held[sku][order.id] = count
    return replace(found, orders=held, sold=sold, newest_order=passed.newest)
