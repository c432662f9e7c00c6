"""Real days the whole way: nothing missing, nothing twice, not a cent off; and once more."""

from __future__ import annotations

import time

from agreement.differences import Kind
from agreement.verdict import Verdict
from bench.environment import Bench, Environment, environment
from bench.figures import Figure, at_least, at_most
from demo.play import place_loaded_orders

GENERATED, QUICK_GENERATED = 600, 150
AT_ONCE, EVERY_S = 20, 0.5
WITHIN_S = 900.0


def measure(bench: Bench) -> list[Figure]:
    """Place every order, by webhooks as always; judge; make all keys due again."""
    with environment(bench, "days", days=bench.days) as env:
        began = time.monotonic()
        if bench.days:
            place_loaded_orders(env.installation)
        else:
            _place_generated(env, bench.pick(GENERATED, QUICK_GENERATED))
        seconds = time.monotonic() - began
        verdict = env.verdict()
        keys = list(env.controls.state("bigcommerce", "orders")["orders"])
        counted = env.work_off(keys, WITHIN_S)
        writes = sum(one.writes for one in counted.values())
        again = env.verdict()
    return [*_judged(bench, verdict, seconds), *_again(keys, writes, again)]


def _judged(bench: Bench, verdict: Verdict, seconds: float) -> list[Figure]:
    how = (
        f"{bench.origin}, placed {AT_ONCE} every {EVERY_S:g} s, by webhooks, limits off; both "
        "sandboxes' states compared order by order"
    )
    missing, doubled = verdict.with_kind(Kind.MISSING), verdict.with_kind(Kind.DOUBLED)
    others = verdict.of_orders()
    named = verdict.eligible - len(missing)
    return [
        Figure(
            "eligible orders in Brightpearl or named in quarantine",
            named,
            "",
            f"{verdict.placed} placed, {verdict.in_brightpearl} in Brightpearl, "
            f"{verdict.quarantined} in quarantine, {verdict.parked} parked; {how}",
            at_least(verdict.eligible),
        ),
        Figure("orders that are in Brightpearl twice", len(doubled), "", how, at_most(0)),
        Figure("cents off", verdict.cents_off, "", how, at_most(0)),
        Figure(
            "other differences",
            len(others) - len(missing) - len(doubled),
            "",
            "; ".join(others[:10]) or how,
            at_most(0),
        ),
        Figure("orders per second", verdict.placed / seconds, "/s", f"{seconds:.1f} s; {how}"),
    ]


def _again(keys: list[str], writes: int, verdict: Verdict) -> list[Figure]:
    return [
        Figure(
            "second pass over them: writes",
            writes,
            "",
            f"{len(keys)} keys made due by an operator; requests other than reads that both "
            f"sandboxes counted; {len(verdict.of_orders())} differences afterwards",
            at_most(0),
        )
    ]


def _place_generated(env: Environment, orders: int) -> None:
    for _ in range(orders // AT_ONCE):
        env.installation.placed += len(env.controls.place({"generate": AT_ONCE}))
        env.installation.pause(EVERY_S)
    env.wait_idle(WITHIN_S)
