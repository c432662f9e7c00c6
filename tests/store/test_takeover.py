"""What a process held that ended is free at once; nobody else loses anything."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from core.process_identity import identity_of, owned_by, this_process
from store.database import Database
from store.inbox import Dead, Done, Inbox
from store.runs import Leases
from store.takeover import take_over

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAIR = ("p", "orders")


@pytest.fixture(scope="module")
def ended() -> str:
    """An owner within a process that has ended."""
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: S603 - our own
        return owned_by(identity_of(process.pid), "sync-orders-1")


ALIVE = owned_by(this_process(), "sync-orders-2")
UNKNOWN = "sync-orders-3"


def claimed(inbox: Inbox, owner: str, *keys: str, now: datetime = NOW) -> list[str]:
    inbox.put(*PAIR, keys, source="webhook", now=now)
    found = inbox.claim(*PAIR, owner=owner, limit=len(keys), lease_s=300, now=now, only=keys)
    return [claim.key for claim in found]


def test_keys_of_an_ended_process_are_due_at_once_and_those_of_others_stay(
    database: Database, ended: str
) -> None:
    inbox = Inbox(database)
    for owner, key in ((ended, "1"), (ALIVE, "2"), (UNKNOWN, "3")):
        claimed(inbox, owner, key)

    taken = take_over(database, now=NOW)

    assert (taken.keys, taken.leases) == (1, 0)
    (claim,) = inbox.claim(*PAIR, owner="next", limit=10, lease_s=300, now=NOW)
    assert (claim.key, claim.attempts, claim.interruptions) == ("1", 1, 1)
    assert not take_over(database, now=NOW)


def test_leases_of_an_ended_process_are_free_at_once(database: Database, ended: str) -> None:
    leases = Leases(database)
    for owner, name in ((ended, "a"), (ALIVE, "b"), (UNKNOWN, "c")):
        leases.acquire(name, owner, ttl_s=60, now=NOW)

    assert take_over(database, now=NOW).leases == 1

    assert leases.acquire_all("abc", "next", ttl_s=60, now=NOW) == {"a"}


def test_an_event_that_came_while_the_key_was_held_is_not_forgotten(
    database: Database, ended: str
) -> None:
    inbox = Inbox(database)
    claimed(inbox, ended, "1")
    later = NOW + timedelta(seconds=5)
    inbox.put(*PAIR, ["1"], source="operator", now=later)

    take_over(database, now=later)

    (claim,) = inbox.claim(*PAIR, owner="next", limit=10, lease_s=300, now=later)
    assert (claim.source, claim.due_since) == ("operator", later)


def test_what_the_ended_process_would_still_say_changes_nothing(
    database: Database, ended: str
) -> None:
    inbox = Inbox(database)
    claimed(inbox, ended, "1")
    take_over(database, now=NOW)

    inbox.settle(*PAIR, ended, [Dead("1", "too late")], now=NOW)

    assert inbox.states(*PAIR, ["1"]) == {"1": "due"}


def test_keys_whose_owners_ended_are_taken_fewer_at_once_each_time(
    database: Database, ended: str
) -> None:
    inbox, keys = Inbox(database), [str(number) for number in range(100)]
    inbox.put(*PAIR, keys, source="webhook", now=NOW)
    sizes = []
    for _ in range(5):
        claims = inbox.claim(*PAIR, owner=ended, limit=100, lease_s=300, now=NOW)
        sizes.append(len(claims))
        take_over(database, now=NOW)

    assert sizes == [100, 25, 6, 1, 1]


def test_a_key_that_was_settled_is_taken_with_all_others_again(
    database: Database, ended: str
) -> None:
    inbox = Inbox(database)
    claimed(inbox, ended, "1", "2")
    take_over(database, now=NOW)
    for claim in inbox.claim(*PAIR, owner="next", limit=10, lease_s=300, now=NOW):
        inbox.settle(*PAIR, "next", [Done(claim.key)], now=NOW)

    assert len(claimed(inbox, "next", "1", "2")) == 2
