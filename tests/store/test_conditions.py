"""Parked keys wake when what they wait for comes true, in the sequence of their orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from store.database import Database
from store.inbox import Claim, Done, Inbox, Parked

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORDERS = ("p", "orders")
REFUNDS = ("p", "refunds")


@pytest.fixture
def inbox(database: Database) -> Inbox:
    return Inbox(database)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def claim(
    inbox: Inbox, *, of: tuple[str, str] = ORDERS, limit: int = 10, now: datetime = NOW
) -> list[Claim]:
    return inbox.claim(*of, owner="a", limit=limit, lease_s=60, now=now)


def keys(claims: list[Claim]) -> list[str]:
    return [one.key for one in claims]


def parked(key: str, *conditions: str, wake_at: datetime | None = None) -> Parked:
    return Parked(key, conditions, wake_at or at(3600), at(86_400), "waits")


def park(inbox: Inbox, *outcomes: Parked, of: tuple[str, str] = ORDERS) -> None:
    """Put, claim and park keys, all of it at NOW."""
    named = [outcome.key for outcome in outcomes]
    inbox.put(*of, named, source="webhook", now=NOW)
    claim(inbox, of=of, limit=len(named))
    inbox.settle(*of, "a", outcomes, now=NOW)


def test_a_key_wakes_when_any_of_its_conditions_comes_true(inbox: Inbox) -> None:
    park(inbox, parked("1", "stock:7", "payment"), parked("2", "stock:8"), parked("3", "payment"))

    assert inbox.wake("p", ["stock:7", "stock:9"], now=at(5)) == 1

    assert inbox.states(*ORDERS, ["1", "2", "3"]) == {"1": "due", "2": "parked", "3": "parked"}
    (woken,) = claim(inbox, now=at(5))
    assert (woken.key, woken.due_since, woken.source) == ("1", at(5), "condition")


def test_keys_of_every_entity_wake_and_none_of_another_pair(inbox: Inbox) -> None:
    for of in (ORDERS, REFUNDS, ("q", "orders")):
        park(inbox, parked("1", "table:order_status"), of=of)

    assert inbox.wake("p", ["table:order_status"], now=at(5)) == 2

    assert [(one.pair, one.entity) for one in inbox.waiting(at(5))] == [ORDERS, REFUNDS]


def test_a_key_that_does_not_wait_any_more_is_left_alone(inbox: Inbox) -> None:
    park(inbox, parked("1", "payment"), parked("2", "payment"), parked("3", "payment"))
    inbox.put(*ORDERS, ["1", "2"], source="webhook", now=at(1))
    claim(inbox, limit=1, now=at(1))
    inbox.settle(*ORDERS, "a", [Done("1")], now=at(2))

    assert inbox.wake("p", ["payment"], now=at(3)) == 1

    assert inbox.states(*ORDERS, ["1", "2", "3"]) == {"1": "done", "2": "due", "3": "due"}


def test_it_is_known_what_anybody_waits_for(inbox: Inbox) -> None:
    park(inbox, parked("1", "stock:7", "stock:8", "payment"), parked("2", "stock:8", "Stock:1"))
    park(inbox, parked("1", "stock:99"), of=("q", "orders"))

    assert inbox.waiting_for("p", "stock:") == {"stock:7", "stock:8"}

    inbox.wake("p", ["stock:8"], now=at(1))
    claim(inbox, now=at(1))
    inbox.settle(*ORDERS, "a", [Done("1"), parked("2", "stock:8")], now=at(2))
    assert inbox.waiting_for("p", "stock:") == {"stock:8"}


def test_woken_keys_come_in_the_sequence_in_which_their_orders_were_placed(inbox: Inbox) -> None:
    park(inbox, *[parked(key, "stock:7") for key in ("1000", "99", "101", "100")])

    inbox.wake("p", ["stock:7"], now=at(5))

    assert keys(claim(inbox, limit=2, now=at(5))) == ["99", "100"]
    assert keys(claim(inbox, limit=2, now=at(5))) == ["101", "1000"]


def test_a_woken_key_is_as_urgent_as_one_that_an_event_names(inbox: Inbox) -> None:
    """And more urgent than one that woke by the clock, however long ago that was."""
    park(inbox, parked("50", "status", wake_at=at(2)), parked("200", "stock:7"))
    inbox.put(*ORDERS, ["300"], source="webhook", now=at(3))
    inbox.wake("p", ["stock:7"], now=at(5))
    inbox.put(*ORDERS, ["100"], source="webhook", now=at(6))

    assert [keys(claim(inbox, limit=1, now=at(7)))[0] for _ in range(4)] == [
        "300",
        "200",
        "100",
        "50",
    ]


def test_the_orders_of_a_batch_come_as_they_were_placed(inbox: Inbox) -> None:
    """The newer one was ready first; goods go to the older one all the same."""
    park(inbox, parked("200", "stock:7"))
    inbox.put(*ORDERS, ["300"], source="webhook", now=at(3))
    inbox.wake("p", ["stock:7"], now=at(5))

    assert keys(claim(inbox, now=at(7))) == ["200", "300"]


def test_a_waking_of_very_many_keys_holds_up_no_event(inbox: Inbox) -> None:
    numbers = [str(number) for number in range(1, 1_201)]
    park(inbox, *[parked(number, "table:order_status") for number in numbers])

    assert inbox.wake("p", ["table:order_status"], now=at(5)) == 1_200
    inbox.put(*ORDERS, ["9000"], source="webhook", now=at(6))

    assert keys(claim(inbox, limit=500, now=at(6))) == numbers[:500]
    assert keys(claim(inbox, limit=1, now=at(6))) == ["9000"]
    assert keys(claim(inbox, limit=500, now=at(6))) == numbers[500:1_000]
    assert keys(claim(inbox, limit=500, now=at(6))) == numbers[1_000:]


def test_a_condition_that_came_true_while_the_key_was_worked_on_is_not_missed(
    inbox: Inbox,
) -> None:
    """The run may have read the stock a moment before it arrived."""
    inbox.put(*ORDERS, ["1", "2"], source="webhook", now=NOW)
    claim(inbox)

    assert inbox.wake("p", ["stock:7"], now=at(1)) == 0
    inbox.settle(*ORDERS, "a", [parked("1", "stock:7"), parked("2", "stock:8")], now=at(2))

    assert inbox.states(*ORDERS, ["1", "2"]) == {"1": "due", "2": "parked"}
    assert keys(claim(inbox, now=at(2))) == ["1"]


def test_a_condition_that_came_true_before_the_key_was_claimed_was_seen(inbox: Inbox) -> None:
    park(inbox, parked("1", "stock:7"))
    inbox.put(*ORDERS, ["2"], source="webhook", now=NOW)
    claim(inbox)
    inbox.wake("p", ["stock:7"], now=at(1))

    assert keys(claim(inbox, now=at(2))) == ["1"]
    inbox.settle(*ORDERS, "a", [parked("1", "stock:7")], now=at(3))

    assert inbox.states(*ORDERS, ["1"]) == {"1": "parked"}


def test_a_woken_key_that_parks_again_expires_when_it_would_have(inbox: Inbox) -> None:
    park(inbox, parked("1", "payment"))
    inbox.wake("p", ["payment"], now=at(80_000))
    (woken,) = claim(inbox, now=at(80_000))
    assert woken.attempts == 0

    late = Parked("1", ("payment",), at(90_000), at(160_000), "not paid")
    inbox.settle(*ORDERS, "a", [late], now=at(86_400))

    assert inbox.reasons(*ORDERS, "done") == {"1": "expired: not paid"}
    assert inbox.waiting_for("p", "") == set()
