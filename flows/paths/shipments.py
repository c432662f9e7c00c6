"""Shipments, from Brightpearl to BigCommerce. Read top to bottom: it is the path of one note."""

from __future__ import annotations

from typing import Any

from tasks.reconciler.defects import isolated
from tasks.reconciler.gate import validate
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle
from tasks.shipments.entity import SHIPMENTS
from tasks.shipments.extract import extract_shipments, identify_orders, read_shipments
from tasks.shipments.frames import desired_parts, map_shipments
from tasks.shipments.operations import link_shipments, load_shipments
from tasks.shipments.plan import plan_shipments

ENTITY = SHIPMENTS


async def sync(
    pair: str = "default",
    *,
    dry_run: bool = False,
    keys: list[str] | None = None,
    with_backfill: bool = True,
) -> dict[str, Any]:
    """Ship in BigCommerce what left Brightpearl's warehouses, of the keys in the inbox.

    Drains the inbox in batches until nothing is due.

    Args:
        pair: Which store and account, by the name that the settings give them.
        dry_run: Only show what would be written, in the run's artifact; nothing is written.
        keys: What to sync: orders by their BigCommerce ids, or `note-17`, `drop-5`.
            They are worked on whether they are due or not. Left out, whatever is due.
        with_backfill: Also take what a backfill made due. A run that events started leaves that to
            others, so that it never waits for it.

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
    return run.conclusion()
