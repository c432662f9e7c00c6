"""Figures behind `causeway status`: the inbox, counters per UTC day, how accurate stock was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, func, insert, select

from store.database import Database, Repository
from store.sql import INSERT_INTO
from store.tables import accuracy, counts, inbox


class Counts(Repository):
    """What is only counted, per UTC day: refused webhooks and the like."""

    def add(self, pair: str, day: date, by_name: Mapping[str, int]) -> None:
        """Count."""
        with self._database.write() as connection:
            add(connection, pair, day, by_name)

    def of_day(self, pair: str, day: date) -> dict[str, int]:
        """The counters of a day."""
        statement = select(counts.c.name, counts.c.count).where(
            counts.c.pair == pair, counts.c.day == day
        )
        with self._database.read() as connection:
            return {row.name: row[1] for row in connection.execute(statement)}


def add(connection: Connection, pair: str, day: date, by_name: Mapping[str, int]) -> None:
    """`Counts.add` inside a transaction of the caller's."""
    if not by_name:
        return
    statement = INSERT_INTO[connection.dialect.name](counts).values(
        [
            {"pair": pair, "day": day, "name": name, "count": number}
            for name, number in sorted(by_name.items())
        ]
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["pair", "day", "name"],
            set_={"count": counts.c.count + statement.excluded["count"]},
        )
    )


@dataclass(frozen=True)
class StockComparison:
    """One comparison of all stock."""

    at: datetime
    compared: int
    """SKUs at locations."""
    equal: int
    oversold: int
    """Units sold above what is in stock."""

    @property
    def percent(self) -> float:
        """How many of a hundred were equal; 100 where there is nothing to compare."""
        return 100.0 * self.equal / self.compared if self.compared else 100.0


class Accuracy(Repository):
    """How accurate stock was, comparison by comparison."""

    def keep(self, pair: str, comparison: StockComparison) -> None:
        """Keep a comparison."""
        row = {
            "pair": pair,
            "at": comparison.at,
            "compared": comparison.compared,
            "equal": comparison.equal,
            "oversold": comparison.oversold,
        }
        with self._database.write() as connection:
            connection.execute(insert(accuracy), row)

    def last(self, pair: str, *, limit: int = 30) -> list[StockComparison]:
        """The newest comparisons first."""
        query = (
            select(accuracy)
            .where(accuracy.c.pair == pair)
            .order_by(accuracy.c.id.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [
                StockComparison(row.at, row.compared, row.equal, row.oversold)
                for row in connection.execute(query)
            ]


@dataclass(frozen=True)
class Depth:
    """How many keys are in a state, and how old the oldest is."""

    pair: str
    entity: str
    state: str
    count: int
    oldest_at: datetime | None


def depths(database: Database) -> list[Depth]:
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
    with database.read() as connection:
        return [
            Depth(row.pair, row.entity, row.state, row.keys, row.oldest)
            for row in connection.execute(statement)
        ]


@dataclass(frozen=True)
class Failing:
    """Keys of an entity that fail again and again."""

    entity: str
    keys: int
    key: str
    """One of them."""
    reason: str


def failing(database: Database, pair: str, attempts: int) -> list[Failing]:
    """Keys that were tried so often, or more often, and are to be tried again; by entity."""
    statement = (
        select(inbox.c.entity, inbox.c.key, inbox.c.reason)
        .where(
            inbox.c.pair == pair,
            inbox.c.state.in_(("due", "claimed")),
            inbox.c.attempts >= attempts,
        )
        .order_by(inbox.c.entity, inbox.c.attempts.desc())
    )
    with database.read() as connection:
        rows = connection.execute(statement).all()
    count = Counter(row.entity for row in rows)
    first = {row.entity: row for row in reversed(rows)}
    return [
        Failing(entity, count[entity], row.key, row.reason or "")
        for entity, row in sorted(first.items())
    ]
