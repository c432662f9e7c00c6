"""Processes that execute runs: how each begins and ends, and a subprocess for a single run.

A flow that computes for minutes runs in a subprocess. Threads of one Python process take turns:
while a large catalogue is compared, an order would take several times as long. The warm worker
starts the subprocess for deployments with the tag `own-process`, unless the catalogue is known to
be small, and it yields to everything else on the machine (docs/decisions/0012).
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import NoReturn
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.settings import get_current_settings

from core.defects import DefectError
from core.errors import CausewayError
from core.settings import load_settings
from store.database import database_of
from store.stock import Catalogue
from worker.execution import ACTIVE_RUNS, ActiveRuns, execute, load_flow
from worker.prefect_internal import send_queued_events

log = logging.getLogger("causeway.worker")

OWN_PROCESS = "own-process"
"""The tag of deployments whose runs get a subprocess."""
SMALL = 5_000
"""Products up to which a comparison takes less than the start of a subprocess."""
NICE = 10
"""How much it yields to whatever else wants to compute."""
STOPPED = "Stopped, by an operator or with its worker; keys that are not settled stay due."
FAILED = 1
PARENT_EVERY_S = 0.5
ORPHANED_S = 20.0
"""How long a subprocess whose worker ended may take to the end of its step."""
SENDING_S = 2.0
"""How long an end waits for Prefect's queues of events and log lines, which nobody needs."""


def set_up_logging() -> None:
    """Write Causeway's log lines to stderr next to Prefect's; none for every HTTP request."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)-7s %(message)s")
    logging.getLogger("causeway").setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)


def exit_process(status: int = 0) -> NoReturn:
    """End the process, however long Prefect's queues of events and log lines are.

    Whatever is not sent within `SENDING_S` is dropped.
    """
    send_queued_events(SENDING_S)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


class _Subprocess:
    """A run that a subprocess executes."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def interrupt(self, because: str) -> None:  # noqa: ARG002 - a signal carries no reason
        """Ask it to stop between two of its steps."""
        self._process.terminate()


def gets_subprocess(tags: Collection[str], pair: str) -> bool:
    """Whether a run is executed by a subprocess: a comparison of a few thousand products is not.

    Raises: ConfigError, StoreUnavailableError.
    """
    if OWN_PROCESS not in tags or not pair:
        return OWN_PROCESS in tags
    settings = load_settings()
    opened = database_of(settings)
    with closing(opened) as database:
        return not 0 < Catalogue(database).count(pair) <= SMALL


def start_subprocess(flow_run: FlowRun) -> subprocess.Popen[bytes]:
    """A subprocess that executes this run."""
    environment = get_current_settings().to_environment_variables(exclude_unset=True)
    return subprocess.Popen(  # noqa: S603 - nothing of it comes from outside
        [sys.executable, "-m", "worker.processes", str(flow_run.id), str(os.getpid())],
        env={**os.environ, **environment},
    )


def wait_for_subprocess(
    flow_run: FlowRun, process: subprocess.Popen[bytes], *, active: ActiveRuns = ACTIVE_RUNS
) -> int:
    """Wait until a subprocess has executed the run; 0 unless the process itself failed."""
    active.add(flow_run.id, _Subprocess(process))
    try:
        return process.wait()
    finally:
        active.remove(flow_run.id)


def end_with(parent: int) -> None:
    """Stop as if asked to as soon as the worker that started this process has ended.

    What still runs a while later is abandoned: its claims are taken from it.
    """
    while os.getppid() == parent:
        time.sleep(PARENT_EVERY_S)
    log.warning("The worker of this subprocess ended; the run stops with its step.")
    ACTIVE_RUNS.stop_all(because=STOPPED)
    time.sleep(ORPHANED_S)
    os._exit(FAILED)


def main() -> None:
    """Execute the run of an id, for a worker of a process id: the two arguments."""
    set_up_logging()
    os.nice(NICE)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ACTIVE_RUNS.stop_all(because=STOPPED))
    for parent in sys.argv[2:]:
        threading.Thread(target=end_with, args=(int(parent),), name="parent", daemon=True).start()
    try:
        with get_client(sync_client=True) as client:
            flow_run = client.read_flow_run(UUID(sys.argv[1]))
            deployment = client.read_deployment(flow_run.deployment_id or "")
        flow = load_flow(deployment.entrypoint or "")
        # In a thread: in the main one Prefect would take the signals for itself.
        with ThreadPoolExecutor(1) as threads:
            threads.submit(execute, flow, flow_run).result()
    except CausewayError as error:
        log.error("The run %s ended: %s", sys.argv[1], error)  # noqa: TRY400 - it says all itself
        exit_process(FAILED)
    except httpx.HTTPError as error:
        log.error(  # noqa: TRY400 - the trace of a server that is away explains nothing
            "The run %s ended: Prefect did not answer (%s). Keys stay due; run it again once the "
            "server is up.",
            sys.argv[1],
            type(error).__name__,
        )
        exit_process(FAILED)
    except Exception as error:  # noqa: BLE001 - the end must not wait for a server that is away
        defect = DefectError(error)
        log.error(  # noqa: TRY400 - the error's own text may hold a shopper's data
            "The run %s ended by an error in Causeway: %s. Keys stay due; report it with these "
            "lines:\n%s",
            sys.argv[1],
            defect,
            "\n".join(defect.traceback),
        )
        exit_process(FAILED)
    exit_process()


if __name__ == "__main__":
    main()
