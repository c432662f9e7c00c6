"""What may become of a claimed key, and what that does to its row of the inbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

PARKED_PRIORITY = 1
"""Keys that wake by the clock go behind those that an event just named."""
WOKEN = "condition"
"""Source of a key whose condition came true."""


@dataclass(frozen=True)
class Done:
    """Both sides agree, or there is nothing to agree on."""

    key: str
    reason: str = ""


@dataclass(frozen=True)
class Parked:
    """Waits until any of `conditions` comes true, at most until `wake_at`.

    A condition is a name, with a value where there are many of a kind: `payment`, `stock:1007`,
    `table:order_status`, `sku:ABC-1`. Whoever makes one true calls `Inbox.wake`; `wake_at` is the
    safety net. The key is given up at `expires_at`, counted from the first time it was parked.
    """

    key: str
    conditions: tuple[str, ...]
    wake_at: datetime
    expires_at: datetime
    reason: str
    is_try: bool = True
    """Whether it counts among the tries, by which pauses grow; not where the moment is known."""


@dataclass(frozen=True)
class Dead:
    """A person must act; a new event or a release makes it due again."""

    key: str
    reason: str


@dataclass(frozen=True)
class Retry:
    """To be tried again at a time."""

    key: str
    at: datetime
    reason: str


Outcome = Done | Parked | Dead | Retry


def after(
    outcome: Outcome,
    row: Any,  # noqa: ANN401 - a row
    met: Mapping[str, datetime],
    now: datetime,
) -> dict[str, Any]:
    """The columns of a key whose owner is done with it.

    In: when each condition last came true. One that did so while the key was worked on may have
    been missed by whoever read both systems for it: such a key is not parked but due at once.
    """
    free = {"owner": None, "dirty_since": None, "dirty_source": None, "updated_at": now}
    due = {**free, "state": "due", "ready_at": now, "attempts": 0, "reason": ""}
    if row.dirty_since is not None:
        source = row.dirty_source or row.source
        return {**due, "due_since": row.dirty_since, "source": source}
    match outcome:
        case Parked() if _came_true(outcome, row, met):
            return {**due, "due_since": now, "source": WOKEN}
        case Parked() if (expires_at := row.expires_at or outcome.expires_at) > now:
            state = {
                "state": "parked",
                "ready_at": min(outcome.wake_at, expires_at),
                "priority": PARKED_PRIORITY,
                "expires_at": expires_at,
                "attempts": row.attempts + outcome.is_try,
            }
        case Retry():
            state = {"state": "due", "ready_at": outcome.at, "attempts": row.attempts + 1}
        case Dead():
            state = {**_closed(), "state": "dead"}
        case Parked():
            return {**free, **_closed(), "state": "done", "reason": f"expired: {outcome.reason}"}
        case _:
            state = {**_closed(), "state": "done"}
    return {**free, **state, "reason": outcome.reason}


def _came_true(outcome: Parked, row: Any, met: Mapping[str, datetime]) -> bool:  # noqa: ANN401 - a row
    """Whether any of the conditions came true since the key was claimed."""
    moments = [met[condition] for condition in outcome.conditions if condition in met]
    return row.claimed_at is not None and any(moment > row.claimed_at for moment in moments)


def _closed() -> dict[str, Any]:
    return {"ready_at": None, "due_since": None, "expires_at": None, "attempts": 0}
