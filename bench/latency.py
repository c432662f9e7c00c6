"""How long one order takes when nothing else happens: paid → complete in Brightpearl."""

from __future__ import annotations

import time
from random import Random

from agreement.moments import complete_at, paid_at, percentile
from bench.figures import Figure, at_least, at_most
from bench.house import House, house
from bench.plan import Bench
from bench.shoppers import Shoppers
from bench.usage import computed_s

WARM = 3
"""Orders before the first that is timed: the first one reads reference data and the catalogue."""
ORDERS, QUICK_ORDERS = 40, 30
PEOPLE_SHARE = 2
"""Every shopper orders twice: half of the orders need a new contact."""
WITHIN_S = 60.0


def measure(bench: Bench) -> list[Figure]:
    """One order after the other, each placed when the one before is at rest."""
    count = bench.pick(ORDERS, QUICK_ORDERS)
    pauses = Random(1)  # noqa: S311 - reproducible, not secret
    with house(bench, "latency") as home:
        shoppers = Shoppers(home, (count + WARM) // PEOPLE_SHARE)
        for _ in range(WARM):
            shoppers.place(1)
            home.settle(WITHIN_S)
        timed: list[str] = []
        before = computed_s(home.worker)
        for _ in range(count):
            # Not in step with anything that looks at fixed intervals.
            time.sleep(pauses.uniform(0, 1))
            timed += shoppers.place(1)
            home.settle(WITHIN_S)
        computed = computed_s(home.worker) - before
        latencies = _latencies(home, timed)
    how = (
        f"{len(latencies)} of {count} orders, one at a time, half of them of new customers; from "
        "the payment in the store's sandbox to the last of sales order, receipt and whole "
        "reservation, by the sandboxes' own clocks; limits off, no delay"
    )
    return [
        Figure("single orders that became complete", len(latencies), "", how, at_least(count)),
        Figure("paid → complete, p50", percentile(latencies, 0.5) or 0, "s", how, at_most(1.0)),
        Figure("paid → complete, p95", percentile(latencies, 0.95) or 0, "s", how, at_most(2.5)),
        Figure("paid → complete, slowest", max(latencies, default=0), "s", how),
        Figure(
            "computing time of the worker per order",
            computed / count,
            "s",
            "user and system time from the first order to the last, all threads, the echo of our "
            "own write and the looking for work included",
        ),
    ]


def _latencies(home: House, keys: list[str]) -> list[float]:
    """Sorted seconds of those that are complete."""
    store, account = home.controls.states()
    complete = complete_at(store, account)
    return sorted(
        (complete[key] - paid_at(store["orders"][key])).total_seconds()
        for key in keys
        if key in complete
    )
