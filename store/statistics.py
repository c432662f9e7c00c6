"""Figures behind `causeway status`: counters per UTC day, and how accurate stock was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, insert, select

from store.database import Database
from store.statements import insert_into
from store.tables import accuracy, counts


class Counts:
    """What is only counted, per UTC day: refused webhooks and the like."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
    statement = insert_into(connection, counts).values(
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


class Accuracy:
    """How accurate stock was, comparison by comparison."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
