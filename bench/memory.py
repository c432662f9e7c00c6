"""Memory of the warm worker over many runs of 500 orders."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from bench.environment import Bench, environment
from bench.figures import Figure, at_least, at_most
from bench.shoppers import Shoppers
from bench.usage import resident_mb

RUNS, QUICK_RUNS = 20, 6
ORDERS = 500
PEOPLE = 2000
WITHIN_S = 600.0
SWEEPS = (
    "sweep-orders/every-5-minutes",
    "sweep-shipments/every-5-minutes",
    "sweep-refunds/every-5-minutes",
)
"""What a worker does besides: run by hand at first, and then not by the clock.

A sweep in the middle makes all orders of its window due again: a batch of another size, whose
memory does not show growth.
"""
WARM = 5
"""Runs after which caches are full; with fewer runs a third of them."""


def measure(bench: Bench) -> list[Figure]:
    """Each run takes 500 new orders that become due together; then the worker is measured."""
    runs = bench.pick(RUNS, QUICK_RUNS)
    with environment(bench, "memory", is_subscribed=False) as env:
        shoppers = Shoppers(env, PEOPLE)
        before = resident_mb(env.worker)
        for flow in SWEEPS:
            env.run(flow, WITHIN_S)
        env.pause_schedules()
        used: list[float] = []
        took: list[float] = []
        for number in range(runs):
            keys = shoppers.place(ORDERS)
            began = time.monotonic()
            env.enqueue(keys)
            env.wait_idle(WITHIN_S)
            took.append(time.monotonic() - began)
            used.append(resident_mb(env.worker))
            bench.progress.step(f"memory: run {number + 1} of {runs}, {used[-1]:.0f} MB")
        in_prefect = env.runs()
        counts = env.controls.state("brightpearl", "counts")["counts"]
        placed = int(counts["sales_orders"])
    how = (
        f"{runs} runs of {ORDERS} orders ({in_prefect} in Prefect), VmRSS of the worker after each:"
        f" {before:.0f} MB before, then {', '.join(f'{mb:.0f}' for mb in used)}; "
        f"{statistics.median(took):.1f} s a run in the middle"
    )
    if bench.is_quick:
        how += "; fewer runs, because --quick was asked for"
    return [
        Figure("orders of all runs in Brightpearl", placed, "", how, at_least(runs * ORDERS)),
        Figure("memory of the worker, highest", max(used), "MB", how, at_most(500)),
        Figure("memory of the worker, last against settled", growth(used) * 100 - 100, "%", how,
               at_most(5)),
        Figure("memory of the worker, slope", slope(used), "MB/run", how),
    ]  # fmt: skip


def growth(used: Sequence[float]) -> float:
    """The last value against the one after which caches are full. Pure."""
    return used[-1] / used[_settled(used)]


def slope(used: Sequence[float]) -> float:
    """Growth per run since caches are full, by least squares. Pure."""
    settled = list(used[_settled(used) :])
    if len(settled) < 2:  # noqa: PLR2004 - a line needs two points
        return 0.0
    return float(statistics.linear_regression(range(len(settled)), settled).slope)


def _settled(used: Sequence[float]) -> int:
    """The place of the first run that counts."""
    return min(WARM, -(-len(used) // 3)) - 1
