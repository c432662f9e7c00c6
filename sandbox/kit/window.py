"""A fixed window of requests, as in throttles by quota."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


class Now(Protocol):
    """What a window needs of the clock."""

    def now(self) -> datetime:
        """Aware UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request is let through, and what the caller is told."""

    allowed: bool
    limit: int
    left: int
    reset_ms: int
    """Until the window ends; at least 1."""


class FixedWindow:
    """Lets `limit` requests through in each window; the rest are refused until it ends.

    The window starts with the first request after the last one ended, or, `aligned_to_wall`, at
    whole multiples of its length. `foreign` of the limit is used by others in every window.
    """

    def __init__(
        self, limit: int, length_s: float, clock: Now, *, aligned_to_wall: bool = False
    ) -> None:
        self.limit = limit
        self.length_s = length_s
        self.foreign = 0
        self._clock = clock
        self._aligned = aligned_to_wall
        self._start: datetime | None = None
        self._used = 0

    def take(self) -> Verdict:
        """Count one request."""
        now = self._clock.now()
        length = timedelta(seconds=self.length_s)
        if self._start is None or not self._start <= now < self._start + length:
            self._start, self._used = self._begin(now), 0
        room = max(0, self.limit - self.foreign)
        allowed = self._used < room
        if allowed:
            self._used += 1
        rest = self._start + length - now
        reset_ms = max(1, int(rest.total_seconds() * 1000))
        return Verdict(allowed, self.limit, room - self._used, reset_ms)

    def _begin(self, now: datetime) -> datetime:
        if not self._aligned:
            return now
        into = now.timestamp() % self.length_s
        return now - timedelta(seconds=into)
