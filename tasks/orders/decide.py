"""What planning has to know besides both sides, looked up for a batch."""

from __future__ import annotations

from store.quarantine import Quarantine
from tasks.claim import Run
from tasks.orders.rules import Rules


def decided(run: Run) -> Rules:
    """The merchant's settings, the account's statuses, and people's decisions about the batch."""
    statuses = run.bundle.table("account_statuses")
    quarantine = Quarantine(run.world.database)
    left = quarantine.discarded(run.report.pair, run.entity, run.batch.keys)
    return Rules(
        on_hold=statuses.get("on_hold") or "",
        cancelled=statuses.get("cancelled") or "",
        cancel_in_store=run.world.pair.orders.cancel_in_store,
        approved=frozenset(run.approved()),
        discarded=frozenset((key, value) for key, _, value in left),
    )
