"""What is only counted, per UTC day: refused webhooks and the like."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from store.database import Database
from store.tables import counts


class Counts:
    """The counters of a database."""

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
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(counts).values(
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
