"""What events and outcomes do to the rows of the inbox, whoever names them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, case, func, literal, select, update

from store.notifications import notify
from store.sql import in_order, in_parts, insert_into
from store.tables import inbox

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

    A condition is a name, with a value where there are many of a kind: `payment`, `stock:1007`,
    `table:order_status`, `sku:ABC-1`. Whoever makes one true calls `Inbox.wake`; `wake_at` is the
    safety net. The key is given up at `expires_at`, counted from the first time it was parked.
    """

    key: str
    conditions: tuple[str, ...]
    wake_at: datetime
    expires_at: datetime
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


Outcome = Done | Parked | Dead | Retry


def put(  # noqa: PLR0913 - the key's parts and the event's
    connection: Connection,
    pair: str,
    entity: str,
    keys: Iterable[str],
    *,
    source: str,
    now: datetime,
) -> None:
    """Make keys due; one that is being worked on becomes due again when it is released."""
    put_all(connection, [(pair, entity, key, source) for key in keys], now=now)


def put_all(connection: Connection, events: Iterable[Event], *, now: datetime) -> None:
    """The same for keys of any pair, entity and source.

    All of a transaction's events belong in one call: rows are locked in the order of their keys,
    so that transactions that bring the same keys at the same time do not block each other.
    """
    rows = [
        {
            "pair": pair,
            "entity": entity,
            "key": key,
            "state": "due",
            "priority": PRIORITIES.get(source, 0),
            "ready_at": now,
            "due_since": now,
            "source": source,
            "updated_at": now,
        }
        for (pair, entity, key), source in sorted(_strongest(events).items())
    ]
    for part in in_parts(rows):
        fresh = insert_into(connection, inbox).values(list(part))
        connection.execute(
            fresh.on_conflict_do_update(
                index_elements=["pair", "entity", "key"], set_=_on_event(fresh.excluded, now)
            )
        )
    notify(connection)


def _strongest(events: Iterable[Event]) -> Mapping[tuple[str, str, str], str]:
    """The source of each key; the first reason that is more than a hint, else the last hint."""
    sources: dict[tuple[str, str, str], str] = {}
    for pair, entity, key, source in events:
        known = sources.get((pair, entity, key))
        if known is None or known in HINTS:
            sources[pair, entity, key] = source
    return sources


def _on_event(event: Any, now: datetime) -> dict[str, Any]:  # noqa: ANN401 - the row as it would be inserted
    """What an event does to a key that is known: a held one becomes dirty, any other is due."""
    held = (inbox.c.state == "claimed") & (inbox.c.ready_at > now)
    was_due = inbox.c.state == "due"
    unsettled = inbox.c.state.in_(UNSETTLED)
    moment = literal(now, inbox.c.ready_at.type)
    return {
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
        "ready_at": case((held, inbox.c.ready_at), else_=moment),
        "due_since": case((held | was_due, inbox.c.due_since), else_=moment),
        "attempts": case((held | was_due, inbox.c.attempts), else_=0),
        "priority": case((held, inbox.c.priority), else_=event.priority),
        "updated_at": moment,
    }


def _is_strong(source: Column[str]) -> ColumnElement[bool]:
    return source.is_not(None) & source.not_in(HINTS)


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
    free = {"owner": None, "dirty_since": None, "dirty_source": None, "updated_at": now}
    due = {**free, "state": "due", "ready_at": now, "attempts": 0, "reason": ""}
    if row.dirty_since is not None:
        source = row.dirty_source or row.source
        return {**due, "due_since": row.dirty_since, "source": source}
    match outcome:
        case Parked() if _came_true(outcome, row, met):
            return {**due, "due_since": now, "source": WOKEN}
        case Parked() if (expires_at := row.expires_at or outcome.expires_at) > now:
            state = {
                "state": "parked",
                "ready_at": min(outcome.wake_at, expires_at),
                "priority": PARKED_PRIORITY,
                "expires_at": expires_at,
                "attempts": row.attempts + outcome.is_try,
            }
        case Retry():
            state = {"state": "due", "ready_at": outcome.at, "attempts": row.attempts + 1}
        case Dead():
            state = {**CLOSED, "state": "dead"}
        case Parked():
            return {**free, **CLOSED, "state": "done", "reason": f"expired: {outcome.reason}"}
        case _:
            state = {**CLOSED, "state": "done"}
    return {**free, **state, "reason": outcome.reason}


def _came_true(outcome: Parked, row: Any, met: Mapping[str, datetime]) -> bool:  # noqa: ANN401 - a row
    """Whether any of the conditions came true since the key was claimed."""
    moments = [met[condition] for condition in outcome.conditions if condition in met]
    return row.claimed_at is not None and any(moment > row.claimed_at for moment in moments)


def locked(connection: Connection, *conditions: ColumnElement[bool]) -> list[Key]:
    """The keys of the inbox for which this holds, locked until the transaction ends."""
    columns = inbox.c.pair, inbox.c.entity, inbox.c.key
    statement = select(*columns).where(*conditions).order_by(*in_order(connection, *columns))
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
