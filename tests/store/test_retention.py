"""What is old is dropped; what prevents a second record, or waits for a person, stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cases import Case, open_cases
from sqlalchemy import func, select

from core.settings import RetentionSettings
from store.database import Database
from store.inbox import Dead, Done, Inbox, Parked
from store.ledger import Conclusion, Intent, Ledger
from store.links import Link, Links
from store.quarantine import Quarantine
from store.retention import LEAST_RUNS, Forgotten, forget_old
from store.runs import Leases, Runs
from store.statistics import Accuracy, Counts, StockComparison
from store.tables import metadata
from store.versions import Versions

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAIR = ("p", "orders")
NOTHING = Forgotten(
    keys=0, runs=0, cases=0, writes=0, counts=0, comparisons=0, leases=0, conditions=0
)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def settled(inbox: Inbox, keys: list[str], at: datetime) -> None:
    inbox.put(*PAIR, keys, source="webhook", now=at)
    inbox.claim(*PAIR, owner="a", limit=len(keys), lease_s=60, now=at)
    inbox.settle(*PAIR, "a", [Done(key) for key in keys], now=at)


def rows(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }


def test_an_empty_memory_has_nothing_to_forget(database: Database) -> None:
    assert forget_old(database, now=NOW) == NOTHING


def test_keys_settled_long_ago_are_forgotten_and_made_anew_by_their_next_event(
    database: Database,
) -> None:
    inbox = Inbox(database)
    old, young = [str(number) for number in range(1_200)], ["young"]
    settled(inbox, old, ago(31))
    settled(inbox, young, ago(29))
    assert forget_old(database, now=NOW).keys == 1_200
    assert inbox.states(*PAIR, [*old, *young]) == {"young": "done"}
    assert inbox.put(*PAIR, ["7"], source="webhook", now=NOW) == 1
    assert forget_old(database, now=NOW) == NOTHING


def test_keys_that_wait_are_never_forgotten(database: Database) -> None:
    inbox = Inbox(database)
    inbox.put(*PAIR, ["held", "parked", "dead"], source="webhook", now=ago(900))
    inbox.claim(*PAIR, owner="a", limit=3, lease_s=60, now=ago(900))
    parked = Parked("parked", ("paid",), ago(800), ago(-9), "not paid")
    inbox.settle(*PAIR, "a", [parked, Dead("dead", "sku")], now=ago(900))
    inbox.put(*PAIR, ["due"], source="webhook", now=ago(900))
    assert forget_old(database, now=NOW).keys == 0
    assert len(inbox.states(*PAIR, ["held", "parked", "dead", "due"])) == 4


def test_reports_are_forgotten_but_the_newest_of_each_flow(database: Database) -> None:
    kept = Runs(database)
    for flow, count in (("sync-orders", LEAST_RUNS + 7), ("audit-orders", 3)):
        for number in range(count):
            report = {"pair": "p", "flow": flow, "number": number}
            kept.keep(report, run_id=f"{flow} {number}", now=ago(31))
    assert forget_old(database, now=NOW).runs == 7
    newest = [report["number"] for report in kept.last("p", flow="sync-orders", limit=99)]
    assert newest == list(range(LEAST_RUNS + 6, 6, -1))
    assert len(kept.last("p", flow="audit-orders", limit=99)) == 3


def test_how_accurate_stock_was_is_forgotten_after_more_than_a_year(database: Database) -> None:
    kept = Accuracy(database)
    for days in (500, 399):
        kept.keep("p", StockComparison(ago(days), compared=10, equal=9, oversold=0))
    assert forget_old(database, now=NOW).comparisons == 1
    assert [one.at for one in kept.last("p")] == [ago(399)]


def test_writes_whose_end_is_not_known_are_remembered_for_ever(database: Database) -> None:
    """They keep the next try from creating a second record, whenever it comes."""
    ledger = Ledger(database)

    def write(key: str, at: datetime, outcome: str | None) -> None:
        (intent,) = ledger.intend([Intent(*PAIR, key, "create", f"BC-{key}")], now=at)
        if outcome is not None:
            ledger.conclude([Conclusion(intent, outcome)], now=at)

    for key, outcome in (("a", "written"), ("b", None), ("c", "unknown"), ("d", "refused")):
        write(key, ago(401), outcome)
    write("e", ago(399), "written")
    assert forget_old(database, now=NOW).writes == 2
    assert [len(ledger.history(*PAIR, key)) for key in "abcde"] == [0, 1, 1, 0, 1]
    assert {entry.key for entry in ledger.open_intents(*PAIR, list("abcde"))} == {"b", "c"}


def test_old_writes_are_forgotten_when_there_are_no_newer_ones(database: Database) -> None:
    ledger = Ledger(database)
    ids = ledger.intend([Intent(*PAIR, key, "create", key) for key in "ab"], now=ago(500))
    ledger.conclude([Conclusion(number, "written") for number in ids], now=ago(500))
    assert forget_old(database, now=NOW).writes == 2


@pytest.mark.parametrize("decision", ["none", "discarded", "approved", "released", "resolved"])
def test_cases_are_forgotten_once_they_are_over_but_decisions_of_a_person_stand(
    database: Database, decision: str
) -> None:
    quarantine = Quarantine(database)
    open_cases(
        quarantine, [Case(*PAIR, "1", "sku", "sku", "X", "unknown", "make it")], now=ago(200)
    )
    (entry,) = quarantine.list()
    match decision:
        case "discarded":
            quarantine.discard([entry.id], "a test order", now=ago(181))
        case "approved":
            quarantine.approve([entry.id], now=ago(181))
        case "released":
            quarantine.release("p", now=ago(181))
        case "resolved":
            quarantine.resolve(*PAIR, ["1"], now=ago(181))
    assert forget_old(database, now=ago(2)).cases == 0
    is_over = decision in {"released", "resolved"}
    assert forget_old(database, now=NOW).cases == int(is_over)
    assert (quarantine.show(entry.id) is None) == is_over


def test_counters_and_ended_leases_are_forgotten(database: Database) -> None:
    counts, leases = Counts(database), Leases(database)
    for days in (401, 399):
        counts.add("p", ago(days).date(), {"accepted": 1})
    leases.acquire("gone", "a", ttl_s=60, now=ago(2))
    leases.acquire("held", "a", ttl_s=60, now=NOW)
    forgotten = forget_old(database, now=NOW)
    assert (forgotten.counts, forgotten.leases) == (1, 1)
    assert counts.of_day("p", ago(399).date()) == {"accepted": 1}
    assert not leases.acquire("held", "b", ttl_s=60, now=NOW)


def test_identities_and_mappings_are_never_forgotten(database: Database) -> None:
    Links(database).put(*PAIR, [Link("1", "2")], now=ago(9_000))
    Versions(database).publish("p", files={}, author="a", note="", now=ago(9_000))
    before = rows(database)
    assert forget_old(database, now=NOW) == NOTHING
    assert rows(database) == before


def test_settings_say_how_long(database: Database) -> None:
    Counts(database).add("p", ago(9).date(), {"accepted": 1})
    assert forget_old(database, now=NOW).counts == 0
    short = RetentionSettings(counts_days=7)
    assert forget_old(database, now=NOW, retention=short).counts == 1


def test_evidence_of_an_open_case_stays(database: Database) -> None:
    ledger, quarantine = Ledger(database), Quarantine(database)
    for key in ("1", "2"):
        (intent,) = ledger.intend([Intent(*PAIR, key, "create", key)], now=ago(500))
        ledger.conclude([Conclusion(intent, "written", "9")], now=ago(500))
    open_cases(
        quarantine, [Case(*PAIR, "1", "sku", "sku", "X", "unknown", "make it")], now=ago(500)
    )
    assert forget_old(database, now=NOW).writes == 1
    assert [one.key for one in ledger.history(*PAIR, "1")] == ["1"]
