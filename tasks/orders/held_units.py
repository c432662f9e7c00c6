"""Units that orders have taken in the store and that Brightpearl has not reserved yet.

Kept when an order is first read and again when it is settled, so that stock never counts sold units
as free (docs/decisions/0011).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from connectors.bigcommerce.models import Order
from core.frames import records
from store.links import Link
from store.stock import Demand
from tasks.bigcommerce.order_frames import OrderFrames
from tasks.bigcommerce.orders import sold_units
from tasks.orders.operations import OrderPlan, OrderProgress
from tasks.reconciler.cases import Outcome
from tasks.reconciler.run import Run

STOCK = "stock"
"""The entity whose keys become due when what orders hold changes."""
RELEASING = {"gone", "not imported"}
"""Results of orders that hold nothing any more."""


def hold_new(run: Run, orders: Iterable[Order], links: Mapping[str, Link]) -> None:
    """Keep what orders hold that Brightpearl does not have yet."""
    new = {order.id: sold_units(order) for order in orders if order.id not in links}
    if run.dry_run or not new:
        return
    changed = Demand(run.database).replace(run.pair, new, now=run.now())
    _enqueue_stock(run, changed - {sku for units in new.values() for sku in units})


def release_reserved(run: Run, order_ids: Sequence[str]) -> None:
    """Brightpearl has reserved these orders' units: held once more they would be missing twice.

    Whoever read its stock before its answer came has counted them so. What it could not reserve is
    kept when they are settled.
    """
    if order_ids:
        _enqueue_stock(run, Demand(run.database).release(run.pair, order_ids, now=run.now()))


def keep_held(run: Run, units_by_order: Mapping[str, Mapping[str, int]]) -> None:
    """Keep what orders hold now."""
    if units_by_order:
        _enqueue_stock(run, Demand(run.database).replace(run.pair, units_by_order, now=run.now()))


def still_held(
    found: OrderFrames, skipped: Sequence[Outcome], settled: Sequence[OrderProgress]
) -> dict[str, dict[str, int]]:
    """Units by SKU that Brightpearl has not reserved of the orders it has; none of most."""
    skus = _skus(found)
    released: dict[str, dict[str, int]] = {
        outcome.key: {} for outcome in skipped if outcome.result in RELEASING
    }
    return released | {
        record.key: _unreserved(record.plan, record.short or record.plan.short, skus)
        for record in settled
    }


def enqueue_cancelled(run: Run, found: OrderFrames, cancelled: set[str]) -> None:
    """The store puts the units of an order back on sale that we cancel there, without an event."""
    if cancelled:
        skus = _skus(found).items()
        _enqueue_stock(run, {sku for (order_id, _), sku in skus if order_id in cancelled and sku})


def _skus(found: OrderFrames) -> dict[tuple[str, str], str]:
    lines = found.lines[["order_id", "line_id", "sku_key"]]
    return {(row["order_id"], row["line_id"]): row["sku_key"] for row in records(lines)}


def _unreserved(
    plan: OrderPlan, short: Mapping[str, int], skus: Mapping[tuple[str, str], str]
) -> dict[str, int]:
    if plan.desired.store.is_cancelled:
        return {}
    units: Counter[str] = Counter()
    row_of = {product: ref for ref, (product, _) in plan.desired.units.items()}
    for product, count in short.items():
        units[skus.get((plan.key, row_of.get(product, "")), "")] += count
    for ref, count in plan.missing_units.items():
        units[skus.get((plan.key, ref), "")] += count
    return {sku: count for sku, count in units.items() if sku}


def _enqueue_stock(run: Run, skus: set[str]) -> None:
    """What orders hold no more may be for sale again; Brightpearl sends no event of it."""
    if skus:
        run.inbox.put(run.pair, STOCK, skus, source="order", now=run.now())
