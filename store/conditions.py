"""What parked keys wait for, and which of them wake when a condition comes true.

A parked key has a row per condition in `inbox_conditions`; they stay until the key is settled
anew. `conditions_met` keeps when a condition came true while keys of its pair were being worked
on: their run may have read the systems a moment too early, and parks a key for what is true by
then. Settling reads it, so that such a key is due at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from store.database import Database
from store.notifications import notify
from store.sql import in_parts, upsert
from store.tables import conditions_met, inbox, inbox_conditions
from store.transitions import PARKED_PRIORITY, WOKEN, Outcome, Parked, change, locked, rows_of


def write(
    connection: Connection,
    pair: str,
    entity: str,
    settled: Mapping[str, Outcome],
    parked: Collection[str],
) -> None:
    """Replace what these keys wait for; those that are not `parked` now wait for nothing."""
    of = inbox_conditions.c
    connection.execute(
        delete(inbox_conditions).where(
            of.pair == pair, of.entity == entity, of.key.in_(sorted(settled))
        )
    )
    rows = [
        {"pair": pair, "entity": entity, "key": key, "condition": condition}
        for key, outcome in sorted(settled.items())
        if isinstance(outcome, Parked) and key in parked
        for condition in sorted(set(outcome.conditions))
    ]
    if rows:
        connection.execute(insert(inbox_conditions), rows)


def met_since(
    connection: Connection, pair: str, outcomes: Iterable[Outcome], since: datetime
) -> dict[str, datetime]:
    """When conditions for which keys are about to be parked came true, after a moment.

    On PostgreSQL no condition comes true between this and the end of the transaction: `mark_met`
    waits for the rows that are locked here, even where there are none.
    """
    conditions = {
        condition
        for outcome in outcomes
        if isinstance(outcome, Parked)
        for condition in outcome.conditions
    }
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
    return sorted(found, key=lambda one: (in_sequence(one[1]), one[0]))


def in_sequence(key: str) -> tuple[int, str]:
    """What to sort keys by: shorter ones first, which puts numbers in their order.

    Numbers of orders grow, so that orders come in the sequence in which they were placed.
    """
    return len(key), key
