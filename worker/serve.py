"""The worker process: events at once, schedules and the UI's Run button by polling."""

from __future__ import annotations

import asyncio
import importlib
import logging
import signal
import socket
import sys
import threading
import time

import httpx
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_WORKER_QUERY_SECONDS, temporary_settings

from core.errors import CausewayError
from core.settings import Settings
from store.database import open_database
from worker.drain import Drain
from worker.execute import RUNNING
from worker.process import leave, set_up_logging
from worker.warm import WarmWorker

log = logging.getLogger("causeway.worker")

POLL_EVERY_S = 5
"""A schedule's run starts at most this late. Every poll rewrites the pool's deployments on the
server, so not more often than that."""
POLL_AGAIN_S = (1.0, 1.0, 2.0, 2.0, 5.0, 5.0, 10.0)
"""Pauses before the worker introduces itself to Prefect again, while it does not answer or does not
know the work pool: the first ones are short, for both may just be starting."""
PATIENT_FOR = len(POLL_AGAIN_S)
"""Attempts in a row before that is worth a line."""
FORESEEN = (httpx.HTTPError, ObjectNotFound, CausewayError, RuntimeError, ValueError)
"""How Prefect's worker says that its server is away, or does not know the pool."""
LONG_S = 60.0
"""A pool that was served this long was served well."""
PATIENCE_S = 50.0
"""How long a stop waits for runs to reach the end of a step. What still runs then is abandoned:
its claims expire and its keys become due."""
ENDING_S = 5.0
"""How long a stop waits for threads without a run: most of them wait for Prefect."""
LOOK_EVERY_S = 0.05
SWITCH_S = 0.0005
"""How long a thread that computes may keep the interpreter from others. At Python's 5 ms an order
that comes while a large catalogue is compared waits so long after each of its hundreds of answers.
"""


def serve(settings: Settings, stop: threading.Event | None = None) -> None:
    """Run until SIGTERM or SIGINT (or `stop`): steps in hand are finished, their keys given back.

    Ends the process, unless it is the caller who says when to stop.

    Raises: ConfigError, StoreUnavailableError at start only.
    """
    began = time.monotonic()
    set_up_logging()
    sys.setswitchinterval(SWITCH_S)
    is_ours, stop = stop is None, stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
    database = open_database(settings.database_url)
    warm_up()
    poller = threading.Thread(target=poll, args=(settings, stop), name="poll", daemon=True)
    drain = Drain(settings, database, stop)
    drainer = threading.Thread(target=drain.run, name="drain", daemon=True)
    for thread in (poller, drainer):
        thread.start()
    log.info("ready after %.1f s", time.monotonic() - began)
    stop.wait()
    log.info("stopping: %d runs in hand end with their step", len(RUNNING.ids()))
    RUNNING.stop_all(because="The worker was stopped; keys that are not settled stay due.")
    _wait_for_runs()
    until = time.monotonic() + ENDING_S
    for thread in (drainer, poller):
        thread.join(max(0.0, until - time.monotonic()))
    if abandoned := len(RUNNING.working()):
        log.warning("stopped with %d runs in hand; their claims expire", abandoned)
    else:
        drain.let_go()
        log.info("stopped")
    if is_ours:
        leave()


def _wait_for_runs() -> None:
    until = time.monotonic() + PATIENCE_S
    while RUNNING.working() and time.monotonic() < until:
        time.sleep(LOOK_EVERY_S)


def warm_up() -> None:
    """Import, once, what every run needs: Prefect's engine, pandas, Great Expectations."""
    importlib.import_module("flows.orders")
    check = importlib.import_module("expectations.check")
    check.warm()


def poll(settings: Settings, stop: threading.Event) -> None:
    """Serve the work pool until told to stop; a Prefect server that is away is waited for."""
    attempts = 0
    while not stop.is_set():
        began = time.monotonic()
        failure = _serve_while_it_goes(settings.worker.work_pool, stop)
        if failure is not None:
            attempts = 1 if time.monotonic() - began > LONG_S else attempts + 1
            if attempts == PATIENT_FOR:
                log.warning(
                    "Prefect's work pool %s cannot be served (%s); scheduled runs wait. Is the "
                    "server up, and was `causeway deploy` run?",
                    settings.worker.work_pool,
                    type(failure).__name__,
                )
        stop.wait(POLL_AGAIN_S[min(attempts, len(POLL_AGAIN_S) - 1)])


def _serve_while_it_goes(work_pool: str, stop: threading.Event) -> Exception | None:
    """Serve the pool; gives what ended that, or nothing when we were told to stop."""
    try:
        asyncio.run(serve_pool(work_pool, stop))
    except Exception as error:
        # The last line of defence of a process that works off events as well.
        if not _is_foreseen(error):
            log.exception("Serving Prefect's work pool met an error that nobody foresaw")
        return error
    return None


def _is_foreseen(error: Exception) -> bool:
    """Whether it is Prefect's absence. What ends the loops of its worker comes in groups."""
    if isinstance(error, ExceptionGroup):
        return error.split(FORESEEN)[1] is None
    return isinstance(error, FORESEEN)


async def serve_pool(work_pool: str, stop: threading.Event) -> None:
    """Poll a work pool of type `warm` and run what is due, until told to stop.

    Raises: ObjectNotFound when the pool does not exist; httpx.HTTPError, or a group with
    RuntimeError, when Prefect does not answer for long.
    """
    # Asked first, for a worker that starts while the server is away looks for it only every 30 s.
    async with get_client() as client:
        await client.read_work_pool(work_pool)
    with temporary_settings({PREFECT_WORKER_QUERY_SECONDS: POLL_EVERY_S}):
        worker = WarmWorker(
            work_pool_name=work_pool,
            name=f"causeway {socket.gethostname()}",
            create_pool_if_not_found=False,
            prefetch_seconds=0,
        )
        polling = asyncio.ensure_future(worker.start(printer=log.info))
        watching = asyncio.ensure_future(worker.watch_cancelling())
        stopping = asyncio.ensure_future(_until(stop))
        try:
            await asyncio.wait({polling, watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (watching, stopping, polling):
                task.cancel()
            ends = await asyncio.gather(polling, watching, stopping, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end


async def _until(stop: threading.Event) -> None:
    while not stop.is_set():  # noqa: ASYNC110 - a threading.Event cannot be awaited
        await asyncio.sleep(0.2)
