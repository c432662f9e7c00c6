"""An event loop for many flow runs, with Prefect clients that stay open between them."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self

from prefect.context import AsyncClientContext, SyncClientContext

from worker.patience import patient


class WarmLoop:
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
        """Let go of them, so that the next run begins with new ones."""
        clients, self._clients = self._clients, None
        if clients is not None:
            self.runner.run(_close(clients))

    async def _open(self) -> None:
        async with contextlib.AsyncExitStack() as clients:
            for opened in (
                clients.enter_context(SyncClientContext()),
                await clients.enter_async_context(AsyncClientContext()),
            ):
                patient(opened.client)
            self._clients = clients.pop_all()


async def _close(clients: contextlib.AsyncExitStack) -> None:
    await clients.aclose()
