"""What the worker asks of the Prefect server: deployments, new runs, and how runs ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.context import SettingsContext
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed, Pending

from core.errors import ConfigError, TransientError
from core.process_identity import this_process
from worker.deployments import TAG
from worker.prefect_internal import retry_busy_server, settings_with_retries

log = logging.getLogger("causeway.worker")

T = TypeVar("T")

REMEMBER_S = 15.0
"""How long a deployment's answer is trusted: pausing it in the UI takes effect within this."""
PAUSES_S = (1.0, 2.0, 5.0, 10.0, 15.0)
"""Between attempts while the server is away."""
RETRIES = 1
"""Of one request. Prefect's own five take a minute, in which nobody would learn that it is away
and a worker that is to stop would not."""
EVENT_TAG = "on-event"
PROCESS_LABEL = "causeway.process"
"""Label of the runs that a worker makes for itself: which process executes them."""
UNFINISHED = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
MOST_RUNS = 200


class PrefectUnavailableError(TransientError):
    """The Prefect server does not answer; keys wait in the inbox until it does."""


@dataclass
class Reachability:
    """Whether the server answers: says so once when that changes, and when to ask again."""

    clock: Callable[[], float] = time.monotonic
    _away_since: float | None = None
    _attempts: int = 0
    _next_at: float = 0.0

    @property
    def answers(self) -> bool:
        """Whether it answered when it was asked last."""
        return self._away_since is None

    def may_ask(self) -> bool:
        """False while it is away and the pause is not over."""
        return self._away_since is None or self.clock() >= self._next_at

    def lost(self, error: Exception) -> None:
        """It did not answer."""
        if self._away_since is None:
            self._away_since = self.clock()
            log.warning(
                "Prefect does not answer (%s). Webhooks are still accepted; their keys wait in the "
                "inbox and are processed when it returns.",
                type(error).__name__,
            )
        self._next_at = self.clock() + PAUSES_S[min(self._attempts, len(PAUSES_S) - 1)]
        self._attempts += 1

    def found(self) -> None:
        """It answered."""
        if self._away_since is not None:
            log.warning("Prefect answers again after %.0f s.", self.clock() - self._away_since)
        self._away_since, self._attempts = None, 0


@dataclass
class PrefectServer:
    """The Prefect server, as far as consumers need it. Not shared between threads."""

    reachability: Reachability
    clock: Callable[[], float] = time.monotonic
    _client: SyncPrefectClient | None = None
    _known: dict[str, tuple[float, DeploymentResponse]] = field(default_factory=dict)
    _unreported: list[UUID] = field(default_factory=list)
    _prefect: SettingsContext = field(default_factory=lambda: settings_with_retries(RETRIES))

    def deployment(self, name: str) -> DeploymentResponse:
        """The deployment `flow/name`.

        Raises: PrefectUnavailableError; ConfigError when it is not registered, or Prefect refuses.
        """
        asked_at, known = self._known.get(name, (0.0, None))
        if known is not None and self.clock() - asked_at < REMEMBER_S:
            return known
        try:
            found = self._ask(lambda client: client.read_deployment_by_name(name))
        except ObjectNotFound as error:
            self._known.pop(name, None)
            raise ConfigError(
                f"The deployment {name} is not registered with Prefect.",
                remedy="Run `causeway deploy`.",
            ) from error
        self._known[name] = (self.clock(), found)
        return found

    def create_run(self, deployment: DeploymentResponse, pair: str, entity: str) -> FlowRun:
        """A run of the deployment, made as Pending so that no polling worker takes it.

        A deployment's concurrency limit does not count such runs: whoever makes one holds the
        consumer's lease.

        Raises: PrefectUnavailableError; ConfigError when the deployment is gone or Prefect refuses.
        """
        once = uuid4().hex
        try:
            return self._ask(
                lambda client: client.create_flow_run_from_deployment(
                    deployment.id,
                    parameters={**deployment.parameters, "pair": pair},
                    state=Pending(),
                    name=f"sync-{entity} {pair}",
                    tags=[EVENT_TAG, entity, f"pair:{pair}"],
                    idempotency_key=once,
                    labels={PROCESS_LABEL: str(this_process())},
                )
            )
        except ObjectNotFound as error:
            self._known.clear()
            raise ConfigError(
                f"The deployment {deployment.name} is no longer registered with Prefect.",
                remedy="Run `causeway deploy`.",
            ) from error

    def end_abandoned(self, deployment: DeploymentResponse, pair: str, entity: str) -> int:
        """Mark runs of this pair and entity that are still unfinished as crashed; gives how many.

        Only for the holder of the consumer's lease: whoever executed them is gone.
        """
        wanted = FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=[deployment.id]),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=UNFINISHED)),
            tags=FlowRunFilterTags(all_=[EVENT_TAG, entity, f"pair:{pair}"]),
        )
        because = "The worker that executed this run is gone; its keys became due again."
        runs = self._read(wanted)
        for run in runs:
            self.end(run.id, because)
        return len(runs)

    def unfinished_runs(self) -> list[FlowRun]:
        """Every run of Causeway that has not ended, as far as Prefect knows.

        Raises: PrefectUnavailableError; ConfigError when Prefect refuses.
        """
        return self._read(
            FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=UNFINISHED)),
                tags=FlowRunFilterTags(all_=[TAG]),
            )
        )

    def is_warm(self, work_pool: str) -> bool:
        """Whether a work pool is served by workers of our own kind.

        Raises: PrefectUnavailableError; ConfigError when Prefect refuses.
        """
        try:
            return self._ask(lambda client: client.read_work_pool(work_pool)).type == "warm"
        except ObjectNotFound:
            return False

    def report_later(self, flow_run_id: UUID) -> None:
        """Remember a run whose end Prefect does not know."""
        self._unreported.append(flow_run_id)

    def report_now(self) -> None:
        """Report the runs whose end Prefect does not know.

        Raises: PrefectUnavailableError.
        """
        because = "Prefect did not answer when this run ended; what it left undone is due again."
        while self._unreported:
            wanted = FlowRunFilter(id=FlowRunFilterId(any_=[self._unreported[-1]]))
            for run in self._ask(partial(SyncPrefectClient.read_flow_runs, flow_run_filter=wanted)):
                if run.state is None or not run.state.is_final():
                    self.end(run.id, because)
            self._unreported.pop()

    def close(self) -> None:
        """Give the connection back."""
        if self._client is not None:
            self._client.__exit__(None, None, None)
            self._client = None

    def end(self, run_id: UUID, because: str) -> None:
        """Mark a run as crashed, which frees its deployment's slot.

        Raises: PrefectUnavailableError; ConfigError when Prefect refuses.
        """
        state: State[None] = Crashed(message=because)
        self._ask(lambda client: client.set_flow_run_state(run_id, state, force=True))

    def _read(self, wanted: FlowRunFilter) -> list[FlowRun]:
        return self._ask(
            lambda client: client.read_flow_runs(flow_run_filter=wanted, limit=MOST_RUNS)
        )

    def _ask(self, question: Callable[[SyncPrefectClient], T]) -> T:
        """What the server answers.

        Raises: PrefectUnavailableError; ConfigError when it refuses; ObjectNotFound.
        """
        try:
            with self._prefect:
                answer = question(self._connected())
        except ObjectNotFound:
            self.reachability.found()
            raise
        except (httpx.HTTPError, RuntimeError) as error:
            self.close()
            if isinstance(error, httpx.HTTPStatusError) and error.response.is_client_error:
                self.reachability.found()
                raise _refused(error) from error
            self.reachability.lost(error)
            raise PrefectUnavailableError(
                f"Prefect does not answer ({type(error).__name__}).",
                remedy="Start it, or correct PREFECT_API_URL.",
            ) from error
        self.reachability.found()
        return answer

    def _connected(self) -> SyncPrefectClient:
        if self._client is None:
            client = get_client(sync_client=True)
            client.__enter__()
            retry_busy_server(client)
            self._client = client
        return self._client


def _refused(error: httpx.HTTPStatusError) -> ConfigError:
    asked = error.request
    return ConfigError(
        f"Prefect refused {asked.method} {asked.url.path} ({error.response.status_code}).",
        remedy="Run `causeway deploy` with the version that the worker runs; check that Prefect "
        "is 3.8, and its credentials.",
    )


def is_unavailable(error: BaseException) -> bool:
    """Whether an error that came out of Prefect's engine means that the server is away."""
    seen: Any = error
    while seen is not None:
        if isinstance(seen, httpx.TransportError):
            return True
        if isinstance(seen, httpx.HTTPStatusError):
            return seen.response.is_server_error
        seen = seen.__cause__
    return False
