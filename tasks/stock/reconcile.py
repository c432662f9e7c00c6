"""The end of a reconciliation: what agrees is remembered, what was sent is looked for."""

from __future__ import annotations

from typing import Any

import pandas as pd

from core.times import utc_now
from store.inbox import Inbox
from tasks.claim import Run
from tasks.policy import PURE, step
from tasks.settle import planned
from tasks.stock.accuracy import judge_stock
from tasks.stock.audit import document, open_cases
from tasks.stock.keys import STOCK
from tasks.stock.load import Loaded
from tasks.stock.look import Look
from tasks.stock.plan_models import Plan
from tasks.stock.settle import remember

LOOKED_FOR = 2000
"""So many SKUs are looked for right after they were sent; of more, the hourly audit tells."""


@step("conclude-reconciliation", PURE)
def conclude_reconciliation(
    run: Run, look: Look, levels: pd.DataFrame, plan: Plan, loaded: Loaded
) -> dict[str, Any]:
    """Remember, quarantine, queue what is to be verified; the document of the run."""
    planned(run, plan.count(), plan.preview() if run.dry_run else [])
    verdict = judge_stock(look, levels)
    if not run.dry_run:
        remember(run, look, plan, loaded)
        open_cases(run, {**look.refused, **loaded.refused})
        sent = sorted({*loaded.sent, *loaded.failed, *loaded.corrected})
        if len(sent) <= LOOKED_FOR:
            inbox = Inbox(run.world.database)
            inbox.put(run.report.pair, STOCK, sent, source="reconcile", now=utc_now())
    told = {
        "repaired": loaded.rows,
        "write_requests": loaded.requests,
        "failed": len(loaded.failed),
        "preview": run.report.preview,
    }
    return document(run, look, verdict, "reconcile-stock", told)
