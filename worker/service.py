"""The worker process: events at once, schedules and the UI's Run button by polling."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import importlib
import logging
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass

import httpx
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_WORKER_QUERY_SECONDS, temporary_settings

from core.defects import log_defect
from core.errors import CausewayError
from core.settings import Settings
from core.times import utc_now
from store.database import database_of
from worker.consumers import InboxConsumer
from worker.execution import ACTIVE_RUNS
from worker.processes import exit_process, set_up_logging
from worker.warm import WarmWorker
from worker.watch import ScheduledRuns, Watch

log = logging.getLogger("causeway.worker")

FORESEEN = (httpx.HTTPError, ObjectNotFound, CausewayError, RuntimeError, ValueError)
"""How Prefect's worker says that its server is away, or does not know the pool."""
LONG_S = 60.0
"""A pool that was served this long was served well."""
STOP_WITHIN_S = 50.0
"""How long a stop waits for runs to reach the end of a step. What still runs then is abandoned:
its claims expire and its keys become due."""
TRIM_EVERY_S = 10.0
"""How often the C library is asked to give back memory that nothing uses any more."""
ENDING_S = 5.0
"""How long a stop waits for threads without a run: most of them wait for Prefect."""
CHECK_EVERY_S = 0.05
SWITCH_S = 0.0005
"""How long a thread that computes may keep the interpreter from others. At Python's 5 ms an order
that comes while a large catalogue is compared waits so long after each of its hundreds of answers.
"""


@dataclass(frozen=True)
class Polling:
    """How often the worker asks Prefect, for runs to execute and for runs to cancel."""

    every_s: float = 5
    """A schedule's run starts at most this late. Every poll rewrites the pool's deployments on the
    server, so not more often than that."""
    cancelled_every_s: float = 3.0
    """How often it asks which of the runs in hand somebody wants to cancel."""
    again_s: tuple[float, ...] = (1.0, 1.0, 2.0, 2.0, 5.0, 5.0, 10.0)
    """Pauses before it introduces itself to Prefect again, while Prefect does not answer or does
    not know the work pool: the first ones are short, for both may just be starting."""
    quiet_attempts: int = 7
    """Attempts in a row before that is worth a line."""


def serve(settings: Settings, stop: threading.Event | None = None) -> None:
    """Run until SIGTERM or SIGINT (or `stop`): steps in hand are finished, their keys given back.

    Ends the process, unless it is the caller who says when to stop.

    Raises: ConfigError, StoreUnavailableError at start only.
    """
    began = time.monotonic()
    set_up_logging()
    sys.setswitchinterval(SWITCH_S)
    owns_process, stop = stop is None, stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
    database = database_of(settings)
    warm_up()
    poller = threading.Thread(target=poll, args=(settings, stop), name="poll", daemon=True)
    consumer = InboxConsumer(settings, database, stop)
    consuming = threading.Thread(target=consumer.run, name="consume", daemon=True)
    watch = Watch(settings, database, consumer.owner, stop, runs=ScheduledRuns(began_at=utc_now()))
    watching = threading.Thread(target=watch.run, name="watch", daemon=True)
    trimming = threading.Thread(target=trim_memory, args=(stop,), name="trim", daemon=True)
    for thread in (poller, consuming, watching, trimming):
        thread.start()
    log.info("ready after %.1f s", time.monotonic() - began)
    stop.wait()
    log.info("stopping: %d runs in hand end with their step", len(ACTIVE_RUNS.ids()))
    ACTIVE_RUNS.stop_all(because="The worker was stopped; keys that are not settled stay due.")
    _wait_for_runs()
    until = time.monotonic() + ENDING_S
    for thread in (consuming, watching, poller):
        thread.join(max(0.0, until - time.monotonic()))
    if abandoned := len(ACTIVE_RUNS.unfinished()):
        log.warning("stopped with %d runs in hand; their claims expire", abandoned)
    else:
        consumer.release_leases()
        watch.release_lease()
        log.info("stopped")
    if owns_process:
        exit_process()


def _wait_for_runs() -> None:
    until = time.monotonic() + STOP_WITHIN_S
    while ACTIVE_RUNS.unfinished() and time.monotonic() < until:
        time.sleep(CHECK_EVERY_S)


def trim_memory(stop: threading.Event, every_s: float = TRIM_EVERY_S) -> None:
    """Give freed memory back to the system until stopped, where the C library is glibc.

    It keeps what large batches and answers needed, in the middle of what is still in use: tens of
    megabytes after an hour.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    while trim is not None and not stop.wait(every_s):
        trim(0)


def warm_up() -> None:
    """Import, once, what every run needs: Prefect's engine, pandas, Great Expectations.

    What is imported stays, so the collector of garbage need not search it: it does its whole work
    again as soon as a batch has left a quarter more of what was not there from the beginning.
    """
    importlib.import_module("flows.orders")
    check = importlib.import_module("expectations.check")
    check.warm()
    gc.collect()
    gc.freeze()


def poll(settings: Settings, stop: threading.Event, polling: Polling = Polling()) -> None:
    """Serve the work pool until stopped; a Prefect server that is away is waited for."""
    attempts = 0
    while not stop.is_set():
        began = time.monotonic()
        failure = _serve_until_it_fails(settings.worker.work_pool, stop, polling)
        if failure is not None:
            attempts = 1 if time.monotonic() - began > LONG_S else attempts + 1
            if attempts == polling.quiet_attempts:
                log.warning(
                    "Prefect's work pool %s cannot be served (%s); scheduled runs wait. Is the "
                    "server up, and was `causeway deploy` run?",
                    settings.worker.work_pool,
                    type(failure).__name__,
                )
        stop.wait(polling.again_s[min(attempts, len(polling.again_s) - 1)])


def _serve_until_it_fails(
    work_pool: str, stop: threading.Event, polling: Polling
) -> Exception | None:
    """Serve the pool; gives what ended that, or nothing when it was stopped."""
    try:
        asyncio.run(serve_pool(work_pool, stop, polling))
    except Exception as error:  # noqa: BLE001 - it ends no process that also serves the inbox
        if not _is_foreseen(error):
            log_defect(log, "Serving Prefect's work pool", error)
        return error
    return None


def _is_foreseen(error: Exception) -> bool:
    """Whether it is Prefect's absence. What ends the loops of its worker comes in groups."""
    if isinstance(error, ExceptionGroup):
        return error.split(FORESEEN)[1] is None
    return isinstance(error, FORESEEN)


async def serve_pool(work_pool: str, stop: threading.Event, polling: Polling) -> None:
    """Poll a work pool of type `warm` and run what is due, until stopped.

    Raises: ObjectNotFound when the pool does not exist; httpx.HTTPError, or a group with
    RuntimeError, when Prefect does not answer for long.
    """
    # Asked first, for a worker that starts while the server is away asks for it only every 30 s.
    async with get_client() as client:
        await client.read_work_pool(work_pool)
    with temporary_settings({PREFECT_WORKER_QUERY_SECONDS: polling.every_s}):
        worker = WarmWorker(
            work_pool_name=work_pool,
            name=f"causeway {socket.gethostname()}",
            create_pool_if_not_found=False,
            prefetch_seconds=0,
        )
        serving = asyncio.ensure_future(worker.start(printer=log.info))
        watching = asyncio.ensure_future(worker.watch_cancelling(polling.cancelled_every_s))
        stopping = asyncio.ensure_future(_until(stop))
        try:
            await asyncio.wait({serving, watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (watching, stopping, serving):
                task.cancel()
            ends = await asyncio.gather(serving, watching, stopping, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end


async def _until(stop: threading.Event) -> None:
    while not stop.is_set():  # noqa: ASYNC110 - a threading.Event cannot be awaited
        await asyncio.sleep(0.2)
