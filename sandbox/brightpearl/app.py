"""The account as an ASGI application: the vendor's URLs, and the sandbox's own controls."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from random import Random

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.controls import control_routes, state
from sandbox.brightpearl.delivery import QualityPolicy
from sandbox.brightpearl.gateway import Gateway
from sandbox.brightpearl.notices import Notices
from sandbox.brightpearl.oauth import Tokens
from sandbox.brightpearl.quota import Quota
from sandbox.kit.control import common_routes
from sandbox.kit.delivery import Deliveries
from sandbox.kit.faults import Faults
from sandbox.kit.requests_log import RequestsLog

CONTROL_PREFIX = "/_sandbox/"
COALESCE_LOOK_S = 0.02


def create_app(
    account: Account,
    *,
    faults: Faults | None = None,
    log: RequestsLog | None = None,
    seed: int = 0,
) -> ASGIApp:
    """The application; its lifespan sends the webhooks.

    In: an account on a kit clock. Faults and counts are made when not given.
    """
    faults, log = faults or Faults(seed), log or RequestsLog()
    policy = QualityPolicy()
    deliveries = Deliveries(account.clock, policy, seed)
    gateway = Gateway(
        account=account,
        faults=faults,
        log=log,
        send_notice=lambda outgoing: deliveries.put(policy.message(outgoing)),
        throttle=Quota(account.clock, account.switches),
        tokens=Tokens(account.clock),
        notices=Notices(account),
        random=Random(seed),  # noqa: S311 - reproducible, not secret
    )
    common = common_routes(
        lambda: state(account), faults, log, account.clock, deliveries, settle=account.settle
    )

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(_release_gathered(gateway)),
            asyncio.create_task(deliveries.run()),
        ]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    routes = [*control_routes(account, gateway.release_notices), *common]
    controls = Starlette(routes=routes, lifespan=lifespan)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(CONTROL_PREFIX):
            await gateway(scope, receive, send)
        else:
            await controls(scope, receive, send)

    return app


async def _release_gathered(gateway: Gateway) -> None:
    """Do what is due, and let webhook events go, while no request comes."""
    while True:
        await asyncio.sleep(COALESCE_LOOK_S)
        gateway.release_notices()
