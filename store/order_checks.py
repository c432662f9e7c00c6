"""What orders were scored by, what came of it, and what people decided: labels to learn from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from store.database import Repository
from store.sql import INSERT_INTO, in_parts
from store.tables import order_checks as table

Facts = Mapping[str, Any]
RECENT = 500
"""Orders of which the shop's usual value is taken."""


@dataclass(frozen=True, slots=True)
class CheckedOrder:
    """An order, what it was scored by, and what came of it."""

    order_id: str
    placed_at: datetime
    email_key: str
    ip_key: str
    card_key: str
    facts: Facts
    verdict: Mapping[str, Any]


class OrderChecks(Repository):
    """The checked orders of a database."""

    def keep(self, pair: str, orders: Sequence[CheckedOrder], *, now: datetime) -> None:
        """Keep what was found; the label of an order that was checked before stays."""
        if not orders:
            return
        rows = [
            {
                "pair": pair,
                "order_id": one.order_id,
                "placed_at": one.placed_at,
                "email_key": one.email_key,
                "ip_key": one.ip_key,
                "card_key": one.card_key,
                "facts": dict(one.facts),
                "verdict": dict(one.verdict),
                "checked_at": now,
            }
            for one in orders
        ]
        with self._database.write() as connection:
            statement = INSERT_INTO[connection.dialect.name](table)
            changed = {name: statement.excluded[name] for name in rows[0] if name != "pair"}
            connection.execute(
                statement.on_conflict_do_update(index_elements=["pair", "order_id"], set_=changed),
                rows,
            )

    def before(self, pair: str, orders: Sequence[CheckedOrder]) -> list[Facts]:
        """The facts of earlier orders that matter to these, each once.

        Those of the same mailboxes, IP addresses and cards, and the shop's newest ones.
        """
        if not orders:
            return []
        until = max(one.placed_at for one in orders)
        found: dict[str, Facts] = {}
        columns = select(table.c.order_id, table.c.facts).where(
            table.c.pair == pair, table.c.placed_at <= until
        )
        with self._database.read() as connection:
            newest = columns.order_by(table.c.placed_at.desc()).limit(RECENT)
            found.update((row.order_id, row.facts) for row in connection.execute(newest))
            for name in ("email_key", "ip_key", "card_key"):
                values: Collection[str] = {getattr(one, name) for one in orders} - {""}
                for part in in_parts(sorted(values)):
                    rows = connection.execute(columns.where(table.c[name].in_(part)))
                    found.update((row.order_id, row.facts) for row in rows)
        return [*found.values()]

    def label(self, pair: str, order_id: str) -> str:
        """What a person decided about an order; "" where nobody had to."""
        statement = select(table.c.label).where(table.c.pair == pair, table.c.order_id == order_id)
        with self._database.read() as connection:
            return connection.scalar(statement) or ""
