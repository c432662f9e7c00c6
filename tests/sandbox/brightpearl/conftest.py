"""An account with a small catalogue, and a driver that calls its API without a server."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import Call
from sandbox.brightpearl.gateway import ROUTER
from sandbox.kit.clock import Clock


@dataclass
class Item:
    sku: str
    name: str
    stock: int = 10
    price_ex_tax: Decimal = Decimal("10.00")
    tax_rate_percent: Decimal = Decimal(20)
    weight_kg: Decimal = Decimal("0.5")


@dataclass
class SmallCatalogue:
    products: list[Item] = field(default_factory=list)


@dataclass
class Answer:
    status: int
    body: dict[str, Any]

    @property
    def value(self) -> Any:
        assert self.status in (200, 207), self.body
        return self.body["response"]

    @property
    def codes(self) -> list[str]:
        return [error["code"] for error in self.body["errors"]]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Search results as dicts, by the column names of this very answer."""
        names = [column["name"] for column in self.value["metaData"]["columns"]]
        return [dict(zip(names, row, strict=True)) for row in self.value["results"]]


class Driver:
    """Calls the API of one account, and makes the records most tests start from."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def call(self, method: str, path: str, body: Any = None, **query: str) -> Answer:
        raw = b"" if body is None else json.dumps(body).encode()
        reply = ROUTER.handle(self.account, Call(method, path, query, raw))
        return Answer(reply.status, json.loads(json.dumps(reply.body)))

    def headed(self, method: str, path: str, body: Any, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        reply = ROUTER.handle(
            self.account, Call(method, path, {}, json.dumps(body).encode(), named)
        )
        return Answer(reply.status, json.loads(json.dumps(reply.body)))

    def product_id(self, sku: str) -> int:
        return self.account.products_by_sku[sku][0]

    def contact(self, email: str = "ann@example.com") -> int:
        address = {"addressLine1": "1 High St", "addressLine3": "Bath", "countryIsoCode": "GBR"}
        number = self.call("POST", "/contact-service/postal-address", address).value
        body = {
            "firstName": "Ann",
            "lastName": "Lee",
            "postAddressIds": {"DEF": number, "BIL": number, "DEL": number},
            "communication": {"emails": {"PRI": {"email": email}}},
        }
        return self.call("POST", "/contact-service/contact", body).value

    def order_body(self, ref: str = "BC-1", **changes: Any) -> dict[str, Any]:
        if not self.account.contacts:
            self.contact()
        body = {
            "customer": {"id": next(iter(self.account.contacts))},
            "ref": ref,
            "externalRef": ref,
            "installedIntegrationInstanceId": 4711,
            "rows": [
                {
                    "productId": self.product_id("MUG"),
                    "quantity": "2",
                    "taxCode": "T20",
                    "net": "20.00",
                    "tax": "4.00",
                    "externalRef": "line-1",
                }
            ],
        }
        return body | changes

    def order(self, ref: str = "BC-1", **changes: Any) -> int:
        return self.call(
            "POST", "/order-service/sales-order", self.order_body(ref, **changes)
        ).value

    def sales_order(self, order_id: int) -> dict[str, Any]:
        return self.call("GET", f"/order-service/sales-order/{order_id}").value[0]

    def row_id(self, order_id: int) -> int:
        rows = self.sales_order(order_id)["rows"]
        return next(row["id"] for row in rows if row.get("externalRef") == "line-1")

    def reserve(self, order_id: int, quantity: int = 2, warehouse: int = 2) -> Answer:
        line = {
            "productId": self.product_id("MUG"),
            "salesOrderRowId": self.row_id(order_id),
            "quantity": quantity,
        }
        path = f"/warehouse-service/order/{order_id}/reservation/warehouse/{warehouse}"
        return self.call("POST", path, {"products": [line]})

    def stock(self, sku: str = "MUG") -> dict[str, int]:
        number = self.product_id(sku)
        path = f"/warehouse-service/product-availability/{number}"
        return self.call("GET", path).value[str(number)]["total"]

    def pay(
        self, order_id: int, amount: str = "24.00", ref: str = "tx-1", **changes: Any
    ) -> Answer:
        body = {
            "paymentMethodCode": "CARD",
            "paymentType": "RECEIPT",
            "orderId": order_id,
            "currencyIsoCode": "GBP",
            "paymentDate": "2026-07-01",
            "transactionRef": ref,
            "amountPaid": amount,
        }
        return self.call("POST", "/accounting-service/customer-payment", body | changes)

    def goods_out(self, order_id: int, quantity: int = 2, warehouse: int = 2) -> Answer:
        line = {
            "productId": self.product_id("MUG"),
            "salesOrderRowId": self.row_id(order_id),
            "quantity": quantity,
        }
        entry = {"warehouseId": warehouse, "products": [line]}
        path = f"/warehouse-service/order/{order_id}/goods-note/goods-out"
        return self.call("POST", path, {"warehouses": [entry]})

    def ship(self, note_id: int) -> Answer:
        event = {"eventCode": "SHW", "occured": "2026-07-01T13:00:00Z", "eventOwnerId": 4}
        path = f"/warehouse-service/goods-note/goods-out/{note_id}/event"
        return self.call("POST", path, {"events": [event]})

    def fired(self) -> list[str]:
        """Names of all events so far."""
        return [event.full_name for event in self.account.events]


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.freeze(datetime(2026, 7, 1, 12, 0, tzinfo=UTC))
    return clock


@pytest.fixture
def catalogue() -> SmallCatalogue:
    return SmallCatalogue(
        [Item("MUG", "Blue mug"), Item("PEN", "Pen", stock=5), Item("BIG MUG", "Mug")]
    )


@pytest.fixture
def account(clock: Clock, catalogue: SmallCatalogue) -> Account:
    return Account(catalogue, clock, seed=7)


@pytest.fixture
def api(account: Account) -> Driver:
    return Driver(account)
