"""The end of every sync: quarantine and inbox say what became of each key of the batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from core.crash_points import reached
from core.refusals import Refusal, sentence
from store import inbox
from store.inbox import Dead, Done, Parked, Retry
from store.quarantine import kept_value
from store.stock import Catalogue
from store.transitions import HINTS
from tasks.policy import PURE, is_given_up, step
from tasks.reconciler.cases import (
    RETRY,
    SKU,
    Outcome,
    given_up,
    with_alike,
    with_nearest,
)
from tasks.reconciler.operations import RecordPlan, preview
from tasks.reconciler.report import REFUSED, said
from tasks.reconciler.run import Run

WAITS_S = (300, 900, 3600, 6 * 3600, 24 * 3600)
"""How long a parked key sleeps the first, second … time, should its condition never come true."""


@step("settle", PURE)
def settle(run: Run, plans: Sequence[RecordPlan], outcomes: Sequence[Outcome]) -> None:
    """Keep what became of the batch; the inbox last, so a crash before it is harmless.

    In: an outcome for each record that was not refused, whether it came to a plan or not. A dry run
    has none of those that have a plan, and only reports.
    """
    reached("before-settle", run.entity, run.batch.keys)
    by_key = {one.key: one for one in outcomes}
    found = {key: list(refused) for key, refused in run.refusals.items()}
    for key, refusal in _given_up(run, by_key):
        found.setdefault(key, []).append(refusal)
    for outcome in outcomes:
        if outcome.refusals:
            found.setdefault(outcome.key, []).extend(outcome.refusals)
    refusals: dict[str, list[Refusal]] = {}
    catalogued = _catalogued(run, found)
    # Records whose every difference a person decided to leave stay as they are.
    discarded = run.quarantine.decided(run.pair, run.entity, list(found)).discarded if found else ()
    for key, why in found.items():
        if left := [
            _with_suggestions(run, run.with_command(one), catalogued)
            for one in why
            if (key, one.class_, kept_value(one.value)) not in discarded
        ]:
            refusals[key] = left
        elif key not in by_key or not by_key[key].waits_for:
            by_key[key] = Outcome(key, "unchanged", "discarded: both sides are left as they are")
    refusals = _triaged(run, refusals)
    _report(run, plans, by_key.values(), refusals)
    if not run.dry_run:
        through = [one.key for one in by_key.values() if not one.is_skipped]
        still = {(key, one.class_, one.value) for key, why in refusals.items() for one in why}
        # What is given up was not compared either: its other cases stay as they are.
        compared = [key for key in refusals if key not in by_key or not by_key[key].is_retried]
        keys = [*(key for key in through if key not in refusals), *compared]
        run.quarantine.resolve(run.pair, run.entity, keys, now=run.now(), but=still)
        _close_intents(run, set(through) - set(refusals))
        run.open_cases((key, one) for key, why in refusals.items() for one in why)
    reached("before-inbox", run.entity, run.batch.keys)
    now = run.now()
    run.settle(_ending(run, key, refusals.get(key), by_key.get(key), now) for key in run.batch.keys)


def _with_suggestions(run: Run, why: Refusal, catalogued: Collection[str]) -> Refusal:
    """The refusal with what may be meant, where the pair's settings want that."""
    suggested = with_nearest(why, catalogued)
    if suggested is why and run.connections.pair.intelligence.mapping != "off":
        return with_alike(why, run.bundle.tables)
    return suggested


def _catalogued(run: Run, found: Mapping[str, Sequence[Refusal]]) -> Sequence[str]:
    """The SKUs of all live products as last read, where a record names one that is unknown."""
    is_off = run.connections.pair.intelligence.products == "off"
    if is_off or not any(one.class_ == SKU for why in found.values() for one in why):
        return ()
    return Catalogue(run.database).skus(run.pair)


def _given_up(run: Run, outcomes: Mapping[str, Outcome]) -> Iterator[tuple[str, Refusal]]:
    """Records that have failed for so long, while others did not, that they wait for a person."""
    if run.connections.pair.intelligence.errors != "hold" or run.meets_outage:
        return
    for claim in run.batch.claims:
        reason = _failure(run, claim.key, outcomes.get(claim.key))
        if reason and claim.failing_since is not None and claim.key not in run.refusals:
            failing_for = run.now() - claim.failing_since
            if is_given_up(failing_for, claim.attempts):
                yield claim.key, given_up(claim.key, reason, claim.attempts + 1, failing_for)


def _failure(run: Run, key: str, outcome: Outcome | None) -> str:
    """Why a record is to be tried again; empty where it is not, or did not fail by itself."""
    if outcome is not None:
        return outcome.reason if outcome.is_retried else ""
    return run.postponed.get(key, "")


def _triaged(run: Run, refusals: Mapping[str, Sequence[Refusal]]) -> dict[str, list[Refusal]]:
    found: dict[str, list[Refusal]] = {}
    for key, one in run.triaged((key, one) for key, why in refusals.items() for one in why):
        found.setdefault(key, []).append(one)
    return found


def _close_intents(run: Run, agreeing: Collection[str]) -> None:
    """End in the ledger what nobody knows the end of, of records that agree by now.

    Of a process that ended, or of a write whose answer was lost. Writes of the records to come are
    then not looked up in vain.
    """
    tried = {
        one.key
        for one in run.batch.claims
        if one.attempts or one.interruptions or one.source not in HINTS
    }
    if keys := sorted((tried | run.unsure).intersection(agreeing)):
        run.ledger.close_open(run.pair, run.entity, keys, now=run.now())


def _ending(
    run: Run,
    key: str,
    refusals: Sequence[Refusal] | None,
    outcome: Outcome | None,
    now: datetime,
) -> inbox.Outcome:
    """What becomes of one key in the inbox.

    A parked one sleeps until a condition comes true or an event arrives, a little longer every time
    unless the moment is known; in the end it expires.
    """
    if refusals:
        return Dead(key, refusals[0].reason)
    if outcome is None or outcome.is_retried:
        reason = _failure(run, key, outcome)
        is_own = bool(reason) and not run.meets_outage
        at = run.retry_at(key, now, reason)
        return Retry(key, at, reason or "not reached", is_own=is_own)
    if not outcome.waits_for:
        return Done(key, outcome.reason or outcome.result)
    wait_s = WAITS_S[min(run.batch.attempts(key), len(WAITS_S) - 1)]
    return Parked(
        key,
        outcome.waits_for,
        outcome.wake_at or now + timedelta(seconds=wait_s),
        None if outcome.is_kept else now + timedelta(days=run.settings.expire_after_days),
        outcome.reason or f"waits for {', '.join(outcome.waits_for)}",
        is_try=outcome.wake_at is None,
    )


def _report(
    run: Run,
    plans: Sequence[RecordPlan],
    outcomes: Collection[Outcome],
    refusals: Mapping[str, Sequence[Refusal]],
) -> None:
    report = run.report
    kind = "would write" if run.dry_run else "planned"
    for plan in plans:
        report.counts.update(f"{kind}: {operation.kind}" for operation in plan.operations)
        if plan.cases:
            report.counts[f"{kind}: cases"] += 1
        elif plan.is_idle:
            report.counts[f"{kind}: unchanged"] += 1
    report.counts.update(outcome.result for outcome in outcomes)
    report.counts[REFUSED] += len(refusals)
    planned = {plan.key: REFUSED if plan.cases else plan.result for plan in plans}
    results = {**(planned if run.dry_run else {}), **{one.key: one.result for one in outcomes}}
    batch = Counter(
        REFUSED if key in refusals else results.get(key, RETRY) for key in run.batch.keys
    )
    report.outcomes.update(batch)
    if batch:
        run.log("%s", said(batch))
    for key, found in refusals.items():
        report.refuse(key, found)
        run.log("%s is refused: %s %s", key, sentence(found[0].reason), found[0].remedy)
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
