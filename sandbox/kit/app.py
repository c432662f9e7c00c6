"""A system as an ASGI application: the vendor's URLs, and the sandbox's own controls."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.kit.controls import PREFIX

Background = Callable[[], Coroutine[Any, Any, None]]


def application(
    gateway: ASGIApp, controls: Sequence[BaseRoute], background: Sequence[Background]
) -> ASGIApp:
    """The application; `background` runs until its lifespan ends."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(work()) for work in background]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    control_app = Starlette(routes=controls, lifespan=lifespan)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        is_control = scope["type"] != "http" or scope["path"].startswith(PREFIX)
        await (control_app if is_control else gateway)(scope, receive, send)

    return app
