"""Housekeeping of our own memory."""

from __future__ import annotations

from dataclasses import asdict

from core.times import utc_now
from store.retention import forget_old
from tasks.policy import RETRIED, step
from tasks.reconciler.connections import connect


@step("forget-old", RETRIED)
def forget(pair: str) -> dict[str, int]:
    """Drop what is old enough of the installation's own tables; how many rows of each.

    Raises: StoreUnavailableError.
    """
    return asdict(forget_old(connect(pair).database, now=utc_now()))
