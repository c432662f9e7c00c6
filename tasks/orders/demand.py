"""Units that orders of a batch have taken in the store and that Brightpearl has not set aside.

Written down when an order is seen and again when it is settled, so that stock never counts sold
units as free (docs/decisions/0011).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from connectors.bigcommerce.models import Order
from core.frames import records
from core.ids import sku_key
from core.times import utc_now
from store.demand import Demand
from store.inbox import Inbox
from store.links import Link
from tasks.claim import Run
from tasks.orders.outcome import OrderOutcome
from tasks.orders.plan_models import OrderPlan, Plan

if TYPE_CHECKING:
    from tasks.orders.extract import Read

NOT_SOLD = frozenset({0, 4, 5, 6})
"""Statuses of orders that hold nothing: incomplete, refunded, cancelled, declined."""
UNDECIDED = {"again", "rejected"}
STOCK = "stock"


def is_sold(status_id: int) -> bool:
    """Whether an order of this status holds stock in the store."""
    return status_id not in NOT_SOLD


def sold_units(order: Order) -> dict[str, int]:
    """Units by SKU as compared that an order has taken from the store's stock."""
    units: Counter[str] = Counter()
    if order.is_deleted or not is_sold(order.status_id):
        return {}
    for line in order.lines:
        if line.sku:
            units[sku_key(line.sku)] += max(0, line.quantity - line.quantity_refunded)
    return {sku: count for sku, count in units.items() if count}


def note_seen(run: Run, orders: Iterable[Order], links: Mapping[str, Link]) -> None:
    """Write down what orders hold that Brightpearl does not have yet."""
    new = {order.id: sold_units(order) for order in orders if order.id not in links}
    if run.dry_run or not new:
        return
    changed = Demand(run.world.database).replace(run.report.pair, new, now=utc_now())
    let_go = changed - {sku for units in new.values() for sku in units}
    _look_again(run, let_go)


def note_reserved(run: Run, order_ids: Sequence[str]) -> None:
    """Brightpearl has set these orders' units aside: counted once more they would be missing twice.

    Whoever looked before its answer came has counted them so. What it could not set aside is
    written down as they are settled.
    """
    if order_ids:
        _look_again(
            run, Demand(run.world.database).release(run.report.pair, order_ids, now=utc_now())
        )


def still_held(
    read: Read, plan: Plan, outcomes: Sequence[OrderOutcome]
) -> dict[str, dict[str, int]]:
    """What Brightpearl has not set aside of the orders it has, by order; none of most."""
    plans = {one.order_id: one for one in plan.orders}
    skus = _skus(read)
    now = {
        outcome.key: _unheld(plans[outcome.key], outcome, skus)
        for outcome in outcomes
        if outcome.order_id_bp and outcome.result not in UNDECIDED and outcome.key in plans
    }
    gone: dict[str, dict[str, int]] = {
        key: {} for key, aside in read.asides.items() if aside.kind in {"gone", "not imported"}
    }
    return {**gone, **now}


def note_held(run: Run, by_order: Mapping[str, Mapping[str, int]]) -> None:
    """Write down what orders hold."""
    if by_order:
        _look_again(
            run, Demand(run.world.database).replace(run.report.pair, by_order, now=utc_now())
        )


def note_called_off(run: Run, read: Read, outcomes: Sequence[OrderOutcome]) -> None:
    """The store gives the stock of an order back that we call off there, and says so to nobody."""
    called_off = {one.key for one in outcomes if one.result == "cancelled"}
    if called_off:
        skus = _skus(read).items()
        _look_again(run, {sku for (order_id, _), sku in skus if order_id in called_off and sku})


def _skus(read: Read) -> dict[tuple[str, str], str]:
    return {(row["order_id"], row["line_id"]): row["sku_key"] for row in records(read.found.lines)}


def _unheld(
    plan: OrderPlan, outcome: OrderOutcome, skus: Mapping[tuple[str, str], str]
) -> dict[str, int]:
    if plan.is_off:
        return {}
    units: Counter[str] = Counter()
    row_of = {product: row for row, (product, _) in plan.wanted_units.items()}
    for product, count in outcome.short.items():
        units[skus.get((plan.order_id, row_of.get(product, "")), "")] += count
    for row, count in plan.ahead.items():
        units[skus.get((plan.order_id, row), "")] += count
    return {sku: count for sku, count in units.items() if sku}


def _look_again(run: Run, skus: set[str]) -> None:
    """What orders hold no more may be for sale again; Brightpearl says nothing of it."""
    if skus:
        Inbox(run.world.database).put(run.report.pair, STOCK, skus, source="order", now=utc_now())
