"""Leases on names: one holder at a time, and an end to every hold."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite

from store.database import Database
from store.tables import leases


class Leases:
    """The leases of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(self, name: str, owner: str, *, ttl_s: float, now: datetime) -> bool:
        """Take a lease that is free, expired, or ours already; whether we hold it now."""
        row = {"name": name, "owner": owner, "expires_at": now + timedelta(seconds=ttl_s)}
        with self._database.write() as connection:
            insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
            statement = insert(leases).values(row)
            taken = connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["name"],
                    set_={
                        "owner": statement.excluded.owner,
                        "expires_at": statement.excluded.expires_at,
                    },
                    where=(leases.c.owner == owner) | (leases.c.expires_at <= now),
                ).returning(leases.c.owner)
            ).all()
        return bool(taken)

    def renew(self, name: str, owner: str, *, ttl_s: float, now: datetime) -> bool:
        """Keep a lease; False when it was lost."""
        statement = (
            update(leases)
            .where(leases.c.name == name, leases.c.owner == owner)
            .values(expires_at=now + timedelta(seconds=ttl_s))
        )
        with self._database.write() as connection:
            return bool(connection.execute(statement).rowcount)

    def release(self, name: str, owner: str) -> None:
        """Give a lease back; one that is not ours stays."""
        statement = delete(leases).where(leases.c.name == name, leases.c.owner == owner)
        with self._database.write() as connection:
            connection.execute(statement)
