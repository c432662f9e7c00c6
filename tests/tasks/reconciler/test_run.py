"""A run's claims, and what becomes of them when it ends otherwise than it should."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import httpx
import pytest
from prefect.exceptions import Abort
from reconciling import PAIR, WIDGETS, Reconciler

from connectors.budget import Priority
from connectors.circuits import LONGEST_PAUSE_S
from core.errors import TransientError
from intelligence.errors import UNKNOWN, pauses_s
from store.runs import Runs
from tasks.policy import pause_s
from tasks.reconciler.cases import Outcome, review
from tasks.reconciler.defects import isolated
from tasks.reconciler.run import LEASE_S, LONGEST_DEFERRAL, MOST_INTERRUPTIONS
from tasks.reconciler.settle import settle


def due(pair: Reconciler, *keys: str, source: str = "operator") -> None:
    pair.run().inbox.put(PAIR, WIDGETS.name, keys, source=source, now=pair.clock())


def fail(pair: Reconciler, error: BaseException) -> None:
    """A run that claims what is due and comes no further."""

    def claim_and_fail() -> None:
        with pair.run() as run:
            run.claim()
            raise error

    with pytest.raises(type(error)):
        claim_and_fail()


def test_a_key_is_held_by_one_run_until_its_lease_ends(pair: Reconciler) -> None:
    due(pair, "1")
    first, second = pair.run(), pair.run()

    assert first.claim().keys == ["1"]
    assert not second.claim()
    pair.clock.advance(LEASE_S)
    assert second.claim().keys == ["1"]


@pytest.mark.parametrize("ends", ["well", "badly"])
def test_what_a_run_defers_is_due_once_it_is_over_however_it_ends(
    pair: Reconciler, ends: str
) -> None:
    def defer() -> None:
        with pair.run() as run:
            run.defer(WIDGETS.name, ["1"], source="order")
            assert not pair.run().claim()
            if ends == "badly":
                raise TransientError("nobody answers")

    with suppress(TransientError):
        defer()
    assert pair.run().claim().keys == ["1"]


def test_what_a_run_deferred_does_not_wait_for_one_that_was_killed(pair: Reconciler) -> None:
    pair.run().defer(WIDGETS.name, ["1"], source="order")

    pair.clock.advance(LONGEST_DEFERRAL.total_seconds())
    assert pair.run().claim().keys == ["1"]


def test_keys_of_a_run_that_fails_are_due_again_after_a_pause(pair: Reconciler) -> None:
    due(pair, "1", "2")

    fail(pair, TransientError("nobody answers"))

    assert not pair.run().claim()
    pair.clock.advance(pause_s(UNKNOWN, 0))
    assert sorted(pair.run().claim().keys) == ["1", "2"]
    (report,) = Runs(pair.connections.database).last(PAIR, flow="sync-widgets")
    assert report["error"] == "nobody answers"


def test_an_outage_does_not_make_its_keys_wait_longer_each_time(pair: Reconciler) -> None:
    due(pair, "1")

    for _ in range(len(pauses_s(UNKNOWN)) + 1):
        fail(pair, TransientError("nobody answers"))
        pair.clock.advance(LONGEST_PAUSE_S)

    assert pair.run().claim().keys == ["1"]


def test_a_run_that_is_stopped_blames_no_record_and_leaves_its_keys_due_at_once(
    pair: Reconciler,
) -> None:
    due(pair, "1")

    fail(pair, asyncio.CancelledError())

    run = pair.run()
    (claim,) = run.claim().claims
    assert (claim.key, claim.attempts) == ("1", 0)
    assert run.quarantine.list(pair=PAIR) == []


@pytest.mark.parametrize("culprit", ["1", "4", "7"])
def test_the_record_of_a_batch_that_our_code_fails_for_is_found_by_halves_in_the_same_run(
    pair: Reconciler, culprit: str
) -> None:
    keys = [str(number) for number in range(1, 8)]
    due(pair, *keys)
    tried = []

    with pair.run() as run:
        while run.claim():
            with isolated(run):
                tried.append(run.batch.keys)
                if culprit in run.batch.keys:
                    raise ZeroDivisionError
                settle(run, [], [Outcome(key, "unchanged") for key in run.batch.keys])

    assert pair.states(*keys) == ["dead" if key == culprit else "done" for key in keys]
    assert len(tried) <= 7
    assert (run.report.keys, run.report.batches) == (7, 1)
    assert run.report.counts == {"unchanged": 6, "refused": 1}
    (case,) = run.quarantine.list(pair=PAIR)
    assert (case.key, case.class_) == (culprit, "unexpected")


def test_a_run_that_is_stopped_among_halves_gives_all_of_them_back(pair: Reconciler) -> None:
    due(pair, "1", "2", "3")

    def stop() -> None:
        with pair.run() as run:
            while run.claim():
                with isolated(run):
                    raise ZeroDivisionError if len(run.batch.claims) > 1 else SystemExit

    with pytest.raises(SystemExit):
        stop()

    assert pair.states("1", "2", "3") == ["due"] * 3


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("Prefect is away"), ConnectionResetError(), Abort()]
)
def test_what_is_no_records_fault_ends_the_run_and_blames_no_record(
    pair: Reconciler, error: Exception
) -> None:
    due(pair, "1")

    def run_and_fail() -> None:
        with pair.run() as run:
            while run.claim():
                with isolated(run):
                    raise error

    with pytest.raises(type(error)):
        run_and_fail()

    assert pair.states("1") == ["due"]


def test_a_dry_run_reads_each_due_key_once_and_takes_none(pair: Reconciler) -> None:
    due(pair, "1")
    run = pair.run(dry_run=True)

    assert run.claim(only=["1", "2"]).keys == ["1", "2"]
    assert not run.claim(only=["1", "2"])
    assert pair.states("1") == ["due"]


def test_only_a_batch_of_nothing_but_backfill_has_its_low_priority(pair: Reconciler) -> None:
    due(pair, "1", source="backfill")
    run = pair.run()
    assert run.priority is WIDGETS.priority

    run.claim()
    assert run.priority is Priority.BACKFILL


def test_what_people_decided_about_the_batch_is_known_to_its_planner(pair: Reconciler) -> None:
    approved, discarded = (review("differs", name, "changed", {"a": 1}) for name in ("1", "2"))
    run = pair.claimed("1")
    run.open_cases([("1", approved), ("1", discarded)])
    first, second = run.quarantine.list(pair=PAIR, entity=WIDGETS.name)
    run.quarantine.approve([first.id], now=pair.clock())
    run.quarantine.discard([second.id], "it is right", now=pair.clock())

    decisions = run.decisions()

    assert decisions.approves("1", approved)
    assert not decisions.approves("1", discarded)
    other = review("differs", "3", "changed", {})
    assert decisions.undecided("1", [approved, discarded, other]) == (other,)


def test_a_record_whose_processes_end_every_time_waits_for_a_person(pair: Reconciler) -> None:
    due(pair, "1")
    for _ in range(MOST_INTERRUPTIONS):
        assert pair.run().claim().keys == ["1"]
        pair.clock.advance(LEASE_S)  # nobody renews the lease: the process is gone
    due(pair, "2")

    run = pair.run()

    assert run.claim().keys == ["2"]
    (case,) = run.quarantine.list(pair=PAIR, entity=WIDGETS.name)
    assert (case.key, case.class_) == ("1", "unexpected")
    assert run.report.outcomes == {"refused": 1}
    assert pair.states("1", "2") == ["dead", "claimed"]
