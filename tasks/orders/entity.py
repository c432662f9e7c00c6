"""Orders as an entity: which of them changed, and what proves that none is missing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors.budget import Priority
from store.inbox import Inbox
from store.links import Links
from tasks.bigcommerce.orders import UNSENT
from tasks.brightpearl.sales_orders import AgreedOrder
from tasks.orders.audit import AUDIT
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.connections import Connections, connect
from tasks.reconciler.registry import Entity, Source


def changed_orders(
    connections: Connections, since: datetime, until: datetime | None = None
) -> list[str]:
    """Ids of the orders modified from `since` on (until `until`), in order-number order."""
    return _list(connections, min_date_modified=since, max_date_modified=until)


def placed_orders(
    connections: Connections, since: datetime, until: datetime | None = None
) -> list[str]:
    """Ids of the orders placed in a window, in order-number order."""
    return _list(connections, min_date_created=since, max_date_created=until)


def changed_in_account(connections: Connections, since: datetime) -> list[str]:
    """Orders of ours whose status staff changed in Brightpearl since it was agreed on."""
    rows = with_retries(lambda: list(connections.brightpearl.list_changed_refs(since)))
    statuses = {row.order_id: row.status_id for row in rows}
    links = Links(connections.database).get(
        connections.pair.name, ORDERS.name, list(statuses), by="id_bp"
    )
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
    connections = connect(pair).at(Priority.CATALOGUE)
    keys = [key for status in UNSENT for key in _list(connections, status_id=int(status))]
    new = Inbox(connections.database).put(
        pair, ORDERS.name, keys, source="recheck", now=connections.clock()
    )
    return {"open": len(keys), "newly_due": new}


def _list(connections: Connections, **filters: datetime | int | None) -> list[str]:
    given = {name: value for name, value in filters.items() if value is not None}
    headers = connections.bigcommerce.list_order_headers
    return with_retries(lambda: [row.order_id for row in headers(**given)])


ORDERS = Entity(
    name="orders",
    priority=Priority.ORDERS,
    suites="expectations.orders",
    sources=[
        Source("orders-swept", "bigcommerce", changed_orders),
        Source("orders-swept-brightpearl", "brightpearl", changed_in_account, source="notice"),
    ],
    changed=changed_orders,
    created=placed_orders,
    audit=AUDIT,
)
