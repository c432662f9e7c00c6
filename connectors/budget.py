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
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
JUDGED = 3
"""Windows in a row by which it is judged what others use of a quota."""
BLIND_PAUSE_S = 2.0
"""Waited after a throttled answer that does not say until when; doubled while they go on."""
LONGEST_BLIND_PAUSE_S = 60.0
Wait = Callable[[threading.Condition, float | None], object]
"""Blocks on a condition for at most so many seconds."""


class Priority(IntEnum):
    """Who goes first where requests are short; the lower number is the more important one."""

    ORDERS = 0
    """What a customer waits for: orders, refunds, shipments."""
    STOCK = 1
    """Stock of single SKUs, as events name them."""
    CATALOGUE = 2
    """Products, prices, customers; sweeps, and the comparisons of all stock."""
    BACKFILL = 3
    """Work that may take hours: backfills, and audits of records over days."""


RESERVES = {
    Priority.ORDERS: 0.0,
    Priority.STOCK: 0.2,
    Priority.CATALOGUE: 0.35,
    Priority.BACKFILL: 0.5,
}
"""The part that each priority leaves to those above it, of what others leave of a window: where
they use most of it for long, stock still gets its share of the rest."""


@dataclass(frozen=True)
class RateLimit:
    """What one answer said about the window; None where it said nothing."""

    left: int | None = None
    limit: int | None = None
    resets_in_s: float | None = None
    throttled: bool = False


Report = Callable[[RateLimit, bool], None]
"""Takes what an answer said of the window, and whether the request failed."""


@dataclass(frozen=True)
class Usage:
    """Requests so far, of all priorities together."""

    sent: int = 0
    throttled: int = 0
    failed: int = 0


class Window:
    """How many requests are left until when, as far as the account has said. Not thread-safe.

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
        self._others_shares: deque[float] = deque(maxlen=JUDGED)
        """The part of each of the last windows that others used, as far as is known."""

    def others_share(self) -> float:
        """The part of each of the last windows that others used at least; 0 until that is known."""
        known = len(self._others_shares) == JUDGED
        return min(self._others_shares) if known else 0.0

    def pause(self, priority: Priority, now: float, in_flight: int) -> float | None:
        """None: go. Zero: wait until something changes. Else: wait at most so many seconds."""
        if self._ends_at is not None and now >= self._ends_at:
            self._begin(in_flight)
        if self._is_silent:
            return None
        if self._left is None:
            return 0.0 if self._asking else None
        others = OTHERS_SHARE if self._others or self._others_before else 0.0
        reserve = RESERVES[priority] * (1.0 - self.others_share())
        kept = max(reserve, others) * self._limit
        if self._ends_at is None:
            return None if self._left - in_flight > int(kept) or not in_flight else 0.0
        left_s = self._ends_at - now
        if priority is Priority.BACKFILL and self._length_s:
            share = min(1.0, left_s / self._length_s)
            needed = max(self._needed, *self._needed_before, 0.0) * share * HEADROOM
            kept = max(kept, needed + BURST_SHARE * self._limit)
            left_s = min(left_s, RECHECK_S)
        return None if self._left - in_flight > int(kept) else left_s

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
        resets_in_s = rate_limit.resets_in_s
        ends_at = None if resets_in_s is None else now + resets_in_s + MARGIN_S
        known = self._ends_at
        if known is not None and ends_at is not None and abs(ends_at - known) < SAME_WINDOW_S:
            # Answers overtake each other: a larger number from the same window is only older.
            left = left if self._left is None else min(left, self._left)
            ends_at = min(ends_at, known)
        self._left, self._ends_at, self._is_silent = left, ends_at, False
        self._peaks[-1] = max(self._peaks[-1], rate_limit.left + 1)
        self._limit = rate_limit.limit or max(self._peaks)
        self._others = self._others or self._limit - rate_limit.left > self._sent
        self._length_s = max(self._length_s, resets_in_s or 0.0)
        used = max(0, self._limit - rate_limit.left - self._sent_for_backfill)
        elapsed_s = self._length_s - (resets_in_s or 0.0)
        is_long = elapsed_s >= LEAST_ELAPSED_S
        self._needed = used * self._length_s / elapsed_s if is_long else max(self._needed, used)

    def _learn_nothing(self, rate_limit: RateLimit, *, failed: bool) -> None:
        if rate_limit.throttled:
            self._left, self._is_silent = None, False
        elif self._left is not None:
            self._left = max(0, self._left - 1)
        elif not failed:
            self._is_silent = True

    def _begin(self, in_flight: int) -> None:
        if self._left is not None and self._limit:
            others = self._limit - self._left - self._sent
            self._others_shares.append(max(0.0, others / self._limit))
        self._left, self._ends_at = None, None
        self._peaks.append(0)
        self._sent = in_flight
        self._sent_for_backfill = 0
        self._needed_before.append(self._needed)
        self._needed = 0.0
        self._others_before, self._others = self._others, False


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
        self._queues: dict[tuple[Priority, bool], deque[object]] = defaultdict(deque)
        """Those that wait, by priority and whether they write: first come, first served."""
        self._window = Window()
        self._closed_until = 0.0
        self._blind_pause_s = BLIND_PAUSE_S
        self._usage = Usage()

    @contextmanager
    def request(self, priority: Priority, *, write: bool) -> Iterator[Report]:
        """One request: blocks until it may be sent; the caller reports what its answer said.

        A request of which nothing is reported got no answer, and counts as failed.
        """
        place = object()
        with self._changed:
            queue = self._queues[priority, write]
            queue.append(place)
            try:
                while (pause := self._pause(priority, place, write=write)) is not None:
                    self._wait(self._changed, pause or None)
            finally:
                queue.remove(place)
                if any(self._queues.values()):
                    self._changed.notify_all()
            self._in_flight[write] += 1
            self._window.sent(priority)
            self._usage = replace(self._usage, sent=self._usage.sent + 1)
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

    def others_share(self) -> float:
        """The part of the quota that other applications used at least, of each of some windows."""
        with self._changed:
            return self._window.others_share()

    def _pause(self, priority: Priority, place: object, *, write: bool) -> float | None:
        """None: go. Zero: wait until something changes. Else: wait at most so many seconds."""
        now = self._clock()
        if now < self._closed_until:
            return self._closed_until - now
        in_flight = sum(self._in_flight.values())
        is_outranked = any(
            other < priority and waiting for (other, _), waiting in self._queues.items()
        )
        is_first = self._queues[priority, write][0] is place
        if is_outranked or not is_first or self._in_flight[write] >= self._at_once[write]:
            return 0.0
        return self._window.pause(priority, now, in_flight)

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
        elif (resets_in_s := rate_limit.resets_in_s) is not None:
            self._closed_until = max(self._closed_until, now + resets_in_s + MARGIN_S)
        elif now >= self._closed_until:
            # Several answers of one burst are one sign; only a later one doubles the pause.
            self._closed_until = now + self._blind_pause_s
            self._blind_pause_s = min(LONGEST_BLIND_PAUSE_S, 2 * self._blind_pause_s)


_lock = threading.Lock()
_budgets: dict[tuple[str, str], Budget] = {}


def budget_of(base_url: str, account: str, *, reads_at_once: int, writes_at_once: int) -> Budget:
    """The one budget of an account in this process, whoever asks for it."""
    with _lock:
        return _budgets.setdefault(
            (base_url.rstrip("/"), account),
            Budget(reads_at_once=reads_at_once, writes_at_once=writes_at_once),
        )
