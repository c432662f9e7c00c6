"""Places where state moves, at which a test may end the process as a crash would.

`CAUSEWAY_TESTING__CRASH_AT` arms one of them, and nothing else does: a place that is not armed
costs one comparison. The setting names the place, and may say of which entity, of which record, and
the how many-th time it is reached:

    after-request                 the first answer to a write, of whatever entity
    after-intent/refunds#2        the second time that intents of refunds were kept
    raise:planned/orders/1007     an error of our own code instead of a crash, each time that a
                                  batch with order 1007 gets there
"""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Collection
from dataclasses import dataclass, field

from core.errors import ConfigError

POINTS = (
    "claimed",
    "validating",
    "validated",
    "planned",
    "before-intent",
    "after-intent",
    "after-request",
    "before-outcome",
    "after-outcome",
    "after-phase",
    "before-links",
    "after-links",
    "before-settle",
    "before-inbox",
    "settled",
    "swept",
    "run-created",
)
"""In the sequence in which a record passes them; `swept` and `run-created` are a worker's."""
SPEC = re.compile(r"(raise:)?([a-z-]+)(?:/([a-z]+))?(?:/([^#]+))?(?:#(\d+))?")
SETTING = "CAUSEWAY_TESTING__CRASH_AT"


@dataclass
class CrashPoint:
    """A place that is armed."""

    point: str
    entity: str = ""
    key: str = ""
    time: int = 1
    """The how many-th time it strikes."""
    is_error: bool = False
    """Whether it is an error of our own code, and each time, instead of a crash."""
    reached_times: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def meet(self, point: str, entity: str, keys: Collection[str]) -> None:
        """Strike, if this is the place.

        Raises: ZeroDivisionError, where an error is armed.
        """
        if point != self.point or self.entity not in {"", entity}:
            return
        if self.key and self.key not in keys:
            return
        with self._lock:
            self.reached_times += 1
            is_due = self.reached_times >= self.time
        if not is_due:
            return
        if self.is_error:
            raise ZeroDivisionError(f"armed at {point}")
        os.kill(os.getpid(), signal.SIGKILL)


_armed: CrashPoint | None = None


def arm(spec: str) -> CrashPoint | None:
    """Arm the place that a setting names, and give it back; none for an empty one.

    Raises: ConfigError for one that does not exist.
    """
    global _armed  # noqa: PLW0603 - one per process, as a crash is
    _armed = parse(spec) if spec else None
    return _armed


def parse(spec: str) -> CrashPoint:
    """The place that a text names.

    Raises: ConfigError for one that does not exist.
    """
    found = SPEC.fullmatch(spec)
    if found is None or found[2] not in POINTS:
        raise ConfigError(
            f"{SETTING} names no crash point: {spec!r}.",
            remedy=f"It is for tests alone: unset it, or name one of {', '.join(POINTS)}.",
        )
    kind, point, entity, key, time = found.groups()
    return CrashPoint(point, entity or "", key or "", int(time or 1), is_error=bool(kind))


def reached(point: str, entity: str = "", keys: Collection[str] = ()) -> None:
    """Say that state is about to move, or has moved, for these records of an entity."""
    if _armed is not None:
        _armed.meet(point, entity, keys)
