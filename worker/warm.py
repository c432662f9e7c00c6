"""A Prefect worker type that runs flows in its own process: seconds less for every run.

Registered as a Prefect collection, so that `prefect worker start --type warm` and work pools of
type `warm` know it. Scheduled runs and the Run button of the UI go through it; events do not wait
for its polling (see consumers.py).
"""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

import anyio
import anyio.abc
import anyio.to_thread
import httpx
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import InfrastructureNotFound
from prefect.states import Cancelled
from prefect.workers.base import (
    BaseJobConfiguration,
    BaseVariables,
    BaseWorker,
    BaseWorkerResult,
)

from core.errors import ConfigError
from core.process_identity import ProcessIdentity, identity_of, owned_by, this_process
from tasks.reconciler.connections import refusal
from worker.execution import ACTIVE_RUNS, execute, load_flow
from worker.processes import gets_subprocess, start_subprocess, wait_for_subprocess

log = logging.getLogger("causeway.worker")

PLACE = "worker:"
SKIPPED = "Skipped"
"""State of a run that is not begun because a system refuses our credentials: one alert says so."""
CANCELLED = "Cancelled by an operator; its keys stay due."


class WarmJobConfiguration(BaseJobConfiguration):
    """Nothing to configure: a run shares the worker's process, environment and installation."""


class WarmVariables(BaseVariables):
    """Variables of a work pool of type `warm`: none of its own."""


class WarmWorkerResult(BaseWorkerResult):
    """How a run ended: 0 when the run itself reported its end to Prefect, be it a failure."""


class WarmWorker(BaseWorker[WarmJobConfiguration, WarmVariables, WarmWorkerResult]):
    """Runs each flow run in a thread of this process, or in a subprocess if its tags ask for it."""

    type = "warm"
    job_configuration = WarmJobConfiguration
    job_configuration_variables = WarmVariables
    _description = "Runs flows inside the Causeway worker process, without a process start."
    _display_name = "Causeway warm worker"

    async def run(
        self,
        flow_run: FlowRun,
        configuration: WarmJobConfiguration,  # noqa: ARG002 - the base class's signature
        task_status: anyio.abc.TaskStatus[Any] | None = None,
    ) -> WarmWorkerResult:
        """Run it; a flow that fails is a result, never the end of the worker.

        Raises: ConfigError when its entrypoint is no flow of this installation.
        """
        if flow_run.deployment_id is None:
            raise ConfigError(
                "A run without a deployment cannot be run here.",
                remedy="Start it from a deployment of this work pool.",
            )
        deployment = await self.client.read_deployment(flow_run.deployment_id)
        flow = load_flow(deployment.entrypoint or "")
        pair = str(flow_run.parameters.get("pair", ""))
        if why := refusal(pair):
            place = place_of(flow_run.id, this_process())
            if task_status is not None:
                task_status.started(place)
            skipped: State[Any] = Cancelled(name=SKIPPED, message=f"Not begun: {why}")
            await self.client.set_flow_run_state(flow_run.id, skipped, force=True)
            return WarmWorkerResult(identifier=place, status_code=0)
        if await anyio.to_thread.run_sync(gets_subprocess, deployment.tags, pair):
            process = start_subprocess(flow_run)
            place = place_of(flow_run.id, identity_of(process.pid))
            if task_status is not None:
                task_status.started(place)
            status = await anyio.to_thread.run_sync(wait_for_subprocess, flow_run, process)
            log.info("%s %s: ended in its subprocess", flow.name, flow_run.name)
            return WarmWorkerResult(identifier=place, status_code=status)
        place = place_of(flow_run.id, this_process())
        if task_status is not None:
            task_status.started(place)
        state: State[Any] = await anyio.to_thread.run_sync(execute, flow, flow_run)
        log.info("%s %s: %s", flow.name, flow_run.name, state.name)
        return WarmWorkerResult(identifier=place, status_code=0)

    async def kill_infrastructure(
        self,
        infrastructure_pid: str,
        configuration: WarmJobConfiguration,  # noqa: ARG002 - the base class's signature
        grace_seconds: int = 30,  # noqa: ARG002 - the base class's signature
    ) -> None:
        """Ask a run to stop. A thread cannot be killed: it ends between two of its steps.

        Raises: InfrastructureNotFound when this process does not have it.
        """
        _, _, flow_run_id = infrastructure_pid.rpartition(":")
        if not ACTIVE_RUNS.stop(UUID(flow_run_id), because="Cancelled."):
            raise InfrastructureNotFound(f"{infrastructure_pid} does not run in this process.")

    async def watch_cancelling(self, every_s: float) -> None:
        """Stop the runs in hand, however they began, that somebody cancelled in Prefect.

        Prefect's base class cancels runs that have not begun; those that have are left to whoever
        executes them.
        """
        while True:
            await anyio.sleep(every_s)
            if not self.is_setup or not (in_hand := ACTIVE_RUNS.ids()):
                continue
            cancelling = FlowRunFilter(
                id=FlowRunFilterId(any_=in_hand),
                state=FlowRunFilterState(
                    type=FlowRunFilterStateType(any_=[StateType.CANCELLING, StateType.CANCELLED])
                ),
            )
            try:
                runs = await self.client.read_flow_runs(flow_run_filter=cancelling)
            except httpx.HTTPError:
                continue  # asked again; the polling says that Prefect is away
            for flow_run in runs:
                ACTIVE_RUNS.stop(flow_run.id, because=CANCELLED)


def place_of(flow_run_id: UUID, process: ProcessIdentity) -> str:
    """Where a run is executed, as Prefect's `infrastructure_pid`."""
    return f"{PLACE}{owned_by(process, str(flow_run_id))}"


def process_of_place(infrastructure_pid: str) -> str:
    """The process that executes a run, as an owner's name; "" for one of another kind of worker."""
    return infrastructure_pid.removeprefix(PLACE) if infrastructure_pid.startswith(PLACE) else ""
