"""Refunds and returns, both ways. Read top to bottom: it is the way of one order's refunds."""

from __future__ import annotations

from tasks.reconciler.gate import validate
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle
from tasks.refunds.entity import REFUNDS
from tasks.refunds.extract import extract_refunds
from tasks.refunds.frames import flatten, map_refunds
from tasks.refunds.load import link_credits, load_refunds
from tasks.refunds.plan import plan_refunds

ENTITY = REFUNDS
KEYS = "Orders whose refunds to sync, by their BigCommerce ids."


def sync(run: Run) -> None:
    """Bring Brightpearl's sales credits into agreement with the refunds of the store's orders.

    Credits that staff made become refunds in BigCommerce, where policy says so.
    """
    orders, skipped = extract_refunds(run)
    found = validate(run, flatten(orders))
    desired = validate(run, map_refunds(run, found))
    plans = plan_refunds(run, orders, desired)
    outcomes = link_credits(run, load_refunds(run, plans))
    settle(run, plans, [*skipped, *outcomes])
