"""What we know of the window in which an account counts requests. Not thread-safe by itself."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import IntEnum

MARGIN_S = 0.05
"""Waited beyond a window's announced end, for clocks that do not agree."""
SAME_WINDOW_S = 1.0
"""Announced ends that differ by less mean one window, reported with different delays."""
OTHERS_SHARE = 0.04
"""The part of a window left over while others use the same quota: they also send between an
answer and our next request."""
HEADROOM = 1.25
"""A backfill leaves so many times what all others are expected to need until the window's end."""
BURST_SHARE = 0.1
"""The part of a window that a backfill leaves on top of that, for what comes all at once."""
LEAST_ELAPSED_S = 3.0
"""What others used says something of the rest of a window only after so long."""
RECHECK_S = 1.0
"""A backfill asks again this often: what the others may still need shrinks as a window ends."""
REMEMBERED = 5
"""Windows by which an account's quota is judged: after so many, one that shrank is known."""


class Priority(IntEnum):
    """Who goes first where requests are short; the lower number is the more important one."""

    ORDERS = 0
    """What a customer waits for: orders, refunds, shipments."""
    STOCK = 1
    """Stock of single SKUs, as events name them."""
    CATALOGUE = 2
    """Products, prices, customers; sweeps, and the reconciliation of all stock."""
    BACKFILL = 3
    """Work that may take hours: backfills and audits."""


RESERVES = {
    Priority.ORDERS: 0.0,
    Priority.STOCK: 0.2,
    Priority.CATALOGUE: 0.35,
    Priority.BACKFILL: 0.5,
}
"""The part of a window that each priority leaves to those above it."""


@dataclass(frozen=True)
class RateLimit:
    """What one answer said about the window; None where it said nothing."""

    left: int | None = None
    limit: int | None = None
    resets_in_s: float | None = None
    throttled: bool = False


class Window:
    """How many requests are left until when, as far as the account has said.

    A new window begins unknown: one request asks, the others wait for its answer. An account
    that answers without such headers is asked freely, within the number of requests at once.

    A backfill gets what is left over: what all others used of this window and of those before it,
    requests of other processes and applications among them, is expected of them again.
    """

    def __init__(self) -> None:
        self._left: int | None = None
        self._limit = 0
        self._peaks: deque[int] = deque([0], maxlen=REMEMBERED)
        """The most that each of the last windows was seen to hold, for accounts that do not say."""
        self._ends_at: float | None = None
        self._is_silent = False
        self._asking = False
        self._sent = 0
        self._sent_for_backfill = 0
        self._length_s = 0.0
        """The longest time to its end that a window was seen to have."""
        self._needed = 0.0
        """Requests that all others are expected to use of the whole window, by the last answer."""
        self._needed_before: deque[float] = deque(maxlen=REMEMBERED)
        self._others = False
        self._others_before = False

    def pause(self, priority: Priority, now: float, in_flight: int) -> float | None:
        """None: go. Zero: wait until something changes. Else: wait at most so many seconds."""
        if self._ends_at is not None and now >= self._ends_at:
            self._begin(in_flight)
        if self._is_silent:
            return None
        if self._left is None:
            return 0.0 if self._asking else None
        if self._left - in_flight > self._kept_back(priority, now):
            return None
        if self._ends_at is None:
            return 0.0 if in_flight else None
        left_s = self._ends_at - now
        return min(left_s, RECHECK_S) if priority is Priority.BACKFILL else left_s

    def sent(self, priority: Priority) -> None:
        """A request leaves."""
        self._sent += 1
        self._sent_for_backfill += priority is Priority.BACKFILL
        self._asking = self._asking or self._left is None

    def learn(self, rate_limit: RateLimit, now: float, *, failed: bool) -> None:
        """Take over what an answer said; `failed` when no answer came, or a bad one."""
        self._asking = False
        if rate_limit.left is None:
            self._learn_nothing(rate_limit, failed=failed)
            return
        left = 0 if rate_limit.throttled else rate_limit.left
        ends_at = None if rate_limit.resets_in_s is None else self.end_of(rate_limit, now)
        known = self._ends_at
        if known is not None and ends_at is not None and abs(ends_at - known) < SAME_WINDOW_S:
            # Answers overtake each other: a larger number from the same window is only older.
            left = left if self._left is None else min(left, self._left)
            ends_at = min(ends_at, known)
        self._left, self._ends_at, self._is_silent = left, ends_at, False
        self._peaks[-1] = max(self._peaks[-1], rate_limit.left + 1)
        self._limit = rate_limit.limit or max(self._peaks)
        self._others = self._others or self._limit - rate_limit.left > self._sent
        self._length_s = max(self._length_s, rate_limit.resets_in_s or 0.0)
        used = max(0, self._limit - rate_limit.left - self._sent_for_backfill)
        elapsed_s = self._length_s - (rate_limit.resets_in_s or 0.0)
        is_long = elapsed_s >= LEAST_ELAPSED_S
        self._needed = used * self._length_s / elapsed_s if is_long else max(self._needed, used)

    def _learn_nothing(self, rate_limit: RateLimit, *, failed: bool) -> None:
        if rate_limit.throttled:
            self._left, self._is_silent = None, False
        elif self._left is not None:
            self._left = max(0, self._left - 1)
        elif not failed:
            self._is_silent = True

    def end_of(self, rate_limit: RateLimit, now: float) -> float:
        """When the window that an answer announced is over for certain."""
        return now + (rate_limit.resets_in_s or 0.0) + MARGIN_S

    def _kept_back(self, priority: Priority, now: float) -> int:
        others = OTHERS_SHARE if self._others or self._others_before else 0.0
        kept = max(RESERVES[priority], others) * self._limit
        if priority is Priority.BACKFILL and self._ends_at is not None and self._length_s:
            share = min(1.0, (self._ends_at - now) / self._length_s)
            needed = max(self._needed, *self._needed_before, 0.0) * share * HEADROOM
            kept = max(kept, needed + BURST_SHARE * self._limit)
        return int(kept)

    def _begin(self, in_flight: int) -> None:
        self._left, self._ends_at = None, None
        self._peaks.append(0)
        self._sent = in_flight
        self._sent_for_backfill = 0
        self._needed_before.append(self._needed)
        self._needed = 0.0
        self._others_before, self._others = self._others, False
