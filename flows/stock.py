"""Flows of stock, from Brightpearl to BigCommerce; `paths/stock.py` is the way of one SKU."""

from __future__ import annotations

from typing import Any

from prefect import flow

from connectors.budget import Priority
from flows.paths import stock
from flows.scheduled import audit_flow, sweep_flow, sync_flow
from tasks.reconciler.gate import validate
from tasks.reconciler.run import Run
from tasks.stock.availability import wake_waiting
from tasks.stock.entity import STOCK, conclude_reconciliation
from tasks.stock.extract import extract_stock
from tasks.stock.load import link_stock, load_stock
from tasks.stock.plan import map_all, plan_stock

sync_stock = sync_flow(stock)


@flow(name="reconcile-stock", flow_run_name="reconcile-stock {pair}", persist_result=False)
async def reconcile_stock(pair: str = "default", *, dry_run: bool = False) -> dict[str, Any]:
    """Compare all stock, repair what differs, say how accurate it was; events' keys go first.

    Args:
        pair: Which store and account, by the name that the settings give them.
        dry_run: Only show what would be written; nothing is written.

    Raises: ConfigError, ContractError; also when it would take too much off sale.
    """
    with Run(
        STOCK,
        pair,
        flow="reconcile-stock",
        dry_run=dry_run,
        keeps_report=False,
        priority=Priority.CATALOGUE,
    ) as run:
        found, mapped = map_all(run, validate(run, extract_stock(run, None)))
        desired = validate(run, mapped)
        wake_waiting(run, found, desired)
        planned = plan_stock(run, found, desired)
        applied = load_stock(run, found, planned)
        link_stock(run, applied, desired)
        return conclude_reconciliation(run, applied, desired)


sweep_stock = sweep_flow(STOCK, sync_stock)
audit_stock = audit_flow(STOCK)
