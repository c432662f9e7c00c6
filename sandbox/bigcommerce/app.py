"""The store as an ASGI application."""

from starlette.types import ASGIApp

from sandbox.bigcommerce.controls import control_routes, state_parts
from sandbox.bigcommerce.gateway import StoreGateway
from sandbox.bigcommerce.store import Store
from sandbox.bigcommerce.webhooks import Sender
from sandbox.kit.app import application
from sandbox.kit.controls import common_routes
from sandbox.kit.delivery import Deliveries
from sandbox.kit.faults import Faults
from sandbox.kit.requests_log import RequestsLog


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
    common = common_routes(
        state=lambda: state_parts(store),
        switches=store.switches,
        faults=faults,
        log=log,
        clock=store.clock,
        deliveries=deliveries,
        settle=store.timers.run_due,
    )
    return application(
        StoreGateway(store, faults, log, seed),
        [*control_routes(store), *common],
        [deliveries.run, store.timers.run],
    )
