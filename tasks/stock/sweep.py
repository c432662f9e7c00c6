"""Which products' goods moved: what the sweep puts into the inbox.

A reservation moves no goods, so that the hourly audit stays needed. Source: fact sheet,
availability has no search of its own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.ids import PRODUCT
from core.times import utc_now
from tasks.policy import PATIENT, patiently, step
from tasks.reconciler.connections import Connections, connect
from tasks.stock.keys import STOCK
from tasks.sweep import Source, sweep

CURSOR = "stock-swept"


@step("sweep-stock", PATIENT)
def sweep_stock(pair: str) -> dict[str, Any]:
    """Put every product whose goods moved since the last sweep into the inbox.

    Raises: TransientError, ConfigError.
    """
    world = connect(pair)
    account = Source(
        CURSOR,
        lambda: patiently(world.brightpearl.get_server_time) or utc_now(),
        lambda since: moved_products(world, since),
    )
    return sweep(world, STOCK, [account])


def moved_products(world: Connections, since: datetime, until: datetime | None = None) -> list[str]:
    """Keys of the products whose goods moved in a window, each once."""
    moved = patiently(lambda: list(world.brightpearl.list_movements(since)))
    found = (
        f"{PRODUCT}{one.product_id}"
        for one in moved
        if until is None or one.updated_on is None or one.updated_on <= until
    )
    return list(dict.fromkeys(found))
