"""The receiver process alone, on one core: how many webhooks it takes, how fast, and how safely."""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from agreement.moments import percentile
from bench.environment import Bench
from bench.figures import Figure, at_least, at_most
from bench.senders import CONNECTIONS, Sent, Shop, flood, steady
from bench.usage import computed_s
from cli.processes import Processes
from cli.services import Ports, Services, sandbox_environment
from core.settings import load_settings
from demo.installation import PAIR
from store.database import open_database
from store.inbox import Inbox

ENTITY = "orders"
ROUNDS = 3
FLOOD_S, QUICK_FLOOD_S = 8, 3
STEADY_PER_S, STEADY_S, QUICK_STEADY_S = 100, 30, 10
KILLED_AFTER_S = 2.0
MS = 1000


@dataclass(frozen=True)
class Receiver:
    """A receiver without anything else, and who sends to it."""

    processes: Processes
    shop: Shop
    inbox: Inbox
    cores: str
    """For people."""
    settings: Mapping[str, str]
    """The environment that it was started with."""

    @property
    def pid(self) -> int:
        """The receiver's process id."""
        return self.processes["receiver"].pid


def measure(bench: Bench) -> list[Figure]:
    """Flood it, send at a steady pace, then kill it in the middle of a flood."""
    numbers = map(str, count(1))
    with started_receiver(bench) as target:
        bench.progress.step("receiver: as many as it takes")
        seconds = bench.pick(FLOOD_S, QUICK_FLOOD_S)
        before = computed_s(target.pid)
        floods = [asyncio.run(flood(target.shop, numbers, seconds)) for _ in range(ROUNDS)]
        flooded = computed_s(target.pid) - before
        bench.progress.step("receiver: at a steady pace")
        total = STEADY_PER_S * bench.pick(STEADY_S, QUICK_STEADY_S)
        before = computed_s(target.pid)
        paced = asyncio.run(
            steady(target.shop, [next(numbers) for _ in range(total)], STEADY_PER_S)
        )
        computed = computed_s(target.pid) - before
        bench.progress.step("receiver: killed in the middle of a flood")
        killed = asyncio.run(_killed(target, numbers))
        lost = _lost(target.inbox, [*floods, paced, killed])
    rates = [len(one.accepted) / one.seconds for one in floods]
    latencies = sorted(paced.latencies_s)
    refused = sum(sum(one.statuses.values()) - len(one.accepted) for one in [*floods, paced])
    return [
        Figure(
            "webhooks accepted per second",
            statistics.median(rates),
            "/s",
            f"median of {_listed(rates)}; {seconds} s each, {CONNECTIONS} kept connections, "
            f"distinct orders, signed, each on disk before its 2xx; {target.cores}",
            at_least(500),
        ),
        Figure(
            "webhooks accepted per second of computing",
            sum(len(one.accepted) for one in floods) / flooded,
            "/s",
            "the same, by user and system time of the receiver: what one core takes that has "
            "nothing else to do",
        ),
        Figure(
            f"answered at {STEADY_PER_S}/s, p99",
            (percentile(latencies, 0.99) or 0) * MS,
            "ms",
            f"{len(latencies)} webhooks, timed from when each was due to be sent; p50 "
            f"{(percentile(latencies, 0.5) or 0) * MS:.1f} ms, slowest {latencies[-1] * MS:.1f} ms",
            at_most(100),
        ),
        Figure(
            f"computing time per webhook at {STEADY_PER_S}/s",
            computed / total * MS,
            "ms",
            "user and system time of the receiver, all threads",
        ),
        Figure(
            "webhooks not accepted before the kill",
            refused,
            "",
            "answers other than 200",
            at_most(0),
        ),
        Figure(
            "webhooks answered 2xx and lost",
            lost,
            "",
            f"kill -9 {KILLED_AFTER_S:g} s into a flood, {len(killed.accepted)} accepted until "
            "then; keys of accepted webhooks that the inbox lacks, all rounds",
            at_most(0),
        ),
    ]


async def _killed(target: Receiver, numbers: Iterator[str]) -> Sent:
    flooding = asyncio.create_task(flood(target.shop, numbers, KILLED_AFTER_S * 5))
    await asyncio.sleep(KILLED_AFTER_S)
    target.processes.kill("receiver")
    return await flooding


def _lost(inbox: Inbox, rounds: list[Sent]) -> int:
    accepted = [order_id for one in rounds for order_id in one.accepted]
    return len(set(accepted) - set(inbox.states(PAIR, ENTITY, accepted)))


@contextmanager
def started_receiver(bench: Bench, database_url: str = "") -> Iterator[Receiver]:
    """`causeway receiver` on one core, its senders on the others, with an empty database.

    That is a SQLite file, unless the URL of another one is given.
    """
    folder = bench.folder / "receiver"
    shutil.rmtree(folder, ignore_errors=True)
    with Processes(folder / "log") as processes:
        ports = Ports.free()
        settings = dict(sandbox_environment(folder, ports))
        if database_url:
            settings["CAUSEWAY_DATABASE_URL"] = database_url
        services = Services.of(processes, folder, ports, settings)
        cores = sorted(os.sched_getaffinity(0))
        try:
            # A child keeps to the cores of the thread that starts it.
            os.sched_setaffinity(0, cores[:1])
            services.start_receiver()
            os.sched_setaffinity(0, cores[1:] or cores)
            processes.wait_ready("receiver")
            database = open_database(load_settings(settings).database_url)
            where = "senders on another" if len(cores) > 1 else "senders on the same one"
            yield Receiver(
                processes,
                Shop.of(settings),
                Inbox(database),
                f"receiver pinned to one core, {where}",
                settings,
            )
            database.close()
        finally:
            os.sched_setaffinity(0, cores)


def _listed(values: list[float]) -> str:
    return ", ".join(f"{value:.0f}" for value in values)
