"""Keys that may need work: the only thing ever queued.

One row per (pair, entity, key), whatever happens to the record. `ready_at` says when the row may be
claimed: now for a due key, later for one that rests or is parked, at the lease's end for a claimed
one (so that a crashed owner's keys come back by themselves), never for one that is done or dead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Select, case, func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from store.database import Database
from store.tables import inbox

State = Literal["due", "claimed", "parked", "dead", "done"]
LANES = {"backfill": 3}
"""Sources that are worked off after all others; the rest have lane 0."""
PARKED_LANE = 1
"""Keys that wake by the clock go behind those that an event just named."""
CHANNEL = "causeway_inbox"
"""PostgreSQL's NOTIFY channel for new keys."""
AT_ONCE = 500
"""Rows of one statement; SQLite limits how many values one may carry."""


@dataclass(frozen=True)
class Claim:
    """A key held by one owner."""

    key: str
    attempts: int
    """Tries since it became due that did not settle it."""
    due_since: datetime
    source: str


@dataclass(frozen=True)
class Done:
    """Both sides agree, or there is nothing to agree on."""

    key: str
    reason: str = ""


@dataclass(frozen=True)
class Parked:
    """Waits for `condition`, at most until `wake_at`; given up at `expires_at`."""

    key: str
    condition: str
    wake_at: datetime
    expires_at: datetime
    reason: str


@dataclass(frozen=True)
class Dead:
    """A person must act; a new event or a release makes it due again."""

    key: str
    reason: str


@dataclass(frozen=True)
class Again:
    """To be tried again at a time."""

    key: str
    at: datetime
    reason: str


Outcome = Done | Parked | Dead | Again


@dataclass(frozen=True)
class Waiting:
    """Keys that may be claimed now."""

    pair: str
    entity: str
    count: int
    oldest_due_since: datetime


@dataclass(frozen=True)
class Depth:
    """How many keys are in a state, and how old the oldest is."""

    pair: str
    entity: str
    state: str
    count: int
    oldest_at: datetime | None


class Inbox:
    """The inbox of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self, pair: str, entity: str, keys: Iterable[str], *, source: str, now: datetime
    ) -> int:
        """Make keys due. A key that is being worked on becomes due again when it is released.

        Returns how many were not due before.
        """
        with self._database.write() as connection:
            return put(connection, pair, entity, keys, source=source, now=now)

    def claim(  # noqa: PLR0913 - whose keys, for whom, how many, how long, when
        self, pair: str, entity: str, *, owner: str, limit: int, lease_s: float, now: datetime
    ) -> list[Claim]:
        """Take up to `limit` keys that are ready, the more important and older ones first."""
        ready = (
            select(inbox.c.key)
            .where(inbox.c.pair == pair, inbox.c.entity == entity, inbox.c.ready_at <= now)
            .order_by(inbox.c.lane, inbox.c.ready_at, inbox.c.key)
            .limit(limit)
        )
        with self._database.write() as connection:
            keys = list(connection.scalars(self._locked(ready)))
            claimed: list[Claim] = []
            for part in _parts(keys):
                statement = (
                    update(inbox)
                    .where(*_rows(pair, entity, part))
                    .values(
                        state="claimed",
                        owner=owner,
                        ready_at=now + timedelta(seconds=lease_s),
                        # Taken from an owner that vanished: that was a try as well.
                        attempts=inbox.c.attempts + case((inbox.c.state == "claimed", 1), else_=0),
                        updated_at=now,
                    )
                    .returning(inbox.c.key, inbox.c.attempts, inbox.c.due_since, inbox.c.source)
                )
                claimed.extend(
                    Claim(row.key, row.attempts, row.due_since or now, row.source)
                    for row in connection.execute(statement)
                )
        place = {key: position for position, key in enumerate(keys)}
        return sorted(claimed, key=lambda claim: place[claim.key])

    def peek(
        self, pair: str, entity: str, *, keys: Sequence[str] | None, limit: int
    ) -> list[Claim]:
        """What a claim would take, or just these keys; nothing is taken."""
        from core.times import utc_now  # noqa: PLC0415 - the only look at the clock in here

        now = utc_now()
        if keys is not None:
            return [Claim(key, 0, now, "operator") for key in keys[:limit]]
        ready = (
            select(inbox)
            .where(inbox.c.pair == pair, inbox.c.entity == entity, inbox.c.ready_at <= now)
            .order_by(inbox.c.lane, inbox.c.ready_at, inbox.c.key)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [
                Claim(row.key, row.attempts, row.due_since or now, row.source)
                for row in connection.execute(ready)
            ]

    def renew(self, owner: str, *, lease_s: float, now: datetime) -> int:
        """Keep this owner's claims for another lease; how many there are."""
        statement = (
            update(inbox)
            .where(inbox.c.owner == owner, inbox.c.state == "claimed")
            .values(ready_at=now + timedelta(seconds=lease_s))
        )
        with self._database.write() as connection:
            return connection.execute(statement).rowcount

    def settle(
        self, pair: str, entity: str, owner: str, outcomes: Sequence[Outcome], *, now: datetime
    ) -> None:
        """Say what became of claimed keys.

        A key that changed meanwhile is due at once; a claim that was lost changes nothing.
        """
        with self._database.write() as connection:
            for part in _parts(outcomes):
                held = {
                    row.key: row
                    # Locked: an event between this look and the update must not be forgotten.
                    for row in connection.execute(
                        select(inbox)
                        .where(
                            *_rows(pair, entity, [outcome.key for outcome in part]),
                            inbox.c.owner == owner,
                            inbox.c.state == "claimed",
                        )
                        .order_by(inbox.c.key)
                        .with_for_update()
                    )
                }
                for outcome in part:
                    if (row := held.get(outcome.key)) is not None:
                        connection.execute(
                            update(inbox)
                            .where(*_rows(pair, entity, [outcome.key]))
                            .values(**_after(outcome, row, now))
                        )

    def wake(self, pair: str, entity: str, condition: str, *, now: datetime) -> int:
        """Make every key due that is parked for this condition."""
        statement = (
            update(inbox)
            .where(
                inbox.c.pair == pair,
                inbox.c.entity == entity,
                inbox.c.state == "parked",
                inbox.c.condition == condition,
            )
            .values(state="due", ready_at=now, due_since=now, updated_at=now)
        )
        with self._database.write() as connection:
            woken = connection.execute(statement).rowcount
            _notify(connection)
            return woken

    def waiting(self, now: datetime) -> list[Waiting]:
        """Pairs and entities with keys that may be claimed."""
        since = func.coalesce(inbox.c.due_since, inbox.c.ready_at)
        statement = (
            select(
                inbox.c.pair,
                inbox.c.entity,
                func.count().label("keys"),
                func.min(since, type_=inbox.c.ready_at.type).label("oldest"),
            )
            .where(inbox.c.ready_at <= now)
            .group_by(inbox.c.pair, inbox.c.entity)
        )
        with self._database.read() as connection:
            return [
                Waiting(row.pair, row.entity, row.keys, row.oldest)
                for row in connection.execute(statement)
            ]

    def next_ready_at(self) -> datetime | None:
        """When the next key may be claimed."""
        with self._database.read() as connection:
            moment: datetime | None = connection.scalar(
                select(func.min(inbox.c.ready_at, type_=inbox.c.ready_at.type))
            )
        return moment

    def states(self, pair: str, entity: str, keys: Sequence[str]) -> dict[str, str]:
        """The state of each key that the inbox knows."""
        found: dict[str, str] = {}
        with self._database.read() as connection:
            for part in _parts(keys):
                rows = connection.execute(
                    select(inbox.c.key, inbox.c.state).where(*_rows(pair, entity, part))
                )
                found.update({row.key: row.state for row in rows})
        return found

    def depth(self) -> list[Depth]:
        """Counts by pair, entity and state, with the oldest event of each."""
        statement = (
            select(
                inbox.c.pair,
                inbox.c.entity,
                inbox.c.state,
                func.count().label("keys"),
                func.min(inbox.c.due_since, type_=inbox.c.due_since.type).label("oldest"),
            )
            .group_by(inbox.c.pair, inbox.c.entity, inbox.c.state)
            .order_by(inbox.c.pair, inbox.c.entity, inbox.c.state)
        )
        with self._database.read() as connection:
            return [
                Depth(row.pair, row.entity, row.state, row.keys, row.oldest)
                for row in connection.execute(statement)
            ]

    def reasons(self, pair: str, entity: str, state: str) -> dict[str, str]:
        """Why each key is in a state."""
        statement = select(inbox.c.key, inbox.c.reason).where(
            inbox.c.pair == pair, inbox.c.entity == entity, inbox.c.state == state
        )
        with self._database.read() as connection:
            return {row.key: row.reason for row in connection.execute(statement)}

    def forget_done(self, before: datetime) -> int:
        """Drop keys that were settled before a moment; their next event makes them anew."""
        statement = inbox.delete().where(inbox.c.state == "done", inbox.c.updated_at < before)
        with self._database.write() as connection:
            return connection.execute(statement).rowcount

    def _locked(self, statement: Select[Any]) -> Select[Any]:
        """SQLite's write transaction is alone anyway; PostgreSQL passes over rows in use."""
        if self._database.is_sqlite:
            return statement
        return statement.with_for_update(skip_locked=True)


def put(  # noqa: PLR0913 - the key's parts and the event's
    connection: Connection,
    pair: str,
    entity: str,
    keys: Iterable[str],
    *,
    source: str,
    now: datetime,
) -> int:
    """`Inbox.put` inside a transaction of the caller's."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    wanted = sorted(set(keys))
    due_before = 0
    for part in _parts(wanted):
        due_before += (
            connection.scalar(
                select(func.count())
                .select_from(inbox)
                .where(*_rows(pair, entity, part), inbox.c.state == "due", inbox.c.ready_at <= now)
            )
            or 0
        )
        fresh = insert(inbox).values(
            [
                {
                    "pair": pair,
                    "entity": entity,
                    "key": key,
                    "state": "due",
                    "lane": LANES.get(source, 0),
                    "ready_at": now,
                    "due_since": now,
                    "source": source,
                    "updated_at": now,
                }
                for key in part
            ]
        )
        connection.execute(
            fresh.on_conflict_do_update(
                index_elements=["pair", "entity", "key"], set_=_on_event(source, now)
            )
        )
    _notify(connection)
    return len(wanted) - due_before


def _on_event(source: str, now: datetime) -> dict[str, Any]:
    """What an event does to a key that is known: a held one becomes dirty, any other is due."""
    held = (inbox.c.state == "claimed") & (inbox.c.ready_at > now)
    was_due = inbox.c.state == "due"
    moment = literal(now, inbox.c.ready_at.type)
    told = literal(source)
    # A hint must not hide a stronger reason that is still waiting to be worked off.
    stronger = was_due & inbox.c.source.not_in(("webhook", "sweep", "backfill"))
    return {
        "dirty_since": case((held, func.coalesce(inbox.c.dirty_since, moment)), else_=None),
        "dirty_source": case((held, told), else_=None),
        "state": case((held, inbox.c.state), else_="due"),
        "ready_at": case((held, inbox.c.ready_at), else_=moment),
        "due_since": case((held | was_due, inbox.c.due_since), else_=moment),
        "source": case((held | stronger, inbox.c.source), else_=told),
        "attempts": case((held | was_due, inbox.c.attempts), else_=0),
        "lane": case((held, inbox.c.lane), else_=LANES.get(source, 0)),
        "updated_at": moment,
    }


def _after(outcome: Outcome, row: Any, now: datetime) -> dict[str, Any]:  # noqa: ANN401 - a row
    """The columns of a key whose owner is done with it."""
    free = {"owner": None, "dirty_since": None, "dirty_source": None, "updated_at": now}
    if row.dirty_since is not None:
        due = {"state": "due", "ready_at": now, "due_since": row.dirty_since, "attempts": 0}
        return {**free, **due, "source": row.dirty_source or row.source, "reason": ""}
    match outcome:
        case Parked() if (expires_at := row.expires_at or outcome.expires_at) > now:
            state = {
                "state": "parked",
                "ready_at": min(outcome.wake_at, expires_at),
                "lane": PARKED_LANE,
                "condition": outcome.condition,
                "expires_at": expires_at,
                "attempts": row.attempts + 1,
            }
        case Again():
            state = {"state": "due", "ready_at": outcome.at, "attempts": row.attempts + 1}
        case Dead():
            state = {**_closed(), "state": "dead"}
        case Parked():
            return {**free, **_closed(), "state": "done", "reason": f"expired: {outcome.reason}"}
        case _:
            state = {**_closed(), "state": "done"}
    return {**free, **state, "reason": outcome.reason}


def _closed() -> dict[str, Any]:
    return {
        "ready_at": None,
        "due_since": None,
        "condition": None,
        "expires_at": None,
        "attempts": 0,
    }


def _rows(pair: str, entity: str, keys: Sequence[str]) -> tuple[Any, ...]:
    return inbox.c.pair == pair, inbox.c.entity == entity, inbox.c.key.in_(keys)


def _notify(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")


def _parts(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))
