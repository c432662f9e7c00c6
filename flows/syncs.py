"""The syncs by entity: what commands and the worker can run."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from prefect import Flow

from flows.orders import audit_orders, sweep_orders, sync_orders
from flows.refunds import audit_refunds, sweep_refunds, sync_refunds
from flows.shipments import audit_shipments, sweep_shipments, sync_shipments
from flows.stock import audit_stock, sweep_stock, sync_stock
from tasks.orders.entity import changed_orders, placed_orders
from tasks.reconciler.connections import Connections
from tasks.refunds.entity import refunded_orders
from tasks.shipments.entity import shipped_notes
from tasks.stock.entity import moved_products

Runs = Flow[..., Coroutine[Any, Any, dict[str, Any]]]
Window = Callable[[Connections, datetime, datetime | None], list[str]]
"""Keys of what happened from a moment on, until another one if it is given."""


@dataclass(frozen=True)
class Sync:
    """The flows of one entity, and how its keys are found by time."""

    sync: Runs
    sweep: Runs
    audit: Runs
    changed: Window
    """What changed in a window: `causeway sync --since`."""
    came: Window
    """What came into being in a window: `causeway backfill`."""


SYNCS: Mapping[str, Sync] = {
    "orders": Sync(sync_orders, sweep_orders, audit_orders, changed_orders, placed_orders),
    "shipments": Sync(
        sync_shipments, sweep_shipments, audit_shipments, shipped_notes, shipped_notes
    ),
    "stock": Sync(sync_stock, sweep_stock, audit_stock, moved_products, moved_products),
    "refunds": Sync(sync_refunds, sweep_refunds, audit_refunds, refunded_orders, refunded_orders),
}
