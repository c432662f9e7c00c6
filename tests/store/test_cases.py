"""The quarantine: one case per record and refusal, and what people decide about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cases import Case, open_cases

from store.database import Database
from store.inbox import Dead, Inbox
from store.quarantine import Action, Quarantine
from store.tables import LONGEST_VALUE

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAIR = ("p", "orders")


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def refusal(key: str, value: str = "X", class_: str = "sku", run_id: str = "r1") -> Case:
    return Case(*PAIR, key, class_, "sku", value, "unknown", "create it", run_id, {"n": 1})


@pytest.fixture
def quarantine(database: Database) -> Quarantine:
    return Quarantine(database)


def test_an_open_case_that_comes_again_is_counted_and_names_the_newest_run(
    quarantine: Quarantine,
) -> None:
    open_cases(quarantine, [refusal("1"), refusal("1", "Y")], now=NOW)
    open_cases(quarantine, [refusal("1", run_id="r2")], now=at(5))
    first, second = quarantine.list(pair="p", entity="orders", class_="sku")
    assert (first.times, first.run_id, first.opened_at, first.seen_at) == (2, "r2", NOW, at(5))
    assert (second.value, second.times, second.detail) == ("Y", 1, {"n": 1})


def test_a_record_with_several_cases_is_released_as_a_whole_and_due_again(
    quarantine: Quarantine, database: Database
) -> None:
    open_cases(quarantine, [refusal("1"), refusal("1", class_="tax"), refusal("2", "Y")], now=NOW)
    assert quarantine.release("p", class_="tax", now=at(1)) == ["1"]
    assert [entry.key for entry in quarantine.list()] == ["2"]
    assert Inbox(database).states(*PAIR, ["1", "2"]) == {"1": "due"}
    open_cases(quarantine, [refusal("1")], now=at(2))
    assert [entry.times for entry in quarantine.list(value="X")] == [1]


def test_cases_are_closed_when_their_record_goes_through_but_for_those_that_still_stand(
    quarantine: Quarantine,
) -> None:
    open_cases(quarantine, [refusal("1"), refusal("1", "Y"), refusal("2")], now=NOW)
    quarantine.resolve(*PAIR, ["1", "2"], now=at(1), but={("1", "sku", "Y")})
    assert [(entry.key, entry.value) for entry in quarantine.list()] == [("1", "Y")]


def test_what_may_go_through_by_itself_rests_longer_after_each_refusal(
    quarantine: Quarantine, database: Database
) -> None:
    pauses = {"rejected": [timedelta(hours=1), timedelta(hours=4)], "failing": [timedelta(hours=9)]}
    cases = [refusal("1", class_="rejected"), refusal("2"), refusal("3", class_="failing")]
    inbox, hour = Inbox(database), 3600

    def rested(hours: float) -> list[str]:
        return sorted(quarantine.rested(*PAIR, pauses, now=at(hours * hour)))

    def refuse_all(hours: float) -> None:
        inbox.put(*PAIR, ["1", "2", "3"], source="retry", now=at(hours * hour))
        inbox.claim(*PAIR, owner="a", limit=9, lease_s=60, now=at(hours * hour))
        open_cases(quarantine, cases, now=at(hours * hour))
        dead = [Dead(key, "refused") for key in ("1", "2", "3")]
        inbox.settle(*PAIR, "a", dead, now=at(hours * hour))

    refuse_all(0)
    assert (rested(0.9), rested(1), rested(8.9), rested(9)) == ([], ["1"], ["1"], ["1", "3"])
    refuse_all(10)
    assert (rested(13.9), rested(14), rested(19)) == ([], ["1"], ["1", "3"])
    refuse_all(20)
    assert (rested(23.9), rested(24)) == ([], ["1"])
    inbox.put(*PAIR, ["1"], source="retry", now=at(24 * hour))
    assert rested(24) == []
    assert quarantine.rested("other", "orders", pauses, now=at(99 * hour)) == []


def test_what_a_person_discarded_is_listed_from_then_on(quarantine: Quarantine) -> None:
    open_cases(quarantine, [refusal("1"), refusal("2")], now=NOW)
    (entry, _) = quarantine.list()
    assert quarantine.discard([entry.id], "a test order", now=at(1)) == 1
    assert quarantine.discard([entry.id], "again", now=at(2)) == 0
    assert quarantine.decided(*PAIR, ["1", "2"]).discarded == {("1", "sku", "X")}
    closed = quarantine.show(entry.id)
    assert closed is not None
    assert (closed.state, closed.closed_reason) == ("discarded", "a test order")


def test_an_approved_proposal_is_carried_out_once(
    quarantine: Quarantine, database: Database
) -> None:
    open_cases(quarantine, [refusal("1", "plan 1"), refusal("2")], now=NOW)
    (entry, _) = quarantine.list()
    assert quarantine.approve([entry.id], now=at(1)) == ["1"]
    assert quarantine.decided(*PAIR, ["1", "2"]).approved == {("1", "sku", "plan 1")}
    (claim,) = Inbox(database).claim(*PAIR, owner="a", limit=9, lease_s=60, now=at(1))
    assert (claim.key, claim.source) == ("1", "release")
    quarantine.resolve(*PAIR, ["1"], now=at(2))
    assert quarantine.decided(*PAIR, ["1", "2"]).approved == set()


def test_groups_count_records_and_show_the_most_frequent_refusal_first(
    quarantine: Quarantine,
) -> None:
    open_cases(
        quarantine,
        [refusal("1"), refusal("2"), refusal("3", "A"), refusal("3", "b", "tax")],
        now=NOW,
    )
    groups = [(group.class_, group.value, group.count) for group in quarantine.summary("p")]
    assert groups == [("sku", "X", 2), ("sku", "A", 1), ("tax", "b", 1)]


def test_a_value_of_any_length_and_any_characters_is_one_case(quarantine: Quarantine) -> None:
    """What a shopper typed may be longer than an index takes, and no proper text at all."""
    odd = "".join(chr(0x10000 + 7 * number) for number in range(2_000)) + "\0\ud83d"
    for _ in range(2):
        open_cases(quarantine, [refusal("1", odd), refusal("2", "half \ud83d\0")], now=NOW)
    long, short = quarantine.list()
    assert (long.value, long.times) == (odd[:LONGEST_VALUE], 2)
    assert (short.value, short.times) == ("half ?", 2)
    quarantine.resolve(*PAIR, ["1", "2"], now=NOW, but={("1", "sku", odd)})
    assert [entry.key for entry in quarantine.list()] == ["1"]
    assert quarantine.release("p", value=odd, now=NOW) == ["1"]


def test_who_released_or_discarded_an_entry_is_kept(quarantine: Quarantine) -> None:
    open_cases(quarantine, [refusal("1"), refusal("2")], now=NOW)
    one, two = (entry.id for entry in quarantine.list())
    quarantine.release("p", ids=[one], actor="ann", now=at(1))
    quarantine.discard([two], "a test order", actor="bob", now=at(2))
    assert quarantine.actions(one) == [Action(at(1), "ann", "open", "released", "")]
    assert quarantine.actions(two) == [Action(at(2), "bob", "open", "discarded", "a test order")]


def test_entries_come_in_pages_that_follow_each_other(quarantine: Quarantine) -> None:
    open_cases(quarantine, [refusal(str(number)) for number in range(1, 8)], now=NOW)
    first = quarantine.list(pair="p", limit=3)
    rest = quarantine.list(pair="p", after=first[-1].id)
    assert [entry.key for entry in (*first, *rest)] == ["1", "2", "3", "4", "5", "6", "7"]


@pytest.mark.long
def test_more_entries_than_a_statement_may_name_are_released_together(
    quarantine: Quarantine, database: Database
) -> None:
    open_cases(quarantine, [refusal(str(number)) for number in range(1200)], now=NOW)
    ids = [entry.id for entry in quarantine.list()]
    absent = range(10**9, 10**9 + 70_000)
    assert len(quarantine.release("p", ids=[*ids, *absent], now=at(1))) == 1200
    assert quarantine.list() == []
    (waiting,) = Inbox(database).waiting(at(1))
    assert waiting.count == 1200


def test_a_value_is_found_whatever_its_case_beyond_ascii(quarantine: Quarantine) -> None:
    open_cases(quarantine, [refusal("1", "GRÜN-7"), refusal("2", "grün-8")], now=NOW)
    assert quarantine.release("p", value="grün-7 ", now=at(1)) == ["1"]
