"""Requests we may still send: one budget per account, told by the account's own headers.

Both APIs count requests in fixed windows and say in every answer how many are left and when the
window ends. The budget believes them, subtracts what is on its way, and lets more important lanes
go first. Throttled answers are the exception, not the control loop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

Lane = Literal["orders", "stock", "catalogue", "backfill"]

RESERVES: dict[Lane, float] = {"orders": 0.0, "stock": 0.2, "catalogue": 0.35, "backfill": 0.5}
"""The part of a window that each lane leaves to those above it."""
MARGIN_S = 0.05
"""Waited beyond a window's announced end, for clocks that do not agree."""
BLIND_PAUSE_S = 2.0
"""Waited after a throttled answer that does not say until when."""


@dataclass(frozen=True)
class Reading:
    """What one answer said about the window."""

    left: int | None = None
    limit: int | None = None
    resets_in_s: float | None = None
    throttled: bool = False


@dataclass(frozen=True)
class Usage:
    """Requests so far."""

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
        wait: Callable[[threading.Condition, float | None], object] | None = None,
    ) -> None:
        self._changed = threading.Condition()
        self._clock = clock
        self._wait = wait or (lambda condition, seconds: condition.wait(seconds))
        self._at_once = {False: reads_at_once, True: writes_at_once}
        self._in_flight = {False: 0, True: 0}
        self._waiting: dict[Lane, int] = dict.fromkeys(RESERVES, 0)
        self._left: int | None = None
        self._limit: int | None = None
        self._resets_at: float | None = None
        self._closed_until = 0.0
        self._asking = False
        self._usage = Usage()

    @contextmanager
    def request(self, lane: Lane, *, write: bool) -> Iterator[Callable[[Reading, bool], None]]:
        """One request: blocks until it may be sent; the caller tells what its answer said.

        Call the yielded function once with the reading and whether the request failed.
        """
        self._acquire(lane, write=write)
        told = False

        def tell(reading: Reading, failed: bool) -> None:  # noqa: FBT001 - one call site
            nonlocal told
            told = True
            self._learn(reading, failed=failed)

        try:
            yield tell
        finally:
            self._release(write=write, told=told)

    def usage(self) -> Usage:
        """Requests so far, all lanes together."""
        with self._changed:
            return self._usage

    def _acquire(self, lane: Lane, *, write: bool) -> None:
        with self._changed:
            self._waiting[lane] += 1
            try:
                while (pause := self._pause(lane, write=write)) is not None:
                    self._wait(self._changed, pause or None)
            finally:
                self._waiting[lane] -= 1
            self._in_flight[write] += 1
            self._asking = self._asking or self._left is None
            self._usage = Usage(self._usage.sent + 1, self._usage.throttled, self._usage.failed)

    def _pause(self, lane: Lane, *, write: bool) -> float | None:
        """None: go. Zero: wait for news. Else: wait at most so many seconds."""
        now = self._clock()
        if now < self._closed_until:
            return self._closed_until - now
        if self._in_flight[write] >= self._at_once[write] or self._is_outranked(lane):
            return 0.0
        if self._resets_at is not None and now >= self._resets_at:
            self._left, self._resets_at = self._limit, None
        if self._left is None:
            return 0.0 if self._asking else None
        reserve = int(RESERVES[lane] * (self._limit or 0))
        if self._left - sum(self._in_flight.values()) > reserve:
            return None
        return max(0.0, (self._resets_at or now) - now) or BLIND_PAUSE_S

    def _is_outranked(self, lane: Lane) -> bool:
        lanes = list(RESERVES)
        return any(self._waiting[above] for above in lanes[: lanes.index(lane)])

    def _learn(self, reading: Reading, *, failed: bool) -> None:
        with self._changed:
            now = self._clock()
            self._usage = Usage(
                self._usage.sent,
                self._usage.throttled + reading.throttled,
                self._usage.failed + (failed and not reading.throttled),
            )
            ends_at = None if reading.resets_in_s is None else now + reading.resets_in_s + MARGIN_S
            if reading.left is not None:
                self._believe(reading, ends_at)
            if reading.throttled:
                self._left = 0 if self._left is not None else None
                self._closed_until = ends_at or now + BLIND_PAUSE_S
            self._changed.notify_all()

    def _believe(self, reading: Reading, ends_at: float | None) -> None:
        """Take over what the account says; within one window the smaller number is newer."""
        left = reading.left or 0
        same_window = (
            self._resets_at is not None
            and ends_at is not None
            and abs(ends_at - self._resets_at) < max(1.0, 4 * MARGIN_S)
        )
        # Answers overtake each other: a larger number from the same window is only older.
        self._left = min(left, self._left) if same_window and self._left is not None else left
        self._limit = reading.limit or max(self._limit or 0, left + 1)
        self._resets_at = ends_at if ends_at is not None else self._resets_at

    def _release(self, *, write: bool, told: bool) -> None:
        with self._changed:
            self._in_flight[write] -= 1
            if told or self._left is not None:
                self._asking = False
            elif not told:
                self._asking = False
                self._usage = Usage(self._usage.sent, self._usage.throttled, self._usage.failed + 1)
            self._changed.notify_all()


_budgets: dict[tuple[str, str], Budget] = {}
_lock = threading.Lock()


def budget_of(base_url: str, account: str, *, reads_at_once: int, writes_at_once: int) -> Budget:
    """The one budget of an account in this process, whoever asks for it."""
    with _lock:
        return _budgets.setdefault(
            (base_url, account),
            Budget(reads_at_once=reads_at_once, writes_at_once=writes_at_once),
        )
