"""The work of `causeway backfill`: day after day of orders through the flow, by a cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from cli.engine import run_here
from cli.output import warn
from core.times import to_iso, utc_now
from flows.orders import sync_orders
from store.cursors import Cursors
from store.inbox import Inbox
from store.quarantine import Quarantine
from tasks.connections import Connections, connect
from tasks.policy import patiently

ORDERS = "orders"
WINDOW = timedelta(days=1)


def run_backfill(pair: str, since: datetime, until: datetime, *, restart: bool) -> dict[str, Any]:
    """Import the orders placed from `since` to `until`; the cursor moves after each day.

    Raises: CausewayError of the store, the account or the run; the same command goes on there.
    """
    world = connect(pair)
    cursors, name = Cursors(world.database), f"orders-backfill {to_iso(since)}"
    reached = None if restart else cursors.get(pair, name)
    start = max(since, reached) if reached else since
    counts: Counter[str] = Counter()
    keys: list[str] = []
    for day_start, day_end in windows(start, until):
        placed = _placed(world, day_start, day_end)
        counts.update(_import(world, placed))
        keys.extend(placed)
        cursors.set(pair, name, day_end)
        warn(f"{to_iso(day_end)}: {len(placed)} orders, {len(keys)} so far")
    held = {entry.key for entry in Quarantine(world.database).list(pair=pair, entity=ORDERS)}
    return {
        "pair": pair,
        "from": start,
        "until": until,
        "resumed": start > since,
        "orders": len(keys),
        "counts": dict(counts),
        "quarantined": len(held.intersection(keys)),
    }


def windows(start: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The period cut into days, oldest first; none when it is over already. Pure."""
    while start < until:
        end = min(start + WINDOW, until)
        yield start, end
        start = end


def _placed(world: Connections, start: datetime, end: datetime) -> list[str]:
    """Ids of the orders placed in a window, in order-number order.

    An order exactly on the border of two windows is in both, which is harmless.
    """
    rows = patiently(
        lambda: list(world.bigcommerce.list_order_ids(min_date_created=start, max_date_created=end))
    )
    return [row.order_id for row in rows]


def _import(world: Connections, keys: list[str]) -> Counter[str]:
    """One batch after another, so that live orders never queue behind a whole backfill."""
    counts: Counter[str] = Counter()
    size = world.pair.orders.batch_size
    for first in range(0, len(keys), size):
        batch = keys[first : first + size]
        Inbox(world.database).put(world.pair.name, ORDERS, batch, source="backfill", now=utc_now())
        counts.update(run_here(lambda: sync_orders(world.pair.name))["counts"])
    return counts
