"""Customers, both ways. Read top to bottom: it is the way of one person."""

from __future__ import annotations

from tasks.customers.entity import CUSTOMERS
from tasks.customers.extract import extract_customers, identify_customers
from tasks.customers.frames import Desired
from tasks.customers.operations import link_customers, load_customers
from tasks.customers.plan import plan_customers
from tasks.duplicates.merges import load_merges, plan_merges
from tasks.reconciler.gate import validate
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle

ENTITY = CUSTOMERS
KEYS = (
    "What to sync: customers by their BigCommerce ids, or `contact:9` of Brightpearl. Or "
    "`merge:201-305`, contacts of one person whose merge a person approved."
)


def sync(run: Run) -> None:
    """Make customers and their contacts agree, each field by its owner."""
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
