"""200 webhooks in one second for 200 paid orders, at the limits that the APIs document."""

from __future__ import annotations

import asyncio
import time

from agreement.moments import complete_at
from bench.figures import Figure, at_least, at_most
from bench.floors import windows_s
from bench.house import Counted, house
from bench.plan import Bench
from bench.senders import Sent, Shop, steady
from bench.shoppers import Shoppers

ORDERS, PER_S = 200, 200
PEOPLE = 150
WITHIN_S = 600.0
HANDFUL = 10
STORE_QUOTA, STORE_WINDOW_S = 150, 30.0
"""BigCommerce's on its Standard plan."""
ACCOUNT_QUOTA, ACCOUNT_WINDOW_S = 200, 60.0
"""Brightpearl's."""


def measure(bench: Bench) -> list[Figure]:
    """The orders' own webhooks are lost; 200 of ours arrive evenly over one second."""
    with house(bench, "burst", limits="documented") as home:
        keys = Shoppers(home, PEOPLE).place_unheard(ORDERS)
        runs_before = home.runs()
        home.controls.forget_requests()
        began = time.monotonic()
        sent = asyncio.run(steady(Shop.of(home.stage.services.environment), keys, PER_S))
        home.settle(WITHIN_S)
        seconds = time.monotonic() - began
        done = complete_at(*home.controls.states())
        runs = home.runs() - runs_before
        store, account = home.counted("bigcommerce"), home.counted("brightpearl")
    complete = sum(key in done for key in keys)
    return [
        Figure(
            "orders complete after a burst of 200 webhooks",
            complete,
            "",
            f"created, paid and wholly reserved; {_sent(sent)}",
            at_least(ORDERS),
        ),
        Figure(
            "runs for them",
            runs,
            "",
            "runs of sync-orders in Prefect, those for our own echo included",
            at_most(HANDFUL),
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
        "seconds until all is at rest",
        seconds,
        "s",
        f"the quotas alone take {quota_s:.0f} s for these requests",
    )


def _sent(sent: Sent) -> str:
    took = max(sent.latencies_s, default=0.0)
    return f"{len(sent.accepted)} accepted within {sent.seconds:.2f} s, slowest answer {took:.3f} s"
