"""Orders, from BigCommerce to Brightpearl. Read top to bottom: it is the path of one order."""

from __future__ import annotations

from typing import Any

from tasks.orders.account import extract_account
from tasks.orders.checks import check_orders
from tasks.orders.entity import ORDERS
from tasks.orders.extract import extract_orders
from tasks.orders.frames import desired_orders, map_orders
from tasks.orders.load import link_orders, load_orders
from tasks.orders.operations import Rules
from tasks.orders.plan import plan_orders
from tasks.reconciler.defects import isolated
from tasks.reconciler.gate import validate
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle

ENTITY = ORDERS


async def sync(
    pair: str = "default",
    *,
    dry_run: bool = False,
    keys: list[str] | None = None,
    with_backfill: bool = True,
) -> dict[str, Any]:
    """Bring Brightpearl into agreement with the orders whose keys are in the inbox.

    Drains the inbox in batches until nothing is due.

    Args:
        pair: Which store and account, by the name that the settings give them.
        dry_run: Only show what would be written, in the run's artifact; nothing is written.
        keys: Orders to sync, by their BigCommerce ids.
            They are worked on whether they are due or not. Left out, whatever is due.
        with_backfill: Also take what a backfill made due. A run that events started leaves that to
            others, so that it never waits for it.

    Raises: ConfigError (credentials, settings, mappings), ContractError; keys stay due.
    """
    with Run(ORDERS, pair, dry_run=dry_run, with_backfill=with_backfill) as run:
        while run.claim(only=keys):
            with isolated(run):
                read = extract_orders(run)
                found = validate(run, read.found)
                orders = desired_orders(validate(run, map_orders(run, found)))
                rules = Rules.of(run)
                account = extract_account(run, orders, rules)
                checks = check_orders(run, read, account.orders)
                plans = plan_orders(orders, account, rules, checks)
                records = load_orders(run, plans, account)
                settle(run, plans, link_orders(run, read, records))
    return run.conclusion()
