"""Both sandboxes, and syncs that run in this process whenever something is due."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from world import PAIR, World

from bench.happenings.course import Company
from bench.happenings.shelf import Shelf
from bench.happenings.sides import Systems
from core.times import utc_now
from flows.orders import sync_orders
from flows.refunds import sync_refunds
from flows.shipments import sync_shipments
from store.inbox import Inbox
from tasks.reconciler.connections import connect, disconnect

FLOWS = {"orders": sync_orders, "shipments": sync_shipments, "refunds": sync_refunds}


@pytest.fixture
def company(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    """Nobody has ordered yet."""
    monkeypatch.setenv("CAUSEWAY_SHIPMENTS__UNSHIPPED_GRACE_MINUTES", "0")
    disconnect()
    account_url = world.control("brightpearl", "").partition("/_sandbox")[0]
    # An idle connection may be closed by the server as it is used again.
    limits = httpx.Limits(max_keepalive_connections=0)
    with (
        httpx.Client(base_url=world.sandbox.bigcommerce_url, timeout=60, limits=limits) as store,
        httpx.Client(base_url=account_url, timeout=60, limits=limits) as account,
    ):
        systems = Systems(store, account)
        yield Company(systems, lambda: connect(PAIR).database, _sync, Shelf.stock(systems))


def _sync() -> None:
    """Each flow whose keys are due runs once."""
    inbox = Inbox(connect(PAIR).database)
    for entity, flow in FLOWS.items():
        if any(waiting.entity == entity for waiting in inbox.waiting(utc_now())):
            asyncio.run(flow.fn(pair=PAIR))
