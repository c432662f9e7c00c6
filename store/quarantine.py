"""Refused records that wait for a person."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from core.refusals import Refusal
from store.database import Repository
from store.sql import INSERT_INTO, in_parts, storable
from store.tables import LONGEST_VALUE, quarantine
from store.transitions import put

CLASS = quarantine.c["class"]


@dataclass(frozen=True)
class Entry:
    """A row of the quarantine."""

    id: int
    pair: str
    entity: str
    key: str
    class_: str
    field: str
    value: str
    reason: str
    remedy: str
    run_id: str
    detail: Mapping[str, Any]
    state: str
    times: int
    opened_at: datetime
    seen_at: datetime
    closed_at: datetime | None
    closed_reason: str


@dataclass(frozen=True)
class Decided:
    """Cases that a person decided: (key, class, value)."""

    approved: Collection[tuple[str, str, str]]
    """What they propose is to be carried out."""
    discarded: Collection[tuple[str, str, str]]
    """Both sides are left as they are."""


@dataclass(frozen=True)
class Group:
    """Open entries that wait for the same thing."""

    class_: str
    value: str
    count: int


class Quarantine(Repository):
    """The quarantine of a database."""

    def open(
        self,
        pair: str,
        entity: str,
        refusals: Iterable[tuple[str, Refusal]],
        *,
        run_id: str = "",
        now: datetime,
    ) -> None:
        """Keep refusals by record key; one that is open already is only counted again."""
        rows = [
            {"pair": pair, "entity": entity, "key": key, "run_id": run_id, **_columns(one, now)}
            for key, one in refusals
        ]
        if not rows:
            return
        with self._database.write() as connection:
            statement = INSERT_INTO[connection.dialect.name](quarantine)
            statement = statement.on_conflict_do_update(
                index_elements=["pair", "entity", "key", "class", "field", "value"],
                index_where=quarantine.c.state == "open",
                set_={
                    "times": quarantine.c.times + 1,
                    "seen_at": now,
                    "reason": statement.excluded.reason,
                    "remedy": statement.excluded.remedy,
                    "run_id": statement.excluded.run_id,
                    "detail": statement.excluded.detail,
                },
            )
            for row in rows:
                connection.execute(statement, row)

    def list(
        self,
        *,
        pair: str | None = None,
        entity: str | None = None,
        class_: str | None = None,
        value: str | None = None,
        state: str = "open",
    ) -> list[Entry]:
        """Entries, oldest first."""
        statement = (
            select(quarantine)
            .where(*_conditions(pair, entity, class_, value), quarantine.c.state == state)
            .order_by(quarantine.c.id)
        )
        with self._database.read() as connection:
            return [case_of(row) for row in connection.execute(statement)]

    def show(self, entry_id: int) -> Entry | None:
        """One entry, open or closed."""
        with self._database.read() as connection:
            row = connection.execute(
                select(quarantine).where(quarantine.c.id == entry_id)
            ).one_or_none()
        return None if row is None else case_of(row)

    def release(  # noqa: PLR0913 - each narrows what is released
        self,
        pair: str,
        *,
        entity: str | None = None,
        class_: str | None = None,
        value: str | None = None,
        ids: Sequence[int] | None = None,
        keys: Sequence[str] | None = None,
        now: datetime,
    ) -> Sequence[str]:
        """Close matching entries and make their records due again, in one transaction.

        A record with several entries is released as a whole. Returns the keys.
        """
        conditions = [*_conditions(pair, entity, class_, value), quarantine.c.state == "open"]
        if ids is not None:
            conditions.append(quarantine.c.id.in_(ids))
        if keys is not None:
            conditions.append(quarantine.c.key.in_(keys))
        with self._database.write() as connection:
            found = connection.execute(
                select(quarantine.c.entity, quarantine.c.key).where(*conditions).distinct()
            ).all()
            for of_entity in sorted({row.entity for row in found}):
                released = [row.key for row in found if row.entity == of_entity]
                for part in in_parts(released):
                    connection.execute(
                        update(quarantine)
                        .where(
                            quarantine.c.pair == pair,
                            quarantine.c.entity == of_entity,
                            quarantine.c.key.in_(part),
                            quarantine.c.state == "open",
                        )
                        .values(state="released", closed_at=now)
                    )
                events = [(pair, of_entity, key, "release") for key in released]
                put(connection, events, now=now)
        return sorted(row.key for row in found)

    def discard(self, ids: Sequence[int], reason: str, *, now: datetime) -> int:
        """Close entries for good; how many were open."""
        statement = (
            update(quarantine)
            .where(quarantine.c.id.in_(ids), quarantine.c.state == "open")
            .values(state="discarded", closed_at=now, closed_reason=reason)
        )
        with self._database.write() as connection:
            return connection.execute(statement).rowcount

    def approve(self, ids: Sequence[int], *, now: datetime) -> Sequence[str]:
        """Let what open cases propose be carried out: their records are due again; the keys."""
        with self._database.write() as connection:
            found = connection.execute(
                update(quarantine)
                .where(quarantine.c.id.in_(ids), quarantine.c.state == "open")
                .values(state="approved", closed_at=now)
                .returning(quarantine.c.pair, quarantine.c.entity, quarantine.c.key)
            ).all()
            events = [(row.pair, row.entity, row.key, "release") for row in found]
            put(connection, events, now=now)
        return sorted({row.key for row in found})

    def decided(self, pair: str, entity: str, keys: Sequence[str]) -> Decided:
        """What people decided about these records' cases, and nobody carried out yet."""
        found: dict[str, set[tuple[str, str, str]]] = {"approved": set(), "discarded": set()}
        columns = quarantine.c.state, quarantine.c.key, CLASS, quarantine.c.value
        with self._database.read() as connection:
            for part in in_parts(keys):
                rows = connection.execute(
                    select(*columns).where(
                        quarantine.c.pair == pair,
                        quarantine.c.entity == entity,
                        quarantine.c.key.in_(part),
                        quarantine.c.state.in_(list(found)),
                    )
                )
                for state, key, class_, value in rows:
                    found[state].add((key, class_, value))
        return Decided(**found)

    def resolve(
        self,
        pair: str,
        entity: str,
        keys: Sequence[str],
        *,
        now: datetime,
        but: Collection[tuple[str, str, str]] = (),
    ) -> None:
        """Close these records' entries, except those in `but` (key, class, value)."""
        kept = {(key, class_, kept_value(value)) for key, class_, value in but}
        over: list[int] = []
        # Most records have no entry: they cost no transaction that writes.
        with self._database.read() as connection:
            for part in in_parts(keys):
                entries = connection.execute(
                    select(
                        quarantine.c.id,
                        quarantine.c.key,
                        CLASS.label("class_"),
                        quarantine.c.value,
                        quarantine.c.state,
                    ).where(
                        quarantine.c.pair == pair,
                        quarantine.c.entity == entity,
                        quarantine.c.key.in_(part),
                        quarantine.c.state.in_(("open", "approved")),
                    )
                )
                over += [
                    entry.id
                    for entry in entries
                    if entry.state == "approved"
                    or (entry.key, entry.class_, entry.value) not in kept
                ]
        for ids in in_parts(over):
            with self._database.write() as connection:
                connection.execute(
                    update(quarantine)
                    .where(quarantine.c.id.in_(ids))
                    .values(state="resolved", closed_at=now)
                )

    def summary(self, pair: str) -> Sequence[Group]:
        """Open entries by class and value, the most frequent first."""
        count = func.count(quarantine.c.key.distinct())
        statement = (
            select(CLASS.label("class_"), quarantine.c.value, count.label("records"))
            .where(quarantine.c.pair == pair, quarantine.c.state == "open")
            .group_by(CLASS, quarantine.c.value)
            .order_by(count.desc(), CLASS, quarantine.c.value)
        )
        with self._database.read() as connection:
            return [
                Group(row.class_, row.value, row.records) for row in connection.execute(statement)
            ]


def kept_value(value: str) -> str:
    """A value as the table holds it: what cannot be kept is left out, and it has an end."""
    return storable(value)[:LONGEST_VALUE]


def _conditions(
    pair: str | None, entity: str | None, class_: str | None, value: str | None
) -> list[Any]:
    wanted = (
        (quarantine.c.pair, pair),
        (quarantine.c.entity, entity),
        (CLASS, class_),
        (quarantine.c.value, value),
    )
    return [column == value for column, value in wanted if value is not None]


def _columns(refusal: Refusal, now: datetime) -> dict[str, Any]:
    columns = dict(vars(refusal))
    columns["class"] = columns.pop("class_")
    return {**columns, "state": "open", "opened_at": now, "seen_at": now}


def case_of(row: Any) -> Entry:  # noqa: ANN401 - a row
    """The entry of a row of the table."""
    columns = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    columns["class_"] = columns.pop("class")
    return Entry(**columns)
