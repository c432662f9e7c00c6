"""Refunds and returns, both ways. Read top to bottom: it is the way of one order's refunds."""

from __future__ import annotations

from typing import Any

from tasks.reconciler.defects import isolated
from tasks.reconciler.gate import validate
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle
from tasks.refunds.entity import REFUNDS
from tasks.refunds.extract import extract_refunds
from tasks.refunds.frames import flatten, map_refunds
from tasks.refunds.load import link_credits, load_refunds
from tasks.refunds.plan import plan_refunds

ENTITY = REFUNDS


async def sync(
    pair: str = "default",
    *,
    dry_run: bool = False,
    keys: list[str] | None = None,
    with_backfill: bool = True,
) -> dict[str, Any]:
    """Bring Brightpearl's sales credits into agreement with the refunds of the orders in the inbox.

    Credits that staff made become refunds in BigCommerce, where policy says so. Drains the inbox
    in batches until nothing is due.

    Args:
        pair: Which store and account, by the name that the settings give them.
        dry_run: Only show what would be written, in the run's artifact; nothing is written.
        keys: Orders whose refunds to sync, by their BigCommerce ids.
            They are worked on whether they are due or not. Left out, whatever is due.
        with_backfill: Also take what a backfill made due. A run that events started leaves that to
            others, so that it never waits for it.

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
    return run.conclusion()
