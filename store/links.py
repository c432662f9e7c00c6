"""Which record of BigCommerce is which record of Brightpearl."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import delete, func, select

from core.crash_points import reached
from store.database import Repository
from store.sql import in_parts, upsert
from store.tables import links as table


@dataclass(frozen=True, slots=True)
class Link:
    """One record in both systems."""

    key_bc: str
    id_bp: str
    detail: Mapping[str, Any] = field(default_factory=dict)


class Links(Repository):
    """The links of a database."""

    def get(
        self,
        pair: str,
        entity: str,
        keys: Sequence[str],
        *,
        by: Literal["key_bc", "id_bp"] = "key_bc",
    ) -> dict[str, Link]:
        """Links by BigCommerce's key, or by Brightpearl's id; unknown ones are left out."""
        found: dict[str, Link] = {}
        with self._database.read() as connection:
            for part in in_parts(keys):
                rows = connection.execute(
                    select(table).where(
                        table.c.pair == pair, table.c.entity == entity, table.c[by].in_(part)
                    )
                )
                for row in rows:
                    link = Link(row.key_bc, row.id_bp, row.detail)
                    found[getattr(link, by)] = link
        return found

    def scan(self, pair: str, entity: str) -> Iterator[Link]:
        """Every link of an entity, one after the other: there may be a great many."""
        query = select(table).where(table.c.pair == pair, table.c.entity == entity)
        with self._database.read() as connection:
            for row in connection.execute(query):
                yield Link(row.key_bc, row.id_bp, row.detail)

    def count(self, pair: str, entity: str) -> int:
        """How many records of an entity are linked."""
        query = (
            select(func.count())
            .select_from(table)
            .where(table.c.pair == pair, table.c.entity == entity)
        )
        with self._database.read() as connection:
            return connection.scalar(query) or 0

    def drop(self, pair: str, entity: str, keys: Sequence[str]) -> None:
        """Forget links by BigCommerce's key."""
        with self._database.write() as connection:
            for part in in_parts(keys):
                connection.execute(
                    delete(table).where(
                        table.c.pair == pair, table.c.entity == entity, table.c.key_bc.in_(part)
                    )
                )

    def put(self, pair: str, entity: str, links: Sequence[Link], *, now: datetime) -> None:
        """Keep links; an existing one is replaced."""
        reached("before-links", entity, [link.key_bc for link in links])
        rows = [
            {
                "pair": pair,
                "entity": entity,
                "key_bc": link.key_bc,
                "id_bp": link.id_bp,
                "detail": dict(link.detail),
                "updated_at": now,
            }
            for link in links
        ]
        with self._database.write() as connection:
            upsert(connection, table, rows, key=("pair", "entity", "key_bc"))
        reached("after-links", entity, [link.key_bc for link in links])
