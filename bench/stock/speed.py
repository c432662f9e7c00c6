"""How long one change of stock takes when nothing else happens: Brightpearl → BigCommerce."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any

from agreement.moments import percentile
from bench.figures import Figure, at_least, at_most
from bench.house import House, house
from bench.plan import Bench
from bench.stock.shelves import Shelves, ask, change, forget, journal, wait_still

TIMES, QUICK_TIMES = 30, 10
WARM = 2
PLENTY = 10
VISIBLE_WITHIN_S = 30.0
STILL_WITHIN_S = 90.0
LOOK_S = 0.1


def measure(bench: Bench) -> list[Figure]:
    """One change after the other, each when the one before was seen to arrive."""
    count = bench.pick(TIMES, QUICK_TIMES)
    chance = Random(3)  # noqa: S311 - reproducible, not secret
    with house(bench, "stock-latency") as home:
        home.pause_schedules()
        shelves = Shelves.of(home)
        plenty = [sku for sku in shelves.skus if shelves.promised(sku) >= PLENTY]
        chosen = chance.sample(plenty, count + WARM)
        took = [_one(home, sku, number, chance) for number, sku in enumerate(chosen)][WARM:]
    found = sorted(seconds for seconds in took if seconds is not None)
    how = (
        f"{count} changes by staff, up and down by turns, one at a time; from Brightpearl's stock "
        "journal to the store's, by the sandboxes' own clock; by webhooks, limits off, no delay"
    )
    return [
        Figure("changes that came to be on sale", len(found), "", how, at_least(count)),
        Figure("on hand → on sale, p50", percentile(found, 0.5) or 0, "s", how, at_most(2.0)),
        Figure("on hand → on sale, p95", percentile(found, 0.95) or 0, "s", how, at_most(6.0)),
        Figure("on hand → on sale, slowest", max(found, default=0), "s", how),
    ]


def _one(home: House, sku: str, number: int, chance: Random) -> float | None:
    """Seconds that a change of this SKU took; None if it did not come in time."""
    # Not in step with anything that looks at fixed intervals.
    time.sleep(chance.uniform(0, 1))
    forget(home)
    change(home, "brightpearl", [{"sku": sku, "delta": 3 if number % 2 else -3}])
    until = time.monotonic() + VISIBLE_WITHIN_S
    seconds = None
    while seconds is None and time.monotonic() < until:
        time.sleep(LOOK_S)
        ours = [one.at for one in journal(home, [sku]) if one.is_ours]
        seconds = took(ask(home, "brightpearl", "stock/journal"), ours) if ours else None
    wait_still(home, STILL_WITHIN_S)
    return seconds


def took(account: list[Mapping[str, Any]], ours: list[datetime]) -> float:
    """From the account's one change to our first adjustment. Pure."""
    return (ours[0] - datetime.fromisoformat(account[0]["at"])).total_seconds()
