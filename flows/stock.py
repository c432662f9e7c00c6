"""Stock, from Brightpearl to BigCommerce. Read top to bottom: it is the way of one SKU."""

from __future__ import annotations

from typing import Any

from prefect import flow

from tasks.claim import Run
from tasks.stock.audit import conclude_audit
from tasks.stock.keys import identify
from tasks.stock.load import load_stock
from tasks.stock.look import look
from tasks.stock.reconcile import conclude_reconciliation
from tasks.stock.scene import plan_stock
from tasks.stock.settle import settle_stock
from tasks.stock.sweep import sweep_stock as sweep
from tasks.stock.transform import transform_stock
from tasks.stock.validate import validate_levels, validate_look


@flow(name="sync-stock", persist_result=False)
async def sync_stock(
    pair: str = "default", *, dry_run: bool = False, keys: list[str] | None = None
) -> dict[str, Any]:
    """Put on sale what Brightpearl can promise of the SKUs in the inbox.

    Drains the inbox in batches until nothing is due. `dry_run` shows the plan and writes nothing;
    with it, `keys` names what to look at instead: a SKU, `product:1007`, or `variant:77`.

    Raises: ConfigError (credentials, settings, mappings), ContractError; keys stay due.
    """
    with Run("sync-stock", "stock", pair, dry_run=dry_run) as run:
        while (batch := run.claim(only=keys)).claims:
            named = identify(run, batch)
            seen = validate_look(run, look(run, named.skus))
            levels = validate_levels(run, transform_stock(run, seen))
            plan = plan_stock(run, levels, seen)
            loaded = load_stock(run, plan, seen)
            settle_stock(run, seen, plan, loaded, named.strangers)
    return run.report.to_json()


@flow(name="reconcile-stock", persist_result=False)
async def reconcile_stock(pair: str = "default", *, dry_run: bool = False) -> dict[str, Any]:
    """Compare all stock, repair what differs, say how accurate it was.

    Raises: ConfigError, ContractError; also when it would take too much off sale.
    """
    with Run("reconcile-stock", "stock", pair, dry_run=dry_run, keeps_report=False) as run:
        seen = validate_look(run, look(run, None))
        levels = validate_levels(run, transform_stock(run, seen))
        plan = plan_stock(run, levels, seen)
        loaded = load_stock(run, plan, seen)
        return conclude_reconciliation(run, seen, levels, plan, loaded)


@flow(name="sweep-stock", persist_result=False)
async def sweep_stock(pair: str = "default") -> dict[str, Any]:
    """Put every product whose goods moved since the last sweep into the inbox, then drain it."""
    swept = sweep(pair)
    await sync_stock(pair)
    return swept


@flow(name="audit-stock", persist_result=False)
async def audit_stock(pair: str = "default", days: int | None = None) -> dict[str, Any]:
    """Compare all stock, write nothing to either system; what drifted is re-queued.

    `days` is there for all audits alike and means nothing here: stock is of this moment.
    """
    del days
    with Run("audit-stock", "stock", pair, keeps_report=False) as run:
        seen = validate_look(run, look(run, None))
        levels = validate_levels(run, transform_stock(run, seen))
        return conclude_audit(run, seen, levels)
