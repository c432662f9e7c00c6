"""What may become of a claimed key, and what that does to its row of the inbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

PARKED_LANE = 1
"""Keys that wake by the clock go behind those that an event just named."""


@dataclass(frozen=True)
class Done:
    """Both sides agree, or there is nothing to agree on."""

    key: str
    reason: str = ""


@dataclass(frozen=True)
class Parked:
    """Waits for `condition`, at most until `wake_at`; given up at `expires_at`."""

    key: str
    condition: str
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


def after(outcome: Outcome, row: Any, now: datetime) -> dict[str, Any]:  # noqa: ANN401 - a row
    """The columns of a key whose owner is done with it."""
    free = {"owner": None, "dirty_since": None, "dirty_source": None, "updated_at": now}
    if row.dirty_since is not None:
        due = {"state": "due", "ready_at": now, "due_since": row.dirty_since, "attempts": 0}
        return {**free, **due, "source": row.dirty_source or row.source, "reason": ""}
    match outcome:
        case Parked() if (expires_at := row.expires_at or outcome.expires_at) > now:
            state = {
                "state": "parked",
                "ready_at": min(outcome.wake_at, expires_at),
                "lane": PARKED_LANE,
                "condition": outcome.condition,
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


def _closed() -> dict[str, Any]:
    return {
        "ready_at": None,
        "due_since": None,
        "condition": None,
        "expires_at": None,
        "attempts": 0,
    }
