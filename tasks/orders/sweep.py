"""A scheduled read of what changed: the same keys into the same inbox, should a webhook be lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from connectors.bigcommerce.models import Unreadable
from core.times import to_iso, utc_now
from store.cursors import Cursors
from store.inbox import Inbox
from tasks.connections import Connections, connect
from tasks.policy import PATIENT, patiently, step

ORDERS = "orders-swept"
NEVER_READ = timedelta(days=1)
"""How far the first sweep of a new pair reaches back; older orders are a backfill's matter."""


@step("sweep-orders", PATIENT)
def sweep(pair: str) -> dict[str, Any]:
    """Put every order changed since the last sweep into the inbox.

    The cursor is the store's own clock at the scan's start, less an overlap, and moves last: rows
    that change during the scan are seen by the next one. Source: fact sheet, stable scan.

    Raises: TransientError, ConfigError.
    """
    world = connect(pair)
    cursors = Cursors(world.database)
    started_at = patiently(world.bigcommerce.server_time)
    since = cursors.get(pair, ORDERS) or started_at - NEVER_READ
    changed = patiently(lambda: changed_orders(world, since))
    new = Inbox(world.database).put(pair, "orders", changed, source="sweep", now=utc_now())
    overlap = timedelta(minutes=world.pair.orders.sweep_overlap_minutes)
    cursors.set(pair, ORDERS, started_at - overlap)
    return {"since": to_iso(since), "changed": len(changed), "newly_due": new}


def changed_orders(world: Connections, since: datetime) -> list[str]:
    """Ids of the orders modified at or after `since`, in order-number order."""
    rows = world.bigcommerce.list_order_ids(min_date_modified=since)
    return [row.order_id if isinstance(row, Unreadable) else row.id for row in rows]
