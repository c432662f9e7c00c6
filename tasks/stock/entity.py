"""Stock as an entity: what its sweep reads, its windows of time, its audit.

A reservation moves no goods, so the sweep does not replace the hourly audit. Source: fact
sheet, availability has no search of its own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors.budget import Priority
from core.ids import PRODUCT
from tasks.policy import with_retries
from tasks.reconciler.connections import Connections
from tasks.reconciler.gate import validate
from tasks.reconciler.registry import Entity, Source
from tasks.reconciler.run import Run
from tasks.stock.audit import conclude_audit
from tasks.stock.availability import wake_waiting
from tasks.stock.extract import extract_stock
from tasks.stock.frames import map_stock


def audit(pair: str, days: int | None = None) -> dict[str, Any]:
    """Compare all stock, write nothing to either system; what drifted is re-queued.

    `days` means nothing here: stock is of this moment. Raises: ConfigError, ContractError.
    """
    del days
    with Run(
        STOCK, pair, flow="audit-stock", keeps_report=False, priority=Priority.BACKFILL
    ) as run:
        found = validate(run, extract_stock(run, None))
        desired = validate(run, map_stock(run, found))
        wake_waiting(run, found, desired)
        return conclude_audit(run, found, desired)


def reconciliation(pair: str, *, dry_run: bool) -> Run:
    """A run over all stock, which lets what events name go first."""
    return Run(
        STOCK,
        pair,
        flow="reconcile-stock",
        dry_run=dry_run,
        keeps_report=False,
        priority=Priority.CATALOGUE,
    )


def moved_products(
    connections: Connections, since: datetime, until: datetime | None = None
) -> list[str]:
    """Keys of the products whose goods moved in a window, each once.

    Raises: TransientError, ConfigError.
    """
    moved = with_retries(lambda: list(connections.brightpearl.list_movements(since)))
    found = (
        f"{PRODUCT}{one.product_id}"
        for one in moved
        if until is None or one.updated_on is None or one.updated_on <= until
    )
    return list(dict.fromkeys(found))


STOCK = Entity(
    name="stock",
    priority=Priority.STOCK,
    suites="expectations.stock",
    sources=[Source("stock-swept", "brightpearl", moved_products)],
    changed=moved_products,
    created=moved_products,
    audit=audit,
)
