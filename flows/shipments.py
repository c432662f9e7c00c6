"""Shipments, from Brightpearl to BigCommerce. Read top to bottom: it is the way of one note."""

from __future__ import annotations

from typing import Any

from prefect import flow

from tasks.claim import Run
from tasks.shipments.actual import extract_actual
from tasks.shipments.audit import audit
from tasks.shipments.extract import extract_shipments
from tasks.shipments.load import load_shipments
from tasks.shipments.notes import identify
from tasks.shipments.plan import plan_shipments, scene_of
from tasks.shipments.settle import settle_shipments
from tasks.shipments.sweep import sweep_shipments as sweep
from tasks.shipments.transform import transform_shipments
from tasks.shipments.validate import validate_desired, validate_found


@flow(name="sync-shipments", persist_result=False)
async def sync_shipments(
    pair: str = "default", *, dry_run: bool = False, keys: list[str] | None = None
) -> dict[str, Any]:
    """Tell BigCommerce what left Brightpearl's warehouses, of the notes and orders in the inbox.

    Drains the inbox in batches until nothing is due. `dry_run` shows the plan and writes nothing;
    with it, `keys` names what to look at instead: `note-17`, `drop-5`, or a BigCommerce order.

    Raises: ConfigError (credentials, settings, mappings), ContractError; keys stay due.
    """
    with Run("sync-shipments", "shipments", pair, dry_run=dry_run) as run:
        while (batch := run.claim(only=keys)).claims:
            named = identify(run, batch)
            read = extract_shipments(run, named)
            accepted = validate_found(run, read.found)
            transformed = transform_shipments(accepted, run.bundle)
            desired = validate_desired(run, transformed)
            actual = extract_actual(run, desired, read.standings)
            plan = plan_shipments(desired, actual, scene_of(run))
            outcomes = load_shipments(run, plan)
            settle_shipments(run, read, plan, outcomes)
    return run.report.to_json()


@flow(name="sweep-shipments", persist_result=False)
async def sweep_shipments(pair: str = "default") -> dict[str, Any]:
    """Put every note that left since the last sweep into the inbox, then drain it.

    Heals lost notices: it costs minutes, not a shipment.
    """
    swept = sweep(pair)
    await sync_shipments(pair)
    return swept


@flow(name="audit-shipments", persist_result=False)
async def audit_shipments(pair: str = "default", days: int | None = None) -> dict[str, Any]:
    """Prove that the units that left in the last `days` stand in the store; re-queue gaps."""
    return audit(pair, days)
