"""A run in a process of its own, for flows that compute for minutes.

Threads of one Python process take turns: beside a comparison of a whole catalogue an order would
take several times as long. The process is started by the warm worker for deployments with the tag
`own-process`, and yields to everything else on the machine (docs/decisions/0012).
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.settings import get_current_settings

from core.errors import CausewayError
from worker.execute import RUNNING, Running, execute, load_flow
from worker.process import leave, set_up_logging

log = logging.getLogger("causeway.worker")

OWN_PROCESS = "own-process"
"""The tag of deployments whose runs get one."""
NICE = 10
"""How far it steps back behind whoever else wants to compute."""
STOPPED = "Stopped, by an operator or with its worker; keys that are not settled stay due."
FAILED = 1


class Apart:
    """A run that another process executes."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def has_worked(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def interrupt(self, because: str) -> None:  # noqa: ARG002 - a signal carries no words
        """Ask it to stop between two of its steps."""
        self._process.terminate()


def execute_apart(flow_run: FlowRun, *, running: Running = RUNNING) -> int:
    """Run it to its end in a process of its own; 0 unless the process itself came to grief."""
    environment = get_current_settings().to_environment_variables(exclude_unset=True)
    process = subprocess.Popen(  # noqa: S603 - nothing of it comes from outside
        [sys.executable, "-m", "worker.apart", str(flow_run.id)], env={**os.environ, **environment}
    )
    running.add(flow_run.id, Apart(process))
    try:
        return process.wait()
    finally:
        running.remove(flow_run.id)


def main() -> None:
    """Execute the run whose id is the one argument."""
    set_up_logging()
    os.nice(NICE)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: RUNNING.stop_all(because=STOPPED))
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
        leave(FAILED)
    except httpx.HTTPError as error:
        log.error(  # noqa: TRY400 - the trace of a server that is away tells nothing
            "The run %s ended: Prefect did not answer (%s). Keys stay due; run it again once the "
            "server is up.",
            sys.argv[1],
            type(error).__name__,
        )
        leave(FAILED)
    except Exception:
        # Whatever it was: the process must not wait at its end for a server that may be away.
        log.exception("The run %s met an error that nobody foresaw", sys.argv[1])
        leave(FAILED)
    leave()


if __name__ == "__main__":
    main()
