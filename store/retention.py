"""What of our memory is dropped after a while, so that an installation of years stays small.

Kept for ever: what is needed to do nothing twice (the links, intents whose end is not known),
what a person has decided (discarded and approved cases), what still waits for one, and the
published mappings.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, ColumnElement, Table, delete, exists, func, select

from core.settings import RetentionSettings
from store.database import Database
from store.ledger import UNKNOWN
from store.sql import in_parts
from store.tables import (
    accuracy,
    conditions_met,
    counts,
    inbox,
    leases,
    ledger,
    quarantine,
    requests,
    runs,
)
from store.transitions import by_entity, locked, rows_of

LEAST_RUNS = 20
"""The newest reports of each flow stay, however old they are."""
LEASES = timedelta(days=1)
"""Leases that nobody has renewed or taken since they ended."""

CONDITIONS = timedelta(days=1)
"""Conditions that came true; they matter to runs that were at work then."""


@dataclass(frozen=True)
class Forgotten:
    """How many rows of each table were dropped."""

    keys: int
    runs: int
    cases: int
    writes: int
    counts: int
    comparisons: int
    leases: int
    conditions: int


def forget_old(
    database: Database, *, now: datetime, retention: RetentionSettings | None = None
) -> Forgotten:
    """Drop what is older than the settings say; repeatable, and harmless to interrupt.

    What is a lot is dropped in many short transactions, so that webhooks are kept meanwhile.

    Raises: StoreUnavailableError; what is gone by then stays gone.
    """
    kept = retention or RetentionSettings()
    counted = timedelta(days=kept.counts_days)
    return Forgotten(
        keys=forget_done(database, now - timedelta(days=kept.done_keys_days)),
        runs=_forget_runs(database, now - timedelta(days=kept.runs_days)),
        cases=_forget_rows(
            database,
            quarantine,
            quarantine.c.id,
            quarantine.c.state.in_(("resolved", "released")),
            quarantine.c.closed_at < now - timedelta(days=kept.cases_days),
        ),
        writes=_forget_writes(database, now - timedelta(days=kept.ledger_days)),
        counts=_forget_all(database, counts, counts.c.day < (now - counted).date())
        + _forget_all(database, requests, requests.c.hour < now - counted),
        comparisons=_forget_rows(database, accuracy, accuracy.c.id, accuracy.c.at < now - counted),
        leases=_forget_all(database, leases, leases.c.expires_at < now - LEASES),
        conditions=_forget_all(
            database, conditions_met, conditions_met.c.met_at < now - CONDITIONS
        ),
    )


def forget_done(database: Database, before: datetime) -> int:
    """Drop keys that were settled before a moment; their next event makes them anew.

    Found first, then dropped in short transactions, so that nobody waits; how many they were.
    """
    settled = inbox.c.state == "done", inbox.c.updated_at < before
    with database.read() as connection:
        found = connection.execute(
            select(inbox.c.pair, inbox.c.entity, inbox.c.key).where(*settled)
        )
        old = [(row.pair, row.entity, row.key) for row in found]
    dropped = 0
    for pair, entity, part in by_entity(old):
        with database.write() as connection:
            still = locked(connection, *rows_of(pair, entity, part), *settled)
            keys = [key for _, _, key in still]
            connection.execute(inbox.delete().where(*rows_of(pair, entity, keys)))
        dropped += len(keys)
    return dropped


def _forget_runs(database: Database, before: datetime) -> int:
    """Old reports but the newest ones of each pair and flow."""
    place = func.row_number().over(
        partition_by=(runs.c.pair, runs.c.flow), order_by=runs.c.id.desc()
    )
    placed = select(runs.c.id, place.label("place")).subquery()
    spare = select(placed.c.id).where(placed.c.place > LEAST_RUNS)
    return _forget_rows(database, runs, runs.c.id, runs.c.kept_at < before, runs.c.id.in_(spare))


def _forget_writes(database: Database, before: datetime) -> int:
    """Writes whose end is known, but those that are evidence in an open case.

    Ids grow with time, so that only old rows are read.
    """
    open_case = exists().where(
        quarantine.c.pair == ledger.c.pair,
        quarantine.c.entity == ledger.c.entity,
        quarantine.c.key == ledger.c.key,
        quarantine.c.state == "open",
    )
    newer = (
        select(ledger.c.id).where(ledger.c.intent_at >= before).order_by(ledger.c.id).limit(1)
    ).scalar_subquery()
    return _forget_rows(
        database,
        ledger,
        ledger.c.id,
        ledger.c.id < func.coalesce(newer, select(func.max(ledger.c.id) + 1).scalar_subquery()),
        ledger.c.outcome.is_not(None),
        ledger.c.outcome != UNKNOWN,
        ~open_case,
    )


def _forget_rows(
    database: Database, table: Table, number: Column[int], *conditions: ColumnElement[bool]
) -> int:
    """Rows for which this holds and always will: found first, then dropped part by part."""
    with database.read() as connection:
        old = list(connection.scalars(select(number).where(*conditions).order_by(number)))
    for part in in_parts(old):
        with database.write() as connection:
            connection.execute(delete(table).where(number.in_(part)))
    return len(old)


def _forget_all(database: Database, table: Table, condition: ColumnElement[bool]) -> int:
    """Rows of a table that is never large."""
    with database.write() as connection:
        return connection.execute(delete(table).where(condition)).rowcount
