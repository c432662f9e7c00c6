"""Requests we may still send: one budget per account, kept by the account's own headers.

Both APIs count requests in fixed windows and say in every answer how many are left and when the
window ends. The budget believes them, subtracts what is on its way, and lets requests of a higher
priority go first. Throttled answers are the exception, not the control loop.

The priority is the caller's: `client.at(Priority.BACKFILL)` is the same client, with the same
connections and the same budget, whose requests have that priority. A run asks for its clients
once, at the priority of what it does; a client without a chosen priority has the highest.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from connectors.window import Priority, RateLimit, Window

__all__ = ["Budget", "Priority", "RateLimit", "Usage", "budget_of"]
BLIND_PAUSE_S = 2.0
"""Waited after a throttled answer that does not say until when; doubled while they go on."""
LONGEST_BLIND_PAUSE_S = 60.0
Wait = Callable[[threading.Condition, float | None], object]
"""Blocks on a condition for at most so many seconds."""
Report = Callable[[RateLimit, bool], None]
"""Takes what an answer said of the window, and whether the request failed."""


_lock = threading.Lock()


@dataclass(frozen=True)
class Usage:
    """Requests so far, of all priorities together."""

    sent: int = 0
    throttled: int = 0
    failed: int = 0


class Budget:
    """The budget of one account; thread-safe.

    `clock` gives seconds that only grow, `wait` blocks on a condition: both replaceable in tests.
    """

    def __init__(
        self,
        *,
        reads_at_once: int = 6,
        writes_at_once: int = 3,
        clock: Callable[[], float] = time.monotonic,
        wait: Wait | None = None,
    ) -> None:
        self._changed = threading.Condition()
        self._clock = clock
        self._wait = wait or (lambda condition, seconds: condition.wait(seconds))
        self._at_once = {False: reads_at_once, True: writes_at_once}
        self._in_flight = {False: 0, True: 0}
        self._waiting = dict.fromkeys(Priority, 0)
        self._window = Window()
        self._closed_until = 0.0
        self._blind_pause_s = BLIND_PAUSE_S
        self._usage = Usage()

    @contextmanager
    def request(self, priority: Priority, *, write: bool) -> Iterator[Report]:
        """One request: blocks until it may be sent; the caller reports what its answer said.

        A request of which nothing is reported got no answer, and counts as failed.
        """
        self._acquire(priority, write=write)
        reported = False

        def report(rate_limit: RateLimit, failed: bool) -> None:  # noqa: FBT001 - a callback's facts
            nonlocal reported
            reported = True
            with self._changed:
                self._learn(rate_limit, failed=failed)

        try:
            yield report
        finally:
            with self._changed:
                self._in_flight[write] -= 1
                if not reported:
                    self._learn(RateLimit(), failed=True)
                self._changed.notify_all()

    def usage(self) -> Usage:
        """Requests so far."""
        with self._changed:
            return self._usage

    def _acquire(self, priority: Priority, *, write: bool) -> None:
        with self._changed:
            self._waiting[priority] += 1
            try:
                while (pause := self._pause(priority, write=write)) is not None:
                    self._wait(self._changed, pause or None)
            finally:
                self._waiting[priority] -= 1
                if any(self._waiting.values()):
                    self._changed.notify_all()
            self._in_flight[write] += 1
            self._window.sent(priority)
            self._usage = replace(self._usage, sent=self._usage.sent + 1)

    def _pause(self, priority: Priority, *, write: bool) -> float | None:
        """None: go. Zero: wait until something changes. Else: wait at most so many seconds."""
        now = self._clock()
        if now < self._closed_until:
            return self._closed_until - now
        in_flight = sum(self._in_flight.values())
        if self._in_flight[write] >= self._at_once[write] or self._is_outranked(priority):
            return 0.0
        return self._window.pause(priority, now, in_flight)

    def _is_outranked(self, priority: Priority) -> bool:
        return any(self._waiting[other] for other in Priority if other < priority)

    def _learn(self, rate_limit: RateLimit, *, failed: bool) -> None:
        now = self._clock()
        self._usage = replace(
            self._usage,
            throttled=self._usage.throttled + rate_limit.throttled,
            failed=self._usage.failed + (failed and not rate_limit.throttled),
        )
        self._window.learn(rate_limit, now, failed=failed)
        if not rate_limit.throttled:
            if not failed:
                self._blind_pause_s = BLIND_PAUSE_S
        elif rate_limit.resets_in_s is not None:
            self._closed_until = max(self._closed_until, self._window.end_of(rate_limit, now))
        elif now >= self._closed_until:
            # Several answers of one burst are one sign; only a later one doubles the pause.
            self._closed_until = now + self._blind_pause_s
            self._blind_pause_s = min(LONGEST_BLIND_PAUSE_S, 2 * self._blind_pause_s)


_budgets: dict[tuple[str, str], Budget] = {}


def budget_of(base_url: str, account: str, *, reads_at_once: int, writes_at_once: int) -> Budget:
    """The one budget of an account in this process, whoever asks for it."""
    with _lock:
        return _budgets.setdefault(
            (base_url.rstrip("/"), account),
            Budget(reads_at_once=reads_at_once, writes_at_once=writes_at_once),
        )
