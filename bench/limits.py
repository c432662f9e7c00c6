"""Many orders at once, at the limits that the APIs document: a burst of webhooks, a backlog."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from agreement.moments import complete_at
from bench.environment import Bench, Environment, environment
from bench.figures import Figure, at_least, at_most
from bench.floors import windows_s
from bench.senders import Sent, Shop, steady
from bench.shoppers import Shoppers
from demo.controls import Counted

BURST, PER_S = 200, 200
BURST_PEOPLE = 150
BURST_WITHIN_S = 600.0
MOST_RUNS = 10
STORE_QUOTA, STORE_WINDOW_S = 150, 30.0
"""BigCommerce's on its Standard plan."""
ACCOUNT_QUOTA, ACCOUNT_WINDOW_S = 200, 60.0
"""Brightpearl's: requests in each wall-clock minute."""
BACKLOG, QUICK_BACKLOG = 1800, 1000
"""Enough for three full minutes, or one: an order of a new customer costs about 0.54 requests."""
SAMPLE_EVERY_S = 0.1
BACKLOG_WITHIN_S = 1200.0


def measure_burst(bench: Bench) -> list[Figure]:
    """The orders' own webhooks are lost; 200 of ours arrive evenly over one second."""
    with environment(bench, "burst", limits="documented") as env:
        keys = Shoppers(env, BURST_PEOPLE).place_silently(BURST)
        runs_before = env.runs()
        env.controls.reset_requests()
        began = time.monotonic()
        shop = Shop.of(env.installation.services.environment)
        sent = asyncio.run(steady(shop, keys, PER_S))
        env.wait_idle(BURST_WITHIN_S)
        seconds = time.monotonic() - began
        complete = complete_at(*env.controls.states())
        runs = env.runs() - runs_before
        store, account = env.controls.counted("bigcommerce"), env.controls.counted("brightpearl")
    return [
        Figure(
            "orders complete after a burst of 200 webhooks",
            sum(key in complete for key in keys),
            "",
            f"created, paid and wholly reserved; {_sent_text(sent)}",
            at_least(BURST),
        ),
        Figure(
            "runs for them",
            runs,
            "",
            "runs of sync-orders in Prefect, those for our own echo included",
            at_most(MOST_RUNS),
        ),
        Figure(
            "throttled answers",
            store.throttled + account.throttled,
            "",
            f"of {store.total} from BigCommerce ({STORE_QUOTA} in {STORE_WINDOW_S:.0f} s) and "
            f"{account.total} from Brightpearl ({ACCOUNT_QUOTA} a minute), as the sandboxes count",
            at_most(0),
        ),
        _time(seconds, store, account),
    ]


def _time(seconds: float, store: Counted, account: Counted) -> Figure:
    quota_s = max(
        windows_s(store.total, STORE_QUOTA, STORE_WINDOW_S),
        windows_s(account.total, ACCOUNT_QUOTA, ACCOUNT_WINDOW_S),
    )
    return Figure(
        "seconds until all is idle",
        seconds,
        "s",
        f"the quotas alone take {quota_s:.0f} s for these requests",
    )


def _sent_text(sent: Sent) -> str:
    took = max(sent.latencies_s, default=0.0)
    return f"{len(sent.accepted)} accepted within {sent.seconds:.2f} s, slowest answer {took:.3f} s"


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
    """Reads a sandbox's count again and again, without using up its quota."""

    env: Environment
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
        while not over.wait(SAMPLE_EVERY_S):
            at_s = time.time()
            counts = self.env.installation.counts()
            requests = self.env.controls.counted("brightpearl").total
            is_busy = bool(counts["due"] or counts["claimed"])
            self.samples.append(Sample(at_s, requests, is_busy))


def measure_quota(bench: Bench) -> list[Figure]:
    """All orders become due at once; only whole wall-clock minutes with work in them count."""
    orders = bench.pick(BACKLOG, QUICK_BACKLOG)
    with environment(bench, "quota", limits="documented", is_subscribed=False) as env:
        # Two requests per order leave the Standard plan's 300 a minute behind Brightpearl's quota.
        env.controls.switch("bigcommerce", plan="enterprise")
        keys = Shoppers(env, orders).place(orders)
        env.controls.reset_requests()
        with Sampler(env).watching() as samples:
            env.enqueue(keys)
            env.wait_idle(BACKLOG_WITHIN_S)
        verdict = env.verdict()
        store, account = env.controls.counted("bigcommerce"), env.controls.counted("brightpearl")
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
    first = -(-busy[0].at_s // ACCOUNT_WINDOW_S)
    last = busy[-1].at_s // ACCOUNT_WINDOW_S
    ends = [minute * ACCOUNT_WINDOW_S for minute in range(int(first), int(last) + 1)]
    counts = [_count_before(samples, end) for end in ends]
    return [after - before for before, after in pairwise(counts)]


def share(minutes: Sequence[int]) -> float:
    """The part of the quota that was used."""
    return sum(minutes) / (ACCOUNT_QUOTA * len(minutes)) if minutes else 0.0


def _count_before(samples: Sequence[Sample], moment_s: float) -> int:
    """The last count before a moment."""
    return max((sample.requests for sample in samples if sample.at_s < moment_s), default=0)
