"""Orders, from BigCommerce to Brightpearl. Read top to bottom: it is the path of one order."""

from __future__ import annotations

from tasks.orders.account import extract_account
from tasks.orders.checks import check_orders
from tasks.orders.entity import ORDERS
from tasks.orders.extract import extract_orders
from tasks.orders.frames import desired_orders, map_orders
from tasks.orders.load import link_orders, load_orders
from tasks.orders.operations import Rules
from tasks.orders.plan import plan_orders
from tasks.reconciler.gate import validate
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle

ENTITY = ORDERS
KEYS = "Orders to sync, by their BigCommerce ids."


def sync(run: Run) -> None:
    """Bring Brightpearl into agreement with the store's orders."""
    read = extract_orders(run)
    found = validate(run, read.found)
    orders = desired_orders(validate(run, map_orders(run, found)))
    rules = Rules.of(run)
    account = extract_account(run, orders, rules)
    checks = check_orders(run, read, account.orders)
    plans = plan_orders(orders, account, rules, checks)
    records = load_orders(run, plans, account)
    settle(run, plans, link_orders(run, read, records))
