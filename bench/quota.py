"""A backlog at documented limits: how much of Brightpearl's quota is used while there is work."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from bench.figures import Figure, at_least, at_most
from bench.house import House, house
from bench.plan import Bench
from bench.shoppers import Shoppers

QUOTA = 200
"""Requests in each wall-clock minute."""
MINUTE_S = 60.0
ORDERS, QUICK_ORDERS = 1800, 1000
"""Enough for three full minutes, or one: an order of a new customer costs about 0.54 requests."""
LOOK_S = 0.1
WITHIN_S = 1200.0


@dataclass(frozen=True)
class Sample:
    """What Brightpearl's sandbox had counted at a moment."""

    at_s: float
    """Unix time."""
    requests: int
    is_busy: bool
    """Whether keys were due or claimed."""


@dataclass
class Sampler:
    """Asks a sandbox for its count again and again, without using up its quota."""

    home: House
    samples: list[Sample] = field(default_factory=list)

    @contextmanager
    def watching(self) -> Iterator[list[Sample]]:
        """Take samples while the block runs."""
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over,), name="sampler")
        thread.start()
        try:
            yield self.samples
        finally:
            over.set()
            thread.join()

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(LOOK_S):
            at_s = time.time()
            counts = self.home.play.rest.counts()
            requests = self.home.counted("brightpearl").total
            is_busy = bool(counts["due"] or counts["claimed"])
            self.samples.append(Sample(at_s, requests, is_busy))


def measure(bench: Bench) -> list[Figure]:
    """All orders become due at once; only whole wall-clock minutes with work in them count."""
    orders = bench.pick(ORDERS, QUICK_ORDERS)
    with house(bench, "quota", limits="documented", is_subscribed=False) as home:
        # Two requests per order leave the Standard plan's 300 a minute behind Brightpearl's quota.
        home.switch("bigcommerce", plan="enterprise")
        keys = Shoppers(home, orders).place(orders)
        home.controls.forget_requests()
        with Sampler(home).watching() as samples:
            home.due(keys)
            home.settle(WITHIN_S)
        verdict = home.verdict()
        store, account = home.counted("bigcommerce"), home.counted("brightpearl")
    minutes = full_minutes(samples)
    total, throttled = store.total + account.total, store.throttled + account.throttled
    how = (
        f"{orders} new orders of new customers; requests by minute {minutes}; BigCommerce's "
        "Enterprise quota, so that Brightpearl's is the tighter one"
    )
    if bench.is_quick:
        how += "; a short backlog, because --quick was asked for"
    return [
        Figure("orders of the backlog in Brightpearl", verdict.in_brightpearl, "", how,
               at_least(orders)),
        Figure("full minutes with work", len(minutes), "", how, at_least(1)),
        Figure("Brightpearl's quota used in them", share(minutes) * 100, "%", how, at_least(90)),
        Figure(
            "throttled requests",
            throttled / total * 100,
            "%",
            f"{throttled} of {total}, both systems, as the sandboxes count",
            at_most(0.1),
        ),
    ]  # fmt: skip


def full_minutes(samples: Sequence[Sample]) -> list[int]:
    """Requests in each whole wall-clock minute throughout which there was work. Pure."""
    busy = [sample for sample in samples if sample.is_busy]
    if not busy:
        return []
    first = -(-busy[0].at_s // MINUTE_S)
    last = busy[-1].at_s // MINUTE_S
    ends = [minute * MINUTE_S for minute in range(int(first), int(last) + 1)]
    counts = [_until(samples, end) for end in ends]
    return [after - before for before, after in pairwise(counts)]


def share(minutes: Sequence[int]) -> float:
    """The part of the quota that was used."""
    return sum(minutes) / (QUOTA * len(minutes)) if minutes else 0.0


def _until(samples: Sequence[Sample], moment_s: float) -> int:
    """The last count before a moment."""
    return max((sample.requests for sample in samples if sample.at_s < moment_s), default=0)
