"""Windows of requests, as in throttles by quota: fixed, on the wall clock, or rolling."""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Now(Protocol):
    """What a window needs of the clock."""

    def now(self) -> datetime:
        """Aware UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request is let through, and what its answer says of the quota."""

    allowed: bool
    limit: int
    left: int
    reset_ms: int
    """Until more requests are let through; at least 1."""


class _Window:
    """`foreign` of the limit is used by other apps in every window."""

    def __init__(self, limit: int, length_s: float, clock: Now) -> None:
        self.limit = limit
        self.foreign = 0
        self._length = timedelta(seconds=length_s)
        self._clock = clock

    @property
    def capacity(self) -> int:
        """Requests that one window lets through."""
        return max(0, self.limit - self.foreign)

    def _verdict(self, used: int, rest: timedelta, *, allowed: bool) -> Verdict:
        reset_ms = max(1, int(rest.total_seconds() * 1000))
        return Verdict(allowed, self.limit, max(0, self.capacity - used), reset_ms)


class FixedWindow(_Window):
    """Lets its requests through in each window; the rest are refused until it ends.

    The window starts with the first request after the last one ended, or, `aligned_to_wall`, at
    whole multiples of its length.
    """

    def __init__(
        self, limit: int, length_s: float, clock: Now, *, aligned_to_wall: bool = False
    ) -> None:
        super().__init__(limit, length_s, clock)
        self._aligned = aligned_to_wall
        self._start: datetime | None = None
        self._used = 0

    def take(self) -> Verdict:
        """Count one request."""
        now = self._clock.now()
        if self._start is None or not self._start <= now < self._start + self._length:
            self._start, self._used = self._begin(now), 0
        allowed = self._used < self.capacity
        if allowed:
            self._used += 1
        return self._verdict(self._used, self._start + self._length - now, allowed=allowed)

    def _begin(self, now: datetime) -> datetime:
        return now - (now - EPOCH) % self._length if self._aligned else now


class RollingWindow(_Window):
    """Lets a request through when few enough came in the time before it."""

    def __init__(self, limit: int, length_s: float, clock: Now) -> None:
        super().__init__(limit, length_s, clock)
        self.counts_refused = True
        """Whether requests that were refused use up quota as well."""
        self._recent: deque[datetime] = deque()

    def take(self) -> Verdict:
        """Count one request."""
        now = self._clock.now()
        horizon = now - self._length
        while self._recent and self._recent[0] <= horizon:
            self._recent.popleft()
        allowed = len(self._recent) < self.capacity
        if allowed or self.counts_refused:
            self._recent.append(now)
        oldest = self._recent[0] if self._recent else now
        return self._verdict(len(self._recent), oldest - horizon, allowed=allowed)
