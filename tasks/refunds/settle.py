"""The end of a refund's way: what stands where is remembered, then the batch is settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.times import utc_now
from store.inbox import Inbox
from store.links import Links
from tasks.claim import Batch, Run
from tasks.outcome import Aside
from tasks.policy import PURE, step
from tasks.refunds.memory import REFUNDS
from tasks.refunds.outcome import RefundOutcome
from tasks.refunds.plan_models import Plan
from tasks.settle import planned, settle


@step("settle-refunds", PURE)
def settle_refunds(
    run: Run,
    batch: Batch,
    asides: Mapping[str, Aside],
    plan: Plan,
    outcomes: Sequence[RefundOutcome],
) -> None:
    """Link refunds and credits, with what both sides agreed on; then settle the batch."""
    planned(run, plan.count(), plan.preview())
    if not run.dry_run:
        pair, now, database = run.report.pair, utc_now(), run.world.database
        links = [link for outcome in outcomes for link in outcome.links]
        if links:
            Links(database).put(pair, REFUNDS, links, now=now)
        for entity, keys in (
            ("orders", [outcome.key for outcome in outcomes if outcome.is_reopened]),
            ("refunds", [outcome.key for outcome in outcomes if outcome.goes_on]),
        ):
            if keys:
                Inbox(database).put(pair, entity, keys, source="refund", now=now)
    settle(run, batch, asides, outcomes)
