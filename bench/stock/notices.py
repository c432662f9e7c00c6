"""Notices that stock changed: how long one takes to be on sale, and ten thousand in a minute."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any

from agreement.moments import percentile
from bench.environment import Bench, Environment, environment
from bench.figures import Figure, at_least, at_most
from bench.stock.catalogue import adjustments
from bench.stock.shelves import Shelves, change, journal, start_counting, wait_settled

TIMES, QUICK_TIMES = 30, 10
WARM = 2
PLENTY = 10
VISIBLE_WITHIN_S = 30.0
ARRIVED_WITHIN_S = 90.0
POLL_S = 0.1
NOTICES, QUICK_NOTICES = 10_000, 3_000
PRODUCTS, QUICK_PRODUCTS = 300, 90
WITHIN_S, QUICK_WITHIN_S = 60, 20
SKUS = 1_000
WAREHOUSE = "2"
"""Where the flood counts; what is in the other one is on sale as well."""
ROWS_PER_PRODUCT = 2
FREE_PERCENT = 90.0
FLOOD_POLL_S = 0.5
OVER_WITHIN_S = 300.0
SETTLED_WITHIN_S = 300.0
SHOWN = 10


def measure_latency(bench: Bench) -> list[Figure]:
    """One change after the other, each when the one before was seen to arrive."""
    count = bench.pick(TIMES, QUICK_TIMES)
    chance = Random(3)  # noqa: S311 - reproducible, not secret
    with environment(bench, "stock-latency") as env:
        env.pause_schedules()
        shelves = Shelves.of(env)
        plenty = [sku for sku in shelves.skus if shelves.promised(sku) >= PLENTY]
        chosen = chance.sample(plenty, count + WARM)
        took = [_one(env, sku, number, chance) for number, sku in enumerate(chosen)][WARM:]
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


def _one(env: Environment, sku: str, number: int, chance: Random) -> float | None:
    """Seconds that a change of this SKU took; None if it did not come in time."""
    # Not in step with anything that runs at fixed intervals.
    time.sleep(chance.uniform(0, 1))
    start_counting(env)
    change(env, "brightpearl", [{"sku": sku, "delta": 3 if number % 2 else -3}])
    until = time.monotonic() + VISIBLE_WITHIN_S
    seconds = None
    while seconds is None and time.monotonic() < until:
        time.sleep(POLL_S)
        ours = [one.at for one in journal(env, [sku]) if one.is_ours]
        seconds = (
            took(env.controls.call("brightpearl", "GET", "stock/journal"), ours) if ours else None
        )
    wait_settled(env, ARRIVED_WITHIN_S)
    return seconds


def took(account: list[Mapping[str, Any]], ours: list[datetime]) -> float:
    """From the account's one change to our first adjustment. Pure."""
    return (ours[0] - datetime.fromisoformat(account[0]["at"])).total_seconds()


def measure_flood(bench: Bench) -> list[Figure]:
    """The flood as the sandbox makes it: a quarter of the notices are about true changes."""
    notices = bench.pick(NOTICES, QUICK_NOTICES)
    products = bench.pick(PRODUCTS, QUICK_PRODUCTS)
    seconds = bench.pick(WITHIN_S, QUICK_WITHIN_S)
    with environment(bench, "stock-flood", skus=SKUS) as env:
        env.pause_schedules()
        env.run("reconcile-stock/weekly", SETTLED_WITHIN_S)
        wait_settled(env, SETTLED_WITHIN_S)
        runs_before = env.runs("sync-stock")
        start_counting(env)
        flood = {"events": notices, "products": products, "within_s": seconds, "seed": 7}
        started = time.monotonic()
        env.controls.call("brightpearl", "POST", "notices/flood", flood)
        end = _over(bench, env)
        flooded_s = time.monotonic() - started
        wait_settled(env, SETTLED_WITHIN_S)
        still_s = time.monotonic() - started - flooded_s
        shelves, changes = Shelves.of(env), [one for one in journal(env) if one.is_ours]
        store, account = env.controls.counted("bigcommerce"), env.controls.counted("brightpearl")
        runs = env.runs("sync-stock") - runs_before
    wrong = {
        sku: f"{shelves.account[sku][WAREHOUSE][1]} in the account and not {units}"
        for sku, units in end["ends_with"].items()
        if shelves.account[sku][WAREHOUSE][1] != units
    } | {sku: str(one) for sku, one in shelves.wrong().items()}
    requests = store.total + account.total
    how = (
        f"{end['notices_sent']} notices about {end['changes_made']} true changes of {products} "
        f"products within {seconds} s, out of order, by webhooks; settled {still_s:.0f} s after "
        f"the last; {runs} runs of sync-stock; limits off, no delay"
    )
    return [
        Figure("products right after the flood", products - len(wrong), "",
               _wrong_text(wrong) + how, at_least(products)),
        Figure(
            "rows written for the flood",
            len(changes),
            "",
            f"changes by adjustments in the store's journal, in {adjustments(store)} requests; "
            f"bar: {ROWS_PER_PRODUCT} a product; {how}",
            at_most(ROWS_PER_PRODUCT * products),
        ),
        Figure(
            "notices that cost no request",
            100.0 * (1 - requests / notices),
            "%",
            f"{store.total} requests to BigCommerce ({store.most(4)}) and {account.total} to "
            f"Brightpearl ({account.most(4)}) until all was settled; {how}",
            at_least(FREE_PERCENT),
        ),
    ]  # fmt: skip


def _over(bench: Bench, env: Environment) -> Mapping[str, Any]:
    """Wait for the flood's last notice; what the sandbox says of it."""
    until = time.monotonic() + OVER_WITHIN_S
    while True:
        end: Mapping[str, Any] = env.controls.call("brightpearl", "GET", "notices/flood")
        bench.progress.now(f"stock-flood: {end['notices_sent']} of {end['notices']} notices")
        if end["notices_sent"] >= end["notices"] or time.monotonic() > until:
            return end
        env.installation.check()
        time.sleep(FLOOD_POLL_S)


def _wrong_text(wrong: Mapping[str, str]) -> str:
    """What is and what should be, for people."""
    some = [f"{sku}: {what}" for sku, what in wrong.items()]
    return "; ".join([*some[:SHOWN], ""])
