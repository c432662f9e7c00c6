"""A scheduled read of what changed: the same keys into the same inbox, should a webhook be lost."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from connectors.budget import Priority
from core.crash_points import reached
from core.errors import ContractError
from core.times import to_iso
from store.inbox import Inbox
from store.quarantine import Quarantine
from store.runs import Cursors
from store.statistics import Counts
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.cases import RETRIED_AFTER
from tasks.reconciler.connections import connect
from tasks.reconciler.defects import each
from tasks.reconciler.registry import Entity
from tasks.reconciler.run import concluded

MISSED = "found by sweeps alone: "
"""How the counter begins of records that no webhook had named when a sweep found them."""
RETRIED_CASE = "retry"
"""Source of keys whose case is tried again by itself."""
NEVER_READ = timedelta(days=1)
"""How far the first sweep of a new pair reaches back; older records are a backfill's matter."""


@step("sweep", RETRIED)
def sweep(pair: str, entity: Entity) -> dict[str, Any]:
    """Put everything that changed since the last sweep into the inbox.

    Each cursor is its source's own clock at the scan's start, less an overlap, and moves last: what
    changes during the scan is seen by the next one. Source: fact sheet, stable scan.

    Records that wait for a person are due as well, where a later try may go through by itself.

    A source that meets an error of our own code holds up no other: it is read again from where it
    was by the next sweep, and named under `failed`.

    Raises: TransientError, ConfigError.
    """
    connections = connect(pair).at(Priority.CATALOGUE)
    cursors, inbox = Cursors(connections.database), Inbox(connections.database)
    overlap = timedelta(minutes=connections.pair.sync(entity.name).sweep_overlap_minutes)

    @cache
    def clock(system: str) -> datetime:
        return with_retries(getattr(connections, system).get_server_time) or connections.clock()

    found: dict[str, Any] = {"changed": 0, "newly_due": 0}
    missed: Counter[str] = Counter()
    for source in entity.sources:
        started_at = clock(source.system)
        known_until = cursors.get(pair, source.cursor)
        since = known_until or started_at - NEVER_READ
        read, failed = each([(source.cursor, since)], partial(source.changed, connections))
        if failed:
            found.setdefault("failed", {}).update({k: why.value for k, why in failed.items()})
            continue
        keys = list(dict.fromkeys(read[source.cursor]))
        found["changed"] += len(keys)
        if known_until is not None and source.is_named_by_webhooks:
            named = inbox.states(pair, entity.name, keys)
            missed[f"{MISSED}{source.system}"] += sum(key not in named for key in keys)
        found["newly_due"] += inbox.put(
            pair, entity.name, keys, source=source.source, now=connections.clock()
        )
        reached("swept", entity.name)
        found["since"] = min(found.get("since", to_iso(since)), to_iso(since))
        cursors.set(pair, source.cursor, started_at - overlap)
    Counts(connections.database).add(pair, connections.clock().date(), +missed)
    if retried := Quarantine(connections.database).rested(
        pair, entity.name, RETRIED_AFTER, now=connections.clock()
    ):
        inbox.put(pair, entity.name, retried, source=RETRIED_CASE, now=connections.clock())
        found["retried"] = len(retried)
    return found


def swept(found: dict[str, Any]) -> dict[str, Any]:
    """How the flow of a sweep ends, once what it found is synced.

    Raises: ContractError naming the sources that could not be read.
    """
    if failed := found.get("failed"):
        named = "; ".join(f"{cursor}: {why}" for cursor, why in failed.items())
        raise ContractError(
            f"Causeway's own code fails for what changed ({named}).",
            remedy="Other sources were read. Update Causeway, or report the log of this run.",
        )
    since = f" since {found['since']}" if "since" in found else ""
    said = f"{found['changed']} changed{since}, {found['newly_due']} newly due"
    if "retried" in found:
        said += f", {found['retried']} from quarantine tried again"
    return concluded(found, f"{said}.")
