"""Hours of mixed work with faults: the worker's memory, and whether both systems agree after it."""

from __future__ import annotations

import statistics
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from bench.environment import Bench, environment
from bench.figures import Figure, at_least, at_most
from bench.usage import resident_mb
from chaos.run import NO_GRACE, Chaos, Size

HOURS = Size(
    orders=1440,
    at_once=4,
    after=0,
    share=0.01,
    round_s=20.0,
    rest_s=1.0,
    phase=3,
    least_faults=0,
    kill_every=0,
)
"""Two hours: a round takes 20 seconds."""
MINUTES = replace(HOURS, orders=120, share=0.03)
"""Ten minutes."""
SAMPLE_EVERY_S = 10.0


def measure(bench: Bench) -> list[Figure]:
    """Orders, edits, parcels, refunds, stock and master data for two hours; nothing is killed."""
    size = MINUTES if bench.is_quick else HOURS
    seed = int(bench.seed or 1)
    with (
        environment(bench, "soak", days=bench.days, settings=NO_GRACE) as env,
        sampled(env.worker) as used,
    ):
        outcome = Chaos(env.installation, seed, size).perform()
    faults, left = sum(outcome.faults.values()), outcome.unexplained
    how = (
        f"{size.orders} orders and {outcome.events.total()} other events in "
        f"{outcome.seconds / 60:.0f} minutes, {faults} faults; VmRSS of the worker "
        f"every {SAMPLE_EVERY_S:.0f} s, {quarters(used)} MB in the quarters of that time"
    )
    differing = "; ".join(left[:5]) or how
    return [
        Figure("faults that struck", faults, "", how, at_least(1)),
        Figure("records that differ unexplained", len(left), "", differing, at_most(0)),
        Figure("memory of the worker, highest", max(used), "MB", how, at_most(450)),
        Figure("memory of the worker, last quarter against second", growth(used), "%", how,
               at_most(5)),
    ]  # fmt: skip


@contextmanager
def sampled(pid: int) -> Iterator[list[float]]:
    """Memory of a process in MB, one value every ten seconds until the block ends."""
    used, over = [resident_mb(pid)], threading.Event()

    def sample() -> None:
        while not over.wait(SAMPLE_EVERY_S):
            used.append(resident_mb(pid))

    thread = threading.Thread(target=sample, name="memory", daemon=True)
    thread.start()
    try:
        yield used
    finally:
        over.set()
        thread.join()


def growth(used: Sequence[float]) -> float:
    """How much more the last quarter's median is than the second's, in per cent. Pure."""
    quarter = max(1, len(used) // 4)
    second = used[quarter : 2 * quarter] or used
    return statistics.median(used[-quarter:]) / statistics.median(second) * 100 - 100


def quarters(used: Sequence[float]) -> str:
    """The median of each quarter, for people. Pure."""
    quarter = max(1, len(used) // 4)
    starts = range(0, len(used) - quarter + 1, quarter)
    return ", ".join(f"{statistics.median(used[at : at + quarter]):.0f}" for at in starts)
