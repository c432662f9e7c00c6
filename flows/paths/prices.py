"""Prices, from Brightpearl to BigCommerce. Read top to bottom: it is the path of one SKU."""

from __future__ import annotations

from tasks.prices.entity import PRICES
from tasks.prices.extract import extract_prices, resolve_keys
from tasks.prices.frames import Desired
from tasks.prices.operations import load_prices
from tasks.prices.plan import hold_unusual, plan_prices
from tasks.reconciler.gate import validate
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle

ENTITY = PRICES
KEYS = "What to sync: SKUs, or `product:1007` by Brightpearl's id."


def sync(run: Run) -> None:
    """Give BigCommerce's catalogue and price lists Brightpearl's prices."""
    skus, others = resolve_keys(run)
    read, left = extract_prices(run, skus)
    found = validate(run, read)
    desired = validate(run, Desired.mapped(run.bundle, found))
    plans = plan_prices(run, found, desired)
    hold_unusual(run, plans)
    settle(run, plans, [*others, *left, *load_prices(run, plans)])
