"""Orders as an entity: which of them changed, and what proves that none is missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from connectors.bigcommerce.models import OrderHeader, Unreadable
from connectors.budget import Priority
from store.inbox import Inbox
from store.links import Links
from tasks.bigcommerce.statuses import UNSENT
from tasks.brightpearl.sales_orders import AgreedOrder
from tasks.orders.audit import audit_orders
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.connections import Connections, connect
from tasks.reconciler.registry import Entity, Source

CURSOR, ACCOUNT_CURSOR = "orders-swept", "orders-swept-brightpearl"


def changed_orders(
    connections: Connections, since: datetime, until: datetime | None = None
) -> list[str]:
    """Ids of the orders modified from `since` on (until `until`), in order-number order."""
    return _list(connections, "modified", since, until)


def placed_orders(
    connections: Connections, since: datetime, until: datetime | None = None
) -> list[str]:
    """Ids of the orders placed in a window, in order-number order."""
    return _list(connections, "created", since, until)


def changed_in_account(connections: Connections, since: datetime) -> list[str]:
    """Orders of ours whose status staff changed in Brightpearl since it was agreed on."""
    brightpearl = connections.brightpearl.at(Priority.CATALOGUE)
    rows = with_retries(lambda: list(brightpearl.list_changed_refs(since)))
    statuses = {row.order_id: row.status_id for row in rows}
    links = Links(connections.database).find(connections.pair.name, ORDERS.name, list(statuses))
    return [
        link.key_bc
        for order_id, link in links.items()
        if statuses[order_id] != AgreedOrder.of(link).status_bp
    ]


@step("recheck-orders", RETRIED)
def recheck_unsent(pair: str) -> dict[str, Any]:
    """Put every order that has not left into the inbox: both sides are read, whoever changed them.

    Raises: TransientError, ConfigError.
    """
    connections = connect(pair)
    keys = [
        row.order_id
        for status in UNSENT
        for row in with_retries(partial(_in_status, connections, int(status)))
    ]
    new = Inbox(connections.database).put(
        pair, ORDERS.name, keys, source="recheck", now=connections.clock()
    )
    return {"open": len(keys), "newly_due": new}


def _sources(connections: Connections) -> Sequence[Source]:
    store = connections.bigcommerce.at(Priority.CATALOGUE)
    account = connections.brightpearl.at(Priority.CATALOGUE)
    return [
        Source(
            CURSOR,
            lambda: with_retries(store.get_server_time),
            lambda since: changed_orders(connections, since),
        ),
        Source(
            ACCOUNT_CURSOR,
            lambda: with_retries(account.get_server_time) or connections.clock(),
            lambda since: changed_in_account(connections, since),
            source="notice",
        ),
    ]


def _in_status(connections: Connections, status_id: int) -> list[OrderHeader | Unreadable]:
    store = connections.bigcommerce.at(Priority.CATALOGUE)
    return list(store.list_order_headers(status_id=status_id))


def _list(
    connections: Connections, what: str, since: datetime, until: datetime | None
) -> list[str]:
    window = {f"min_date_{what}": since} | ({f"max_date_{what}": until} if until else {})
    store = connections.bigcommerce.at(Priority.CATALOGUE)
    return with_retries(lambda: [row.order_id for row in store.list_order_headers(**window)])


ORDERS = Entity(
    name="orders",
    priority=Priority.ORDERS,
    sources=_sources,
    changed=changed_orders,
    created=placed_orders,
    audit=audit_orders,
)
