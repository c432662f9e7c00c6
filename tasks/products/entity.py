"""Products as an entity: where a sweep asks what changed, and how all of them are compared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.budget import Priority
from core.ids import STORE_PRODUCT
from tasks.brightpearl.reference import changed_products
from tasks.policy import with_retries
from tasks.products.extract import extract_families
from tasks.products.frames import Desired, flatten
from tasks.products.matching import Family
from tasks.products.operations import link_products, load_products
from tasks.products.plan import ProductPlan, plan_products
from tasks.reconciler.comparison import DIFFERING, REFUSED, Comparison
from tasks.reconciler.connections import Connections
from tasks.reconciler.gate import validate
from tasks.reconciler.registry import Entity, Source
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle


def changed_in_store(
    connections: Connections, since: datetime, until: datetime | None = None
) -> list[str]:
    """Keys of the store's products that changed. Raises: TransientError, ConfigError."""
    store = connections.bigcommerce
    ids = with_retries(lambda: store.list_changed_products(since, until))
    return [f"{STORE_PRODUCT}{one}" for one in ids]


def _sync(run: Run, families: Sequence[Family]) -> Sequence[ProductPlan]:
    found = validate(run, flatten(run, families))
    desired = validate(run, Desired.mapped(run.bundle, found))
    plans = plan_products(run, families, desired)
    settle(run, plans, link_products(run, load_products(run, plans)))
    return plans


COMPARISON = Comparison(
    read=extract_families,
    plan=_sync,
    says="{equal} of {records} products agree.",
    headings=(DIFFERING, REFUSED),
    enqueued=(DIFFERING,),
)


def reconcile(pair: str, *, dry_run: bool = False) -> dict[str, Any]:
    """Compare all products of both sides, and bring them into agreement; the document of the run.

    Raises: ConfigError, ContractError, TransientError.
    """
    return COMPARISON.reconcile(PRODUCTS, pair, dry_run=dry_run)


PRODUCTS: Entity = Entity(
    name="products",
    priority=Priority.CATALOGUE,
    suites="expectations.products",
    sources=[
        Source("products-swept", "brightpearl", changed_products),
        Source("store-products-swept", "bigcommerce", changed_in_store),
    ],
    changed=changed_products,
    created=changed_products,
    audit=lambda pair, _days: COMPARISON.audit(PRODUCTS, pair),  # all of them, whenever changed
)
