"""The worker process: events at once, schedules and the UI's Run button by polling."""

from __future__ import annotations

import asyncio
import importlib
import logging
import signal
import sys
import threading

import httpx
from prefect.exceptions import ObjectNotFound
from store.database import open_database

from core.errors import CausewayError
from core.settings import Settings
from worker.drain import Drain
from worker.warm import WarmWorker

log = logging.getLogger("causeway.worker")

POLL_AGAIN_S = 10.0
"""Waited before the worker introduces itself to Prefect again after losing it."""


def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; batches in hand are finished first.

    Raises: ConfigError, StoreUnavailableError at start only.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    warm_up()
    database = open_database(settings.database_url)
    drain = threading.Thread(target=Drain(settings, database, stop).run, name="drain")
    drain.start()
    threading.Thread(target=poll, args=(settings, stop), name="poll", daemon=True).start()
    print("causeway worker: ready", flush=True)  # noqa: T201 - the one line people wait for
    sys.stdout.flush()
    stop.wait()
    drain.join()


def warm_up() -> None:
    """Import, once, what every run needs: Prefect's engine, pandas, Great Expectations."""
    importlib.import_module("flows.orders")
    importlib.import_module("expectations.check").warm()


def poll(settings: Settings, stop: threading.Event) -> None:
    """Serve the work pool until told to stop; a Prefect server that is away is waited for."""
    while not stop.is_set():
        try:
            asyncio.run(_poll(settings.worker.work_pool))
        except (httpx.HTTPError, ObjectNotFound, CausewayError, RuntimeError) as error:
            log.warning(
                "Prefect's work pool %s cannot be served (%s); scheduled runs wait. "
                "Is the server up, and was `causeway deploy` run?",
                settings.worker.work_pool,
                type(error).__name__,
            )
        stop.wait(POLL_AGAIN_S)


async def _poll(work_pool: str) -> None:
    worker = WarmWorker(work_pool_name=work_pool, create_pool_if_not_found=False)
    await worker.start()
