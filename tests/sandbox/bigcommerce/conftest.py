"""A store with a small catalogue, and a driver that calls its API without a server."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from sandbox.bigcommerce.api import Call
from sandbox.bigcommerce.basket import Basket
from sandbox.bigcommerce.gateway import ROUTER
from sandbox.bigcommerce.order_records import Order
from sandbox.bigcommerce.placing import place
from sandbox.bigcommerce.store import Store
from sandbox.catalogue.countries import address_of
from sandbox.catalogue.model import Catalogue, Customer, Product
from sandbox.kit.clock import Clock

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@dataclass
class Answer:
    status: int
    body: Any


class Driver:
    """Calls the API of one store, and places orders as shoppers do."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.events: list[tuple[str, dict[str, Any]]] = []
        store.listeners.append(lambda scope, data: self.events.append((scope, data)))

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        raw = b"" if body is None else json.dumps(body).encode()
        asked = {name: str(value) for name, value in query.items()}
        reply = ROUTER.handle(self.store, Call(method, path, asked, raw))
        sent = reply.body
        if sent is not None:
            sent = orjson.loads(sent if isinstance(sent, bytes) else orjson.dumps(sent))
        return Answer(reply.status, sent)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.call("GET", path, **query)
        assert answer.status in (200, 204), answer.body
        return answer.body

    def place(self, *lines: dict[str, Any], **basket: Any) -> Order:
        wanted = {"lines": list(lines) or [{"sku": "MUG", "quantity": 2}], **basket}
        return place(self.store, Basket.model_validate(wanted))

    def document(self, order: Order) -> dict[str, Any]:
        return self.get(
            f"/v2/orders/{order.id}",
            include="consignments.line_items,fees",
            consignment_structure="object",
        )

    def scopes(self) -> list[str]:
        """Scopes of all events so far."""
        return [scope for scope, _ in self.events]


@pytest.fixture
def clock() -> Clock:
    return frozen()


@pytest.fixture
def store(clock: Clock) -> Store:
    return made(clock)


@pytest.fixture(scope="session")
def new_shop() -> Callable[[], Driver]:
    """Another store each time it is called."""
    return lambda: Driver(made(frozen()))


def frozen() -> Clock:
    clock = Clock()
    clock.freeze(NOON)
    return clock


def made(clock: Clock) -> Store:
    catalogue = Catalogue(
        [
            Product("MUG", "Blue mug", Decimal("10.00"), stock=100),
            Product("TEA", "Tea", Decimal("4.35"), Decimal(5), stock=50),
            Product("BOOK", "Cookery", Decimal("12.99"), Decimal(0), stock=20),
            Product("PDF", "Pattern", Decimal("3.00"), type="digital"),
            Product(
                "SOCK-M", "Socks M", Decimal("5.00"), stock=9,
                parent_name="Socks", options=(("Size", "M"),),
            ),
            Product(
                "SOCK-L", "Socks L", Decimal("5.00"), stock=9,
                parent_name="Socks", options=(("Size", "L"),),
            ),
        ],
        [Customer("1", "bob@example.com", address_of("bob", "United Kingdom"))],
    )  # fmt: skip
    return Store(catalogue, clock, seed=7)


@pytest.fixture
def shop(store: Store) -> Driver:
    return Driver(store)
