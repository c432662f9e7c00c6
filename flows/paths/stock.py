"""Stock, from Brightpearl to BigCommerce. Read top to bottom: it is the way of one SKU."""

from __future__ import annotations

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
KEYS = "What to sync: SKUs, or `product:1007` of Brightpearl, `variant:77` of BigCommerce."


def sync(run: Run) -> None:
    """Put on sale what Brightpearl can promise of the SKUs."""
    skus, skipped = resolve_keys(run)
    found = validate(run, extract_stock(run, skus))
    desired = validate(run, map_stock(run, found))
    wake_waiting(run, found, desired)
    planned = plan_stock(run, found, desired)
    applied = load_stock(run, found, planned)
    link_stock(run, applied, desired)
    outcomes = outcomes_of(run, applied)
    settle(run, list(planned.records()), [*outcomes, *skipped])
