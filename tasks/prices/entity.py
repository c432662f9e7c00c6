"""Prices as an entity: what its sweep asks for, and the audit of all of them.

Whether a change of a price counts as a change of its product is not documented, so that the nightly
audit, which compares every price, is what a changed price can rely on.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from connectors.budget import Priority
from core.ids import PRODUCT
from mappings.sku_names import SkuNames
from store.sql import in_parts
from store.stock import Catalogue
from tasks.brightpearl.reference import refresh_products
from tasks.policy import with_retries
from tasks.prices.extract import extract_prices
from tasks.prices.frames import ENTITY, map_prices
from tasks.prices.plan import plan_prices
from tasks.reconciler.audit import SHOWN, conclude
from tasks.reconciler.connections import Connections
from tasks.reconciler.gate import validate
from tasks.reconciler.operations import preview
from tasks.reconciler.registry import Entity, Source
from tasks.reconciler.run import Run

HEADINGS = {
    "differing": "Differ; put back into the inbox",
    "waiting": "Wait for a person",
}


def changed_products(
    connections: Connections, since: datetime, until: datetime | None = None
) -> list[str]:
    """Keys of Brightpearl's products that were made or changed since.

    Raises: TransientError, ConfigError.
    """
    del until
    found = with_retries(lambda: list(connections.brightpearl.list_products(since)))
    return list(dict.fromkeys(f"{PRODUCT}{row.product_id}" for row in found if row.sku))


def audit(pair: str, days: int | None = None) -> dict[str, Any]:
    """Compare all prices; what differs is put into the inbox. Writes to neither system.

    `days` means nothing here: prices are of this moment. Raises: ConfigError, ContractError.
    """
    del days
    with Run(
        PRICES, pair, flow="audit-prices", keeps_report=False, priority=Priority.BACKFILL
    ) as run:
        refresh_products(run.connections)
        names = SkuNames(run.bundle.tables["skus"])
        skus = [sku for one in Catalogue(run.database).skus(pair) for sku in names.in_store(one)]
        differing: dict[str, str] = {}
        waiting: dict[str, str] = {}
        counts: Counter[str] = Counter()
        for part in in_parts(skus, run.settings.batch_size):
            found, left = extract_prices(run, part)
            desired = validate(run, map_prices(run, validate(run, found)))
            plans = plan_prices(run, found, desired)
            counts.update(records=len(plans), elsewhere=len(left))
            for plan in plans:
                if plan.cases:
                    waiting[plan.key] = plan.cases[0].reason
                if plan.operations:
                    differing[plan.key] = preview(plan)["writes"]
        refused = {key: why[0].reason for key, why in run.refusals.items()}
        due = run.inbox.put(
            pair, ENTITY, [*differing, *waiting, *refused], source="audit", now=run.now()
        )
        document = {
            "records": counts["records"],
            "equal": counts["records"] - len(differing) - len(waiting.keys() - differing.keys()),
            "only_in_brightpearl": counts["elsewhere"],
            "differing": dict(list(differing.items())[:SHOWN]),
            "waiting": dict(list({**waiting, **refused}.items())[:SHOWN]),
            "requeued": due,
            "requests": run.requests(),
        }
        return conclude(
            run.connections,
            "audit-prices",
            document,
            says=f"The prices of {document['equal']} of {document['records']} SKUs are equal; "
            f"{len(differing)} differ, {len(waiting) + len(refused)} wait for a person.",
            headings=HEADINGS,
            agrees=not (differing or waiting or refused),
            started_at=run.report.started_at,
        )


PRICES = Entity(
    name=ENTITY,
    priority=Priority.CATALOGUE,
    suites="expectations.prices",
    sources=[Source("prices-swept", "brightpearl", changed_products)],
    changed=changed_products,
    created=changed_products,
    audit=audit,
)
