"""The account as an ASGI application: the vendor's URLs, and the sandbox's own controls."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from random import Random

from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.controls import control_routes
from sandbox.brightpearl.gateway import Gateway, RequestsLog
from sandbox.brightpearl.misbehaviour import FaultSource
from sandbox.brightpearl.notices import Notices
from sandbox.brightpearl.oauth import Tokens
from sandbox.brightpearl.outgoing import Outgoing
from sandbox.brightpearl.quota import Quota

CONTROL_PREFIX = "/_sandbox/"
COALESCE_LOOK_S = 0.02
RETRY_STATUS_QOS_0 = 503


def create_app(  # noqa: PLR0913 - the parts are independent, and named at the only call
    account: Account,
    *,
    faults: FaultSource,
    log: RequestsLog,
    send_notice: Callable[[Outgoing], None],
    common_routes: Sequence[BaseRoute] = (),
    seed: int = 0,
) -> ASGIApp:
    """The application.

    In: `faults`, `log` and `send_notice` come from the shared kit; `common_routes` are the control
    routes both systems have.
    """
    gateway = Gateway(
        account=account,
        faults=faults,
        log=log,
        send_notice=send_notice,
        throttle=Quota(account.clock, account.switches),
        tokens=Tokens(account.clock),
        notices=Notices(account),
        random=Random(seed),  # noqa: S311 - reproducible, not secret
    )

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        watch = asyncio.create_task(_release_gathered(gateway))
        yield
        watch.cancel()

    routes = [*control_routes(account, gateway.release_notices), *common_routes]
    controls = Starlette(routes=routes, lifespan=lifespan)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(CONTROL_PREFIX):
            await gateway(scope, receive, send)
        else:
            await controls(scope, receive, send)

    return app


async def _release_gathered(gateway: Gateway) -> None:
    """Let webhook events go that gathered while no request came."""
    while True:
        await asyncio.sleep(COALESCE_LOOK_S)
        gateway.release_notices()


def wants_retry(quality_of_service: int, status: int | None) -> bool:
    """Whether a delivery is tried again; `status` is None when no answer came.

    Quality 0 only for 503; quality 1 for every failure that is not 4xx (documented).
    """
    if quality_of_service == 0:
        return status == RETRY_STATUS_QOS_0
    server_error = 500
    return status is None or status >= server_error
