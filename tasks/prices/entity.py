"""Prices as an entity: what its sweep asks for, and the audit of all of them.

Whether a change of a price counts as a change of its product is not documented, so that the nightly
audit, which compares every price, is what a changed price can rely on.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from connectors.budget import Priority
from core.ids import sku_key
from mappings.sku_names import SkuNames
from store.stock import Catalogue
from tasks.brightpearl.reference import changed_products, refresh_products
from tasks.prices.extract import extract_prices
from tasks.prices.frames import ENTITY, Desired
from tasks.prices.operations import PricePlan
from tasks.prices.plan import plan_prices
from tasks.reconciler.comparison import Comparison
from tasks.reconciler.gate import validate
from tasks.reconciler.registry import Entity, Source
from tasks.reconciler.run import Run


def _all_skus(run: Run) -> list[str]:
    refresh_products(run.connections)
    names = SkuNames(run.bundle.tables["skus"])
    return [sku for one in Catalogue(run.database).skus(run.pair) for sku in names.in_store(one)]


def _plan(run: Run, skus: Sequence[str]) -> Sequence[PricePlan]:
    read, _ = extract_prices(run, skus)
    found = validate(run, read)
    return plan_prices(run, found, validate(run, Desired.mapped(run.bundle, found)))


COMPARISON = Comparison(
    read=_all_skus,
    plan=_plan,
    says="The prices of {equal} of {records} SKUs are equal; {differing} differ, "
    "{waiting} wait for a person, {refused} cannot be synced.",
)


changed = partial(changed_products, with_sku=True)
PRICES: Entity = Entity(
    name=ENTITY,
    priority=Priority.CATALOGUE,
    suites="expectations.prices",
    sources=[Source("prices-swept", "brightpearl", changed)],
    changed=changed,
    created=changed,
    audit=lambda pair, _days: COMPARISON.audit(PRICES, pair),  # prices are of this moment
    key_of=sku_key,
)
