"""Orders, from BigCommerce to Brightpearl. Read top to bottom: it is the way of one order."""

from __future__ import annotations

from typing import Any

from prefect import flow

from tasks.claim import Run
from tasks.orders.actual import extract_actual
from tasks.orders.audit import audit
from tasks.orders.decide import decided
from tasks.orders.extract import extract_orders
from tasks.orders.load import load_orders
from tasks.orders.plan import plan_orders
from tasks.orders.settle import settle_orders
from tasks.orders.sweep import recheck_orders as recheck
from tasks.orders.sweep import sweep_orders as sweep
from tasks.orders.transform import transform_orders
from tasks.orders.validate import validate_desired, validate_found
from tasks.reference import learn


@flow(name="sync-orders", persist_result=False)
async def sync_orders(
    pair: str = "default", *, dry_run: bool = False, keys: list[str] | None = None
) -> dict[str, Any]:
    """Bring Brightpearl into agreement with the orders whose keys are in the inbox.

    Drains the inbox in batches until nothing is due. `dry_run` shows the plan and writes nothing;
    with it, `keys` names the orders to look at instead of those that are due.

    Raises: ConfigError (credentials, settings, mappings), ContractError; keys stay due.
    """
    with Run("sync-orders", "orders", pair, dry_run=dry_run) as run:
        while (batch := run.claim(only=keys)).claims:
            read = extract_orders(run, batch)
            accepted = validate_found(run, read.found)
            known = learn(run, accepted)
            transformed = transform_orders(accepted, known, run.bundle, run.world.pair.orders)
            desired = validate_desired(run, transformed)
            rules = decided(run)
            actual = extract_actual(run, desired, rules)
            plan = plan_orders(desired, actual, rules)
            outcomes = load_orders(run, plan, actual, rules)
            settle_orders(run, batch, read, plan, outcomes)
    return run.report.to_json()


@flow(name="sweep-orders", persist_result=False)
async def sweep_orders(pair: str = "default") -> dict[str, Any]:
    """Put every order that changed since the last sweep into the inbox, then drain it.

    Heals lost webhooks: it costs minutes, not an order.
    """
    swept = sweep(pair)
    await sync_orders(pair)
    return swept


@flow(name="recheck-orders", persist_result=False)
async def recheck_orders(pair: str = "default") -> dict[str, Any]:
    """Compare every order that has not left with its sales order, and bring both into agreement.

    Finds edits whose event was lost, and what staff changed in Brightpearl.
    """
    checked = recheck(pair)
    await sync_orders(pair)
    return checked


@flow(name="audit-orders", persist_result=False)
async def audit_orders(pair: str = "default", days: int | None = None) -> dict[str, Any]:
    """Prove that no order of the last `days` is missing, doubled or a cent off; re-queue gaps."""
    return audit(pair, days)
