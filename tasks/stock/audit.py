"""The end of a look at all stock: accuracy, drift, oversold units; kept, shown, answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from core.ids import sku_key
from core.times import utc_now
from store.inbox import Inbox
from store.quarantine import Quarantine
from store.statistics import Accuracy
from store.statistics import StockComparison as Kept
from tasks.audit import SHOWN, conclude
from tasks.claim import Run
from tasks.outcome import Obstacle
from tasks.policy import PATIENT, step
from tasks.settle import refusal_of
from tasks.stock.accuracy import Verdict, judge_stock
from tasks.stock.keys import STOCK
from tasks.stock.look import Look

HEADINGS = {
    "drifted_by_sku": "Differs",
    "oversold_by_sku": "Sold above stock",
    "refused": "Nothing certain is known",
}


@step("audit-stock", PATIENT)
def conclude_audit(run: Run, look: Look, levels: pd.DataFrame) -> dict[str, Any]:
    """What an audit found; SKUs that drifted are put into the inbox."""
    verdict = judge_stock(look, levels)
    keys = {sku_key(one.sku) for one in verdict.drifted}
    due = Inbox(run.world.database).put(run.report.pair, STOCK, keys, source="audit", now=utc_now())
    open_cases(run, look.refused)
    return document(run, look, verdict, "audit-stock", {"requeued": due})


def open_cases(run: Run, refused: Mapping[str, Obstacle]) -> None:
    """SKUs of which nothing certain is known, for a person; by SKU."""
    cases = [(sku, refusal_of(why)) for sku, why in refused.items()]
    Quarantine(run.world.database).open(
        run.report.pair, STOCK, cases, run_id=run.run_id, now=utc_now()
    )


def document(
    run: Run, look: Look, verdict: Verdict, flow: str, more: dict[str, Any]
) -> dict[str, Any]:
    """One comparison of all stock, as one document; its accuracy is remembered."""
    oversold = sum(one.units for one in verdict.oversold)
    if not run.dry_run:
        Accuracy(run.world.database).keep(
            run.report.pair,
            Kept(run.report.started_at, verdict.compared, verdict.equal, oversold),
        )
    usage = run.requests()
    found = {
        "skus": len(look.stock.skus),
        "compared": verdict.compared,
        "equal": verdict.equal,
        "accuracy_percent": round(verdict.percent, 4),
        "drifted": [one.to_json() for one in verdict.drifted],
        "drifted_by_sku": {
            f"{one.sku} at location {one.location_id}": str(one) for one in verdict.drifted[:SHOWN]
        },
        "causes": dict(Counter(one.cause for one in verdict.drifted)),
        "oversold_units": oversold,
        "oversold": [one.to_json() for one in verdict.oversold],
        "oversold_by_sku": {
            one.sku: f"{one.units} units, {one.cause}; orders {', '.join(one.orders)}"
            for one in verdict.oversold
        },
        "only_in_store": len(look.only_store),
        "only_in_brightpearl": len(look.only_account),
        "refused": {sku: why.reason for sku, why in look.refused.items()},
        "notes": list(look.notes),
        "requests": usage,
        **more,
    }
    return conclude(
        run.world,
        flow,
        found,
        says=f"{verdict.equal} of {verdict.compared} SKUs at locations were equal "
        f"({verdict.percent:.2f} %), {oversold} units are sold above stock.",
        headings=HEADINGS,
        agrees=not (verdict.drifted or look.refused),
        started_at=run.report.started_at,
        is_kept=not run.dry_run,
    )
