"""Products, both ways. Read top to bottom: it is the way of one product."""

from __future__ import annotations

from typing import Any

from tasks.products.entity import PRODUCTS
from tasks.products.extract import extract_products
from tasks.products.frames import Desired, flatten
from tasks.products.operations import link_products, load_products
from tasks.products.plan import plan_products
from tasks.reconciler.defects import isolated
from tasks.reconciler.gate import validate
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle

ENTITY = PRODUCTS


async def sync(
    pair: str = "default",
    *,
    dry_run: bool = False,
    keys: list[str] | None = None,
    with_backfill: bool = True,
) -> dict[str, Any]:
    """Bring the products in the inbox into agreement.

    Drains the inbox in batches until nothing is due.

    Args:
        pair: Which store and account, by the name that the settings give them.
        dry_run: Only show what would be written, in the run's artifact; nothing is written.
        keys: What to sync: `product:1007` or `group:12` of Brightpearl, `store:77` of BigCommerce.
            They are worked on whether they are due or not. Left out, whatever is due.
        with_backfill: Also take what a backfill made due. A run that events started leaves that to
            others, so that it never waits for it.

    Raises: ConfigError (credentials, settings, mappings), ContractError; keys stay due.
    """
    with Run(PRODUCTS, pair, dry_run=dry_run, with_backfill=with_backfill) as run:
        while run.claim(only=keys):
            with isolated(run):
                families, skipped = extract_products(run)
                found = validate(run, flatten(run, families))
                desired = validate(run, Desired.mapped(run.bundle, found))
                plans = plan_products(run, families, desired)
                outcomes = link_products(run, load_products(run, plans))
                settle(run, plans, [*skipped, *outcomes])
    return run.conclusion()
