"""Clients whose other side is a script, a small store, or either sandbox over HTTP."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
import pytest
import uvicorn
from waiting import WITHIN_S

from connectors import budget
from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl.client import Brightpearl
from core.settings import BigCommerceSettings, BrightpearlSettings
from sandbox.bigcommerce.app import create_app as create_store_app
from sandbox.bigcommerce.basket import Basket
from sandbox.bigcommerce.order_records import Order
from sandbox.bigcommerce.placing import place
from sandbox.bigcommerce.store import Store
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.app import create_app
from sandbox.catalogue.model import Catalogue as StoreCatalogue
from sandbox.catalogue.model import Product
from sandbox.kit.clock import Clock
from sandbox.kit.faults import Faults
from sandbox.kit.requests_log import RequestsLog

BC_TOKEN = "sandbox-access-token"
BP_TOKEN = "sandbox-account-token"
Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Script(httpx.BaseTransport):
    """Answers one request after the other with what it was given; the last one stays."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx.Response) else reply(request)


@pytest.fixture(autouse=True)
def _own_budgets(monkeypatch) -> None:
    monkeypatch.setattr(budget, "_budgets", {})


def bigcommerce(
    transport: httpx.BaseTransport | None, api_url: str = "http://bc.test"
) -> BigCommerce:
    settings = BigCommerceSettings(
        api_url=api_url,
        store_hash="sandbox",
        access_token=BC_TOKEN,
        client_secret="sandbox-client-secret",
    )
    return BigCommerce(settings, transport=transport)


def brightpearl(
    transport: httpx.BaseTransport | None,
    api_url: str = "http://bp.test/public-api",
    token: str = BP_TOKEN,
) -> Brightpearl:
    settings = BrightpearlSettings(
        api_url=api_url, account="sandbox", app_ref="causeway_app", account_token=token
    )
    return Brightpearl(settings, transport=transport)


@dataclass
class Item:
    sku: str
    stock: int = 10
    name: str = "A thing"
    price_ex_tax: Decimal = Decimal("10.00")
    tax_rate_percent: Decimal = Decimal(20)
    weight_kg: Decimal = Decimal("0.5")


@dataclass
class Catalogue:
    products: list[Item] = field(default_factory=list)


@dataclass
class Stage:
    """The running server; each test puts its own account onto it."""

    url: str = ""
    app: Any = None

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "http":
            await self.app(scope, receive, send)


@dataclass
class World:
    """One Brightpearl account over HTTP, and a client for it."""

    account: Account
    faults: Faults
    log: RequestsLog
    client: Brightpearl
    url: str

    clients: list[Brightpearl] = field(default_factory=list)

    def other_client(self, *, api_url: str = "", token: str = BP_TOKEN) -> Brightpearl:
        """Another client of the same server."""
        client = brightpearl(None, api_url or self.url, token)
        self.clients.append(client)
        return client

    def product_id(self, sku: str) -> str:
        return str(self.account.products_by_sku[sku][0])


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    stage = Stage()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)  # whoever connects before the server runs waits, and is not refused
    stage.url = f"http://127.0.0.1:{listener.getsockname()[1]}/public-api"
    server = uvicorn.Server(uvicorn.Config(stage, lifespan="off", log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield stage
    server.should_exit = True
    thread.join(WITHIN_S)
    listener.close()


@pytest.fixture
def world(stage) -> Iterator[World]:
    faults, log = Faults(), RequestsLog()
    items = [Item("MUG"), Item("PEN", stock=3), Item("Pot", stock=0), *map(Item, ("A1", "A2"))]
    account = Account(Catalogue(items), Clock(), seed=3)
    stage.app = create_app(account, faults=faults, log=log)
    world = World(account, faults, log, brightpearl(None, stage.url), stage.url)
    yield world
    for client in (world.client, *world.clients):
        client.close()


@dataclass
class Shopfront:
    """One BigCommerce store over HTTP, and a client for it."""

    store: Store
    faults: Faults
    log: RequestsLog
    client: BigCommerce

    def place(self, *lines: dict[str, Any], **basket: Any) -> Order:
        """An order as a shopper places it; two mugs by default."""
        wanted = {"lines": list(lines) or [{"sku": "MUG", "quantity": 2}], **basket}
        return place(self.store, Basket.model_validate(wanted))


@pytest.fixture
def front(stage) -> Iterator[Shopfront]:
    faults, log = Faults(), RequestsLog()
    mug = Product("MUG", "Blue mug", Decimal("10.00"), stock=100)
    pen = Product("PEN", "Pen", Decimal("2.50"), stock=100)
    store = Store(StoreCatalogue([mug, pen], []), Clock(), seed=7)
    stage.app = create_store_app(store, faults=faults, log=log)
    client = bigcommerce(None, stage.url.removesuffix("/public-api"))
    yield Shopfront(store, faults, log, client)
    client.close()
