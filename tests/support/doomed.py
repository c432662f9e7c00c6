"""A worker that is going to be killed: one run over these keys, in a process of its own."""

from __future__ import annotations

import asyncio
import sys

from world import PAIR

from core.engines import silence_telemetry
from core.times import utc_now
from flows.orders import sync_orders
from store.inbox import Inbox
from tasks.reconciler.connections import connect

if __name__ == "__main__":
    silence_telemetry()
    Inbox(connect(PAIR).database).put(
        PAIR, "orders", sys.argv[1:], source="operator", now=utc_now()
    )
    asyncio.run(sync_orders.fn(pair=PAIR))
