"""Stock, from Brightpearl to BigCommerce. Read top to bottom: it is the way of one SKU."""

from __future__ import annotations

from typing import Any

from prefect import flow

from connectors.budget import Priority
from flows.scheduled import audit_flow, sweep_flow
from tasks.reconciler.defects import isolated
from tasks.reconciler.gate import validate
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle
from tasks.stock.availability import wake_waiting
from tasks.stock.entity import STOCK, conclude_reconciliation
from tasks.stock.extract import extract_stock, resolve_keys
from tasks.stock.frames import map_stock
from tasks.stock.load import link_stock, load_stock, outcomes_of
from tasks.stock.plan import map_all, plan_stock


@flow(name="sync-stock", persist_result=False)
async def sync_stock(
    pair: str = "default",
    *,
    dry_run: bool = False,
    keys: list[str] | None = None,
    with_backfill: bool = True,
) -> dict[str, Any]:
    """Put on sale what Brightpearl can promise of the SKUs in the inbox.

    Drains the inbox in batches until nothing is due.

    Args:
        pair: Which store and account, by the name that the settings give them.
        dry_run: Only show what would be written, in the run's artifact; nothing is written.
        keys: What to sync: SKUs, or `product:1007` of Brightpearl, `variant:77` of BigCommerce.
            They are worked on whether they are due or not. Left out, whatever is due.
        with_backfill: Also take what a backfill made due. A run that events started leaves that to
            others, so that it never waits for it.

    Raises: ConfigError (credentials, settings, mappings), ContractError; keys stay due.
    """
    with Run(STOCK, pair, dry_run=dry_run, with_backfill=with_backfill) as run:
        while run.claim(only=keys):
            with isolated(run):
                skus, skipped = resolve_keys(run)
                found = validate(run, extract_stock(run, skus))
                desired = validate(run, map_stock(run, found))
                wake_waiting(run, found, desired)
                planned = plan_stock(run, found, desired)
                applied = load_stock(run, found, planned)
                link_stock(run, applied, desired)
                outcomes = outcomes_of(run, applied)
                settle(run, list(planned.records()), [*outcomes, *skipped])
    return run.conclusion()


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
