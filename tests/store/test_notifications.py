"""Waiting for keys: woken by every way into the inbox, and by nothing lost on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cases import Case, open_cases
from databases import cut_off
from waiting import WITHIN_S

from store.database import Database, StoreUnavailableError
from store.inbox import Dead, Inbox, Parked, put
from store.notifications import InboxListener
from store.quarantine import Quarantine

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAIR = ("p", "orders")


@pytest.fixture
def listener(database: Database) -> Iterator[InboxListener]:
    """A listener that has noticed all earlier changes."""
    listener = InboxListener(database, poll_interval_s=0.005)
    listener.wait(0)
    while listener.wait(0.02):
        pass
    yield listener
    listener.close()


@pytest.fixture
def inbox(database: Database) -> Inbox:
    return Inbox(database)


def in_a_moment(work: Callable[[], object]) -> threading.Timer:
    timer = threading.Timer(0.05, work)
    timer.start()
    return timer


def test_a_new_key_wakes_who_waits(listener: InboxListener, inbox: Inbox) -> None:
    timer = in_a_moment(lambda: inbox.put(*PAIR, ["1"], source="webhook", now=NOW))
    assert listener.wait(WITHIN_S)
    timer.join()
    assert inbox.waiting(NOW)


def test_a_key_that_came_between_two_waits_is_noticed_by_the_next(
    listener: InboxListener, inbox: Inbox
) -> None:
    inbox.put(*PAIR, ["1"], source="webhook", now=NOW)
    assert listener.wait(WITHIN_S)


def test_a_released_case_and_a_met_condition_wake_who_waits(
    listener: InboxListener, inbox: Inbox, database: Database
) -> None:
    inbox.put(*PAIR, ["1", "2"], source="webhook", now=NOW)
    inbox.claim(*PAIR, owner="a", limit=2, lease_s=60, now=NOW)
    later = NOW + timedelta(hours=1)
    inbox.settle(*PAIR, "a", [Dead("1", "sku"), Parked("2", ("paid",), later, later, "")], now=NOW)
    quarantine = Quarantine(database)
    open_cases(quarantine, [Case(*PAIR, "1", "sku", "sku", "X", "unknown", "make it")], now=NOW)
    while listener.wait(0.02):
        pass
    timer = in_a_moment(lambda: quarantine.release("p", class_="sku", now=NOW))
    assert listener.wait(WITHIN_S)
    timer.join()
    while listener.wait(0.02):
        pass
    timer = in_a_moment(lambda: inbox.wake("p", ["paid"], now=NOW))
    assert listener.wait(WITHIN_S)
    timer.join()


def test_nothing_new_is_no_reason_to_wake(listener: InboxListener) -> None:
    assert not listener.wait(0.05)


def test_what_was_undone_wakes_nobody(listener: InboxListener, database: Database) -> None:
    def arrive_in_vain() -> None:
        with database.write() as connection:
            put(connection, [(*PAIR, "1", "webhook")], now=NOW)
            raise LookupError

    with pytest.raises(LookupError):
        arrive_in_vain()
    assert not listener.wait(0.05)


def test_a_stop_ends_the_waiting(listener: InboxListener) -> None:
    stop = threading.Event()
    timer = in_a_moment(stop.set)
    assert not listener.wait(WITHIN_S, stop)
    timer.join()


def test_a_key_is_noticed_again_after_the_server_was_restarted(
    new_url: Callable[..., str], request: pytest.FixtureRequest
) -> None:
    """The lost connection is reported once; what arrived meanwhile is noticed after it."""
    database = Database(new_url("postgresql"))
    listener, inbox = InboxListener(database), Inbox(database)
    assert listener.wait(0)
    cut_off(request.getfixturevalue("server"), database)
    with pytest.raises(StoreUnavailableError, match="cannot be listened to"):
        listener.wait(WITHIN_S)
    inbox.put(*PAIR, ["1"], source="webhook", now=NOW)
    assert listener.wait(WITHIN_S)
    assert [one.count for one in inbox.waiting(NOW)] == [1]
    listener.close()
    database.close()
