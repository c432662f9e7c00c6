"""Stock, from Brightpearl to BigCommerce. Read top to bottom: it is the way of one SKU."""

from __future__ import annotations

from typing import Any

from tasks.reconciler.defects import isolated
from tasks.reconciler.gate import validate
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle
from tasks.stock.availability import wake_waiting
from tasks.stock.entity import STOCK
from tasks.stock.extract import extract_stock, resolve_keys
from tasks.stock.frames import map_stock
from tasks.stock.load import link_stock, load_stock, outcomes_of
from tasks.stock.plan import plan_stock

ENTITY = STOCK


async def sync(
    pair: str = "default",
    *,
    dry_run: bool = False,
    keys: list[str] | None = None,
    with_backfill: bool = True,
) -> dict[str, Any]:
    """Put on sale what Brightpearl can promise of the SKUs in the inbox.

    Drains the inbox in batches until nothing is due.

    Args:
        pair: Which store and account, by the name that the settings give them.
        dry_run: Only show what would be written, in the run's artifact; nothing is written.
        keys: What to sync: SKUs, or `product:1007` of Brightpearl, `variant:77` of BigCommerce.
            They are worked on whether they are due or not. Left out, whatever is due.
        with_backfill: Also take what a backfill made due. A run that events started leaves that to
            others, so that it never waits for it.

    Raises: ConfigError (credentials, settings, mappings), ContractError; keys stay due.
    """
    with Run(STOCK, pair, dry_run=dry_run, with_backfill=with_backfill) as run:
        while run.claim(only=keys):
            with isolated(run):
                skus, skipped = resolve_keys(run)
                found = validate(run, extract_stock(run, skus))
                desired = validate(run, map_stock(run, found))
                wake_waiting(run, found, desired)
                planned = plan_stock(run, found, desired)
                applied = load_stock(run, found, planned)
                link_stock(run, applied, desired)
                outcomes = outcomes_of(run, applied)
                settle(run, list(planned.records()), [*outcomes, *skipped])
    return run.conclusion()
