"""Open cases that nothing recognised get the verdict of the classifier, in a subprocess."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence

import pytest
from world import PAIR, World

from core.refusals import Refusal
from core.times import utc_now
from flows.activity import watch_activity
from intelligence.errors import UNSURE
from store.database import Database
from store.quarantine import Entry, Quarantine
from store.verdicts import Verdict, Verdicts
from tasks.reconciler.classification import classify_cases, classify_unknown
from tasks.reconciler.connections import connect, disconnect
from tasks.reconciler.triage import FEATURE, triage_all

CLOSED_PERIOD = "Brightpearl answered POST /order with 400: period {} is closed"
ALONE = """
import sys
from flows.activity import watch_activity
from tasks.reconciler.classification import classify_cases
print(classify_cases(sys.argv[1]), sorted({"sklearn", "onnxruntime"} & set(sys.modules)))
"""
GIBBERISH = "Brightpearl answered PUT /x with 400: zxqv wubble {}"


@pytest.fixture
def database(world: World) -> Database:
    """That of the pair, whose sandboxes nobody asks."""
    assert world.writes() == 0
    return connect(PAIR).database


def refused(*reasons: str, value: int = 0) -> None:
    """One case a reason, opened as a run opens it."""
    pair, database = connect(PAIR).pair, connect(PAIR).database
    cases = [
        (str(place), Refusal("rejected", "", "", reason, "See Brightpearl."))
        for place, reason in enumerate(reasons)
    ]
    at_stake = {key: value for key, _ in cases} if value else {}
    found = triage_all(database, pair, "orders", cases, at_stake=at_stake)
    Quarantine(database).open(PAIR, "orders", found, now=utc_now())


def entries(database: Database) -> Sequence[Entry]:
    return Quarantine(database).list(pair=PAIR)


def test_the_hourly_watch_classifies_unknown_cases_and_says_who_did(database: Database) -> None:
    refused(CLOSED_PERIOD.format(43), GIBBERISH.format(1))
    assert [entry.error_class for entry in entries(database)] == ["unknown", "unknown"]

    asyncio.run(watch_activity.fn(PAIR))

    period, gibberish = entries(database)
    assert (period.error_class, period.queue, period.triage["retry"]) == (
        "invalid_state", "orders", False,
    )  # fmt: skip
    (action,) = Quarantine(database).actions(period.id)
    assert (action.actor, action.before, action.after) == ("causeway", "unknown", "invalid_state")
    assert (gibberish.error_class, gibberish.queue) == ("unknown", "operator")
    assert gibberish.triage["reason"] != UNSURE
    assert Quarantine(database).actions(gibberish.id) == []


@pytest.mark.long
def test_the_process_that_asks_for_classes_loads_no_classifier(database: Database) -> None:
    refused(CLOSED_PERIOD.format(43))

    command = [sys.executable, "-c", ALONE, PAIR]
    asked = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - our own code

    assert asked.stdout.decode().strip() == "1 of 1 unknown cases have a class now. []"
    assert [entry.error_class for entry in entries(database)] == ["invalid_state"]


def test_switched_off_nothing_is_classified(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(CLOSED_PERIOD.format(43))
    monkeypatch.setenv("CAUSEWAY_INTELLIGENCE__ERRORS", "off")
    disconnect()

    assert classify_cases(PAIR) == "Switched off in the settings."
    assert [entry.error_class for entry in entries(database)] == ["unknown"]


@pytest.mark.long
def test_what_resembles_nothing_is_compared_again_once_people_confirmed_a_class(
    database: Database,
) -> None:
    refused(GIBBERISH.format(1))
    classify_unknown(database, PAIR, utc_now())
    assert classify_cases(PAIR) == "No open case waits for the classifier."

    facts = {"message": "zxqv wubble N", "source": "bp", "status": "400"}
    Verdicts(database).add(
        PAIR, Verdict(FEATURE, "orders", "another", "stock", "jo", utc_now(), facts)
    )

    assert classify_cases(PAIR) == "1 of 1 unknown cases have a class now."
    assert [entry.error_class for entry in entries(database)] == ["stock"]


def test_what_is_at_stake_still_counts_when_the_class_is_found_later(database: Database) -> None:
    refused(CLOSED_PERIOD.format(43), value=5000)

    classify_unknown(database, PAIR, utc_now())

    (case,) = entries(database)
    assert (case.error_class, case.act_within_h) == ("invalid_state", 4)


def test_a_class_that_a_person_kept_meanwhile_stays(database: Database) -> None:
    refused(CLOSED_PERIOD.format(43))
    (case,) = entries(database)
    known = {"class": "stock"}
    by = {"queue": "warehouse", "act_within_h": 4, "now": utc_now()}

    assert Quarantine(database).classify(case.id, known, actor="jo", **by)
    assert not Quarantine(database).classify(case.id, {"class": "auth"}, actor="causeway", **by)

    assert [entry.error_class for entry in entries(database)] == ["stock"]


def test_a_classifier_that_fails_leaves_cases_unknown_and_says_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(CLOSED_PERIOD.format(43))
    monkeypatch.setattr(sys, "executable", "false")

    says = classify_cases(PAIR)

    assert says.startswith("The classifier ended with 1: cases stay unknown")
    assert [entry.error_class for entry in entries(database)] == ["unknown"]
