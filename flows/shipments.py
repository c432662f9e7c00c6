"""Shipments, from Brightpearl to BigCommerce. Read top to bottom: it is the path of one note."""

from __future__ import annotations

from typing import Any

from prefect import flow

from flows.scheduled import audit_flow, sweep_flow
from tasks.reconciler.defects import isolated
from tasks.reconciler.gate import validate
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle
from tasks.shipments.entity import SHIPMENTS
from tasks.shipments.extract import extract_shipments, identify_orders, read_shipments
from tasks.shipments.frames import desired_parts, map_shipments
from tasks.shipments.operations import link_shipments, load_shipments
from tasks.shipments.plan import plan_shipments


@flow(name="sync-shipments", persist_result=False)
async def sync_shipments(
    pair: str = "default",
    *,
    dry_run: bool = False,
    keys: list[str] | None = None,
    with_backfill: bool = True,
) -> dict[str, Any]:
    """Ship in BigCommerce what left Brightpearl's warehouses, of the keys in the inbox.

    Drains the inbox in batches until nothing is due. Keys of a backfill only with
    `with_backfill`: a run that events started leaves them to others, so that it never waits for
    them. `dry_run` shows the plan and writes nothing;
    with it, `keys` names what to plan instead: `note-17`, `drop-5`, or a BigCommerce order.

    Raises: ConfigError (credentials, settings, mappings), ContractError; keys stay due.
    """
    with Run(SHIPMENTS, pair, dry_run=dry_run, with_backfill=with_backfill) as run:
        while run.claim(only=keys):
            with isolated(run):
                found = validate(run, extract_shipments(run, identify_orders(run)))
                parts = desired_parts(validate(run, map_shipments(run, found)))
                states = read_shipments(run, parts, found.states)
                plans = plan_shipments(run, parts, states)
                records = load_shipments(run, plans)
                settle(run, plans, link_shipments(run, found, records))
    return run.report.to_json()


sweep_shipments = sweep_flow(SHIPMENTS, sync_shipments)
audit_shipments = audit_flow(SHIPMENTS)
