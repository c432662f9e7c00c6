"""Every write we make: its intent before, its outcome after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from store.database import Repository
from store.sql import in_parts
from store.tables import ledger

UNKNOWN = "unknown"
AGREED = "agreed"
"""Outcome of a write whose answer nobody got: both sides were compared since, and agree."""

MAYBE_WRITTEN = ("written", UNKNOWN, AGREED)
"""Outcomes of writes that are in the other system, or may be."""


@dataclass(frozen=True)
class Intent:
    """What is about to be written."""

    pair: str
    entity: str
    key: str
    action: str
    natural_key: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    mapping_version: str = ""
    run_id: str = ""


@dataclass(frozen=True)
class Conclusion:
    """What became of an intent: written, refused, failed, unknown or agreed."""

    intent_id: int
    outcome: str
    written_id: str = ""
    error: str = ""


@dataclass(frozen=True)
class Entry:
    """A row of the ledger."""

    id: int
    entity: str
    key: str
    action: str
    natural_key: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    mapping_version: str
    run_id: str
    intent_at: datetime
    outcome: str | None
    outcome_at: datetime | None
    written_id: str
    error: str


class Ledger(Repository):
    """The ledger of a database."""

    def intend(self, intents: Sequence[Intent], *, now: datetime) -> list[int]:
        """Write intents down; their ids, in the same order."""
        if not intents:
            return []
        rows = [{**vars(intent), "intent_at": now} for intent in intents]
        with self._database.write() as connection:
            statement = insert(ledger).returning(ledger.c.id, sort_by_parameter_order=True)
            return list(connection.scalars(statement, rows))

    def conclude(self, conclusions: Sequence[Conclusion], *, now: datetime) -> None:
        """Write outcomes down."""
        if not conclusions:
            return
        statement = (
            update(ledger)
            .where(ledger.c.id == bindparam("intent_id"))
            .values(
                outcome=bindparam("ended"),
                outcome_at=now,
                written_id=bindparam("written"),
                error=bindparam("why"),
            )
        )
        rows = [
            {
                "intent_id": one.intent_id,
                "ended": one.outcome,
                "written": one.written_id,
                "why": one.error,
            }
            for one in conclusions
        ]
        with self._database.write() as connection:
            connection.execute(statement, rows)

    def open_intents(self, pair: str, entity: str, keys: Sequence[str]) -> list[Entry]:
        """Intents of these keys whose end is not known: no outcome, or a lost answer."""
        found: list[Entry] = []
        with self._database.read() as connection:
            for part in in_parts(keys):
                rows = connection.execute(
                    select(ledger).where(
                        ledger.c.pair == pair,
                        ledger.c.entity == entity,
                        ledger.c.key.in_(part),
                        ledger.c.outcome.is_(None) | (ledger.c.outcome == UNKNOWN),
                    )
                )
                found.extend(entry_of(row) for row in rows)
        return found

    def begun(self, pair: str, entity: str, keys: Sequence[str]) -> list[Entry]:
        """What was written for these keys, or may have been, oldest first."""
        found: list[Entry] = []
        with self._database.read() as connection:
            for part in in_parts(keys):
                rows = connection.execute(
                    select(ledger)
                    .where(
                        ledger.c.pair == pair,
                        ledger.c.entity == entity,
                        ledger.c.key.in_(part),
                        ledger.c.outcome.is_(None) | ledger.c.outcome.in_(MAYBE_WRITTEN),
                    )
                    .order_by(ledger.c.id)
                )
                found.extend(entry_of(row) for row in rows)
        return found

    def close_open(self, pair: str, entity: str, keys: Sequence[str], *, now: datetime) -> None:
        """End the intents of these keys whose end is not known: both sides agree by now."""
        with self._database.write() as connection:
            for part in in_parts(sorted(keys)):
                connection.execute(
                    update(ledger)
                    .where(
                        ledger.c.pair == pair,
                        ledger.c.entity == entity,
                        ledger.c.key.in_(part),
                        ledger.c.outcome.is_(None) | (ledger.c.outcome == UNKNOWN),
                    )
                    .values(outcome=AGREED, outcome_at=now)
                )

    def history(self, pair: str, entity: str, key: str) -> list[Entry]:
        """Everything written for a key, oldest first."""
        statement = (
            select(ledger)
            .where(ledger.c.pair == pair, ledger.c.entity == entity, ledger.c.key == key)
            .order_by(ledger.c.id)
        )
        with self._database.read() as connection:
            return [entry_of(row) for row in connection.execute(statement)]

    def by_version(self, pair: str, mapping_version: str) -> list[Entry]:
        """Everything that one version of the mappings wrote."""
        statement = (
            select(ledger)
            .where(ledger.c.pair == pair, ledger.c.mapping_version == mapping_version)
            .order_by(ledger.c.id)
        )
        with self._database.read() as connection:
            return [entry_of(row) for row in connection.execute(statement)]


def entry_of(row: Any) -> Entry:  # noqa: ANN401 - a row
    """The entry of a row of the table."""
    return Entry(**{name: getattr(row, name) for name in Entry.__dataclass_fields__})
