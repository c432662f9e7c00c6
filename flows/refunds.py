"""Refunds and returns, both ways. Read top to bottom: it is the way of one order's refunds."""

from __future__ import annotations

from typing import Any

from prefect import flow

from tasks.claim import Run
from tasks.refunds.actual import extract_account
from tasks.refunds.audit import audit
from tasks.refunds.extract import extract_refunds
from tasks.refunds.load import load_refunds
from tasks.refunds.missing import set_aside
from tasks.refunds.plan import plan_refunds
from tasks.refunds.reference import learn
from tasks.refunds.scene import compare
from tasks.refunds.settle import settle_refunds
from tasks.refunds.sweep import sweep_refunds as sweep
from tasks.refunds.transform import transform_refunds
from tasks.refunds.validate import validate_desired, validate_found


@flow(name="sync-refunds", persist_result=False)
async def sync_refunds(
    pair: str = "default", *, dry_run: bool = False, keys: list[str] | None = None
) -> dict[str, Any]:
    """Bring Brightpearl's sales credits into agreement with the refunds of the orders in the inbox.

    Credits that staff made become refunds in BigCommerce, where policy says so. Drains the inbox in
    batches until nothing is due. `dry_run` shows the plan and writes nothing; with it, `keys` names
    the orders to look at instead of those that are due.

    Raises: ConfigError (credentials, settings, mappings), ContractError; keys stay due.
    """
    with Run("sync-refunds", "refunds", pair, dry_run=dry_run) as run:
        while (batch := run.claim(only=keys)).claims:
            read = extract_refunds(run, batch)
            actual = extract_account(run, read)
            split = set_aside(run, read, actual)
            compared = compare(run, read, actual, split)
            known = learn(run)
            found = validate_found(run, compared.found)
            transformed = transform_refunds(found, known, run.bundle)
            desired = validate_desired(run, transformed, found)
            plan = plan_refunds(compared.scene.without(run.refused_keys), desired)
            outcomes = load_refunds(run, plan, known)
            settle_refunds(run, batch, split.asides, plan, outcomes)
    return run.report.to_json()


@flow(name="sweep-refunds", persist_result=False)
async def sweep_refunds(pair: str = "default") -> dict[str, Any]:
    """Put every order with a new refund, or a changed credit, into the inbox, then drain it.

    Heals lost webhooks, and finds what staff credited: nothing announces that.
    """
    swept = sweep(pair)
    await sync_refunds(pair)
    return swept


@flow(name="audit-refunds", persist_result=False)
async def audit_refunds(pair: str = "default", days: int | None = None) -> dict[str, Any]:
    """Prove that every refund of the last `days` is credited and paid out, to the cent."""
    return audit(pair, days)
