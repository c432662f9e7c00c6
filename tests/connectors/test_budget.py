"""The budget against accounts that count in windows, in simulated time and with real threads."""

import heapq
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from random import Random

import pytest
from waiting import WITHIN_S

from connectors.budget import (
    BLIND_PAUSE_S,
    RECHECK_S,
    Budget,
    Priority,
    RateLimit,
    Usage,
    Window,
    budget_of,
)


class SimulatedTime:
    """Threads that take turns: only one runs, and sleeping hands over to whoever is due next."""

    STEP_S = 0.02

    def __init__(self) -> None:
        self.now = 1000.0
        self._due: list[tuple[float, int, threading.Event]] = []
        self._numbers = count()
        self._failures: list[BaseException] = []

    def clock(self) -> float:
        return self.now

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        """A wait that may wake too early, as every wait on a condition may."""
        condition.release()
        self.sleep(self.STEP_S if seconds is None else min(seconds, 10 * self.STEP_S))
        condition.acquire()

    def sleep(self, seconds: float) -> None:
        turn = threading.Event()
        heapq.heappush(self._due, (self.now + seconds, next(self._numbers), turn))
        self._hand_over()
        assert turn.wait(WITHIN_S), "the simulation is stuck"

    def run(self, *actors) -> None:
        threads = []
        for actor in actors:
            turn = threading.Event()
            heapq.heappush(self._due, (self.now, next(self._numbers), turn))
            threads.append(threading.Thread(target=self._play, args=(actor, turn)))
        for thread in threads:
            thread.start()
        self._hand_over()
        for thread in threads:
            thread.join(WITHIN_S)
        assert not self._failures, self._failures[0]

    def _play(self, actor, turn: threading.Event) -> None:
        turn.wait(WITHIN_S)
        try:
            actor()
        except BaseException as error:  # noqa: BLE001 - passed to the test's own thread
            self._failures.append(error)
        if self._due:
            self._hand_over()

    def _hand_over(self) -> None:
        at, _, turn = heapq.heappop(self._due)
        self.now = max(self.now, at)
        turn.set()


@dataclass
class Vendor:
    """An account that counts requests in windows aligned to its own clock."""

    time: SimulatedTime
    limit: int
    length_s: float
    used: int = 0
    window: int = -1
    history: dict[int, int] = field(default_factory=dict)

    def take(self) -> RateLimit:
        window = int(self.time.now // self.length_s)
        if window != self.window:
            self.window, self.used = window, 0
        throttled = self.used >= self.limit
        if not throttled:
            self.used += 1
        return RateLimit(
            left=self.limit - self.used,
            limit=self.limit,
            resets_in_s=(window + 1) * self.length_s - self.time.now,
            throttled=throttled,
        )

    def ours(self) -> RateLimit:
        rate_limit = self.take()
        if not rate_limit.throttled:
            self.history[self.window] = self.history.get(self.window, 0) + 1
        return rate_limit


def simulate(
    limit,
    length_s,
    *,
    foreign_per_s=0.0,
    threads=6,
    windows=6,
    seed=1,
    priority=Priority.ORDERS,
):
    time, random = SimulatedTime(), Random(seed)  # noqa: S311 - repeatable, not secret
    time.now = 7 * length_s
    ends_at = time.now + windows * length_s
    vendor = Vendor(time, limit, length_s)
    budget = Budget(clock=time.clock, wait=time.wait)

    def worker() -> None:
        while time.now < ends_at:
            with budget.request(priority, write=False) as report:
                time.sleep(random.uniform(0.02, 0.15))
                rate_limit = vendor.ours()
                time.sleep(random.uniform(0.02, 0.15))
                report(rate_limit, rate_limit.throttled)

    def other_app() -> None:
        while time.now < ends_at:
            vendor.take()
            time.sleep(random.expovariate(foreign_per_s))

    actors = [worker] * threads + ([other_app] if foreign_per_s else [])
    time.run(*actors)
    whole = [used for window, used in vendor.history.items() if 7 <= window < 7 + windows]
    return budget.usage(), whole


@pytest.mark.parametrize(("limit", "length_s"), [(150, 30.0), (200, 60.0), (25, 5.0)])
def test_six_threads_use_a_fixed_window_up_without_being_throttled(limit, length_s):
    usage, used = simulate(limit, length_s)

    assert usage.throttled == 0
    assert len(used) == 6
    assert sum(used) >= 0.95 * 6 * limit


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in (2, 3))]
)
def test_requests_of_other_apps_in_the_same_window_do_not_get_ours_throttled(seed):
    usage, used = simulate(200, 60.0, foreign_per_s=1.0, windows=8, seed=seed)

    assert usage.throttled <= usage.sent / 1000
    assert sum(used) >= 0.95 * 8 * (200 - 60)


@pytest.mark.parametrize(
    ("priority", "share"),
    [(Priority.STOCK, 0.8), (Priority.CATALOGUE, 0.65), (Priority.BACKFILL, 0.5)],
)
def test_a_lower_priority_leaves_its_part_of_every_window_to_those_above(priority, share):
    usage, used = simulate(200, 60.0, priority=priority)

    assert usage.throttled == 0
    assert len(used) == 6
    assert all(share * 200 - 2 <= one <= share * 200 for one in used)


@dataclass
class Shop:
    """Ten orders a minute, of four requests each, and six threads of lower priority."""

    busy: Priority
    limit: int = 200
    length_s: float = 60.0
    windows: int = 4
    waits: list[float] = field(default_factory=list)
    """How long each request of an order waited for the budget, in seconds."""
    done: list[Priority] = field(default_factory=list)

    def run(self) -> Usage:
        self.time, self.random = SimulatedTime(), Random(1)  # noqa: S311 - repeatable, not secret
        self.time.now = 7 * self.length_s
        self.ends_at = self.time.now + self.windows * self.length_s
        self.vendor = Vendor(self.time, self.limit, self.length_s)
        self.budget = Budget(clock=self.time.clock, wait=self.time.wait)
        orders = [self._order(6.0 * number) for number in range(10 * self.windows)]
        self.time.run(*[self._work] * 6, *orders)
        return self.budget.usage()

    def _send(self, priority: Priority, *, write: bool) -> None:
        asked_at = self.time.now
        with self.budget.request(priority, write=write) as report:
            if priority is Priority.ORDERS:
                self.waits.append(self.time.now - asked_at)
            self.time.sleep(self.random.uniform(0.04, 0.3))
            rate_limit = self.vendor.ours()
            report(rate_limit, rate_limit.throttled)
        self.done.append(priority)

    def _work(self) -> None:
        while self.time.now < self.ends_at - 1:
            self._send(self.busy, write=self.random.random() < 0.5)

    def _order(self, after_s: float):
        def actor() -> None:
            self.time.sleep(after_s)
            for write in (False, False, True, True):
                self._send(Priority.ORDERS, write=write)

        return actor


@pytest.mark.parametrize("busy", [Priority.STOCK, Priority.CATALOGUE, Priority.BACKFILL])
def test_orders_hardly_wait_for_work_of_a_lower_priority_on_the_same_account(busy):
    shop = Shop(busy)

    usage = shop.run()

    assert usage.throttled == 0
    assert shop.done.count(Priority.ORDERS) == 4 * 10 * 4
    assert shop.done.count(busy) >= 4 * 60
    waits = sorted(shop.waits)
    assert waits[int(0.95 * len(waits))] <= 0.1
    assert waits[-1] <= 1.0


def knowing(rate_limit: RateLimit, **kwargs):
    """A budget in a stopped time that has learnt from one answer."""
    time = StoppedTime()
    budget = Budget(clock=time.clock, wait=time.wait, **kwargs)
    ask(budget, rate_limit)
    return budget, time


def ask(budget: Budget, rate_limit: RateLimit, priority=Priority.ORDERS, *, failed=False) -> None:
    with budget.request(priority, write=False) as report:
        report(rate_limit, failed)


class StoppedTime:
    """One thread's time: waiting is written down and moves the clock; waiting for news fails."""

    def __init__(self) -> None:
        self.now = 500.0
        self.waits: list[float] = []

    def clock(self) -> float:
        return self.now

    def wait(self, _condition: threading.Condition, seconds: float | None) -> None:
        if seconds is None:
            raise WouldBlockError
        self.waits.append(round(seconds, 2))
        self.now += seconds


class WouldBlockError(Exception):
    """Would wait for another request to end."""


def test_the_first_request_goes_alone_until_its_answer_says_what_is_left():
    time = StoppedTime()
    budget = Budget(clock=time.clock, wait=time.wait)

    with budget.request(Priority.ORDERS, write=False) as report:
        with pytest.raises(WouldBlockError), budget.request(Priority.ORDERS, write=False):
            pass
        report(RateLimit(left=10, limit=150, resets_in_s=30), False)
        with budget.request(Priority.ORDERS, write=False):
            assert budget.usage().sent == 2


def test_an_account_that_says_nothing_is_asked_freely():
    budget, _ = knowing(RateLimit())

    with ExitStack() as open_requests:
        for _ in range(6):
            open_requests.enter_context(budget.request(Priority.ORDERS, write=False))


def test_a_request_without_an_answer_counts_as_failed_and_as_used():
    budget, time = knowing(RateLimit(left=2, limit=150, resets_in_s=30))

    with budget.request(Priority.ORDERS, write=True):
        pass
    ask(budget, RateLimit(left=None))

    assert budget.usage() == Usage(sent=3, throttled=0, failed=1)
    ask(budget, RateLimit(left=149, limit=150, resets_in_s=30))
    assert time.waits == [30.05]


def test_nothing_is_sent_before_the_reset_after_a_throttled_answer():
    budget, time = knowing(RateLimit(left=140, limit=150, resets_in_s=12.0, throttled=True))

    ask(budget, RateLimit(left=149, limit=150, resets_in_s=30))

    assert time.waits == [12.05]
    assert budget.usage() == Usage(sent=2, throttled=1, failed=0)


def test_throttled_answers_without_a_reset_pause_all_requests_longer_and_longer():
    budget, time = knowing(RateLimit(throttled=True))

    ask(budget, RateLimit(throttled=True))
    ask(budget, RateLimit(throttled=True))
    ask(budget, RateLimit(left=100, limit=150, resets_in_s=30))
    ask(budget, RateLimit(throttled=True))
    ask(budget, RateLimit())

    assert time.waits == [BLIND_PAUSE_S, 2 * BLIND_PAUSE_S, 4 * BLIND_PAUSE_S, BLIND_PAUSE_S]


def test_several_headerless_throttled_answers_of_one_burst_are_one_pause():
    budget, time = knowing(RateLimit(left=100, limit=150, resets_in_s=30))

    with (
        budget.request(Priority.ORDERS, write=False) as one,
        budget.request(Priority.ORDERS, write=False) as two,
    ):
        one(RateLimit(throttled=True), True)
        two(RateLimit(throttled=True), True)
    ask(budget, RateLimit())

    assert time.waits == [BLIND_PAUSE_S]


@pytest.mark.parametrize(
    ("priority", "left", "waits"),
    [
        (Priority.ORDERS, 1, False),
        (Priority.STOCK, 41, False),
        (Priority.STOCK, 40, True),
        (Priority.CATALOGUE, 70, True),
    ],
)
def test_lower_priorities_stop_while_little_is_left(priority, left, waits):
    budget, time = knowing(RateLimit(left=199, limit=200, resets_in_s=60))
    for _ in range(199 - left):
        budget_left = 199 - budget.usage().sent
        ask(budget, RateLimit(left=budget_left, limit=200, resets_in_s=60))

    ask(budget, RateLimit(left=left - 1, limit=200, resets_in_s=60), priority)

    assert time.waits == ([60.05] if waits else [])


def used(left, others, resets_in_s=30.0, *, before=0):
    """A window of 200 a minute in which others used some, and a backfill all the rest."""
    window, at = Window(), 1000.0
    for of_others, until, begins_at in ((before, 0.0, at), (others, resets_in_s, at + 60.1)):
        window.pause(Priority.BACKFILL, begins_at, 0)
        window.sent(Priority.BACKFILL)
        window.learn(RateLimit(left=199, limit=200, resets_in_s=60), begins_at, failed=False)
        at = begins_at + 60 - until
        own = 200 - left - of_others if until else 0
        for _ in range(own - 1):
            window.sent(Priority.BACKFILL)
        last = RateLimit(left=200 - of_others - max(own, 1), limit=200, resets_in_s=until)
        window.learn(last, at, failed=False)
    return window.pause(Priority.BACKFILL, at, 0)


@pytest.mark.parametrize(
    ("left", "others", "before", "waits"),
    [
        (101, 0, 0, False),
        (100, 0, 0, True),
        # 60 in the first half: 75 for the second, and 20 for what comes all at once.
        (120, 60, 0, False),
        (110, 90, 0, True),
        # What others used of the window before is expected of them again.
        (120, 10, 100, False),
        (120, 10, 180, True),
    ],
)
def test_a_backfill_leaves_what_all_others_are_expected_to_need(left, others, before, waits):
    assert (used(left, others, before=before) is not None) is waits


def test_a_backfill_asks_again_soon_for_the_need_of_others_shrinks_as_a_window_ends():
    assert used(100, 100) == RECHECK_S


def test_a_quota_that_shrank_is_known_after_some_windows():
    window = Window()
    now, went = 1000.0, []
    for limit in [400, *[40] * 6]:
        assert window.pause(Priority.STOCK, now, 0) is None
        window.sent(Priority.STOCK)
        window.learn(RateLimit(left=limit - 1, resets_in_s=60), now, failed=False)
        went.append(window.pause(Priority.STOCK, now + 1, 0) is None)
        now += 61
    assert went == [True, *[False] * 3, True, True, True]


@pytest.mark.parametrize(("lefts", "share"), [((19, 19, 19), 0.8), ((19, 99, 19), 0.0)])
def test_what_others_use_at_least_is_known_after_some_windows(lefts, share):
    time = StoppedTime()
    budget = Budget(clock=time.clock, wait=time.wait)
    for left in lefts:
        ask(budget, RateLimit(left=left, limit=100, resets_in_s=30.0))
        assert budget.others_share() == 0.0
        time.now += 31
    ask(budget, RateLimit(left=99, limit=100, resets_in_s=30.0))

    assert budget.others_share() == pytest.approx(share)


@pytest.mark.parametrize("priority", [Priority.ORDERS, Priority.STOCK, Priority.CATALOGUE])
def test_no_priority_but_a_backfill_starves_where_others_use_most_of_every_window(priority):
    window, now, went = Window(), 1000.0, []
    for _ in range(8):
        sent = 0
        for left in range(29, -1, -1):
            if window.pause(priority, now, 0) is not None:
                break
            window.sent(priority)
            window.learn(RateLimit(left=left, limit=150, resets_in_s=30.0), now, failed=False)
            sent += 1
        went.append(sent)
        now += 31

    assert all(sent >= 5 for sent in went[3:])
    if priority is not Priority.ORDERS:
        assert all(sent <= 29 for sent in went)


def test_a_waiting_higher_priority_goes_first():
    time, order = SimulatedTime(), []
    budget = Budget(clock=time.clock, wait=time.wait, reads_at_once=1)

    def send(priority, after_s):
        def actor() -> None:
            time.sleep(after_s)
            with budget.request(priority, write=False) as report:
                order.append(priority)
                time.sleep(1)
                report(RateLimit(left=100, limit=150, resets_in_s=30), False)

        return actor

    time.run(
        send(Priority.ORDERS, 0),
        send(Priority.BACKFILL, 0.1),
        send(Priority.CATALOGUE, 0.2),
        send(Priority.ORDERS, 0.3),
    )

    assert order == [
        Priority.ORDERS,
        Priority.ORDERS,
        Priority.CATALOGUE,
        Priority.BACKFILL,
    ]


def test_reads_and_writes_at_once_have_limits_of_their_own():
    budget, _ = knowing(
        RateLimit(left=100, limit=150, resets_in_s=30), reads_at_once=2, writes_at_once=1
    )

    with ExitStack() as open_requests:
        open_requests.enter_context(budget.request(Priority.ORDERS, write=True))
        for _ in range(2):
            open_requests.enter_context(budget.request(Priority.ORDERS, write=False))
        for write in (True, False):
            with pytest.raises(WouldBlockError), budget.request(Priority.ORDERS, write=write):
                pass


def test_an_older_answer_that_comes_later_does_not_raise_what_is_left():
    budget, time = knowing(RateLimit(left=3, limit=4, resets_in_s=30))

    with (
        budget.request(Priority.ORDERS, write=False) as late,
        budget.request(Priority.ORDERS, write=False) as on,
    ):
        on(RateLimit(left=0, limit=4, resets_in_s=30), False)
        late(RateLimit(left=1, limit=4, resets_in_s=30), False)
    ask(budget, RateLimit(left=3, limit=4, resets_in_s=30))

    assert time.waits == [30.05]


def test_real_threads_never_exceed_what_may_run_at_once():
    budget = Budget(reads_at_once=3, writes_at_once=2)
    running, most, guard = {True: 0, False: 0}, {True: 0, False: 0}, threading.Lock()

    def work(number: int) -> None:
        for turn in range(40):
            write = (number + turn) % 2 == 0
            with budget.request(Priority.ORDERS, write=write) as report:
                with guard:
                    running[write] += 1
                    most[write] = max(most[write], running[write])
                with guard:
                    running[write] -= 1
                report(RateLimit(left=100_000, limit=100_000, resets_in_s=600), False)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WITHIN_S)

    assert budget.usage() == Usage(sent=320)
    assert most[True] <= 2
    assert most[False] <= 3


def test_an_account_has_one_budget_in_the_process():
    first = budget_of("http://x.test", "shop", reads_at_once=1, writes_at_once=1)

    assert budget_of("http://x.test/", "shop", reads_at_once=9, writes_at_once=9) is first
    assert budget_of("http://x.test", "other", reads_at_once=1, writes_at_once=1) is not first
