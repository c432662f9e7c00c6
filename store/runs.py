"""The report of each run, for `causeway status` and for looking back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select

from core.times import utc_now
from store.database import Database
from store.tables import runs


class Runs:
    """The kept reports of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, report: Mapping[str, Any], *, run_id: str) -> None:
        """Keep the report of a run; it names its `pair` and `flow`."""
        row = {
            "run_id": run_id,
            "pair": report["pair"],
            "flow": report["flow"],
            "kept_at": utc_now(),
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
