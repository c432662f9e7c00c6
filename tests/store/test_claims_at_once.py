"""Several threads and processes at one inbox: nothing is held twice, nobody waits in a circle."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from waiting import WITHIN_S

from store.database import Database
from store.inbox import Done, Inbox, Parked
from store.links import Link, Links
from store.retention import forget_done
from store.runs import Leases
from store.statistics import Counts
from store.versions import Versions

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAIR = ("p", "orders")
KEYS = [str(number) for number in range(300)]

CLAIMER = """
import json, sys
from datetime import datetime
from store.database import open_database
from store.inbox import Done, Inbox

url, owner, now = sys.argv[1], sys.argv[2], datetime.fromisoformat(sys.argv[3])
inbox, held = Inbox(open_database(url)), []
print("ready", flush=True)
sys.stdin.readline()
while found := inbox.claim("p", "orders", owner=owner, limit=7, lease_s=60, now=now):
    held.append([one.key for one in found])
    if len(held) % 2:
        inbox.settle("p", "orders", owner, [Done(one.key) for one in found], now=now)
print(json.dumps(held))
"""
"""Claims until nothing is left; settles half of its claims, holds the others."""


def together(*works: Callable[[], object]) -> None:
    """Run each in a thread of its own; whatever one of them raises is raised here."""
    raised: list[Exception] = []
    start = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        start.wait()
        try:
            work()
        except Exception as error:  # noqa: BLE001 - shown below
            raised.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert raised == []


def url_of(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


def claimers(database: Database, count: int) -> list[list[str]]:
    """What each of several processes held that claimed at the same time."""
    arguments = [sys.executable, "-c", CLAIMER, url_of(database)]
    processes = [
        subprocess.Popen(  # noqa: S603 - our own interpreter
            [*arguments, f"process {number}", NOW.isoformat()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(count)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    held = []
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        printed, _ = process.communicate(timeout=WITHIN_S)
        assert process.returncode == 0
        held.append([key for part in json.loads(printed) for key in part])
    return held


def test_threads_never_hold_the_same_key(database: Database) -> None:
    inbox = Inbox(database)
    inbox.put(*PAIR, KEYS, source="webhook", now=NOW)
    taken: dict[str, list[str]] = {}

    def work(owner: str) -> None:
        held = taken.setdefault(owner, [])
        while found := inbox.claim(*PAIR, owner=owner, limit=7, lease_s=60, now=NOW):
            held.extend(one.key for one in found)
            if len(held) % 2:
                inbox.settle(*PAIR, owner, [Done(one.key) for one in found], now=NOW)

    together(*[lambda owner=f"t{n}": work(owner) for n in range(4)])
    assert sorted(key for held in taken.values() for key in held) == sorted(KEYS)


def test_processes_never_hold_the_same_key(database: Database) -> None:
    inbox = Inbox(database)
    inbox.put(*PAIR, KEYS, source="webhook", now=NOW)
    held = claimers(database, 2)
    assert sorted(key for keys in held for key in keys) == sorted(KEYS)


def test_what_a_vanished_process_held_is_taken_by_one_other_after_its_lease(
    database: Database,
) -> None:
    inbox = Inbox(database)
    inbox.put(*PAIR, KEYS, source="webhook", now=NOW)
    claimers(database, 1)
    left = [key for key, state in inbox.states(*PAIR, KEYS).items() if state == "claimed"]
    taken: list[Sequence[str]] = []

    def take(owner: str) -> None:
        later = NOW + timedelta(seconds=61)
        # Of keys of an owner that ended at work a claim takes only a part at once.
        while found := inbox.claim(*PAIR, owner=owner, limit=500, lease_s=60, now=later):
            assert all(one.attempts == 1 for one in found)
            taken.append([one.key for one in found])

    just_before = NOW + timedelta(seconds=59)
    assert inbox.claim(*PAIR, owner="x", limit=500, lease_s=60, now=just_before) == []
    together(lambda: take("a"), lambda: take("b"))
    assert sorted(key for keys in taken for key in keys) == sorted(left)
    assert left


def test_arriving_claiming_renewing_settling_and_waking_do_not_block_each_other(
    database: Database,
) -> None:
    """All of them lock many rows at once, and in the same order."""
    inbox = Inbox(database)

    def arrive(seed: int) -> None:
        shuffled = random.Random(seed)  # noqa: S311 - any order will do
        for _ in range(6):
            inbox.put(*PAIR, shuffled.sample(KEYS, 200), source="webhook", now=NOW)

    def work(owner: str) -> None:
        wake_at, expires_at = NOW + timedelta(hours=1), NOW + timedelta(days=1)
        for _ in range(6):
            found = inbox.claim(*PAIR, owner=owner, limit=100, lease_s=60, now=NOW)
            inbox.renew(owner, lease_s=90, now=NOW)
            parked = [Parked(one.key, ("stock",), wake_at, expires_at, "short") for one in found]
            inbox.settle(*PAIR, owner, parked[::-1], now=NOW)

    def wake() -> None:
        for _ in range(6):
            inbox.wake("p", ["stock"], now=NOW)

    together(lambda: arrive(1), lambda: arrive(2), lambda: work("a"), lambda: work("b"), wake)


ALL_LOCK_IN_ORDER: dict[str, Callable[[Database], object]] = {
    "arriving": lambda of: Inbox(of).put(*PAIR, ["9", "a", "B"], source="webhook", now=NOW),
    "renewing": lambda of: Inbox(of).renew("a", lease_s=90, now=NOW),
    "settling": lambda of: Inbox(of).settle(*PAIR, "a", [Done("9"), Done("a"), Done("B")], now=NOW),
    "waking": lambda of: Inbox(of).wake("p", ["stock"], now=NOW),
    "forgetting": lambda of: forget_done(of, NOW + timedelta(days=1)),
}


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("what", ALL_LOCK_IN_ORDER)
def test_rows_are_locked_in_the_order_of_their_keys(database: Database, what: str) -> None:
    """Whoever waits for a row holds none of the later ones, wherever they lie in the table.

    The order, 9 B a, is that of the characters' numbers, in which no natural language sorts.
    """
    inbox = Inbox(database)
    for key in ("a", "B", "9"):
        inbox.put(*PAIR, [key], source="webhook", now=NOW)
    held = [one.key for one in inbox.claim(*PAIR, owner="a", limit=9, lease_s=60, now=NOW)]
    if what in {"waking", "forgetting"}:
        wake_at = NOW + timedelta(hours=1)
        ends = [Parked(key, ("stock",), wake_at, wake_at, "short") for key in held]
        if what == "forgetting":
            ends = [Done(key) for key in held]
        inbox.settle(*PAIR, "a", ends, now=NOW)
    work = threading.Thread(target=ALL_LOCK_IN_ORDER[what], args=(database,))
    lock = "SELECT 1 FROM inbox WHERE key = %s FOR UPDATE NOWAIT"
    with database.write() as connection:
        connection.exec_driver_sql(lock, ("B",))
        work.start()
        while not connection.exec_driver_sql(
            "SELECT pg_sleep(0.01), (SELECT count(*) FROM pg_locks WHERE NOT granted)"
        ).one()[1]:
            assert work.is_alive()
        connection.exec_driver_sql(lock, ("a",))
    work.join()


def test_an_event_that_comes_while_its_key_is_settled_is_never_lost(database: Database) -> None:
    """Whichever of the two is first, the key is due afterwards."""
    inbox = Inbox(database)
    for round_ in range(20):
        now = NOW + timedelta(minutes=round_)
        inbox.put(*PAIR, ["1"], source="webhook", now=now)
        inbox.claim(*PAIR, owner="a", limit=1, lease_s=60, now=now)
        together(
            lambda now=now: inbox.settle(*PAIR, "a", [Done("1")], now=now),
            lambda now=now: inbox.put(*PAIR, ["1"], source="webhook", now=now),
        )
        assert inbox.states(*PAIR, ["1"]) == {"1": "due"}


def test_a_condition_that_comes_true_while_a_key_is_parked_for_it_is_never_missed(
    database: Database,
) -> None:
    """Whichever of the two is first, the key is due afterwards."""
    inbox = Inbox(database)
    for round_ in range(20):
        now = NOW + timedelta(minutes=round_)
        inbox.put(*PAIR, ["1"], source="webhook", now=now)
        inbox.claim(*PAIR, owner="a", limit=1, lease_s=60, now=now)
        met_at = now + timedelta(seconds=1)
        parked = Parked("1", ("stock:7",), now + timedelta(hours=1), now + timedelta(days=1), "")
        together(
            lambda parked=parked, now=met_at: inbox.settle(*PAIR, "a", [parked], now=now),
            lambda now=met_at: inbox.wake("p", ["stock:7"], now=now),
        )
        assert inbox.states(*PAIR, ["1"]) == {"1": "due"}


def test_a_lease_is_taken_by_one_of_many(database: Database) -> None:
    leases, holders = Leases(database), list[str]()

    def take(owner: str) -> None:
        if leases.acquire("sync", owner, ttl_s=60, now=NOW):
            holders.append(owner)

    together(*[lambda owner=f"t{n}": take(owner) for n in range(6)])
    assert len(holders) == 1


def test_mappings_that_are_published_at_once_get_numbers_of_their_own(database: Database) -> None:
    versions = Versions(database)

    def publish(author: str) -> None:
        versions.publish("p", files={"a.yaml": author}, author=author, note="", now=NOW)

    together(*[lambda author=f"t{n}": publish(author) for n in range(6)])
    assert [version.number for version in versions.history("p")] == [6, 5, 4, 3, 2, 1]


def test_rows_that_several_write_in_different_orders_are_all_written(database: Database) -> None:
    linked, counts = Links(database), Counts(database)

    def write(seed: int) -> None:
        shuffled = random.Random(seed)  # noqa: S311 - any order will do
        for _ in range(5):
            links = [Link(key, f"bp {key}") for key in shuffled.sample(KEYS, len(KEYS))]
            linked.put(*PAIR, links, now=NOW)
            names = shuffled.sample(["a", "b", "c", "d"], 4)
            counts.add("p", NOW.date(), dict.fromkeys(names, 1))

    together(*[lambda seed=seed: write(seed) for seed in range(3)])
    assert len(linked.get(*PAIR, KEYS)) == len(KEYS)
    assert counts.of_day("p", NOW.date()) == dict.fromkeys("abcd", 15)
