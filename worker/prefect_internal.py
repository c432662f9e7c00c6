"""What the worker needs of Prefect beyond its public API: here, and nowhere else.

Each part says what it is for and where it is discussed upstream. What it relies on is the contract
that `tests/worker/test_prefect_internal.py` checks against the installed version.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, cast

from httpx_retries import Retry, RetryTransport
from prefect import Flow
from prefect._flow_run_suspension import FlowRunSuspensionRequest
from prefect.client.orchestration import PrefectClient, SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import SettingsContext, get_settings_context
from prefect.events.worker import EventsWorker
from prefect.exceptions import ExternalSignal, PrefectSignal
from prefect.flow_engine import AsyncFlowRunEngine, run_flow_sync
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES
from prefect.states import Cancelled, Crashed

INTERRUPTIONS = (
    asyncio.CancelledError,
    SystemExit,
    KeyboardInterrupt,
    PrefectSignal,
    ExternalSignal,
)
"""Ways for a run to end that are no `Exception`, and would end the thread that executes it: it was
stopped, something called `sys.exit`, Prefect did not let it begin."""

BUSY_RETRY = Retry(
    total=100,
    allowed_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
    status_forcelist=(503,),
    retry_on_exceptions=(),
    backoff_factor=0.03,
    max_backoff_wait=0.25,
    total_timeout=30.0,
)
"""Beneath Prefect's own retries, which repeat the same requests: what a 503 refused was not done.
The time exceeds every burst of writes that was seen: Prefect's own pauses are 2, 4, 8 and 16 s, and
an order waited 43 s for its run. A server that does not answer at all is left to Prefect's own."""


class InterruptibleEngine(AsyncFlowRunEngine[..., Any]):
    """Prefect's engine for one run in this process, except in how the run is interrupted.

    A run that we asked to stop ends Cancelled. Prefect's own engine leaves cancelling to whoever
    kills the process, and reports Crashed (github.com/PrefectHQ/prefect, issue 17482 and pull
    request 22072).

    No run listens for being suspended: since pull request 21875 that takes a WebSocket and a thread
    per run (measured: 0.05 s at its start, 0.1 s at its end) and no setting turns it off. Pausing
    the deployment does what an operator wants.
    """

    stopped_because: str = ""
    has_ended: bool = False
    """Whether the flow itself has ended, and only Prefect does not know yet."""

    async def set_state(self, state: State[Any], force: bool = False) -> State[Any]:  # noqa: FBT001, FBT002 - the base class's signature
        """Report a state to Prefect."""
        self.has_ended = self.has_ended or state.is_final()
        return await super().set_state(state, force=force)

    @contextlib.contextmanager
    def setup_flow_run_suspension_request(self) -> Iterator[FlowRunSuspensionRequest]:
        """Give the request that nobody is going to make."""
        yield self._get_flow_run_suspension_request()

    async def handle_crash(self, exc: BaseException) -> None:
        """Report how an interrupted run ended."""
        if not (self.stopped_because and isinstance(exc, asyncio.CancelledError)):
            await super().handle_crash(exc)
            return
        self._raised = cast("Exception", exc)
        await asyncio.shield(self.set_state(Cancelled(message=self.stopped_because), force=True))


async def run_to_end(engine: InterruptibleEngine) -> None:
    """The loop of `prefect.flow_engine.run_flow_async`, which takes no engine.

    The engine has already reported an interruption to Prefect; the state says how it ended.
    """
    with contextlib.suppress(*INTERRUPTIONS):
        async with engine.start():
            while engine.is_running():
                async with engine.run_context():
                    _ = await engine.call_flow_fn()


def run_synchronous(flow: Flow[..., Any], flow_run: FlowRun) -> State[Any]:
    """Run a flow that is not `async def`, as a run that exists already; its final state.

    `prefect.flow_engine` is documented nowhere, and calling a flow always makes a new run.
    """
    try:
        state = run_flow_sync(
            flow, flow_run=flow_run, parameters=flow_run.parameters, return_type="state"
        )
    except INTERRUPTIONS as error:
        return Crashed(message=f"The run was interrupted ({type(error).__name__}).")
    return cast("State[Any]", state)


def retry_busy_server(client: SyncPrefectClient | PrefectClient) -> None:
    """Make a client repeat a request that a busy server refused, within milliseconds.

    A Prefect server on SQLite answers 503 while another request writes, often just when two runs
    begin, and asks for a pause of two seconds (pull requests 8950 and 9632), for which a shopper
    would wait. Prefect takes a transport only in place of the one that it sets up, certificates
    and all, so this one is put around it. Proxies, if there are any, stay as they are.
    """
    inner = client._client  # noqa: SLF001 - there is no other way to its transport
    inner._transport = RetryTransport(inner._transport, BUSY_RETRY)  # noqa: SLF001 - the same


def settings_with_retries(count: int) -> SettingsContext:
    """A context with Prefect's settings as they are, but so many retries of a request.

    To be entered many times: `temporary_settings` makes new settings each time, for 30 ms.
    """
    now = get_settings_context()
    settings = now.settings.copy_with_update(updates={PREFECT_CLIENT_MAX_RETRIES: count})
    return SettingsContext(profile=now.profile, settings=settings)


def send_queued_events(timeout_s: float) -> None:
    """Send what Prefect still has in its queues of events, as far as that is possible in time.

    At exit it sends for as long as that takes: with its server away, for ever. There is no public
    way to limit that (the queues: pull requests 9019 and 9048; no issue was found).
    """
    EventsWorker.drain_all(timeout=timeout_s)
