"""Flow runs inside this process: each in a thread and an event loop of its own.

Saves the seconds that a process start and its imports cost (measured: 2.7 s to 6.3 s a run).
`ACTIVE_RUNS` keeps the runs in hand, so that one can be asked to stop: from Prefect's UI, or
because the process has to end.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, cast
from uuid import UUID

from prefect import Flow
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import AsyncClientContext, SyncClientContext
from prefect.exceptions import MissingFlowError, ScriptError
from prefect.flows import load_flow_from_entrypoint

from core.errors import ConfigError
from worker.prefect_internal import (
    InterruptibleEngine,
    retry_busy_server,
    run_synchronous,
    run_to_end,
)


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


class ActiveRun(Protocol):
    """One run and how to interrupt it."""

    @property
    def has_ended(self) -> bool:
        """Whether the flow itself has ended."""

    def interrupt(self, because: str) -> None:
        """Ask it to stop between two of its steps."""


@dataclass
class _RunInThread:
    """A run in a thread of this process."""

    engine: InterruptibleEngine
    loop: asyncio.AbstractEventLoop
    task: asyncio.Task[None]

    @property
    def has_ended(self) -> bool:
        """Whether the flow itself has ended, and only Prefect does not know yet."""
        return self.engine.has_ended

    def interrupt(self, because: str) -> None:
        """Ask it to stop at its next `await`."""
        self.engine.stopped_because = because
        self.loop.call_soon_threadsafe(self.task.cancel)


@dataclass
class ActiveRuns:
    """The runs that this process executes right now."""

    _runs: dict[UUID, ActiveRun] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ending: str = ""

    def ids(self) -> list[UUID]:
        """The runs in hand."""
        with self._lock:
            return list(self._runs)

    def unfinished(self) -> list[UUID]:
        """Those whose flow has not ended yet."""
        with self._lock:
            return [run_id for run_id, run in self._runs.items() if not run.has_ended]

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

    def add(self, flow_run_id: UUID, found: ActiveRun) -> None:
        """Keep a run while it lives."""
        with self._lock:
            self._runs[flow_run_id] = found
            if self._ending:
                found.interrupt(self._ending)

    def remove(self, flow_run_id: UUID) -> None:
        """Forget a run that ended."""
        with self._lock:
            self._runs.pop(flow_run_id, None)


ACTIVE_RUNS = ActiveRuns()
"""One per process, like the process itself."""


def execute(
    flow: Flow[..., Any],
    flow_run: FlowRun,
    *,
    active: ActiveRuns = ACTIVE_RUNS,
    runner: asyncio.Runner | None = None,
) -> State[Any]:
    """Run it to its end in the calling thread; gives the final state, whatever it is.

    `runner` is an event loop to use instead of a new one. A flow that is not `async def` cannot be
    interrupted.

    Raises: the `Exception` that kept Prefect's engine from reporting a final state.
    """
    if not flow.isasync:
        return run_synchronous(flow, flow_run)
    if runner is not None:
        return runner.run(_execute(flow, flow_run, active))
    with asyncio.Runner() as own:
        return own.run(_execute(flow, flow_run, active))


async def _execute(flow: Flow[..., Any], flow_run: FlowRun, active: ActiveRuns) -> State[Any]:
    engine = InterruptibleEngine(flow=flow, flow_run=flow_run, parameters=flow_run.parameters)
    task = asyncio.ensure_future(run_to_end(engine))
    active.add(flow_run.id, _RunInThread(engine, asyncio.get_running_loop(), task))
    try:
        await task
    finally:
        active.remove(flow_run.id)
    return engine.state


class RunLoop:
    """The event loop of one thread, for flow runs one after the other.

    Prefect's engine and our steps open three clients for each run, and each client reads the whole
    list of certificate authorities (measured: 28 ms of computing, even for a server without TLS).
    Clients that are open in the loop's context are used instead.
    """

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self._clients: contextlib.AsyncExitStack | None = None

    def __enter__(self) -> Self:
        """Begin; clients are opened when they are needed."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Close clients and loop."""
        try:
            self.close_clients()
        finally:
            self.runner.close()

    def open_clients(self) -> None:
        """Open them unless they are.

        Raises: what keeps a client from reaching Prefect, which is asked for its version.
        """
        if self._clients is None:
            self.runner.run(self._open())

    def close_clients(self) -> None:
        """Close them, so that the next run begins with new ones."""
        clients, self._clients = self._clients, None
        if clients is not None:
            self.runner.run(_close(clients))

    async def _open(self) -> None:
        async with contextlib.AsyncExitStack() as clients:
            for opened in (
                clients.enter_context(SyncClientContext()),
                await clients.enter_async_context(AsyncClientContext()),
            ):
                retry_busy_server(opened.client)
            self._clients = clients.pop_all()


async def _close(clients: contextlib.AsyncExitStack) -> None:
    await clients.aclose()
