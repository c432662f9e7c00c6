"""Which orders have new refunds, or credits that changed: what the sweep puts into the inbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors.bigcommerce.refund_models import Refund
from core.times import utc_now
from store.links import Links
from tasks.policy import PATIENT, patiently, step
from tasks.reconciler.connections import Connections, connect
from tasks.sweep import Source, sweep

CURSOR = "refunds-swept"
CREDITS_CURSOR = "credits-swept"


@step("sweep-refunds", PATIENT)
def sweep_refunds(pair: str) -> dict[str, Any]:
    """Put every order with a refund or a changed credit since the last sweep into the inbox.

    Raises: TransientError, ConfigError.
    """
    world = connect(pair)
    store = Source(
        CURSOR,
        lambda: patiently(world.bigcommerce.get_server_time),
        lambda since: refunded_orders(world, since),
    )
    account = Source(
        CREDITS_CURSOR,
        lambda: patiently(world.brightpearl.get_server_time) or utc_now(),
        lambda since: credited_orders(world, since),
        source="credit",
    )
    return sweep(world, "refunds", [store, account])


def refunded_orders(
    world: Connections, since: datetime, until: datetime | None = None
) -> list[str]:
    """Ids of the orders that were refunded in a window, each once, the earliest refund first."""
    refunds = patiently(lambda: list(world.bigcommerce.list_refunds(created_from=since)))
    found = (
        refund.order_id
        for refund in refunds
        if not isinstance(refund, Refund) or until is None or refund.created <= until
    )
    return [order_id for order_id in dict.fromkeys(found) if order_id]


def credited_orders(world: Connections, since: datetime) -> list[str]:
    """Ids of our orders whose sales credits are new or changed since, whoever made them."""
    refs = patiently(lambda: list(world.brightpearl.list_credit_refs(updated_since=since)))
    parents = {ref.parent_id for ref in refs if ref.parent_id}
    links = Links(world.database).find(world.pair.name, "orders", sorted(parents))
    return [links[parent].key_bc for parent in sorted(links, key=int)]
