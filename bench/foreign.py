"""Are orders complete in time while other applications use most of either quota?"""

from __future__ import annotations

from agreement.moments import percentile
from bench.environment import Bench, Environment, environment
from bench.figures import Figure, at_least, at_most
from bench.priorities import MISS_S, Pace
from demo.controls import SYSTEMS, System
from demo.installation import ENTITY

SHARE = 0.8
"""The part of each window that others use."""
LIMITS: dict[System, int] = {"bigcommerce": 150, "brightpearl": 200}
"""Requests of a window: 30 s of the store, a minute of the account. Source: fact sheets."""
SWITCHES: dict[System, str] = {
    "bigcommerce": "foreign_requests",
    "brightpearl": "foreign_calls_per_minute",
}
ORDERS, QUICK_ORDERS = 100, 40
"""20 orders a minute."""
WARM = 4
COMPLETE_WITHIN_S = 900.0
P95_S = 300.0


def measure(bench: Bench) -> list[Figure]:
    """Orders at an even pace, with one of the quotas mostly used up, then with the other one."""
    figures = []
    for system in SYSTEMS:
        with environment(bench, f"foreign-{system}", limits="documented") as env:
            figures += _measured(env, system, bench.pick(ORDERS, QUICK_ORDERS))
    return figures


def _measured(env: Environment, system: System, orders: int) -> list[Figure]:
    pace = Pace(env, env.controls.skus())
    pace.place(WARM)
    env.wait_idle(COMPLETE_WITHIN_S, ENTITY)  # stock and the catalogue yield, and go on for longer
    taken = round(LIMITS[system] * SHARE)
    env.controls.switch(system, **{SWITCHES[system]: taken})
    env.controls.reset_requests()
    ids = pace.place(orders)
    env.wait_idle(COMPLETE_WITHIN_S, ENTITY)
    seconds = pace.seconds(ids)
    used = env.controls.counted(system)
    how = (
        f"{orders} orders, one every 3 s, with webhooks and schedules, while other applications "
        f"use {taken} of each {LIMITS[system]} requests that {system} allows; {used.total} "
        f"requests of ours to it, {used.throttled} throttled; longest {seconds[-1]:.1f} s"
    )
    name = f"others use {SHARE:.0%} of the quota of {system}"
    return [
        Figure(
            f"{name}: orders complete",
            sum(one < MISS_S for one in seconds),
            "",
            how,
            at_least(orders),
        ),
        Figure(f"{name}: p95", percentile(seconds, 0.95) or MISS_S, "s", how, at_most(P95_S)),
    ]
