"""What runs leave to the next ones: leases, cursors, and the report of each run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from store.database import Repository
from store.sql import INSERT_INTO, in_parts, upsert
from store.tables import cursors, leases, runs


class Leases(Repository):
    """Leases on names: one holder at a time, and an end to every hold."""

    def acquire(self, name: str, owner: str, *, ttl_s: float, now: datetime) -> bool:
        """Take a lease that is free, expired or held by this owner; whether it is held now."""
        return name in self.acquire_all([name], owner, ttl_s=ttl_s, now=now)

    def acquire_all(
        self, names: Iterable[str], owner: str, *, ttl_s: float, now: datetime
    ) -> set[str]:
        """Take those of the leases that are free, expired or held by this owner already."""
        ends_at = now + timedelta(seconds=ttl_s)
        rows = [{"name": name, "owner": owner, "expires_at": ends_at} for name in sorted(names)]
        taken: set[str] = set()
        with self._database.write() as connection:
            for part in in_parts(rows):
                statement = INSERT_INTO[connection.dialect.name](leases).values(part)
                taken.update(
                    connection.scalars(
                        statement.on_conflict_do_update(
                            index_elements=["name"],
                            set_={
                                "owner": statement.excluded.owner,
                                "expires_at": statement.excluded.expires_at,
                            },
                            where=(leases.c.owner == owner) | (leases.c.expires_at <= now),
                        ).returning(leases.c.name)
                    )
                )
        return taken

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
        """Give a lease back; one of another owner stays."""
        self.release_all([name], owner)

    def release_all(self, names: Iterable[str], owner: str) -> None:
        """Give leases back; those of another owner stay."""
        with self._database.write() as connection:
            for part in in_parts(sorted(names)):
                connection.execute(
                    delete(leases).where(leases.c.name.in_(part), leases.c.owner == owner)
                )


class Cursors(Repository):
    """How far we have read what the systems say changed."""

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


class Runs(Repository):
    """The report of each run, for `causeway status` and for what happened a while ago."""

    def keep(self, report: Mapping[str, Any], *, run_id: str, now: datetime) -> None:
        """Keep the report of a run; it names its `pair` and `flow`."""
        row = {
            "run_id": run_id,
            "pair": report["pair"],
            "flow": report["flow"],
            "kept_at": now,
            "report": dict(report),
        }
        with self._database.write() as connection:
            connection.execute(insert(runs), row)

    def last(self, pair: str, *, flow: str | None = None, limit: int = 10) -> list[dict[str, Any]]:
        """The newest reports first."""
        statement = select(runs.c.report).where(runs.c.pair == pair)
        if flow is not None:
            statement = statement.where(runs.c.flow == flow)
        with self._database.read() as connection:
            return list(connection.scalars(statement.order_by(runs.c.id.desc()).limit(limit)))
