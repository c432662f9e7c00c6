"""The inbox under any sequence of events, claims, ends and deaths: nothing is lost or doubled.

A model keeps what each key is owed; the inbox must give exactly that.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from store.database import Database
from store.inbox import Dead, Done, Inbox, Parked, Retry

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENTITY = "orders"
LEASE_S = 60
WAIT_S = 300
PAIRS = itertools.count()
KEYS = st.sampled_from(["1", "2", "3", "4"])
OWNERS = st.sampled_from(["a", "b", "c"])
CONDITIONS = ("stock:1", "table:status")
ENDS = st.sampled_from(["done", "dead", "retry", "parked", *CONDITIONS])


@dataclass
class Record:
    """What is true of one key."""

    ready_at: datetime | None = None
    """When it may be claimed; None: never, until an event names it."""
    owner: str = ""
    """Whoever claimed it last and has not said what became of it."""
    claimed_at: datetime = START
    is_changed: bool = False
    """Whether an event named it while it was held."""
    conditions: tuple[str, ...] = ()
    interruptions: int = 0
    """How often an owner vanished that held it."""

    @property
    def is_interrupted(self) -> bool:
        """Whether an owner vanished, be it one that nobody has replaced yet."""
        return bool(self.interruptions or self.owner)


@dataclass
class Model:
    """What is true of all keys."""

    records: dict[str, Record] = field(default_factory=dict)
    met: dict[str, datetime] = field(default_factory=dict)
    """When each condition last came true."""

    def ready(self, now: datetime) -> set[str]:
        """Keys that may be claimed."""
        return {k for k, one in self.records.items() if one.ready_at and one.ready_at <= now}

    def held_by(self, owner: str, now: datetime) -> list[str]:
        """Keys that an owner holds by a lease that lasts."""
        return sorted(
            key
            for key, one in self.records.items()
            if one.owner == owner and one.ready_at and one.ready_at > now
        )


class InboxMachine(RuleBasedStateMachine):
    """Events, workers and time, in any sequence."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.inbox = Inbox(self.database)
        self.pair = f"pair{next(PAIRS)}"
        self.now = START
        self.model = Model()

    def pass_time(self, seconds: float = 1) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now

    def named(self, owner: str) -> str:
        """An owner of this example alone."""
        return f"{self.pair}-{owner}"

    @rule(keys=st.lists(KEYS, min_size=1, max_size=4), source=st.sampled_from(["webhook", "sweep"]))
    def events_name_keys(self, keys: list[str], source: str) -> None:
        now = self.pass_time()
        self.inbox.put(self.pair, ENTITY, keys, source=source, now=now)
        for key in keys:
            one = self.model.records.setdefault(key, Record())
            if one.owner and one.ready_at and one.ready_at > now:
                one.is_changed = True
            else:
                one.ready_at, one.owner, one.conditions = now, "", ()
                one.is_changed = False

    @rule(owner=OWNERS)
    def a_worker_claims(self, owner: str) -> None:
        now = self.pass_time()
        ready = self.model.ready(now)
        claims = self.inbox.claim(
            self.pair, ENTITY, owner=self.named(owner), limit=10, lease_s=LEASE_S, now=now
        )
        found = {one.key for one in claims}
        assert len(found) == len(claims)
        # Of keys whose owners vanished fewer are taken at once, but never none.
        vanished = {key for key in ready if self.model.records[key].is_interrupted}
        assert found <= ready if vanished else found == ready
        assert bool(found) == bool(ready)
        for key in found:
            one = self.model.records[key]
            one.interruptions += bool(one.owner)
            one.owner, one.claimed_at = owner, now
            one.ready_at = now + timedelta(seconds=LEASE_S)

    @rule(owner=OWNERS)
    def a_worker_renews(self, owner: str) -> None:
        now = self.pass_time()
        self.inbox.renew(self.named(owner), lease_s=LEASE_S, now=now)
        for one in self.model.records.values():
            if one.owner == owner and one.ready_at:
                one.ready_at = now + timedelta(seconds=LEASE_S)

    @rule(owner=OWNERS, end=ENDS, keys=st.sets(KEYS, min_size=1))
    def a_worker_settles(self, owner: str, end: str, keys: set[str]) -> None:
        """Also keys that it lost, or never held: those stay as they are."""
        now = self.pass_time()
        later = now + timedelta(seconds=WAIT_S)
        conditions = (end,) if end in CONDITIONS else ("payment",)
        outcome = {
            "done": Done,
            "dead": lambda key: Dead(key, "a person must act"),
            "retry": lambda key: Retry(key, later, "away"),
        }.get(end, lambda key: Parked(key, conditions, later, None, "waits"))
        self.inbox.settle(
            self.pair, ENTITY, self.named(owner), [outcome(key) for key in keys], now=now
        )
        for key in keys:
            one = self.model.records.get(key)
            if one is None or one.owner != owner:
                continue
            is_parked = end in {"parked", *CONDITIONS}
            is_met = any(self.model.met.get(c, START) > one.claimed_at for c in conditions)
            if one.is_changed or (is_parked and is_met):
                one.ready_at = now
            else:
                one.ready_at = None if end in {"done", "dead"} else later
            is_waiting = is_parked and one.ready_at == later
            one.owner, one.is_changed, one.interruptions = "", False, 0
            one.conditions = conditions if is_waiting else ()

    @rule(condition=st.sampled_from(CONDITIONS))
    def a_condition_comes_true(self, condition: str) -> None:
        now = self.pass_time()
        self.inbox.wake(self.pair, [condition], now=now)
        self.model.met[condition] = now
        for one in self.model.records.values():
            if condition in one.conditions:
                one.ready_at, one.conditions = now, ()

    @rule(owner=OWNERS)
    def a_worker_dies(self, owner: str) -> None:
        """Its keys come back when their lease ends."""
        if self.model.held_by(owner, self.now):
            self.pass_time(LEASE_S + 1)

    @rule(seconds=st.sampled_from([5, WAIT_S]))
    def time_passes(self, seconds: int) -> None:
        self.pass_time(seconds)

    @invariant()
    def every_key_that_is_owed_work_can_be_found(self) -> None:
        waiting = self.inbox.waiting(self.now)
        found = sum(one.count for one in waiting if one.pair == self.pair)
        assert found == len(self.model.ready(self.now))

    def teardown(self) -> None:
        """What is owed work is got by whoever asks long enough, and then there is no more."""
        owed = {key for key, one in self.model.records.items() if one.ready_at}
        got: set[str] = set()
        for _ in range(3 * len(owed) + 1):
            now = self.pass_time(LEASE_S + WAIT_S + 1)
            claims = self.inbox.claim(
                self.pair, ENTITY, owner=self.named("last"), limit=10, lease_s=LEASE_S, now=now
            )
            got |= {one.key for one in claims}
            self.inbox.settle(
                self.pair, ENTITY, self.named("last"), [Done(one.key) for one in claims], now=now
            )
        assert got == owed
        assert not [one for one in self.inbox.waiting(self.now) if one.pair == self.pair]


@pytest.mark.hypothesis
@pytest.mark.parametrize("size", [12, pytest.param(60, marks=pytest.mark.long)])
def test_the_inbox_keeps_its_promises_whatever_happens_in_whatever_sequence(
    shared_database: Database, size: int
) -> None:
    class OnThisDatabase(InboxMachine):
        database = shared_database

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        OnThisDatabase,
        settings=settings(max_examples=size, stateful_step_count=20, deadline=None),
    )
