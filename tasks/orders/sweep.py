"""Which orders changed: what the sweep puts into the inbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tasks.connections import Connections, connect
from tasks.policy import PATIENT, patiently, step
from tasks.sweep import Source, sweep

CURSOR = "orders-swept"


@step("sweep-orders", PATIENT)
def sweep_orders(pair: str) -> dict[str, Any]:
    """Put every order changed since the last sweep into the inbox.

    Raises: TransientError, ConfigError.
    """
    world = connect(pair)
    store = Source(
        CURSOR,
        lambda: patiently(world.bigcommerce.server_time),
        lambda since: changed_orders(world, since),
    )
    return sweep(world, "orders", [store])


def changed_orders(world: Connections, since: datetime, until: datetime | None = None) -> list[str]:
    """Ids of the orders modified from `since` on (until `until`), in order-number order."""
    window = {"min_date_modified": since} | ({"max_date_modified": until} if until else {})
    return patiently(lambda: [row.order_id for row in world.bigcommerce.list_order_ids(**window)])


def placed_orders(world: Connections, since: datetime, until: datetime | None = None) -> list[str]:
    """Ids of the orders placed in a window, in order-number order."""
    window = {"min_date_created": since} | ({"max_date_created": until} if until else {})
    return patiently(lambda: [row.order_id for row in world.bigcommerce.list_order_ids(**window)])
