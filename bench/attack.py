"""The receiver under attack: what genuine senders notice of it, and what it costs in memory."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count

from agreement.moments import percentile
from bench.attackers import IDLE, KINDS, REQUESTS_PER_S, SLOW_BODIES
from bench.environment import Bench
from bench.figures import Figure, at_most
from bench.receiver import MS, Receiver, started_receiver
from bench.senders import Sent, steady
from bench.usage import resident_mb

PER_S = 20
"""Genuine webhooks."""
SECONDS, QUICK_SECONDS = 60, 15
GROWN_MB = 40
"""What the connections and headers of an attack may cost; it does not grow with its length."""
HOW = {
    "flood": f"wrong signatures, {REQUESTS_PER_S}/s offered",
    "slow-bodies": f"{SLOW_BODIES} bodies that come a byte a second",
    "idle-connections": f"{IDLE} connections on which nothing is sent",
    "everything": "all three at once",
}


def measure(bench: Bench) -> list[Figure]:
    """Each kind of attack on a receiver on one core, attackers and genuine senders on the other."""
    seconds, numbers = bench.pick(SECONDS, QUICK_SECONDS), map(str, count(1))
    figures: list[Figure] = []
    with started_receiver(bench) as target:
        asyncio.run(_genuine(target, numbers, seconds / 4))
        for name, how in HOW.items():
            bench.progress.step(f"attack: {how}")
            before = resident_mb(target.pid)
            kinds = list(KINDS) if name == "everything" else [name]
            with _attacked(target.shop.url, kinds):
                sent = asyncio.run(_genuine(target, numbers, seconds / 2))
                middle = resident_mb(target.pid)
                later = asyncio.run(_genuine(target, numbers, seconds / 2))
                after = resident_mb(target.pid)
            figures += _figures(name, how, [sent, later], (before, middle, after))
    return figures


def _figures(
    name: str, how: str, sent: Sequence[Sent], used_mb: tuple[float, float, float]
) -> list[Figure]:
    latencies = sorted(one for part in sent for one in part.latencies_s)
    refused = sum(sum(part.statuses.values()) - len(part.accepted) for part in sent)
    before, middle, after = used_mb
    how = f"{how}; {len(latencies)} genuine webhooks at {PER_S}/s from another address"
    memory = f"{before:.0f} MB before, {middle:.0f} halfway, {after:.0f} at the end"
    return [
        Figure(
            f"genuine webhooks under attack ({name}), p99",
            (percentile(latencies, 0.99) or 0) * MS,
            "ms",
            f"{how}; slowest {latencies[-1] * MS:.0f} ms",
            at_most(1000),
        ),
        Figure(f"genuine webhooks refused ({name})", refused, "", how, at_most(0)),
        Figure(
            f"memory of the receiver under attack ({name})",
            after - before,
            "MB",
            memory,
            at_most(GROWN_MB),
        ),
    ]


@contextmanager
def _attacked(url: str, kinds: Sequence[str]) -> Iterator[None]:
    with ExitStack() as running:
        for kind in kinds:
            attacker = subprocess.Popen(  # noqa: S603 - ours
                [sys.executable, "-m", "bench.attackers", kind, url]
            )
            running.enter_context(attacker)
            running.callback(attacker.kill)
        yield


async def _genuine(target: Receiver, numbers: Iterator[str], seconds: float) -> Sent:
    return await steady(target.shop, [next(numbers) for _ in range(int(PER_S * seconds))], PER_S)
