"""The end of a comparison of all stock: accuracy, drift, oversold units; kept, shown, answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from store.statistics import Accuracy, StockComparison
from tasks.policy import PURE, step
from tasks.reconciler.audit import SHOWN, conclude
from tasks.reconciler.cases import RETRY
from tasks.reconciler.operations import count, preview
from tasks.reconciler.run import Run
from tasks.stock.frames import Desired, Snapshot
from tasks.stock.load import Applied
from tasks.stock.matching import compare, drifted, oversold

VERIFIED = 2000
"""So many SKUs are read again right after they were sent; more are left to the hourly audit."""
FAILED = {RETRY, "waiting"}
"""Results of SKUs whose write did not happen, or may not have."""
HEADINGS = {
    "drifted_by_sku": "Differs",
    "oversold_by_sku": "Sold above stock",
    "refused": "Nothing certain is known",
}


@step("conclude-audit", PURE)
def conclude_audit(run: Run, found: Snapshot, desired: Desired) -> dict[str, Any]:
    """What an audit found; SKUs that drifted are put into the inbox."""
    compared = compare(desired.levels, found.items)
    keys = set(compared.loc[~compared["is_equal"], "sku_key"])
    due = run.inbox.put(run.pair, run.entity, keys, source="audit", now=run.now())
    run.open_cases(found.refused.items())
    return _document(run, found, desired, compared, {"requeued": due})


@step("conclude-reconciliation", PURE)
def conclude_reconciliation(run: Run, applied: Applied, desired: Desired) -> dict[str, Any]:
    """Quarantine, queue what is to be verified; the document of the run."""
    found, plan, outcomes = applied.found, applied.plan, applied.outcomes.values()
    kind = "would write" if run.dry_run else "planned"
    counts = count(plan.records())
    run.report.counts.update({f"{kind}: {what}": n for what, n in counts.items() if n})
    if run.dry_run:
        run.report.preview.extend(preview(record) for record in plan.records())
    else:
        refused = ((one.key, why) for one in outcomes for why in one.refusals)
        run.open_cases([*found.refused.items(), *refused])
        written = [one.key for one in outcomes if not one.refusals]
        if len(written) <= VERIFIED:
            run.inbox.put(run.pair, run.entity, written, source="reconcile", now=run.now())
    did = {
        "repaired": applied.rows,
        "write_requests": applied.requests,
        "failed": sum(one.result in FAILED for one in outcomes),
        "preview": run.report.preview,
    }
    return _document(run, found, desired, plan.compared, did)


def _document(
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
            f"{one.sku} at location {one.location}": str(one) for one in differing[:SHOWN]
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
