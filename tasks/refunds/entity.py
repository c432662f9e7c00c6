"""The sync of refunds, as flows, commands and settings know it."""

from __future__ import annotations

from datetime import datetime

from connectors.bigcommerce.refund_models import Refund
from connectors.budget import Priority
from store.links import Links
from tasks.brightpearl.sales_orders import ORDERS
from tasks.policy import with_retries
from tasks.reconciler.connections import Connections
from tasks.reconciler.registry import Entity, Source
from tasks.refunds.audit import AUDIT


def refunded_orders(
    connections: Connections, since: datetime, until: datetime | None = None
) -> list[str]:
    """Ids of the orders that were refunded in a window, each once, the earliest refund first."""
    bigcommerce = connections.bigcommerce
    refunds = with_retries(lambda: list(bigcommerce.list_refunds(created_from=since)))
    found = (
        refund.order_id
        for refund in refunds
        if not isinstance(refund, Refund) or until is None or refund.created <= until
    )
    return [order_id for order_id in dict.fromkeys(found) if order_id]


def credited_orders(connections: Connections, since: datetime) -> list[str]:
    """Ids of our orders whose sales credits are new or changed since, whoever made them."""
    brightpearl = connections.brightpearl
    refs = with_retries(lambda: list(brightpearl.list_credit_refs(updated_since=since)))
    parents = {ref.parent_id for ref in refs if ref.parent_id}
    links = Links(connections.database).find(connections.pair.name, ORDERS, sorted(parents))
    return [links[parent].key_bc for parent in sorted(links, key=int)]


REFUNDS = Entity(
    name="refunds",
    priority=Priority.ORDERS,
    suites="expectations.refunds",
    sources=[
        Source("refunds-swept", "bigcommerce", refunded_orders),
        # Nothing announces credits.
        Source("credits-swept", "brightpearl", credited_orders, source="credit"),
    ],
    changed=refunded_orders,
    created=refunded_orders,
    audit=AUDIT,
)
