"""The end of a comparison of all stock: accuracy, drift, oversold units; kept, shown, answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from store.statistics import Accuracy, StockComparison
from tasks.policy import PURE, step
from tasks.reconciler.audit import SHOWN, conclude
from tasks.reconciler.operations import count, preview
from tasks.reconciler.run import Run
from tasks.stock.frames import Desired, Snapshot
from tasks.stock.matching import Comparison, accuracy_of, compare
from tasks.stock.operations import Applied
from tasks.stock.plan import Plan

VERIFIED = 2000
"""So many SKUs are read again right after they were sent; more are left to the hourly audit."""
HEADINGS = {
    "drifted_by_sku": "Differs",
    "oversold_by_sku": "Sold above stock",
    "refused": "Nothing certain is known",
}


@step("conclude-audit", PURE)
def conclude_audit(run: Run, found: Snapshot, desired: Desired) -> dict[str, Any]:
    """What an audit found; SKUs that drifted are put into the inbox."""
    comparison = accuracy_of(found, desired, compare(desired.levels, found.items))
    keys = {one.sku_key for one in comparison.drifted}
    due = run.inbox.put(run.pair, run.entity, keys, source="audit", now=run.now())
    run.open_cases(found.refused.items())
    return _document(run, found, comparison, {"requeued": due})


@step("conclude-reconciliation", PURE)
def conclude_reconciliation(
    run: Run, found: Snapshot, desired: Desired, plan: Plan, applied: Applied
) -> dict[str, Any]:
    """Quarantine, queue what is to be verified; the document of the run."""
    kind = "would write" if run.dry_run else "planned"
    counts = count(plan.records())
    run.report.counts.update({f"{kind}: {what}": n for what, n in counts.items() if n})
    if run.dry_run:
        run.report.preview.extend(preview(record) for record in plan.records())
    else:
        run.open_cases({**found.refused, **applied.refused}.items())
        written = {*applied.pending, *applied.failed, *applied.corrected}
        if len(written) <= VERIFIED:
            run.inbox.put(run.pair, run.entity, written, source="reconcile", now=run.now())
    did = {
        "repaired": applied.rows,
        "write_requests": applied.requests,
        "failed": len(applied.failed),
        "preview": run.report.preview,
    }
    comparison = accuracy_of(found, desired, plan.compared)
    return _document(run, found, comparison, did)


def _document(
    run: Run, found: Snapshot, comparison: Comparison, did: Mapping[str, Any]
) -> dict[str, Any]:
    """One comparison of all stock, as one document; its accuracy is kept."""
    oversold = sum(one.units for one in comparison.oversold)
    drifted = comparison.drifted
    if not run.dry_run:
        kept = StockComparison(
            run.report.started_at, comparison.compared, comparison.equal, oversold
        )
        Accuracy(run.database).keep(run.pair, kept)
    document = {
        "skus": len(found.supply.skus),
        "compared": comparison.compared,
        "equal": comparison.equal,
        "accuracy_percent": round(comparison.percent, 4),
        "drifted": [vars(one) for one in drifted],
        "drifted_by_sku": {
            f"{one.sku} at location {one.location}": str(one) for one in drifted[:SHOWN]
        },
        "causes": dict(Counter(one.cause for one in drifted)),
        "oversold_units": oversold,
        "oversold": [vars(one) for one in comparison.oversold],
        "oversold_by_sku": {
            one.sku: f"{one.units} units, {one.cause}; orders {', '.join(one.orders)}"
            for one in comparison.oversold
        },
        "only_in_store": len(found.only_store),
        "only_in_brightpearl": len(found.only_account),
        "refused": {sku: why.reason for sku, why in found.refused.items()},
        "notes": list(found.notes),
        "requests": run.requests(),
        **did,
    }
    return conclude(
        run.connections,
        run.report.flow,
        document,
        says=f"{comparison.equal} of {comparison.compared} SKUs at locations were equal "
        f"({comparison.percent:.2f} %), {oversold} units are sold above stock.",
        headings=HEADINGS,
        agrees=not (drifted or found.refused),
        started_at=run.report.started_at,
        is_kept=not run.dry_run,
    )
