"""The account as an ASGI application."""

import asyncio

from starlette.types import ASGIApp

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.controls import control_routes, state
from sandbox.brightpearl.gateway import AccountGateway
from sandbox.brightpearl.webhooks import QualityPolicy
from sandbox.kit.app import application
from sandbox.kit.controls import common_routes
from sandbox.kit.delivery import Deliveries
from sandbox.kit.faults import Faults
from sandbox.kit.requests_log import RequestsLog

RELEASE_EVERY_S = 0.02


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
    gateway = AccountGateway(
        account, faults, log, seed, lambda outgoing: deliveries.put(policy.message(outgoing))
    )
    common = common_routes(
        state=lambda: state(account),
        switches=account.switches,
        faults=faults,
        log=log,
        clock=account.clock,
        deliveries=deliveries,
        settle=account.settle,
    )

    async def release_gathered() -> None:
        """Do what is due, and send the events that were gathered, while no request comes."""
        while True:
            await asyncio.sleep(RELEASE_EVERY_S)
            gateway.release_notices()

    return application(
        gateway,
        [*control_routes(account, gateway.release_notices), *common],
        [release_gathered, deliveries.run],
    )
