"""The throttle: a fixed wall-clock minute by default, a rolling one by a switch."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.brightpearl.switches import BrightpearlSwitches
from sandbox.kit.clock import Clock

WINDOW_S = 60
MESSAGE = "You have sent too many requests. Please wait before sending another request"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call may pass, and the two numbers that go into the headers."""

    allowed: bool
    remaining: int
    reset_ms: int

    @property
    def headers(self) -> dict[str, str]:
        """As sent with every answer."""
        return {
            "brightpearl-requests-remaining": str(self.remaining),
            "brightpearl-next-throttle-period": str(self.reset_ms),
        }


class Quota:
    """Counts the calls of one pool: ours, and those of the other apps that share it."""

    def __init__(self, clock: Clock, switches: BrightpearlSwitches) -> None:
        self._clock = clock
        self._switches = switches
        self._window: datetime | None = None
        self._used = 0
        self._recent: deque[datetime] = deque()

    def take(self) -> Verdict:
        """Count one HTTP request, whatever it holds."""
        now = self._clock.now()
        if self._switches.rolling_window:
            return self._take_rolling(now)
        start = now.replace(second=0, microsecond=0)
        if start != self._window:
            self._window, self._used = start, 0
        allowed = self._used < self._limit
        if allowed:
            self._used += 1
        rest = timedelta(seconds=WINDOW_S) - (now - start)
        return self._verdict(self._used, rest, allowed=allowed)

    def _take_rolling(self, now: datetime) -> Verdict:
        horizon = now - timedelta(seconds=WINDOW_S)
        while self._recent and self._recent[0] <= horizon:
            self._recent.popleft()
        allowed = len(self._recent) < self._limit
        if allowed or self._switches.rejected_calls_count:
            self._recent.append(now)
        oldest = self._recent[0] if self._recent else now
        rest = oldest - horizon
        return self._verdict(len(self._recent), rest, allowed=allowed)

    @property
    def _limit(self) -> int:
        return self._switches.requests_per_minute - self._switches.foreign_calls_per_minute

    def _verdict(self, used: int, rest: timedelta, *, allowed: bool) -> Verdict:
        remaining = max(0, self._limit - used)
        return Verdict(
            allowed=allowed or self._switches.limits == "off",
            remaining=self._limit if self._switches.limits == "off" else remaining,
            reset_ms=max(1, int(rest.total_seconds() * 1000)),
        )
