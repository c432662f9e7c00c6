"""Ten thousand notices about three hundred products within a minute, in any order."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from bench.figures import Figure, at_least, at_most
from bench.house import House, answered, house
from bench.plan import Bench
from bench.stock.drift import adjustments
from bench.stock.shelves import Shelves, ask, forget, journal, wait_still

NOTICES, QUICK_NOTICES = 10_000, 3_000
PRODUCTS, QUICK_PRODUCTS = 300, 90
WITHIN_S, QUICK_WITHIN_S = 60, 20
SKUS = 1_000
WAREHOUSE = "2"
"""Where the flood counts; what is in the other one is on sale as well."""
ROWS_PER_PRODUCT = 2
FREE_PERCENT = 90.0
LOOK_S = 0.5
OVER_WITHIN_S = 300.0
STILL_WITHIN_S = 300.0
SHOWN = 10


def measure(bench: Bench) -> list[Figure]:
    """The flood as the sandbox makes it: a quarter of the notices are about true changes."""
    notices = bench.pick(NOTICES, QUICK_NOTICES)
    products = bench.pick(PRODUCTS, QUICK_PRODUCTS)
    seconds = bench.pick(WITHIN_S, QUICK_WITHIN_S)
    with house(bench, "stock-flood", skus=SKUS) as home:
        home.pause_schedules()
        home.run("reconcile-stock/nightly", STILL_WITHIN_S)
        wait_still(home, STILL_WITHIN_S)
        runs_before = home.runs("sync-stock")
        forget(home)
        flood = {"events": notices, "products": products, "within_s": seconds, "seed": 7}
        started = time.monotonic()
        answered(home.controls.brightpearl.post("/_sandbox/notices/flood", json=flood))
        end = _over(bench, home)
        flooded_s = time.monotonic() - started
        wait_still(home, STILL_WITHIN_S)
        still_s = time.monotonic() - started - flooded_s
        shelves, changes = Shelves.of(home), [one for one in journal(home) if one.is_ours]
        store, account = home.counted("bigcommerce"), home.counted("brightpearl")
        runs = home.runs("sync-stock") - runs_before
    apart = shelves.apart()
    wrong = {
        sku: f"{shelves.account[sku][WAREHOUSE][1]} in the account and not {units}"
        for sku, units in end["ends_with"].items()
        if shelves.account[sku][WAREHOUSE][1] != units
    } | {sku: str(one) for sku, one in apart.items()}
    requests = store.total + account.total
    how = (
        f"{end['notices_sent']} notices about {end['changes_made']} true changes of {products} "
        f"products within {seconds} s, out of order, by webhooks; at rest {still_s:.0f} s after "
        f"the last; {runs} runs of sync-stock; limits off, no delay"
    )
    return [
        Figure("products right after the flood", products - len(wrong), "",
               _told(wrong) + how, at_least(products)),
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
            f"Brightpearl ({account.most(4)}) until all was at rest; {how}",
            at_least(FREE_PERCENT),
        ),
    ]  # fmt: skip


def _over(bench: Bench, home: House) -> Mapping[str, Any]:
    """Wait for the flood's last notice; what the sandbox says of it."""
    until = time.monotonic() + OVER_WITHIN_S
    while True:
        end: Mapping[str, Any] = ask(home, "brightpearl", "notices/flood")
        bench.progress.now(f"stock-flood: {end['notices_sent']} of {end['notices']} notices")
        if end["notices_sent"] >= end["notices"] or time.monotonic() > until:
            return end
        home.play.rest.check()
        time.sleep(LOOK_S)


def _told(wrong: Mapping[str, str]) -> str:
    """What there is and what there should be, for people."""
    some = [f"{sku}: {what}" for sku, what in wrong.items()]
    return "; ".join([*some[:SHOWN], ""])
