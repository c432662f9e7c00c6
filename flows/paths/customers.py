"""Customers, both ways. Read top to bottom: it is the way of one person."""

from __future__ import annotations

from typing import Any

from tasks.customers.entity import CUSTOMERS
from tasks.customers.extract import extract_customers, identify_customers
from tasks.customers.frames import Desired
from tasks.customers.operations import link_customers, load_customers
from tasks.customers.plan import plan_customers
from tasks.duplicates.merges import load_merges, plan_merges
from tasks.reconciler.defects import isolated
from tasks.reconciler.gate import validate
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle

ENTITY = CUSTOMERS


async def sync(
    pair: str = "default",
    *,
    dry_run: bool = False,
    keys: list[str] | None = None,
    with_backfill: bool = True,
) -> dict[str, Any]:
    """Make customers and their contacts agree, each field by its owner, of the keys in the inbox.

    Drains the inbox in batches until nothing is due.

    Args:
        pair: Which store and account, by the name that the settings give them.
        dry_run: Only show what would be written, in the run's artifact; nothing is written.
        keys: What to sync: customers by their BigCommerce ids, or `contact:9` of Brightpearl.
            Or `merge:201-305`, contacts of one person whose merge a person approved.
            They are worked on whether they are due or not. Left out, whatever is due.
        with_backfill: Also take what a backfill made due. A run that events started leaves that to
            others, so that it never waits for it.

    Raises: ConfigError (credentials, settings, mappings), ContractError; keys stay due.
    """
    with Run(CUSTOMERS, pair, dry_run=dry_run, with_backfill=with_backfill) as run:
        while run.claim(only=keys):
            with isolated(run):
                fresh, skipped = identify_customers(run)
                read, absent = extract_customers(run, fresh)
                found = validate(run, read)
                desired = validate(run, Desired.mapped(run.bundle, found))
                plans = plan_customers(run, found, desired)
                outcomes = link_customers(run, load_customers(run, plans))
                merges, unmerged = plan_merges(run)
                merged = load_merges(run, merges)
                others = [*skipped, *absent, *unmerged]
                settle(run, [*plans, *merges], [*others, *outcomes, *merged])
    return run.conclusion()
