"""The watch over activity: counts of whole hours, alarms with numbers, findings while they last."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from core.refusals import Refusal
from intelligence.anomalies import Series, detect
from store.activity import Requests, hourly
from store.database import Database, open_database
from store.ledger import Conclusion, Intent, Ledger
from store.quarantine import Quarantine
from store.verdicts import Verdicts
from tasks.activity import chart, findings, label, labels, open_alarms, says
from tasks.reconciler.connections import RequestCounts

HOUR = timedelta(hours=1)
BEGINNING = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def database(tmp_path) -> Database:
    return open_database(f"sqlite:///{tmp_path}/causeway.db")


def busy(weeks: int = 9) -> dict[datetime, float]:
    return {
        BEGINNING + place * HOUR: 80.0 if 8 <= place % 24 < 20 else 5.0
        for place in range(weeks * 168)
    }


def test_hours_are_counted_by_what_was_created_written_and_refused(database) -> None:
    ledger, at = Ledger(database), BEGINNING + timedelta(minutes=20)
    intents = [
        Intent("default", "orders", "1", "create sales order", "BC-1"),
        Intent("default", "orders", "1", "create receipt", "P1"),
        Intent("default", "refunds", "2", "create sales credit", "R2"),
        Intent("default", "stock", "A", "adjust stock", "A"),
        Intent("default", "prices", "A", "set prices", "A"),
        Intent("other", "orders", "9", "create sales order", "BC-9"),
    ]
    ids = ledger.intend(intents, now=at)
    ledger.conclude([Conclusion(ids[0], "refused")], now=at)
    refusal = Refusal("sku", "sku", "A", "unknown", "create it")
    Quarantine(database).open("default", "orders", [("1", refusal)], now=at + HOUR)

    counted = hourly(database, "default", BEGINNING - HOUR, BEGINNING + 3 * HOUR)

    assert {name: list(hours.values()) for name, hours in counted.items() if hours} == {
        "orders": [1, 0, 0],
        "refunds": [1, 0, 0],
        "stock": [1, 0, 0],
        "prices": [1, 0, 0],
        "writes": [5, 0, 0],
        "errors": [1, 1, 0],
    }


def test_requests_are_counted_by_hour_and_system_from_the_first_one_on(database) -> None:
    requests = Requests(database)
    requests.add("default", BEGINNING + timedelta(minutes=1), {"bigcommerce": 3, "brightpearl": 0})
    requests.add("default", BEGINNING + timedelta(minutes=59), {"bigcommerce": 4})
    requests.add("default", BEGINNING + 2 * HOUR, {"bigcommerce": 1, "brightpearl": 9})
    requests.add("other", BEGINNING, {"bigcommerce": 100})

    counted = hourly(database, "default", BEGINNING - HOUR, BEGINNING + 3 * HOUR)

    assert list(counted["requests_bigcommerce"].values()) == [7, 0, 1]
    assert list(counted["requests_brightpearl"].values()) == [9]


def test_requests_of_a_process_are_counted_once_however_often_they_are_kept() -> None:
    counts = RequestCounts()

    assert counts.take_new(Counter(bigcommerce=5)) == {"bigcommerce": 5}
    assert counts.take_new(Counter(bigcommerce=5)) == {}
    assert counts.take_new(Counter(bigcommerce=7, brightpearl=1)) == {
        "bigcommerce": 2,
        "brightpearl": 1,
    }


def test_hours_before_anything_was_counted_are_no_hours(database) -> None:
    assert hourly(database, "default", BEGINNING, BEGINNING + HOUR)["orders"] == {}


def test_an_outage_is_reported_with_its_numbers_until_a_day_has_passed() -> None:
    counted = busy()
    end = max(counted) + HOUR
    for place in range(4, 8):
        counted[end - place * HOUR - timedelta(hours=4)] = 0.0
    series = Series.of(counted)

    alarms = detect(series)

    (alarm,) = open_alarms(alarms, end)
    assert alarm.kind == "outage"
    assert open_alarms(alarms, end + timedelta(days=2)) == []
    page = chart("orders", series, "UTC", [alarm])
    assert "| hour (UTC)" in page
    assert "unusual" in page
    assert alarm.reason in page


def test_what_the_newest_report_found_is_a_finding_while_it_is_fresh() -> None:
    alarm = {"series": "orders", "kind": "outage", "first": "x", "reason": "0 in 2 hours"}
    report = {"started_at": BEGINNING.isoformat(), "alarms": [alarm]}

    (found,) = findings(report, BEGINNING + HOUR)

    assert (found.watchdog, found.subject) == ("activity", "orders")
    assert "0 in 2 hours" in found.text
    assert list(findings(report, BEGINNING + timedelta(days=3))) == []
    assert list(findings(None, BEGINNING)) == []


def test_what_a_person_calls_usual_is_a_label_and_no_finding_any_more(
    database,
) -> None:
    alarm = {"series": "orders", "kind": "surge", "first": "x", "reason": "90", "counted": 90.0}
    report = {"started_at": BEGINNING.isoformat(), "alarms": [alarm]}

    label(database, "default", [alarm], "usual", actor="jo", now=BEGINNING)

    said = labels(database, "default")
    assert said == {"orders x": "usual"}
    assert list(findings(report, BEGINNING, said)) == []
    (kept,) = Verdicts(database).newest("default", "anomalies")
    assert (kept.actor, kept.facts["counted"]) == ("jo", 90.0)


def test_usual_hours_say_so() -> None:
    assert "as usual" in says([])
