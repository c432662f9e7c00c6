"""What a version of the mappings wrote, and syncing that again."""

from __future__ import annotations

from collections.abc import Sequence

from core.ids import ENTITIES
from core.times import utc_now
from store.database import Database
from store.inbox import Inbox
from store.ledger import Ledger


def written_by(database: Database, pair: str, version: str) -> list[tuple[str, str]]:
    """Entity and key of every record that a version wrote, each once, in the order written."""
    entries = Ledger(database).by_version(pair, version)
    return list(
        dict.fromkeys((entry.entity, entry.key) for entry in entries if entry.entity in ENTITIES)
    )


def requeue(database: Database, pair: str, written: Sequence[tuple[str, str]]) -> int:
    """Put those records back into the inbox; how many were not due before."""
    inbox, now = Inbox(database), utc_now()
    return sum(
        inbox.put(
            pair,
            entity,
            [key for of, key in written if of == entity],
            source="operator",
            now=now,
        )
        for entity in dict(written)
    )
