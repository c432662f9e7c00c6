"""What a process held that has ended: free at once, not only when its leases are over.

Owners of claims and leases name their process (core/process_identity.py). Those of a process that
is known to have ended are taken from it; whatever else holds something keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from core.process_identity import is_gone, parse_identity
from store.database import Database
from store.sql import in_parts
from store.tables import inbox, leases
from store.transitions import Retry, after, change, locked, notify

ENDED = "the process that worked on it ended"


@dataclass(frozen=True)
class Takeover:
    """What was taken from processes that have ended."""

    keys: int = 0
    leases: int = 0

    def __bool__(self) -> bool:
        """Whether there was anything."""
        return bool(self.keys or self.leases)


def take_over(database: Database, *, now: datetime) -> Takeover:
    """Make due what processes held that are known to have ended, and free their leases.

    Raises: StoreUnavailableError.
    """
    with database.read() as connection:
        holders = connection.scalars(
            select(inbox.c.owner).where(inbox.c.owner.is_not(None)).distinct()
        )
        claiming = {owner for owner in holders if is_ended(owner)}
        names = {
            row.name: row.owner
            for row in connection.execute(select(leases.c.name, leases.c.owner))
            if is_ended(row.owner)
        }
    keys = sum(_release(database, owner, now) for owner in sorted(claiming))
    with database.write() as connection:
        for part in in_parts(sorted(names)):
            connection.execute(
                delete(leases).where(
                    leases.c.name.in_(part), leases.c.owner.in_({names[name] for name in part})
                )
            )
    return Takeover(keys, len(names))


def is_ended(owner: str) -> bool:
    """Whether an owner's process is known to have ended."""
    identity = parse_identity(owner)
    return identity is not None and is_gone(identity)


def _release(database: Database, owner: str, now: datetime) -> int:
    """Make this owner's keys due; an event that came meanwhile counts as it does on release."""
    held = inbox.c.owner == owner, inbox.c.state == "claimed"
    with database.write() as connection:
        keys = locked(connection, *held)
        rows = {
            (row.pair, row.entity, row.key): row
            for row in connection.execute(select(inbox).where(*held))
        }
        for key in keys:
            row = rows[key]
            changes = after(Retry(row.key, now, ENDED), row, {}, now)
            change(connection, [key], **{**changes, "interruptions": row.interruptions + 1})
        notify(connection)
    return len(keys)
