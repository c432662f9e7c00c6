"""Keys taken by name: what events call by another record's id is worked on under the key it means.

An event of one system may name a record that only the other can place (a goods note, say). Whoever
finds out which record is meant takes that record's own key, so that two runs never work on one
record at the same time, whatever it was called when it came in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, case, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from store.arrivals import UNSETTLED
from store.database import Database
from store.inbox import Claim, State
from store.rows import rows_of
from store.statements import in_order, in_parts
from store.tables import inbox

NAMED = "named"
"""Source of a key that came into the inbox under another record's id."""


@dataclass(frozen=True)
class Taken:
    """A key that is held now, and how it stood before."""

    claim: Claim
    was: State | Literal[""]
    """"" for a key that the inbox did not know."""


def take(  # noqa: PLR0913 - whose keys, for whom, how long, when
    database: Database,
    pair: str,
    entity: str,
    keys: Sequence[str],
    *,
    owner: str,
    lease_s: float,
    now: datetime,
) -> dict[str, Taken]:
    """Claim these keys, due or not; those that another owner holds are left out."""
    taken: dict[str, Taken] = {}
    since_now = literal(now, inbox.c.due_since.type)
    since = case((inbox.c.state.in_(UNSETTLED), inbox.c.due_since), else_=since_now)
    with database.write() as connection:
        for part in in_parts(sorted(set(keys))):
            fresh = _known(connection, pair, entity, part, now)
            rows = connection.execute(
                select(inbox)
                .where(*rows_of(pair, entity, part))
                .order_by(*in_order(connection, inbox.c.key))
                .with_for_update()
            ).all()
            free = [row for row in rows if row.owner in (None, owner) or row.ready_at <= now]
            connection.execute(
                update(inbox)
                .where(*rows_of(pair, entity, [row.key for row in free]))
                .values(
                    state="claimed",
                    owner=owner,
                    ready_at=now + timedelta(seconds=lease_s),
                    due_since=since,
                    source=NAMED,
                    updated_at=now,
                )
            )
            for row in free:
                was_due = row.due_since if row.state in UNSETTLED else None
                claim = Claim(row.key, row.attempts, was_due or now, NAMED)
                taken[row.key] = Taken(claim, "" if row.key in fresh else row.state)
    return taken


def _known(
    connection: Connection, pair: str, entity: str, keys: Sequence[str], now: datetime
) -> set[str]:
    """Make a row for every key that has none; these keys."""
    rows = [
        {
            "pair": pair,
            "entity": entity,
            "key": key,
            "state": "due",
            "lane": 0,
            "ready_at": now,
            "due_since": now,
            "source": NAMED,
            "updated_at": now,
        }
        for key in keys
    ]
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(inbox).values(rows).on_conflict_do_nothing().returning(inbox.c.key)
    return set(connection.scalars(statement))
