"""Products as an entity: where a sweep asks what changed, and how all of them are compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from connectors.budget import Priority
from core.ids import PRODUCT, STORE_PRODUCT
from store.sql import in_parts
from tasks.policy import with_retries
from tasks.products.extract import Family, extract_catalogues
from tasks.products.frames import flatten, map_products
from tasks.products.load import link_products, load_products, plan_products
from tasks.reconciler.audit import conclude
from tasks.reconciler.connections import Connections
from tasks.reconciler.gate import validate
from tasks.reconciler.operations import RecordPlan
from tasks.reconciler.registry import Entity, Source
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle

ENTITY = "products"
SHOWN = 200
HEADINGS = {
    "differing": "Differs",
    "refused": "Cannot be synced",
    "only_in_store": "Only in BigCommerce",
}


def changed_in_account(
    connections: Connections, since: datetime, until: datetime | None = None
) -> list[str]:
    """Keys of Brightpearl's new and changed products. Raises: TransientError, ConfigError."""
    del until  # a search has no upper bound that a later change could not hide
    account = connections.brightpearl
    rows = with_retries(lambda: list(account.list_products(updated_since=since)))
    return list(dict.fromkeys(f"{PRODUCT}{row.product_id}" for row in rows))


def changed_in_store(
    connections: Connections, since: datetime, until: datetime | None = None
) -> list[str]:
    """Keys of the store's products that changed. Raises: TransientError, ConfigError."""
    store = connections.bigcommerce
    ids = with_retries(lambda: store.list_changed_products(since, until))
    return [f"{STORE_PRODUCT}{one}" for one in ids]


def audit(pair: str, days: int | None = None) -> dict[str, Any]:
    """Compare all products, write nothing to either system; what differs is put into the inbox."""
    del days
    return reconcile(pair, flow="audit-products", dry_run=True, requeues=True)


def reconcile(
    pair: str, *, flow: str = "reconcile-products", dry_run: bool = False, requeues: bool = False
) -> dict[str, Any]:
    """Compare all products of both sides, and bring them into agreement; the document of the run.

    Raises: ConfigError, ContractError, TransientError.
    """
    priority = Priority.BACKFILL if requeues else Priority.CATALOGUE
    with Run(
        PRODUCTS, pair, flow=flow, dry_run=dry_run, keeps_report=False, priority=priority
    ) as run:
        families = extract_catalogues(run)
        found: Counter[str] = Counter()
        differing: dict[str, str] = {}
        refused: dict[str, str] = {}
        for plans, why in _parts(run, families):
            found.update(plan.result for plan in plans)
            differing |= {
                plan.key: ", ".join(one.describe() for one in plan.operations)
                for plan in plans
                if plan.operations
            }
            refused |= why
        if requeues:
            run.inbox.put(run.pair, run.entity, differing, source="audit", now=run.now())
        document = {
            "products": len(families),
            "equal": found["unchanged"] + found["linked"],
            "results": dict(found),
            "differing": dict(list(differing.items())[:SHOWN]),
            "refused": refused,
            "only_in_store": [],
            "requests": run.requests(),
            "wrote": {
                name: count for name, count in run.report.counts.items() if name.startswith("wrote")
            },
        }
        return conclude(
            run.connections,
            flow,
            document,
            says=f"{document['equal']} of {len(families)} products agree.",
            headings=HEADINGS,
            agrees=not (refused or (dry_run and differing)),
            started_at=run.report.started_at,
            is_kept=not dry_run or requeues,
        )


def _parts(
    run: Run, families: Sequence[Family]
) -> Iterator[tuple[Sequence[RecordPlan], dict[str, str]]]:
    """Process the families batch by batch: the plans, and why records are refused."""
    for part in in_parts(families, run.settings.batch_size):
        run.refusals = {}
        found = validate(run, flatten(run, part))
        plans = plan_products(run, part, validate(run, map_products(run, found)))
        settle(run, plans, link_products(run, load_products(run, plans)))
        yield plans, {key: why[0].reason for key, why in run.refusals.items()}


PRODUCTS = Entity(
    name=ENTITY,
    priority=Priority.CATALOGUE,
    suites="expectations.products",
    sources=[
        Source("products-swept", "brightpearl", changed_in_account),
        Source("store-products-swept", "bigcommerce", changed_in_store),
    ],
    changed=changed_in_account,
    created=changed_in_account,
    audit=audit,
)
