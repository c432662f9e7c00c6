"""A scheduled read of what changed: the same keys into the same inbox, should a webhook be lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from connectors.budget import Priority
from core.times import to_iso
from store.inbox import Inbox
from store.runs import Cursors
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.connections import connect
from tasks.reconciler.registry import Entity

NEVER_READ = timedelta(days=1)
"""How far the first sweep of a new pair reaches back; older records are a backfill's matter."""


@step("sweep", RETRIED)
def sweep(pair: str, entity: Entity) -> dict[str, Any]:
    """Put everything that changed since the last sweep into the inbox.

    Each cursor is its source's own clock at the scan's start, less an overlap, and moves last: what
    changes during the scan is seen by the next one. Source: fact sheet, stable scan.

    Raises: TransientError, ConfigError.
    """
    connections = connect(pair).at(Priority.CATALOGUE)
    cursors, inbox = Cursors(connections.database), Inbox(connections.database)
    overlap = timedelta(minutes=connections.pair.sync(entity.name).sweep_overlap_minutes)

    @cache
    def clock(system: str) -> datetime:
        return with_retries(getattr(connections, system).get_server_time) or connections.clock()

    found: dict[str, Any] = {"changed": 0, "newly_due": 0}
    for source in entity.sources:
        started_at = clock(source.system)
        since = cursors.get(pair, source.cursor) or started_at - NEVER_READ
        keys = list(dict.fromkeys(source.changed(connections, since)))
        found["changed"] += len(keys)
        found["newly_due"] += inbox.put(
            pair, entity.name, keys, source=source.source, now=connections.clock()
        )
        found["since"] = min(found.get("since", to_iso(since)), to_iso(since))
        cursors.set(pair, source.cursor, started_at - overlap)
    return found
