"""What events, outcomes and conditions do to the rows of the inbox, whoever names them.

A parked key has a row per condition in `inbox_conditions`; they stay until the key is settled
anew. `conditions_met` keeps when a condition came true while keys of its pair were being worked
on: their run may have read the systems a moment too early, and parks a key for what is true by
then. Settling reads it, so that such a key is due at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Insert,
    and_,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from store.database import Database
from store.sql import INSERT_INTO, in_parts, upsert
from store.tables import conditions_met, inbox, inbox_conditions

CHANNEL = "causeway_inbox"
"""PostgreSQL's NOTIFY channel for keys that became due."""

BACKFILL_PRIORITY = 3
"""Of keys that a backfill made due."""
PRIORITIES = {"backfill": BACKFILL_PRIORITY}
"""Sources that are processed after all others; the rest have priority 0."""
HINTS = ("webhook", "sweep", "backfill")
"""Sources that only say that something may have changed in the store; any other is a stronger
reason, for which both sides are read in full."""
UNSETTLED = ("due", "claimed")
"""States in which a key has been due since it says; any other is due since it is named."""
PARKED_PRIORITY = 1
"""Keys that wake by the clock go behind those that an event just named."""
WOKEN = "condition"
"""Source of a key whose condition came true."""

Event = tuple[str, str, str, str]
"""Pair, entity, key and source of an event."""
Key = tuple[str, str, str]
"""A row of the inbox: pair, entity, key."""
KEY_COLUMNS = (inbox.c.pair, inbox.c.entity, inbox.c.key)
LOCKING_ORDER = {
    "sqlite": KEY_COLUMNS,
    "postgresql": tuple(column.collate("C") for column in KEY_COLUMNS),
}
"""The order in which Python sorts keys. Whoever locks several rows does so in this order.

On PostgreSQL others lock rows at the same time; two transactions that want the same rows then never
wait for each other.
"""
CLOSED = {"ready_at": None, "due_since": None, "expires_at": None, "attempts": 0}
"""Columns of a key for which nothing more is to be done."""


@dataclass(frozen=True)
class Done:
    """Both sides agree, or there is nothing to agree on."""

    key: str
    reason: str = ""


@dataclass(frozen=True)
class Parked:
    """Waits until any of `conditions` comes true, at most until `wake_at`.

    A condition is a name, with a value where there are many of a kind: `payment`, `stock:1007@2`,
    `table:order_status`, `sku:ABC-1`. Whoever makes one true calls `Inbox.wake`; `wake_at` is the
    safety net. The key is given up at `expires_at`, counted from the first time it was parked;
    None: never.
    """

    key: str
    conditions: tuple[str, ...]
    wake_at: datetime
    expires_at: datetime | None
    reason: str
    is_try: bool = True
    """Whether it counts among the tries, by which pauses grow; not where the moment is known."""


@dataclass(frozen=True)
class Dead:
    """A person must act; a new event or a release makes it due again."""

    key: str
    reason: str


@dataclass(frozen=True)
class Retry:
    """To be tried again at a time."""

    key: str
    at: datetime
    reason: str
    is_try: bool = True
    """Whether it counts among the tries, by which pauses grow; not where the run was stopped."""
    is_own: bool = False
    """Whether the record itself failed, and nothing that all records need."""


Outcome = Done | Parked | Dead | Retry


def put(
    connection: Connection,
    events: Iterable[Event],
    *,
    now: datetime,
    ready_at: datetime | None = None,
) -> None:
    """Make keys due; one that is being worked on becomes due again when it is released.

    In: `ready_at`, before which nobody need take them; None: now. One that is due stays so.

    All of a transaction's events belong in one call: rows are locked in the order of their keys,
    so that transactions that bring the same keys at the same time do not block each other. Of a
    key's sources the first reason that is more than a hint is kept, else the last hint.
    """
    sources: dict[Key, str] = {}
    for pair, entity, key, source in events:
        if sources.get((pair, entity, key), HINTS[0]) in HINTS:
            sources[pair, entity, key] = source
    rows = [
        {
            "pair": pair,
            "entity": entity,
            "key": key,
            "state": "due",
            "priority": PRIORITIES.get(source, 0),
            "ready_at": ready_at or now,
            "due_since": now,
            "source": source,
            "updated_at": now,
        }
        for (pair, entity, key), source in sorted(sources.items())
    ]
    if rows:
        connection.execute(EVENTS[connection.dialect.name], rows)
    notify(connection)


def notify(connection: Connection) -> None:
    """Wake whoever waits for keys, once this transaction is committed."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")


def _on_event(fresh: sqlite.Insert | postgresql.Insert) -> Insert:
    """What an event does to a key that is known: a held one becomes dirty, any other is due."""
    event = fresh.excluded
    moment = event.updated_at
    held = (inbox.c.state == "claimed") & (inbox.c.ready_at > moment)
    was_due = inbox.c.state == "due"
    is_deferred = event.ready_at > moment
    unsettled = or_(*(inbox.c.state == state for state in UNSETTLED))
    changed = {
        "dirty_since": case((held, func.coalesce(inbox.c.dirty_since, moment)), else_=None),
        # A hint must not hide a stronger reason that is still waiting to be processed.
        "dirty_source": case(
            (held & _is_strong(inbox.c.dirty_source), inbox.c.dirty_source),
            (held, event.source),
            else_=None,
        ),
        "source": case(
            (held | unsettled & _is_strong(inbox.c.source), inbox.c.source),
            (_is_strong(inbox.c.dirty_source), inbox.c.dirty_source),
            else_=event.source,
        ),
        "state": case((held, inbox.c.state), else_="due"),
        "ready_at": case(
            (held | was_due & is_deferred & (inbox.c.ready_at < event.ready_at), inbox.c.ready_at),
            else_=event.ready_at,
        ),
        "due_since": case((held | was_due, inbox.c.due_since), else_=moment),
        "attempts": case((held | was_due, inbox.c.attempts), else_=0),
        "priority": case((held, inbox.c.priority), else_=event.priority),
        "updated_at": moment,
    }
    return fresh.on_conflict_do_update(index_elements=["pair", "entity", "key"], set_=changed)


def _is_strong(source: Column[str]) -> ColumnElement[bool]:
    return and_(source.is_not(None), *(source != hint for hint in HINTS))


EVENTS = {name: _on_event(insert_into(inbox)) for name, insert_into in INSERT_INTO.items()}
"""The statement that events are, in both databases."""


def after(
    outcome: Outcome,
    row: Any,  # noqa: ANN401 - a row
    met: Mapping[str, datetime],
    now: datetime,
) -> dict[str, Any]:
    """The columns of a key whose owner is done with it.

    In: when each condition last came true. One that did so while the key was worked on may have
    been missed by whoever read both systems for it: such a key is not parked but due at once.
    """
    free = {
        "owner": None,
        "dirty_since": None,
        "dirty_source": None,
        "interruptions": 0,
        "failing_since": None,
        "updated_at": now,
    }
    due = {**free, "state": "due", "ready_at": now, "attempts": 0, "reason": ""}
    if row.dirty_since is not None:
        source = row.dirty_source or row.source
        return {**due, "due_since": row.dirty_since, "source": source}
    match outcome:
        case Parked() if row.claimed_at is not None and any(
            met[condition] > row.claimed_at for condition in outcome.conditions if condition in met
        ):
            return {**due, "due_since": now, "source": WOKEN}
        case Parked() if (
            expires_at := outcome.expires_at and (row.expires_at or outcome.expires_at)
        ) is None or expires_at > now:
            state = {
                "state": "parked",
                "ready_at": min(outcome.wake_at, expires_at or outcome.wake_at),
                "priority": PARKED_PRIORITY,
                "expires_at": expires_at,
                "attempts": row.attempts + outcome.is_try,
            }
        case Retry():
            attempts = row.attempts + outcome.is_try
            since = row.failing_since or (now if outcome.is_own else None)
            state = {"state": "due", "ready_at": outcome.at, "attempts": attempts}
            state["failing_since"] = since
        case Dead():
            state = {**CLOSED, "state": "dead"}
        case Parked():
            return {**free, **CLOSED, "state": "done", "reason": f"expired: {outcome.reason}"}
        case _:
            state = {**CLOSED, "state": "done"}
    return {**free, **state, "reason": outcome.reason}


def locked(connection: Connection, *conditions: ColumnElement[bool]) -> list[Key]:
    """The keys of the inbox for which this holds, locked until the transaction ends."""
    order = LOCKING_ORDER[connection.dialect.name]
    statement = select(*KEY_COLUMNS).where(*conditions).order_by(*order)
    return [(row[0], row[1], row[2]) for row in connection.execute(statement.with_for_update())]


def change(connection: Connection, keys: Sequence[Key], **values: Any) -> None:  # noqa: ANN401 - a column's value
    """Set columns of these rows of the inbox."""
    for pair, entity, part in by_entity(keys):
        connection.execute(update(inbox).where(*rows_of(pair, entity, part)).values(**values))


def by_entity(keys: Sequence[Key]) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Keys of one pair and entity at a time, not too many for a statement."""
    for (pair, entity), group in groupby(sorted(keys), key=itemgetter(0, 1)):
        for part in in_parts([key for _, _, key in group]):
            yield pair, entity, part


def rows_of(pair: str, entity: str, keys: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    """What holds for these keys' rows of the inbox alone."""
    return inbox.c.pair == pair, inbox.c.entity == entity, inbox.c.key.in_(keys)


def set_conditions(
    connection: Connection,
    pair: str,
    entity: str,
    keys: Sequence[str],
    parked: Sequence[Parked],
) -> None:
    """Replace what these keys wait for; those that are not `parked` now wait for nothing."""
    of = inbox_conditions.c
    connection.execute(
        delete(inbox_conditions).where(of.pair == pair, of.entity == entity, of.key.in_(keys))
    )
    rows = [
        {"pair": pair, "entity": entity, "key": outcome.key, "condition": condition}
        for outcome in parked
        for condition in sorted(set(outcome.conditions))
    ]
    if rows:
        connection.execute(insert(inbox_conditions), rows)


def met_since(
    connection: Connection, pair: str, parked: Iterable[Parked], since: datetime
) -> dict[str, datetime]:
    """When conditions for which keys are about to be parked came true, after a moment.

    On PostgreSQL no condition comes true between this and the end of the transaction: `mark_met`
    waits for the rows that are locked here, even where there are none.
    """
    conditions = {condition for outcome in parked for condition in outcome.conditions}
    of, found = conditions_met.c, dict[str, datetime]()
    for part in in_parts(sorted(conditions)):
        rows = connection.execute(
            select(of.condition, of.met_at)
            .where(of.pair == pair, of.condition.in_(part), of.met_at > since)
            .with_for_update(read=True)
        )
        found.update({row.condition: row.met_at for row in rows})
    return found


def wake(database: Database, pair: str, conditions: Iterable[str], *, now: datetime) -> int:
    """Make every key of the pair due that is parked for any of these; how many they were.

    The first chunk, of the oldest records, is as urgent as what an event just named. The others
    queue behind events, so that a table for which thousands of orders waited holds up no new one.
    """
    wanted = sorted(set(conditions))
    if _is_at_work(database, pair):
        for part in in_parts(wanted):
            _mark_met(database, pair, part, now)
    keys = _parked_for(database, pair, wanted)
    chunks = list(in_parts(keys))
    woken = 0
    for place, chunk in enumerate(chunks):
        # A microsecond between chunks: claims sort the keys of one moment, and would otherwise
        # sort a hundred thousand for every batch.
        ready_at = now - timedelta(microseconds=len(chunks) - 1 - place)
        with database.write() as connection:
            still = [
                key
                for entity in sorted({entity for entity, _ in chunk})
                for key in locked(
                    connection,
                    *rows_of(pair, entity, [key for of, key in chunk if of == entity]),
                    inbox.c.state == "parked",
                )
            ]
            change(
                connection,
                still,
                state="due",
                priority=0 if place == 0 else PARKED_PRIORITY,
                ready_at=ready_at,
                due_since=now,
                source=WOKEN,
                attempts=0,
                updated_at=now,
            )
            notify(connection)
        woken += len(still)
    return woken


def _is_at_work(database: Database, pair: str) -> bool:
    """Whether any key of the pair is claimed. Later claims read what is true by then."""
    # Whatever the pair: asked for that as well, SQLite would read all keys of the pair.
    held = select(inbox.c.pair).where(inbox.c.owner.is_not(None))
    with database.read() as connection:
        return pair in set(connection.scalars(held))


def _mark_met(database: Database, pair: str, conditions: Sequence[str], now: datetime) -> None:
    """Keep when these came true, for keys that are being worked on."""
    rows = [{"pair": pair, "condition": one, "met_at": now} for one in conditions]
    with database.write() as connection:
        if connection.dialect.name == "postgresql":
            # Waits for whoever settles just now, and lets nobody settle meanwhile: a key is parked
            # before `_parked_for` reads, or its run finds these rows.
            connection.exec_driver_sql("LOCK TABLE conditions_met IN EXCLUSIVE MODE")
        upsert(connection, conditions_met, rows, key=("pair", "condition"))


def _parked_for(database: Database, pair: str, conditions: Sequence[str]) -> list[tuple[str, str]]:
    """Entities and keys that are parked for any of these, in the sequence of their records."""
    of = inbox_conditions.c
    found: set[tuple[str, str]] = set()
    statement = select(of.entity, of.key).join(
        inbox,
        (inbox.c.pair == of.pair) & (inbox.c.entity == of.entity) & (inbox.c.key == of.key),
    )
    with database.read() as connection:
        for part in in_parts(conditions):
            rows = connection.execute(
                statement.where(of.pair == pair, of.condition.in_(part), inbox.c.state == "parked")
            )
            found.update((row.entity, row.key) for row in rows)
    # Shorter keys first, which puts numbers in their order: orders as they were placed.
    return sorted(found, key=lambda one: (len(one[1]), one[1], one[0]))
