"""Which orders changed: what the sweep puts into the inbox."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from connectors.bigcommerce.models import OrderHeader, Unreadable
from core.times import utc_now
from store.inbox import Inbox
from store.links import Links
from tasks.connections import Connections, connect
from tasks.orders.memory import Memory
from tasks.policy import PATIENT, patiently, step
from tasks.sweep import Source, sweep

CURSOR, ACCOUNT_CURSOR = "orders-swept", "orders-swept-brightpearl"
UNSENT = (11, 9, 8, 7, 3)
"""Store statuses of orders of which something has yet to leave."""


@step("sweep-orders", PATIENT)
def sweep_orders(pair: str) -> dict[str, Any]:
    """Put every order changed since the last sweep, on either side, into the inbox.

    Raises: TransientError, ConfigError.
    """
    world = connect(pair)
    store = Source(
        CURSOR,
        lambda: patiently(world.bigcommerce.get_server_time),
        lambda since: changed_orders(world, since),
    )
    account = Source(
        ACCOUNT_CURSOR,
        lambda: patiently(world.brightpearl.get_server_time) or utc_now(),
        lambda since: moved_there(world, since),
        source="notice",
    )
    return sweep(world, "orders", [store, account])


@step("recheck-orders", PATIENT)
def recheck_orders(pair: str) -> dict[str, Any]:
    """Put every order that has not left into the inbox: both sides are read, whoever changed them.

    Raises: TransientError, ConfigError.
    """
    world = connect(pair)
    keys = [
        row.order_id
        for status_id in UNSENT
        for row in patiently(partial(_in_status, world, status_id))
    ]
    new = Inbox(world.database).put(pair, "orders", keys, source="recheck", now=utc_now())
    return {"open": len(keys), "newly_due": new}


def moved_there(world: Connections, since: datetime) -> list[str]:
    """Orders of ours whose status staff changed in Brightpearl since it was agreed on."""
    rows = patiently(lambda: list(world.brightpearl.list_changed_refs(since)))
    statuses = {row.order_id: row.status_id for row in rows}
    links = Links(world.database).find(world.pair.name, "orders", list(statuses))
    return [
        link.key_bc
        for order_id, link in links.items()
        if statuses[order_id] != Memory.of(link).status_bp
    ]


def _in_status(world: Connections, status_id: int) -> list[OrderHeader | Unreadable]:
    return list(world.bigcommerce.list_order_headers(status_id=status_id))


def changed_orders(world: Connections, since: datetime, until: datetime | None = None) -> list[str]:
    """Ids of the orders modified from `since` on (until `until`), in order-number order."""
    window = {"min_date_modified": since} | ({"max_date_modified": until} if until else {})
    return patiently(
        lambda: [row.order_id for row in world.bigcommerce.list_order_headers(**window)]
    )


def placed_orders(world: Connections, since: datetime, until: datetime | None = None) -> list[str]:
    """Ids of the orders placed in a window, in order-number order."""
    window = {"min_date_created": since} | ({"max_date_created": until} if until else {})
    return patiently(
        lambda: [row.order_id for row in world.bigcommerce.list_order_headers(**window)]
    )
