"""The end of every sync: quarantine and inbox say what became of each key of the batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.refusals import Refusal
from store import inbox
from store.inbox import Dead, Done, Parked, Retry
from store.quarantine import kept_value
from tasks.policy import PURE, step
from tasks.reconciler.cases import Outcome, refusals_by_key
from tasks.reconciler.operations import RecordPlan, count, preview
from tasks.reconciler.report import RefusedBecause
from tasks.reconciler.run import Run

WAITS_S = (300, 900, 3600, 6 * 3600, 24 * 3600)
"""How long a parked key sleeps the first, second … time, should its condition never come true."""


@step("settle", PURE)
def settle(run: Run, plans: Sequence[RecordPlan], outcomes: Sequence[Outcome]) -> None:
    """Keep what became of the batch; the inbox last, so a crash before it is harmless.

    In: an outcome for each record that was not refused, whether it came to a plan or not. A dry run
    has none of those that have a plan, and only reports.
    """
    refusals, discarded = _refusals(run, outcomes)
    outcomes = [_left_as_it_is(one) if one.key in discarded else one for one in outcomes]
    outcomes += [_left_as_it_is(Outcome(key, "")) for key in discarded - {o.key for o in outcomes}]
    _report(run, plans, outcomes, refusals)
    if run.dry_run:
        run.settle([])
        return
    _update_cases(run, refusals, outcomes)
    by_key = {outcome.key: outcome for outcome in outcomes}
    endings = _Endings(run, run.now())
    run.settle(endings.of(key, refusals.get(key, ()), by_key.get(key)) for key in run.batch.keys)


@dataclass(frozen=True)
class _Endings:
    """What becomes of keys in the inbox."""

    run: Run
    now: datetime

    def of(self, key: str, refusals: Sequence[Refusal], outcome: Outcome | None) -> inbox.Outcome:
        """The end of one key's claim."""
        if refusals:
            return Dead(key, refusals[0].reason)
        if outcome is None or outcome.is_retried:
            pause = timedelta(seconds=self.run.batch.pause_s(key))
            return Retry(key, self.now + pause, outcome.reason if outcome else "not reached")
        if outcome.waits_for:
            return self._parked(outcome)
        return Done(key, outcome.reason or outcome.result)

    def _parked(self, outcome: Outcome) -> Parked:
        """Until a condition comes true or an event arrives; in the end it expires.

        Unless the moment is known, it sleeps a little longer every time.
        """
        attempts = self.run.batch.attempts(outcome.key)
        wait = timedelta(seconds=WAITS_S[min(attempts, len(WAITS_S) - 1)])
        return Parked(
            outcome.key,
            outcome.waits_for,
            outcome.wake_at or self.now + wait,
            self.now + timedelta(days=self.run.settings.expire_after_days),
            outcome.reason or f"waits for {', '.join(outcome.waits_for)}",
            is_try=outcome.wake_at is None,
        )


def _left_as_it_is(outcome: Outcome) -> Outcome:
    """A record whose differences a person decided to leave, unless it waits for something else."""
    if outcome.waits_for:
        return outcome
    return Outcome(outcome.key, "unchanged", "discarded: both sides are left as they are")


def _refusals(run: Run, outcomes: Sequence[Outcome]) -> tuple[dict[str, list[Refusal]], set[str]]:
    """Why each record waits for a person, and the records that a person decided to leave."""
    found = refusals_by_key(run.refusals())
    for outcome in outcomes:
        if outcome.refusals:
            found.setdefault(outcome.key, []).extend(outcome.refusals)
    if not found:
        return {}, set()
    discarded = run.quarantine.decided(run.pair, run.entity, list(found)).discarded
    left = {
        key: [one for one in refusals if (key, one.class_, kept_value(one.value)) not in discarded]
        for key, refusals in found.items()
    }
    return {k: o for k, o in left.items() if o}, {key for key, o in left.items() if not o}


def _update_cases(
    run: Run, refusals: Mapping[str, Sequence[Refusal]], outcomes: Sequence[Outcome]
) -> None:
    """Open what is new, close what is over."""
    through = [one.key for one in outcomes if not one.is_skipped and one.key not in refusals]
    still = {(key, one.class_, one.value) for key, found in refusals.items() for one in found}
    run.quarantine.resolve(run.pair, run.entity, [*through, *refusals], now=run.now(), but=still)
    run.open_cases((key, one) for key, found in refusals.items() for one in found)


def _report(
    run: Run,
    plans: Sequence[RecordPlan],
    outcomes: Sequence[Outcome],
    refusals: Mapping[str, Sequence[Refusal]],
) -> None:
    report = run.report
    kind = "would write" if run.dry_run else "planned"
    report.counts.update({f"{kind}: {what}": n for what, n in count(plans).items() if n})
    report.counts.update(outcome.result for outcome in outcomes)
    report.counts["refused"] += len(refusals)
    report.refused.update(
        RefusedBecause(one.class_, one.value, one.reason, one.remedy)
        for found in refusals.values()
        for one in found
    )
    if run.dry_run:
        report.preview.extend(preview(plan) for plan in plans)
        report.preview.extend(
            {"record": one.key, "outcome": one.result, "writes": "", "why": one.reason}
            for one in outcomes
        )
        report.preview.extend(
            {"record": key, "outcome": "refused", "writes": "", "why": found[0].reason}
            for key, found in refusals.items()
        )
