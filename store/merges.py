"""Contacts that were merged, and how each of them was before: what an undo needs.

It holds ids, the places of e-mails and telephones, and hashes. Nothing personal is kept: what was
taken from one contact stands on the other one, where an undo finds it (decision 19).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select, update

from store.database import Repository
from store.sql import INSERT_INTO
from store.tables import customer_merges as table

State = Literal["started", "merged", "undone"]


@dataclass(frozen=True)
class Merge:
    """Two contacts of one person."""

    kept: str
    """The contact that goes on."""
    merged: str
    """The one whose e-mails it took over."""
    state: State
    before: Mapping[str, Any]
    """As it was; `tasks/customers/merges.py` says what it holds."""
    updated_at: datetime


class Merges(Repository):
    """The merges of a database."""

    def start(
        self, pair: str, kept: str, merged: str, before: Mapping[str, Any], *, now: datetime
    ) -> Mapping[str, Any]:
        """Keep how both were, before anything is written; what is kept of them.

        A merge that was started and not ended keeps what it found the first time.
        """
        row = {
            "pair": pair, "kept": kept, "merged": merged, "state": "started",
            "before": dict(before), "updated_at": now,
        }  # fmt: skip
        with self._database.write() as connection:
            statement = INSERT_INTO[connection.dialect.name](table).values(row)
            changed = {name: statement.excluded[name] for name in ("state", "before", "updated_at")}
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["pair", "kept", "merged"],
                    set_=changed,
                    where=table.c.state == "undone",
                )
            )
        found = self.get(pair, kept, merged)
        return found.before if found else before

    def end(self, pair: str, kept: str, merged: str, state: State, *, now: datetime) -> None:
        """Say what became of a merge."""
        of = table.c.pair == pair, table.c.kept == kept, table.c.merged == merged
        with self._database.write() as connection:
            connection.execute(update(table).where(*of).values(state=state, updated_at=now))

    def get(self, pair: str, kept: str, merged: str) -> Merge | None:
        """One merge, if it was ever started."""
        found = [one for one in self.list(pair, merged=merged) if one.kept == kept]
        return found[0] if found else None

    def list(self, pair: str, *, merged: str | None = None) -> list[Merge]:
        """All merges, the oldest first, or those of one contact that was merged."""
        statement = select(table).where(table.c.pair == pair)
        if merged is not None:
            statement = statement.where(table.c.merged == merged)
        with self._database.read() as connection:
            rows = connection.execute(statement.order_by(table.c.updated_at, table.c.merged))
            return [
                Merge(row.kept, row.merged, row.state, row.before, row.updated_at) for row in rows
            ]
