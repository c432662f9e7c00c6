"""What became of each record of a batch, whichever sync it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.refusals import Refusal

RETRY = "again"
"""Result of a record that is tried again soon: nobody has to do anything."""


@dataclass(frozen=True)
class Outcome:
    """One record at the end of its way through a run."""

    key: str
    result: str
    """What the report counts: created, completed, amended, unchanged, held, rejected, again …"""
    reason: str = ""
    refusals: tuple[Refusal, ...] = ()
    """Why it waits for a person."""
    waits_for: tuple[str, ...] = ()
    """Conditions any of which wakes it, such as `stock:1007` or `payment`."""
    wake_at: datetime | None = None
    """When it is tried again even if no condition comes true, where that moment is known."""
    is_skipped: bool = False
    """Whether both sides were not compared: then its open cases stay open."""

    @property
    def is_retried(self) -> bool:
        """Whether it is tried again soon."""
        return self.result == RETRY


def retry(key: str, reason: str) -> Outcome:
    """A record that cannot be worked on right now."""
    return Outcome(key, RETRY, reason, is_skipped=True)


def skipped(key: str, result: str, reason: str = "") -> Outcome:
    """A record that needs nothing, or that cannot be synced now, as far as one side says."""
    return Outcome(key, result, reason, is_skipped=True)


def parked(key: str, reason: str, *conditions: str) -> Outcome:
    """A record that waits for something to happen."""
    return Outcome(key, "parked", reason, waits_for=conditions, is_skipped=True)


def missing(key: str, attempts: int, system: str = "BigCommerce") -> Outcome:
    """A record that an event named and the system does not show.

    A read may be stale right after the event: the record is read a few times before it is given up.
    """
    if attempts < READS_OF_MISSING:
        return retry(key, f"not found in {system} yet")
    return skipped(key, "gone", f"not in {system}")


READS_OF_MISSING = 3
"""How often a record is read that an event named and the system does not show."""
