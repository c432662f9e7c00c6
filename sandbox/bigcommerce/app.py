"""The store as an ASGI application: the vendor's URLs, and the sandbox's own controls."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from random import Random

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.controls import control_routes, state_parts
from sandbox.bigcommerce.events import Sender
from sandbox.bigcommerce.gateway import Gateway
from sandbox.bigcommerce.store import Store
from sandbox.kit.control import PREFIX, common_routes
from sandbox.kit.delivery import Deliveries
from sandbox.kit.faults import Faults
from sandbox.kit.requests_log import RequestsLog
from sandbox.kit.window import FixedWindow


def create_app(
    store: Store,
    *,
    faults: Faults | None = None,
    log: RequestsLog | None = None,
    seed: int = 0,
) -> ASGIApp:
    """The application; its lifespan sends the webhooks.

    In: a store on a kit clock. Faults and counts are made when not given.
    """
    faults, log = faults or Faults(seed), log or RequestsLog()
    sender = Sender(store)
    deliveries = Deliveries(store.clock, sender, seed)
    sender.put = deliveries.put
    gateway = Gateway(
        store=store,
        faults=faults,
        log=log,
        window=FixedWindow(reference.QUOTAS["standard"], reference.WINDOW_S, store.clock),
        random=Random(seed),  # noqa: S311 - reproducible, not secret
    )

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(work) for work in (deliveries.run(), store.timers.run())]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    common = common_routes(
        lambda: state_parts(store),
        faults,
        log,
        store.clock,
        deliveries,
        settle=store.timers.run_due,
    )
    controls = Starlette(routes=[*control_routes(store), *common], lifespan=lifespan)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(PREFIX):
            await gateway(scope, receive, send)
        else:
            await controls(scope, receive, send)

    return app
