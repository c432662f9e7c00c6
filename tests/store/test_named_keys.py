"""Keys taken by name: whatever a record was called, one run works on it at a time."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from store.database import Database
from store.inbox import NAMED, Dead, Done, Inbox, Parked, Retry, Taken

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=61)
PAIR = ("p", "shipments")


def taken(
    database: Database, *keys: str, owner: str = "one", now: datetime = NOW
) -> dict[str, Taken]:
    return Inbox(database).take(*PAIR, keys, owner=owner, lease_s=60, now=now)


def test_a_key_the_inbox_does_not_know_is_made_and_held(database: Database) -> None:
    found = taken(database, "100")

    assert found["100"].was == ""
    assert Inbox(database).states(*PAIR, ["100"]) == {"100": "claimed"}
    assert Inbox(database).claim(*PAIR, owner="two", limit=9, lease_s=60, now=NOW) == []


@pytest.mark.parametrize(
    ("outcome", "was"),
    [
        (Done("100"), "done"),
        (Dead("100", "why"), "dead"),
        (Retry("100", LATER, "why"), "due"),
        (Parked("100", ("grace",), LATER, LATER + timedelta(days=1), "why"), "parked"),
    ],
)
def test_a_key_at_rest_is_taken_and_says_how_it_stood(database: Database, outcome, was) -> None:
    inbox = Inbox(database)
    inbox.put(*PAIR, ["100"], source="webhook", now=NOW)
    inbox.claim(*PAIR, owner="one", limit=1, lease_s=60, now=NOW)
    inbox.settle(*PAIR, "one", [outcome], now=NOW)

    assert taken(database, "100", owner="two")["100"].was == was


def test_a_parked_key_is_due_since_it_was_named_and_a_due_one_since_its_event(
    database: Database,
) -> None:
    inbox = Inbox(database)
    inbox.put(*PAIR, ["100", "101"], source="webhook", now=NOW)
    inbox.claim(*PAIR, owner="one", limit=1, lease_s=60, now=NOW)
    parked = Parked("100", ("grace",), LATER, LATER + timedelta(days=1), "why")
    inbox.settle(*PAIR, "one", [parked], now=NOW)
    named_at = NOW + timedelta(seconds=5)

    found = taken(database, "100", "101", owner="two", now=named_at)

    assert {key: one.claim.due_since for key, one in found.items()} == {"100": named_at, "101": NOW}
    inbox.settle(*PAIR, "two", [parked], now=named_at)
    (again,) = inbox.claim(*PAIR, owner="three", limit=1, lease_s=60, now=LATER)
    assert again.due_since == named_at


def test_a_key_in_other_hands_is_left_to_them_until_their_lease_ends(database: Database) -> None:
    taken(database, "100", owner="one")

    assert taken(database, "100", "101", owner="two").keys() == {"101"}
    assert taken(database, "100", owner="one").keys() == {"100"}
    assert taken(database, "100", owner="two", now=LATER)["100"].was == "claimed"


def test_an_owner_that_vanishes_leaves_a_key_that_is_read_in_full(database: Database) -> None:
    inbox = Inbox(database)
    inbox.put(*PAIR, ["100"], source="webhook", now=NOW)
    inbox.claim(*PAIR, owner="one", limit=1, lease_s=60, now=NOW)
    inbox.settle(*PAIR, "one", [Done("100")], now=NOW)
    taken(database, "100", owner="one")

    (claim,) = inbox.claim(*PAIR, owner="two", limit=1, lease_s=60, now=LATER)

    assert (claim.key, claim.source) == ("100", NAMED)


def test_an_event_that_comes_meanwhile_makes_the_key_due_when_it_is_settled(
    database: Database,
) -> None:
    inbox = Inbox(database)
    taken(database, "100")
    inbox.put(*PAIR, ["100"], source="webhook", now=NOW)
    inbox.settle(*PAIR, "one", [Done("100")], now=NOW)

    assert inbox.states(*PAIR, ["100"]) == {"100": "due"}


def test_of_several_that_want_the_same_keys_at_once_each_key_has_one_holder(
    database: Database,
) -> None:
    keys = [str(number) for number in range(50)]
    found: dict[str, set[str]] = {}
    start = threading.Barrier(4)

    def work(owner: str) -> None:
        start.wait()
        found[owner] = set(taken(database, *keys, owner=owner))

    threads = [threading.Thread(target=work, args=(f"run-{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(key for held in found.values() for key in held) == sorted(keys)
