"""A scheduled read of what changed: the same keys into the same inbox, should a webhook be lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.times import to_iso, utc_now
from store.inbox import Inbox
from store.runs import Cursors
from tasks.reconciler.connections import Connections

NEVER_READ = timedelta(days=1)
"""How far the first sweep of a new pair reaches back; older records are a backfill's matter."""


@dataclass(frozen=True)
class Source:
    """Something that can be asked what changed since a moment."""

    cursor: str
    """Names how far it was read."""
    clock: Callable[[], datetime]
    """The clock by which it dates its changes."""
    changed: Callable[[datetime], Iterable[str]]
    """Keys of what changed at or after a moment."""
    source: str = "sweep"
    """What the inbox is told; other than `sweep` where the store's side alone says too little."""


def sweep(world: Connections, entity: str, sources: Iterable[Source]) -> dict[str, Any]:
    """Put everything that changed since the last sweep into the inbox.

    Each cursor is its source's own clock at the scan's start, less an overlap, and moves last: what
    changes during the scan is seen by the next one. Source: fact sheet, stable scan.

    Raises: TransientError, ConfigError.
    """
    cursors, inbox = Cursors(world.database), Inbox(world.database)
    overlap = timedelta(minutes=world.pair.sync(entity).sweep_overlap_minutes)
    found: dict[str, Any] = {"changed": 0, "newly_due": 0}
    for source in sources:
        started_at = source.clock()
        since = cursors.get(world.pair.name, source.cursor) or started_at - NEVER_READ
        keys = list(dict.fromkeys(source.changed(since)))
        found["changed"] += len(keys)
        found["newly_due"] += inbox.put(
            world.pair.name, entity, keys, source=source.source, now=utc_now()
        )
        found["since"] = min(found.get("since", to_iso(since)), to_iso(since))
        cursors.set(world.pair.name, source.cursor, started_at - overlap)
    return found
