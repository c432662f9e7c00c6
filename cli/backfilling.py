"""The work of `causeway backfill`: day after day of records through the flow, by a cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from cli.display import Progress
from cli.engine import run_here
from core.times import to_iso, utc_now
from flows.syncs import SYNCS
from store.inbox import Inbox
from store.quarantine import Quarantine
from store.runs import Cursors
from tasks.connections import Connections, connect

WINDOW = timedelta(days=1)


def run_backfill(
    pair: str, entity: str, since: datetime, until: datetime, *, restart: bool
) -> dict[str, Any]:
    """Sync what came into being from `since` to `until`; the cursor moves after each day.

    Raises: CausewayError of the store, the account or the run; the same command goes on there.
    """
    world = connect(pair)
    cursors, name = Cursors(world.database), f"{entity}-backfill {to_iso(since)}"
    reached = None if restart else cursors.get(pair, name)
    start = max(since, reached) if reached else since
    counts: Counter[str] = Counter()
    keys: list[str] = []
    days = list(windows(start, until))
    with Progress() as progress:
        for number, (day_start, day_end) in enumerate(days):
            progress.now(f"{entity} from {to_iso(day_start)}", done=number, total=len(days))
            placed = SYNCS[entity].came(world, day_start, day_end)
            counts.update(_import(world, entity, placed))
            keys.extend(placed)
            cursors.set(pair, name, day_end)
            progress.step(f"{to_iso(day_end)}: {len(placed)} {entity}, {len(keys)} so far")
    held = {entry.key for entry in Quarantine(world.database).list(pair=pair, entity=entity)}
    return {
        "pair": pair,
        "from": start,
        "until": until,
        "resumed": start > since,
        "entity": entity,
        "records": len(keys),
        "counts": dict(counts),
        "quarantined": len(held.intersection(keys)),
    }


def windows(start: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The period cut into days, oldest first; none when it is over already. Pure."""
    while start < until:
        end = min(start + WINDOW, until)
        yield start, end
        start = end


def _import(world: Connections, entity: str, keys: list[str]) -> Counter[str]:
    """One batch after another, so that live orders never queue behind a whole backfill."""
    counts: Counter[str] = Counter()
    size = world.pair.sync(entity).batch_size
    for first in range(0, len(keys), size):
        batch = keys[first : first + size]
        Inbox(world.database).put(world.pair.name, entity, batch, source="backfill", now=utc_now())
        counts.update(run_here(lambda: SYNCS[entity].sync(world.pair.name))["counts"])
    return counts
