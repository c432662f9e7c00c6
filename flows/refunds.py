"""Refunds and returns, both ways. Read top to bottom: it is the way of one order's refunds."""

from __future__ import annotations

from typing import Any

from prefect import flow

from flows.scheduled import audit_flow, sweep_flow
from tasks.reconciler.defects import isolated
from tasks.reconciler.gate import validate
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle
from tasks.refunds.entity import REFUNDS
from tasks.refunds.extract import extract_refunds
from tasks.refunds.frames import flatten, map_refunds
from tasks.refunds.load import link_credits, load_refunds
from tasks.refunds.plan import plan_refunds


@flow(name="sync-refunds", persist_result=False)
async def sync_refunds(
    pair: str = "default",
    *,
    dry_run: bool = False,
    keys: list[str] | None = None,
    with_backfill: bool = True,
) -> dict[str, Any]:
    """Bring Brightpearl's sales credits into agreement with the refunds of the orders in the inbox.

    Credits that staff made become refunds in BigCommerce, where policy says so. Drains the inbox in
    batches until nothing is due. `dry_run` shows the plan and writes nothing; with it, `keys` names
    the orders to plan for instead of those that are due.

    Raises: ConfigError (credentials, settings, mappings), ContractError; keys stay due.
    """
    with Run(REFUNDS, pair, dry_run=dry_run, with_backfill=with_backfill) as run:
        while run.claim(only=keys):
            with isolated(run):
                orders, skipped = extract_refunds(run)
                found = validate(run, flatten(orders))
                desired = validate(run, map_refunds(run, found))
                plans = plan_refunds(run, orders, desired)
                outcomes = link_credits(run, load_refunds(run, plans))
                settle(run, plans, [*skipped, *outcomes])
    return run.report.to_json()


sweep_refunds = sweep_flow(REFUNDS, sync_refunds)
audit_refunds = audit_flow(REFUNDS)
