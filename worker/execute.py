"""Flow runs inside this process: each in a thread and an event loop of its own.

Saves the seconds that a process start and its imports cost (measured: 2.7 s to 6.3 s a run). What
is in hand is kept in `RUNNING`, so that a run can be asked to stop: from Prefect's UI, or because
the process has to end.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, cast
from uuid import UUID

from prefect import Flow
from prefect._flow_run_suspension import FlowRunSuspensionRequest
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import ExternalSignal, MissingFlowError, PrefectSignal, ScriptError
from prefect.flow_engine import AsyncFlowRunEngine, run_flow_sync
from prefect.flows import load_flow_from_entrypoint
from prefect.states import Cancelled, Crashed

from core.errors import ConfigError

INTERRUPTIONS = (
    asyncio.CancelledError,
    SystemExit,
    KeyboardInterrupt,
    PrefectSignal,
    ExternalSignal,
)
"""Ways for a run to end that are no `Exception`, and would end the thread that executes it: it was
stopped, something called `sys.exit`, Prefect did not let it begin."""


def load_flow(entrypoint: str) -> Flow[..., Any]:
    """The flow of an entrypoint, `flows.orders.sync_orders` or `flows/orders.py:sync_orders`.

    A module of this installation is imported once, like any other module; Prefect's own loader
    executes a file anew each time, so its result is kept until the file changes.

    Raises: ConfigError when there is no such flow.
    """
    path, _, name = entrypoint.rpartition(":" if ":" in entrypoint else ".")
    try:
        flow = _flow_of_module(path, name) or _flow_of_file(entrypoint, _changed_at(path))
    except (ImportError, MissingFlowError, ScriptError, ValueError) as error:
        raise ConfigError(
            f"The deployment's entrypoint {entrypoint!r} is not a flow of this installation "
            f"({type(error).__name__}).",
            remedy="Run `causeway deploy` with the version that the worker runs.",
        ) from error
    return flow


def _flow_of_module(path: str, name: str) -> Flow[..., Any] | None:
    module = path.removesuffix(".py").replace("/", ".")
    try:
        flow = getattr(importlib.import_module(module), name, None)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(f"{error.name}.")):
            return None
        raise
    except TypeError:
        return None
    return cast("Flow[..., Any]", flow) if isinstance(flow, Flow) else None


@lru_cache(maxsize=32)
def _flow_of_file(entrypoint: str, changed_at: float) -> Flow[..., Any]:  # noqa: ARG001 - the cache's key
    loaded: Flow[..., Any] = load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
    return loaded


def _changed_at(path: str) -> float:
    file = Path(path)
    return file.stat().st_mtime if file.is_file() else 0.0


class _Engine(AsyncFlowRunEngine[..., Any]):
    """Prefect's engine, except in how a run is interrupted.

    One that we asked to stop ends Cancelled, not Crashed. And none listens for being suspended:
    that takes a WebSocket and a thread per run (measured: 0.05 s at its start, 0.1 s at its end),
    and pausing the deployment does what an operator wants.
    """

    stopped_because: str = ""
    has_worked: bool = False
    """Whether the flow itself has ended, and only Prefect has yet to hear how."""

    async def set_state(self, state: State[Any], force: bool = False) -> State[Any]:  # noqa: FBT001, FBT002 - the base class's signature
        """Tell Prefect."""
        self.has_worked = self.has_worked or state.is_final()
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


class InHand(Protocol):
    """One run and how to interrupt it."""

    @property
    def has_worked(self) -> bool:
        """Whether the flow itself has ended."""

    def interrupt(self, because: str) -> None:
        """Ask it to stop between two of its steps."""


@dataclass
class _Here:
    """A run in a thread of this process."""

    engine: _Engine
    loop: asyncio.AbstractEventLoop
    task: asyncio.Task[None]

    @property
    def has_worked(self) -> bool:
        """Whether only Prefect has yet to hear how it ended."""
        return self.engine.has_worked

    def interrupt(self, because: str) -> None:
        """Ask it to stop at its next `await`."""
        self.engine.stopped_because = because
        self.loop.call_soon_threadsafe(self.task.cancel)


@dataclass
class Running:
    """The runs that this process executes right now."""

    _runs: dict[UUID, InHand] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ending: str = ""

    def ids(self) -> list[UUID]:
        """The runs in hand."""
        with self._lock:
            return list(self._runs)

    def working(self) -> list[UUID]:
        """Those whose flow has not ended yet."""
        with self._lock:
            return [run_id for run_id, run in self._runs.items() if not run.has_worked]

    def stop(self, flow_run_id: UUID, because: str) -> bool:
        """Ask a run to stop at its next `await`; False when it is not in hand.

        A flow's steps block, so this is between two of them, where its keys are given back.
        """
        with self._lock:
            found = self._runs.get(flow_run_id)
            if found is not None:
                found.interrupt(because)
        return found is not None

    def stop_all(self, because: str) -> None:
        """Ask every run to stop, and each that is begun from now on as well."""
        with self._lock:
            self._ending = because
            for found in self._runs.values():
                found.interrupt(because)

    def add(self, flow_run_id: UUID, found: InHand) -> None:
        """Keep a run while it lives."""
        with self._lock:
            self._runs[flow_run_id] = found
            if self._ending:
                found.interrupt(self._ending)

    def remove(self, flow_run_id: UUID) -> None:
        """Forget a run that ended."""
        with self._lock:
            self._runs.pop(flow_run_id, None)


RUNNING = Running()
"""One per process, like the process itself."""


def execute(
    flow: Flow[..., Any],
    flow_run: FlowRun,
    *,
    running: Running = RUNNING,
    runner: asyncio.Runner | None = None,
) -> State[Any]:
    """Run it to its end in the calling thread; gives the final state, whatever it is.

    `runner` is an event loop to use instead of a new one. A flow that is not `async def` cannot be
    interrupted.

    Raises: the `Exception` that kept Prefect's engine from reporting a final state.
    """
    if not flow.isasync:
        return _execute_sync(flow, flow_run)
    if runner is not None:
        return runner.run(_execute(flow, flow_run, running))
    with asyncio.Runner() as own:
        return own.run(_execute(flow, flow_run, running))


def _execute_sync(flow: Flow[..., Any], flow_run: FlowRun) -> State[Any]:
    try:
        state = run_flow_sync(
            flow, flow_run=flow_run, parameters=flow_run.parameters, return_type="state"
        )
    except INTERRUPTIONS as error:
        return Crashed(message=f"The run was interrupted ({type(error).__name__}).")
    return cast("State[Any]", state)


async def _execute(flow: Flow[..., Any], flow_run: FlowRun, running: Running) -> State[Any]:
    engine = _Engine(flow=flow, flow_run=flow_run, parameters=flow_run.parameters)
    task = asyncio.ensure_future(_drive(engine))
    running.add(flow_run.id, _Here(engine, asyncio.get_running_loop(), task))
    try:
        await task
    finally:
        running.remove(flow_run.id)
    return engine.state


async def _drive(engine: _Engine) -> None:
    """The loop of `prefect.flow_engine.run_flow_async`, with an engine of ours.

    Of an interruption the engine has told Prefect already; the state says the rest.
    """
    with contextlib.suppress(*INTERRUPTIONS):
        async with engine.start():
            while engine.is_running():
                async with engine.run_context():
                    _ = await engine.call_flow_fn()
