"""The inbox: nothing queued is lost, nothing is held twice."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cases import Case, open_cases
from hypothesis import given, settings
from hypothesis import strategies as st

from store.database import Database
from store.inbox import Claim, Dead, Done, Inbox, Parked, Retry
from store.inbox import put as put_events
from store.quarantine import Quarantine
from store.runs import Leases

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAIR = ("p", "orders")


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def inbox(database: Database) -> Inbox:
    return Inbox(database)


def put(
    inbox: Inbox, *keys: str, source: str = "webhook", now: datetime = NOW, pair: Any = PAIR
) -> int:
    return inbox.put(*pair, keys, source=source, now=now)


def claim(
    inbox: Inbox, owner: str = "a", limit: int = 10, now: datetime = NOW, pair: Any = PAIR
) -> list[Claim]:
    return inbox.claim(*pair, owner=owner, limit=limit, lease_s=60, now=now)


def state(inbox: Inbox, key: str) -> str:
    return inbox.states(*PAIR, [key])[key]


def test_a_key_is_due_once_however_often_it_is_put(inbox: Inbox) -> None:
    assert put(inbox, "1", "2", "1") == 2
    assert put(inbox, "1") == 0
    assert [one.key for one in claim(inbox)] == ["1", "2"]
    assert claim(inbox, "b") == []


def test_a_key_that_changes_while_it_is_held_is_due_again_after_settling(inbox: Inbox) -> None:
    put(inbox, "1")
    claim(inbox)
    put(inbox, "1", now=at(5))
    inbox.settle(*PAIR, "a", [Done("1")], now=at(9))
    (again,) = claim(inbox, now=at(9))
    assert again.due_since == at(5)


def test_what_is_deferred_is_due_at_its_moment_or_once_it_is_hastened(inbox: Inbox) -> None:
    inbox.put(*PAIR, ["1", "2"], source="order", now=NOW, ready_at=at(30))
    put(inbox, "2", now=at(1))  # an event does not wait
    assert [one.key for one in claim(inbox, now=at(2))] == ["2"]
    inbox.hasten(*PAIR, source="another", now=at(3))
    assert claim(inbox, now=at(3)) == []
    inbox.hasten(*PAIR, source="order", now=at(4))
    assert [(one.key, one.due_since) for one in claim(inbox, now=at(4))] == [("1", NOW)]

    inbox.put(*PAIR, ["3"], source="order", now=at(5), ready_at=at(35))
    assert [one.key for one in claim(inbox, now=at(35))] == ["3"]


def test_what_is_due_or_held_is_not_deferred(inbox: Inbox) -> None:
    put(inbox, "held")
    claim(inbox)
    put(inbox, "due", now=at(1))
    inbox.put(*PAIR, ["due", "held"], source="order", now=at(2), ready_at=at(32))
    inbox.settle(*PAIR, "a", [Done("held")], now=at(3))
    assert sorted(one.key for one in claim(inbox, "b", now=at(3))) == ["due", "held"]


def test_a_try_that_failed_is_not_hastened(inbox: Inbox) -> None:
    put(inbox, "1", source="order")
    claim(inbox)
    inbox.settle(*PAIR, "a", [Retry("1", at(60), "away")], now=at(1))
    inbox.hasten(*PAIR, source="order", now=at(2))
    assert claim(inbox, now=at(59)) == []


def test_an_expired_lease_belongs_to_whoever_asks_next_and_the_loser_changes_nothing(
    inbox: Inbox,
) -> None:
    put(inbox, "1")
    claim(inbox)
    assert [one.key for one in claim(inbox, "b", now=at(61))] == ["1"]
    inbox.settle(*PAIR, "a", [Done("1")], now=at(62))
    assert state(inbox, "1") == "claimed"
    inbox.settle(*PAIR, "b", [Done("1")], now=at(63))
    assert state(inbox, "1") == "done"


def test_a_renewed_lease_is_kept(inbox: Inbox) -> None:
    put(inbox, "1")
    claim(inbox)
    assert inbox.renew("a", lease_s=60, now=at(50)) == 1
    assert claim(inbox, "b", now=at(70)) == []


def test_a_parked_key_wakes_by_the_clock_and_by_an_event_and_expires_with_its_reason(
    inbox: Inbox,
) -> None:
    parked = Parked("1", ("status",), at(100), at(150), "pending")
    put(inbox, "1")
    claim(inbox)
    inbox.settle(*PAIR, "a", [parked], now=NOW)
    assert claim(inbox, now=at(99)) == []
    put(inbox, "1", now=at(10))
    assert len(claim(inbox, now=at(10))) == 1
    inbox.settle(*PAIR, "a", [parked], now=at(10))
    assert len(claim(inbox, now=at(100))) == 1
    inbox.settle(*PAIR, "a", [parked], now=at(160))
    assert state(inbox, "1") == "done"
    assert inbox.reasons(*PAIR, "done") == {"1": "expired: pending"}


def test_a_pause_whose_end_is_known_is_not_a_try(inbox: Inbox) -> None:
    put(inbox, "1")
    tries = []
    for is_try in (True, False, True):
        (held,) = claim(inbox)
        tries.append(held.attempts)
        parked = Parked("1", ("stock",), NOW, at(9_999), "seen soon", is_try=is_try)
        inbox.settle(*PAIR, "a", [parked], now=NOW)
    assert [*tries, claim(inbox)[0].attempts] == [0, 1, 1, 2]


def test_a_parked_key_that_wakes_again_is_due_since_then(inbox: Inbox) -> None:
    put(inbox, "1")
    for woken_at in (2, 4):
        claim(inbox, now=at(woken_at - 2))
        parked = Parked("1", ("stock",), at(woken_at), at(9_999), "seen soon")
        inbox.settle(*PAIR, "a", [parked], now=at(woken_at - 1))
        (waiting,) = inbox.waiting(at(woken_at))
        assert waiting.oldest_due_since == at(woken_at)


def test_keys_move_that_an_event_has_named_lately_and_that_are_not_settled(inbox: Inbox) -> None:
    put(inbox, "1", "2", "3")
    claim(inbox, limit=1)
    inbox.settle(*PAIR, "a", [Done("1")], now=NOW)
    assert inbox.moving(*PAIR, NOW) == 2
    assert inbox.moving(*PAIR, at(1)) == 0


def test_a_dead_key_rests_until_an_event_or_a_release(inbox: Inbox, database: Database) -> None:
    put(inbox, "1", "2")
    claim(inbox)
    inbox.settle(*PAIR, "a", [Dead("1", "sku"), Dead("2", "sku")], now=NOW)
    assert claim(inbox, now=at(9_999)) == []
    refusals = [Case(*PAIR, key, "sku", "sku", "X", "unknown", "create it") for key in ("1", "2")]
    quarantine = Quarantine(database)
    open_cases(quarantine, refusals, now=NOW)
    open_cases(quarantine, refusals, now=at(1))
    assert [(g.class_, g.value, g.count) for g in quarantine.summary("p")] == [("sku", "X", 2)]
    assert quarantine.release("p", class_="sku", value="X", now=at(2)) == ["1", "2"]
    assert [one.source for one in claim(inbox, now=at(2))] == ["release", "release"]


def test_what_failed_is_tried_again_later_with_one_attempt_more(inbox: Inbox) -> None:
    put(inbox, "1")
    claim(inbox)
    inbox.settle(*PAIR, "a", [Retry("1", at(30), "busy")], now=NOW)
    assert claim(inbox, now=at(29)) == []
    assert claim(inbox, now=at(30))[0].attempts == 1


def test_a_hint_does_not_hide_that_somebody_wants_both_sides_read(inbox: Inbox) -> None:
    put(inbox, "1", source="operator")
    put(inbox, "1", source="webhook")
    assert claim(inbox)[0].source == "operator"


def test_a_hint_does_not_hide_a_stronger_reason_that_came_while_its_key_was_held(
    inbox: Inbox,
) -> None:
    put(inbox, "1", "2", source="webhook")
    claim(inbox)
    put(inbox, "1", source="transaction", now=at(1))
    put(inbox, "1", "2", source="webhook", now=at(2))
    inbox.settle(*PAIR, "a", [Done("1"), Done("2")], now=at(3))
    assert [one.source for one in claim(inbox, now=at(3))] == ["transaction", "webhook"]


@pytest.mark.parametrize("when", ["before the claim", "during the claim"])
def test_a_stronger_reason_outlives_the_owner_that_vanished(inbox: Inbox, when: str) -> None:
    put(inbox, "1", source="operator" if when == "before the claim" else "webhook")
    claim(inbox)
    if when == "during the claim":
        put(inbox, "1", source="operator", now=at(1))
    put(inbox, "1", source="webhook", now=at(61))
    assert [one.source for one in claim(inbox, now=at(61))] == ["operator"]


def test_arrivals_of_one_moment_keep_the_strongest_reason_of_each_key(database: Database) -> None:
    inbox = Inbox(database)
    arrivals = [
        (*PAIR, "2", "webhook"),
        (*PAIR, "1", "webhook"),
        (*PAIR, "1", "transaction"),
        (*PAIR, "1", "sweep"),
        ("q", "orders", "1", "notice"),
    ]
    with database.write() as connection:
        put_events(connection, arrivals, now=NOW)
    assert [(one.key, one.source) for one in claim(inbox)] == [
        ("1", "transaction"),
        ("2", "webhook"),
    ]
    assert [one.source for one in claim(inbox, pair=("q", "orders"))] == ["notice"]


def test_a_backfill_waits_behind_everything_else(inbox: Inbox) -> None:
    put(inbox, "1", "2", source="backfill")
    put(inbox, "9", now=at(5))
    assert [one.key for one in claim(inbox, limit=2, now=at(5))] == ["9", "1"]


def test_ten_thousand_parked_keys_do_not_hold_up_a_new_one(inbox: Inbox) -> None:
    keys = [str(number) for number in range(2_000)]
    inbox.put(*PAIR, keys, source="webhook", now=NOW)
    for _ in range(4):
        held = claim(inbox, limit=500)
        inbox.settle(
            *PAIR,
            "a",
            [Parked(one.key, ("status",), at(3600), at(9999), "pending") for one in held],
            now=NOW,
        )
    put(inbox, "new", now=at(1))
    assert [one.key for one in claim(inbox, now=at(1))] == ["new"]
    (waiting,) = inbox.waiting(at(3600))
    assert waiting.count == 2_001


ACTIONS = st.lists(
    st.tuples(st.sampled_from(["put", "claim", "done", "again", "crash"]), st.integers(0, 4)),
    max_size=30,
)


EXAMPLES = itertools.count(1)


@settings(max_examples=40)
@given(actions=ACTIONS)
def test_every_event_is_followed_by_a_claim_whatever_happens_between(
    shared_database: Database, actions: list[tuple[str, int]]
) -> None:
    """A model of owed work: an event owes a claim that starts after it."""
    pair = (f"pair {next(EXAMPLES)}", "orders")
    inbox, clock, owed, held = Inbox(shared_database), 0.0, set[str](), set[str]()

    def settle(make: Any) -> None:
        inbox.settle(*pair, "a", [make(key) for key in held], now=at(clock))

    for action, number in actions:
        clock += 1
        key = str(number)
        if action == "put":
            put(inbox, key, now=at(clock), pair=pair)
            owed.add(key)
        elif action == "claim":
            found = {one.key for one in claim(inbox, limit=3, now=at(clock), pair=pair)}
            held |= found
            owed -= found
        elif action == "done":
            settle(Done)
            held = set()
        elif action == "again":
            settle(lambda one, now=clock: Retry(one, at(now), "busy"))
            owed |= held
            held = set()
        else:
            owed |= held
            held = set()
            clock += 61
    clock += 61
    assert owed <= {one.key for one in claim(inbox, "z", limit=99, now=at(clock), pair=pair)}


def test_a_lease_has_one_holder_and_an_end(database: Database) -> None:
    leases = Leases(database)
    assert leases.acquire("sync", "a", ttl_s=10, now=NOW)
    assert not leases.acquire("sync", "b", ttl_s=10, now=at(9))
    assert leases.renew("sync", "a", ttl_s=10, now=at(9))
    assert not leases.acquire("sync", "b", ttl_s=10, now=at(15))
    assert leases.acquire("sync", "b", ttl_s=10, now=at(20))
    assert not leases.renew("sync", "a", ttl_s=10, now=at(21))
    leases.release("sync", "a")
    assert not leases.acquire("sync", "c", ttl_s=10, now=at(22))


def test_a_run_that_events_started_leaves_a_backfill_to_others(inbox: Inbox) -> None:
    put(inbox, "1", source="backfill")
    assert inbox.waiting(NOW, with_backfill=False) == []
    whose = {"owner": "a", "limit": 9, "lease_s": 60.0, "now": NOW}
    assert inbox.claim(*PAIR, **whose, with_backfill=False) == []
    put(inbox, "1", source="webhook")
    assert [claim.key for claim in inbox.claim(*PAIR, **whose, with_backfill=False)] == ["1"]
