"""How accurate stock was, look by look: the history behind `causeway status`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from store.database import Database
from store.tables import accuracy


@dataclass(frozen=True)
class Look:
    """One comparison of all stock."""

    at: datetime
    compared: int
    """SKUs at locations."""
    equal: int
    oversold: int
    """Units sold above what there is."""

    @property
    def percent(self) -> float:
        """How many of a hundred were equal; 100 where there is nothing to compare."""
        return 100.0 * self.equal / self.compared if self.compared else 100.0


class Accuracy:
    """The looks of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, pair: str, look: Look) -> None:
        """Keep a look."""
        row = {
            "pair": pair,
            "at": look.at,
            "compared": look.compared,
            "equal": look.equal,
            "oversold": look.oversold,
        }
        with self._database.write() as connection:
            connection.execute(insert(accuracy), row)

    def last(self, pair: str, *, limit: int = 30) -> list[Look]:
        """The newest looks first."""
        query = (
            select(accuracy)
            .where(accuracy.c.pair == pair)
            .order_by(accuracy.c.id.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [
                Look(row.at, row.compared, row.equal, row.oversold)
                for row in connection.execute(query)
            ]
