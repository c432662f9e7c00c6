"""Both sandboxes, and syncs that run in this process whenever something is due."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from world import PAIR, World

from core.times import utc_now
from demo.controls import Controls
from flows.orders import sync_orders
from flows.refunds import sync_refunds
from flows.shipments import sync_shipments
from lives.baskets import Skus
from lives.lives import Lives
from store.inbox import Inbox
from tasks.reconciler.connections import connect, disconnect

FLOWS = {"orders": sync_orders, "shipments": sync_shipments, "refunds": sync_refunds}


@pytest.fixture
def lives(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lives]:
    """Nobody has ordered yet."""
    monkeypatch.setenv("CAUSEWAY_SHIPMENTS__UNSHIPPED_GRACE_MINUTES", "0")
    disconnect()
    account_url = world.control("brightpearl", "").partition("/_sandbox")[0]
    # An idle connection may be closed by the server as it is used again.
    with Controls(world.sandbox.bigcommerce_url, account_url, idle=0) as controls:
        yield Lives(controls, lambda: connect(PAIR).database, _sync, Skus.stock(controls))


def _sync() -> None:
    """Each flow whose keys are due runs once."""
    inbox = Inbox(connect(PAIR).database)
    for entity, flow in FLOWS.items():
        if any(waiting.entity == entity for waiting in inbox.waiting(utc_now())):
            asyncio.run(flow.fn(pair=PAIR))
