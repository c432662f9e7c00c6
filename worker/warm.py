"""A Prefect worker type that runs flows in its own process: seconds less for every run.

Registered as a Prefect collection, so that `prefect worker start --type warm` and work pools of
type `warm` know it. Scheduled runs and the Run button of the UI go through it; events do not wait
for its polling (see drain.py).
"""

from __future__ import annotations

import threading

import anyio.abc
import anyio.to_thread
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import InfrastructureNotAvailable
from prefect.workers.base import (
    BaseJobConfiguration,
    BaseVariables,
    BaseWorker,
    BaseWorkerResult,
)

from core.errors import ConfigError
from worker.execute import execute, load_flow


class WarmJobConfiguration(BaseJobConfiguration):
    """Nothing to configure: the run shares the worker's process and environment."""


class WarmVariables(BaseVariables):
    """Variables of a work pool of type `warm`: none of its own."""


class WarmWorkerResult(BaseWorkerResult):
    """How a run ended: 0, or 1 for a failed one."""


class WarmWorker(BaseWorker[WarmJobConfiguration, WarmVariables, WarmWorkerResult]):
    """Runs each flow run in a thread of this process."""

    type = "warm"
    job_configuration = WarmJobConfiguration
    job_configuration_variables = WarmVariables
    _description = "Runs flows inside the Causeway worker process, without a process start."
    _display_name = "Causeway warm worker"

    async def run(
        self,
        flow_run: FlowRun,
        configuration: WarmJobConfiguration,  # noqa: ARG002 - the base class's signature
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> WarmWorkerResult:
        """Run it; a flow that fails is a result, never the end of the worker."""
        name = f"run-{flow_run.id}"
        if task_status is not None:
            task_status.started(threading.get_ident())
        if flow_run.deployment_id is None:
            raise ConfigError(
                "A run without a deployment cannot be run here.",
                remedy="Start it from a deployment of this work pool.",
            )
        deployment = await self.client.read_deployment(flow_run.deployment_id)
        flow = load_flow(deployment.entrypoint or "")
        state = await anyio.to_thread.run_sync(lambda: execute(flow, flow_run))
        return WarmWorkerResult(identifier=name, status_code=0 if state.is_completed() else 1)

    async def kill_infrastructure(
        self,
        infrastructure_pid: str,
        configuration: WarmJobConfiguration,  # noqa: ARG002 - the base class's signature
        grace_seconds: int = 30,  # noqa: ARG002 - the base class's signature
    ) -> None:
        """A thread cannot be killed; the run ends with its batch, whose keys are given back.

        Raises: InfrastructureNotAvailable always, so that Prefect marks the run as cancelled.
        """
        raise InfrastructureNotAvailable(
            f"{infrastructure_pid} is a thread of this worker: it stops when its batch is settled."
        )
