"""What the flows of the sweeps do, without an engine: the sweep, then the sync of what it found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from world import PAIR

from flows.registry import ENTITIES
from tasks.customers.entity import CUSTOMERS
from tasks.orders.entity import ORDERS, recheck_unsent
from tasks.reconciler.sweep import sweep
from tasks.refunds.entity import REFUNDS
from tasks.shipments.entity import SHIPMENTS


def sweep_orders() -> dict[str, Any]:
    return _swept(lambda pair: sweep(pair, ORDERS), "orders")


def recheck_orders() -> dict[str, Any]:
    return _swept(recheck_unsent, "orders")


def sweep_shipments() -> dict[str, Any]:
    return _swept(lambda pair: sweep(pair, SHIPMENTS), "shipments")


def sweep_refunds() -> dict[str, Any]:
    return _swept(lambda pair: sweep(pair, REFUNDS), "refunds")


def sweep_customers() -> dict[str, Any]:
    return _swept(lambda pair: sweep(pair, CUSTOMERS), "customers")


def _swept(sweep: Callable[[str], dict[str, Any]], entity: str) -> dict[str, Any]:
    found = sweep(PAIR)
    asyncio.run(ENTITIES[entity].sync.fn(PAIR))
    return found
