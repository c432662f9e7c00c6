"""`causeway quarantine release --all` over many entries, while webhooks keep coming."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from itertools import count

from agreement.moments import percentile
from bench.environment import Bench
from bench.figures import Figure, at_most
from bench.receiver import MS, Receiver, started_receiver
from bench.senders import Sent, steady
from core.refusals import Refusal
from core.times import utc_now
from demo.installation import PAIR
from demo.postgresql import NEEDED, installed_programs, postgres_server
from store.database import Database, open_database
from store.quarantine import Quarantine

ENTRIES, QUICK_ENTRIES = 100_000, 10_000
PER_S = 50
AT_ONCE = 5_000


def measure(bench: Bench) -> list[Figure]:
    """Fill the quarantine, then release all of it in a process of its own."""
    with started_receiver(bench) as target:
        figures = _measure_on(bench, target, "SQLite")
    if installed_programs() is None:
        bench.progress.step(f"release: not measured on PostgreSQL. {NEEDED}")
        return figures
    with (
        postgres_server() as server,
        started_receiver(bench, server.create("causeway")) as target,
    ):
        return figures + _measure_on(bench, target, "PostgreSQL")


def _measure_on(bench: Bench, target: Receiver, name: str) -> list[Figure]:
    entries = bench.pick(ENTRIES, QUICK_ENTRIES)
    bench.progress.step(f"release: {entries} entries into the quarantine, {name}")
    database = open_database(target.settings["CAUSEWAY_DATABASE_URL"])
    _fill(database, entries)
    bench.progress.step(f"release: all of them, with {PER_S} webhooks a second meanwhile")
    seconds, sent = asyncio.run(_release(target))
    left = len(Quarantine(database).keys(PAIR, "orders"))
    database.close()
    latencies = sorted(sent.latencies_s)
    refused = sum(sent.statuses.values()) - len(sent.accepted)
    how = f"{entries} entries of {entries} orders, {name}"
    return [
        Figure(f"quarantine release --all, {name}", seconds, "s", how, at_most(120)),
        Figure(f"entries left, {name}", left, "", how, at_most(0)),
        Figure(
            f"webhooks meanwhile, p99, {name}",
            (percentile(latencies, 0.99) or 0) * MS,
            "ms",
            f"{len(latencies)} webhooks at {PER_S}/s, timed from when each was due to be sent",
            at_most(100),
        ),
        Figure(f"webhooks refused meanwhile, {name}", refused, "", "other than 200", at_most(0)),
    ]


def _fill(database: Database, entries: int) -> None:
    quarantine, now = Quarantine(database), utc_now()
    for start in range(0, entries, AT_ONCE):
        refusals = [
            (str(number), Refusal("sku", "sku", f"SKU-{number % 5000}", "unknown", "create it"))
            for number in range(start + 1, min(start + AT_ONCE, entries) + 1)
        ]
        quarantine.open(PAIR, "orders", refusals, now=now)


async def _release(target: Receiver) -> tuple[float, Sent]:
    """How long the command took, and what became of the webhooks sent until it ended."""
    numbers, sent = map(str, count(10**7)), Sent()
    command = [sys.executable, "-m", "cli.main", "quarantine", "release", "--all", "--json"]
    began = time.monotonic()
    environment = {**os.environ, **target.settings}
    running = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=subprocess.DEVNULL
    )
    ended = asyncio.create_task(running.wait())
    while not ended.done():
        second = await steady(target.shop, [next(numbers) for _ in range(PER_S)], PER_S)
        sent.latencies_s += second.latencies_s
        sent.accepted += second.accepted
        sent.statuses.update(second.statuses)
    return time.monotonic() - began, sent
