"""How far we have read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from store.database import Database
from store.statements import upsert
from store.tables import cursors


class Cursors:
    """The cursors of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, pair: str, name: str) -> datetime | None:
        """The moment up to which was read; None before the first time."""
        statement = select(cursors.c.position).where(cursors.c.pair == pair, cursors.c.name == name)
        with self._database.read() as connection:
            return connection.scalar(statement)

    def set(self, pair: str, name: str, position: datetime) -> None:
        """Move a cursor."""
        row = {"pair": pair, "name": name, "position": position}
        with self._database.write() as connection:
            upsert(connection, cursors, [row], key=("pair", "name"))
