"""Events on their way into the inbox: what an event does to the row of the key that it names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, case, func, literal

from store.notifications import notify
from store.statements import in_parts, insert_into
from store.tables import inbox

BACKFILL_PRIORITY = 3
"""Of keys that a backfill made due."""
PRIORITIES = {"backfill": BACKFILL_PRIORITY}
"""Sources that are worked off after all others; the rest have priority 0."""
HINTS = ("webhook", "sweep", "backfill")
"""Sources that only say that something may have changed in the store; any other is a stronger
reason, for which both sides are read in full."""
UNSETTLED = ("due", "claimed")
"""States in which a key has been due since it says; any other is due since it is named."""

Event = tuple[str, str, str, str]
"""Pair, entity, key and source of an event."""


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
        # A hint must not hide a stronger reason that is still waiting to be worked off.
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
