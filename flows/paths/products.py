"""Products, both ways. Read top to bottom: it is the way of one product."""

from __future__ import annotations

from tasks.products.entity import PRODUCTS
from tasks.products.extract import extract_products
from tasks.products.frames import Desired, flatten
from tasks.products.operations import link_products, load_products
from tasks.products.plan import plan_products
from tasks.reconciler.gate import validate
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle

ENTITY = PRODUCTS
KEYS = "What to sync: `product:1007` or `group:12` of Brightpearl, `store:77` of BigCommerce."


def sync(run: Run) -> None:
    """Bring the products into agreement."""
    families, skipped = extract_products(run)
    found = validate(run, flatten(run, families))
    desired = validate(run, Desired.mapped(run.bundle, found))
    plans = plan_products(run, families, desired)
    outcomes = link_products(run, load_products(run, plans))
    settle(run, plans, [*skipped, *outcomes])
