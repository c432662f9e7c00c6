"""Stock as an entity: what its sweep reads, its audit, and how a comparison of all stock ends.

A reservation moves no goods, so the sweep does not replace the hourly audit. Source: fact
sheet, availability has no search of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from connectors.budget import Priority
from core.ids import PRODUCT, sku_key
from store.statistics import Accuracy, StockComparison
from tasks.policy import PURE, step, with_retries
from tasks.reconciler.audit import SHOWN, conclude
from tasks.reconciler.cases import RETRY
from tasks.reconciler.connections import Connections
from tasks.reconciler.gate import validate
from tasks.reconciler.operations import preview
from tasks.reconciler.registry import Entity, Source
from tasks.reconciler.run import Run
from tasks.stock.absence import unmatched_since
from tasks.stock.availability import wake_waiting
from tasks.stock.extract import extract_stock
from tasks.stock.frames import Desired, Snapshot
from tasks.stock.load import Applied
from tasks.stock.matching import compare, drifted, oversold
from tasks.stock.plan import Plan, map_all

VERIFIED = 2000
"""So many SKUs are read again right after they were sent; more are left to the hourly audit."""
FAILED = {RETRY, "waiting"}
"""Results of SKUs whose write did not happen, or may not have."""
HEADINGS = {
    "drifted_by_sku": "Differs",
    "oversold_by_sku": "Sold above stock",
    "refused": "Nothing certain is known",
    "only_in_store_by_sku": "Only in BigCommerce",
    "only_in_brightpearl_by_sku": "Only in Brightpearl",
    "not_comparable": "Not comparable",
}


def moved_products(
    connections: Connections, since: datetime, until: datetime | None = None
) -> list[str]:
    """Keys of the products whose goods moved in a window, each once.

    Raises: TransientError, ConfigError.
    """
    moved = with_retries(lambda: list(connections.brightpearl.list_movements(since)))
    found = (
        f"{PRODUCT}{one.product_id}"
        for one in moved
        if until is None or one.updated_on is None or one.updated_on <= until
    )
    return list(dict.fromkeys(found))


def audit(pair: str, days: int | None = None) -> dict[str, Any]:
    """Compare all stock, write nothing to either system; what drifted is re-queued.

    `days` means nothing here: stock is of this moment. Raises: ConfigError, ContractError.
    """
    del days
    with Run(
        STOCK, pair, flow="audit-stock", keeps_report=False, priority=Priority.CATALOGUE
    ) as run:
        found, mapped = map_all(run, validate(run, extract_stock(run, None)))
        desired = validate(run, mapped)
        wake_waiting(run, found, desired)
        # How the store writes a SKU is only certain where all of its stock is read.
        new = {sku: one for sku, one in found.renamed.items() if sku in found.product_of}
        Applied(run, found, Plan()).keep(new)
        compared = compare(desired.levels, found.items)
        keys = set(compared.loc[~compared["is_equal"], "sku_key"])
        due = run.inbox.put(run.pair, run.entity, keys, source="audit", now=run.now())
        run.open_cases(found.refused.items())
        return conclude_comparison(run, found, desired, compared, {"requeued": due})


def conclude_reconciliation(run: Run, applied: Applied, desired: Desired) -> dict[str, Any]:
    """Quarantine, queue what is to be verified; the document of the run."""
    plan, outcomes = applied.plan, applied.outcomes.values()
    if not run.dry_run:
        refused = ((one.key, why) for one in outcomes for why in one.refusals)
        run.open_cases([*applied.found.refused.items(), *refused])
        written = [one.key for one in outcomes if not one.refusals]
        if len(written) <= VERIFIED:
            run.inbox.put(run.pair, run.entity, written, source="reconcile", now=run.now())
    did = {
        "repaired": applied.rows,
        "write_requests": applied.requests,
        "failed": sum(one.result in FAILED for one in outcomes),
        "preview": [preview(record) for record in plan.records()] if run.dry_run else [],
    }
    return conclude_comparison(run, applied.found, desired, plan.compared, did)


@step("conclude-comparison", PURE)
def conclude_comparison(
    run: Run, found: Snapshot, desired: Desired, compared: pd.DataFrame, did: Mapping[str, Any]
) -> dict[str, Any]:
    """One comparison of all stock, as one document; its accuracy is kept."""
    differing = list(drifted(found, compared))
    above = list(oversold(found, desired))
    accuracy = StockComparison(
        at=run.report.started_at,
        compared=len(compared),
        equal=len(compared) - len(differing),
        oversold=sum(one.units for one in above),
    )
    if not run.dry_run:
        Accuracy(run.database).keep(run.pair, accuracy)
    document = {
        "skus": len(found.skus),
        "compared": accuracy.compared,
        "equal": accuracy.equal,
        "accuracy_percent": round(accuracy.percent, 4),
        "drifted": [vars(one) for one in differing],
        "drifted_by_sku": {
            f"{one.sku} at location {one.location}": f"{one.before} on sale, {one.after} may be "
            f"sold: {one.cause}"
            for one in differing[:SHOWN]
        },
        "causes": dict(Counter(one.cause for one in differing)),
        "oversold_units": accuracy.oversold,
        "oversold": [vars(one) for one in above],
        "oversold_by_sku": {
            one.sku: f"{one.units} units, {one.cause}; orders {', '.join(one.orders)}"
            for one in above
        },
        "only_in_store": len(found.only_store),
        "only_in_brightpearl": len(found.only_account),
        **unmatched_since(run, found),
        "refused": {sku: why.reason for sku, why in found.refused.items()},
        "notes": list(found.notes),
        "requests": run.requests(),
        **did,
    }
    return conclude(
        run.connections,
        run.report.flow,
        document,
        says=f"{accuracy.equal} of {accuracy.compared} SKUs at locations were equal "
        f"({accuracy.percent:.2f} %), {accuracy.oversold} units are sold above stock.",
        headings=HEADINGS,
        agrees=not (differing or found.refused),
        started_at=run.report.started_at,
        is_kept=not run.dry_run,
    )


STOCK = Entity(
    name="stock",
    priority=Priority.STOCK,
    suites="expectations.stock",
    sources=[Source("stock-swept", "brightpearl", moved_products)],
    changed=moved_products,
    created=moved_products,
    audit=audit,
    key_of=sku_key,
)
