"""Prices, from Brightpearl to BigCommerce. Read top to bottom: it is the path of one SKU."""

from __future__ import annotations

from typing import Any

from tasks.prices.entity import PRICES
from tasks.prices.extract import extract_prices, resolve_keys
from tasks.prices.frames import Desired
from tasks.prices.operations import load_prices
from tasks.prices.plan import hold_unusual, plan_prices
from tasks.reconciler.defects import isolated
from tasks.reconciler.gate import validate
from tasks.reconciler.holds import end_releases
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle

ENTITY = PRICES


async def sync(
    pair: str = "default",
    *,
    dry_run: bool = False,
    keys: list[str] | None = None,
    with_backfill: bool = True,
) -> dict[str, Any]:
    """Give BigCommerce's catalogue and price lists Brightpearl's prices, of the keys in the inbox.

    Drains the inbox in batches until nothing is due.

    Args:
        pair: Which store and account, by the name that the settings give them.
        dry_run: Only show what would be written, in the run's artifact; nothing is written.
        keys: What to sync: SKUs, or `product:1007` by Brightpearl's id.
            They are worked on whether they are due or not. Left out, whatever is due.
        with_backfill: Also take what a backfill made due. A run that events started leaves that to
            others, so that it never waits for it.

    Raises: ConfigError (credentials, settings, mappings), ContractError; keys stay due.
    """
    with Run(PRICES, pair, dry_run=dry_run, with_backfill=with_backfill) as run:
        while run.claim(only=keys):
            with isolated(run):
                skus, others = resolve_keys(run)
                read, left = extract_prices(run, skus)
                found = validate(run, read)
                desired = validate(run, Desired.mapped(run.bundle, found))
                plans = plan_prices(run, found, desired)
                hold_unusual(run, plans)
                settle(run, plans, [*others, *left, *load_prices(run, plans)])
        end_releases(run)
    return run.conclusion()
