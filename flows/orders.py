"""Orders, from BigCommerce to Brightpearl. Read top to bottom: it is the path of one order."""

from __future__ import annotations

from typing import Any

from prefect import flow

from flows.scheduled import audit_flow, sweep_flow
from tasks.orders.account import extract_account
from tasks.orders.checks import check_orders
from tasks.orders.entity import ORDERS, recheck_unsent
from tasks.orders.extract import extract_orders
from tasks.orders.frames import desired_orders, map_orders
from tasks.orders.load import link_orders, load_orders
from tasks.orders.operations import Rules
from tasks.orders.plan import plan_orders
from tasks.reconciler.defects import isolated
from tasks.reconciler.gate import validate
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle


@flow(name="sync-orders", persist_result=False)
async def sync_orders(
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


sweep_orders = sweep_flow(ORDERS, sync_orders)
audit_orders = audit_flow(ORDERS)


@flow(name="recheck-orders", flow_run_name="recheck-orders {pair}", persist_result=False)
async def recheck_orders(pair: str = "default") -> dict[str, Any]:
    """Compare every order that has not left with its sales order, and bring both into agreement.

    Finds edits whose event was lost, and what staff changed in Brightpearl.

    Args:
        pair: Which store and account, by the name that the settings give them.
    """
    checked = recheck_unsent(pair)
    await sync_orders(pair)
    return checked
