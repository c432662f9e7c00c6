"""What the store's orders hold of the stock: of recent ones and of those that were written down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from connectors.bigcommerce.models import Order, OrderHeader
from core.times import utc_now
from store.demand import Demand
from store.links import Links
from tasks.bigcommerce.orders import sold_units
from tasks.claim import Run
from tasks.former import is_sold
from tasks.policy import patiently
from tasks.reconciler.connections import Connections
from tasks.stock.memory import StockMemory

ORDERS = "orders"


@dataclass(frozen=True)
class Orders:
    """What the store's orders hold."""

    held: Mapping[str, Mapping[str, int]]
    sold: Mapping[str, Mapping[int, int]]
    newest: int


_passed: dict[tuple[str, str], int] = {}
"""Per pair and store, the newest order up to which all were known: their webhooks tell the rest."""


def _recent(world: Connections, first: int | None) -> list[OrderHeader]:
    """Orders of the last minutes that may matter; those after `first` in any case."""
    since = utc_now() - timedelta(minutes=world.pair.stock.orders_window_minutes)
    passed = _passed.get(_store(world), 0)
    least = 1 + (passed if first is None else min(passed, first))
    asked = {"min_date_created": since, "min_id": least}
    found = patiently(lambda: list(world.bigcommerce.list_order_headers(**asked)))
    return [one for one in found if isinstance(one, OrderHeader)]


def _pass(world: Connections, headers: Sequence[OrderHeader], known: Collection[str]) -> int:
    """Remember up to where all orders are known; the newest order there is."""
    passed = newest = _passed.get(_store(world), 0)
    is_open = False
    for one in sorted(headers, key=lambda header: int(header.id)):
        newest = max(newest, int(one.id))
        is_open = is_open or one.id not in known
        if not is_open:
            passed = max(passed, int(one.id))
    _passed[_store(world)] = passed
    return newest


def _store(world: Connections) -> tuple[str, str]:
    return world.pair.name, world.pair.bigcommerce.api_url


def forget() -> None:
    """List all orders of the last minutes the next time."""
    _passed.clear()


def read_orders(
    run: Run, skus: Collection[str] | None, memories: Mapping[str, StockMemory]
) -> Orders:
    """Orders of the last minutes from the store, all others as they were written down.

    Of recent ones, those that are linked or written down are known already: by then Brightpearl
    has set aside what the table does not say. Only what is not known is read in full, and what was
    sold since something was sent that is still on its way. Orders older than all of these are not
    listed again: on a busy day every look would list thousands.
    """
    world = run.world
    moving = [sent.newest_order for one in memories.values() for sent in one.sent.values()]
    first = min(moving, default=None)
    headers = _recent(world, first)
    ids = [one.id for one in headers if is_sold(one.status_id)]
    demand, pair = Demand(world.database), run.report.pair
    linked = Links(world.database).get(pair, ORDERS, ids).keys()
    known = linked | demand.known(pair, ids)
    newest = _pass(world, headers, known)
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
    asked = sold if skus is None else {sku: sold[sku] for sku in skus if sku in sold}
    return Orders(held, asked, newest)
