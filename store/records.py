"""All that the database knows of one record: its keys, cases, links, and what was written for it.

Reads only, by the addresses (entity, key) that name the record.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, or_, select, tuple_

from store.database import Repository
from store.ledger import Entry, entry_of
from store.quarantine import Entry as Case
from store.quarantine import case_of
from store.sql import in_parts
from store.tables import inbox, inbox_conditions, ledger, links, quarantine, runs

Address = tuple[str, str]
"""Entity and key."""


@dataclass(frozen=True)
class KeyState:
    """A key of the inbox, in full."""

    entity: str
    key: str
    state: str
    reason: str
    source: str
    attempts: int
    due_since: datetime | None
    ready_at: datetime | None
    """When it may be claimed, woken or, of a claimed one, taken from its owner."""
    updated_at: datetime
    waits_for: tuple[str, ...]
    """Conditions that wake it."""


@dataclass(frozen=True)
class Linked:
    """A link of a record, or of a part of it."""

    entity: str
    key_bc: str
    id_bp: str
    updated_at: datetime


class Records(Repository):
    """The records of a database."""

    def keys(self, pair: str, named: Collection[Address]) -> list[KeyState]:
        """The keys that the inbox knows of these, as they are now."""
        with self._database.read() as connection:
            conditions: dict[Address, list[str]] = {}
            for row in connection.execute(
                select(inbox_conditions).where(*_of(inbox_conditions, pair, named))
            ):
                conditions.setdefault((row.entity, row.key), []).append(row.condition)
            rows = connection.execute(select(inbox).where(*_of(inbox, pair, named))).all()
        fields = [name for name in KeyState.__dataclass_fields__ if name != "waits_for"]
        return [
            KeyState(
                **{name: getattr(row, name) for name in fields},
                waits_for=tuple(sorted(conditions.get((row.entity, row.key), ()))),
            )
            for row in rows
        ]

    def cases(self, pair: str, named: Collection[Address]) -> list[Case]:
        """Open entries of the quarantine, oldest first."""
        statement = (
            select(quarantine)
            .where(*_of(quarantine, pair, named), quarantine.c.state == "open")
            .order_by(quarantine.c.id)
        )
        with self._database.read() as connection:
            return [case_of(row) for row in connection.execute(statement)]

    def links(
        self, pair: str, named: Collection[Address], parts: Collection[Address] = ()
    ) -> list[Linked]:
        """Links by BigCommerce's key; of `parts` those whose keys begin with `key/`."""
        named_or_part: list[ColumnElement[bool]] = [
            tuple_(links.c.entity, links.c.key_bc).in_(list(named)),
            *(
                (links.c.entity == entity) & links.c.key_bc.startswith(f"{key}/", autoescape=True)
                for entity, key in parts
            ),
        ]
        statement = (
            select(links)
            .where(links.c.pair == pair, or_(*named_or_part))
            .order_by(links.c.entity, links.c.key_bc)
        )
        with self._database.read() as connection:
            return [
                Linked(row.entity, row.key_bc, row.id_bp, row.updated_at)
                for row in connection.execute(statement)
            ]

    def parts_named(self, pair: str, entity: str, part: str) -> list[str]:
        """Keys `owner/part` of links, of a part whose owner is not known."""
        statement = select(links.c.key_bc).where(
            links.c.pair == pair,
            links.c.entity == entity,
            links.c.key_bc.endswith(f"/{part}", autoescape=True),
        )
        with self._database.read() as connection:
            return list(connection.scalars(statement))

    def history(self, pair: str, named: Collection[Address]) -> list[Entry]:
        """Everything that was written, oldest first."""
        statement = select(ledger).where(*_of(ledger, pair, named)).order_by(ledger.c.id)
        with self._database.read() as connection:
            return [entry_of(row) for row in connection.execute(statement)]

    def flows(self, pair: str, run_ids: Sequence[str]) -> dict[str, str]:
        """The flow of each of these runs whose report is still kept."""
        found: dict[str, str] = {}
        with self._database.read() as connection:
            for part in in_parts(sorted({one for one in run_ids if one})):
                rows = connection.execute(
                    select(runs.c.run_id, runs.c.flow).where(
                        runs.c.pair == pair, runs.c.run_id.in_(part)
                    )
                )
                found.update({row.run_id: row.flow for row in rows})
        return found


def _of(table: Table, pair: str, named: Collection[Address]) -> tuple[Any, ...]:
    return table.c.pair == pair, tuple_(table.c.entity, table.c.key).in_(list(named))
