"""A public client library, as its users have it, against the account over real HTTP.

The library builds `https://{datacentre}.brightpearl.com/2.0.0/{account}/` itself; only the
transport below its session is turned to loopback, its own code is untouched.
"""

import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
import requests
import uvicorn
from requests.adapters import HTTPAdapter
from waiting import WITHIN_S

from sandbox.brightpearl import reference
from sandbox.brightpearl.app import create_app
from sandbox.kit.faults import Faults

brightpearl_api = pytest.importorskip(
    "brightpearlapi.BrightpearlAPI", reason="the public client library is not installed"
)


class ToLoopback(HTTPAdapter):
    """Sends what was meant for the vendor's host to a local port."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        path = request.url.split("/", 3)[3]
        request.url = f"http://127.0.0.1:{self._port}/{path}"
        return super().send(request, **options)


class AnnouncingServer(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.ready.set()


def serving(account: Any, *rules: dict[str, Any]) -> Iterator[int]:
    app = create_app(account, faults=Faults(rules=rules))
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical")
    server = AnnouncingServer(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert server.ready.wait(timeout=WITHIN_S)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


@pytest.fixture
def port(account: Any) -> Iterator[int]:
    yield from serving(account)


@pytest.fixture
def forgetful_port(account: Any) -> Iterator[int]:
    yield from serving(account, {"kind": "lost_answer", "method": "POST"})


@pytest.fixture
def library(port: int) -> Any:
    client = brightpearl_api.BrightpearlAPI(
        account_id="sandbox",
        datacenter="ws-eu1",
        app_ref=reference.APP_REF,
        access_token=reference.ACCOUNT_TOKEN,
    )
    for service in (client.Orders, client.Warehouse, client.Contacts, client.Products):
        for part in vars(service).values():
            if hasattr(part, "connection"):
                part.connection._session.mount("https://", ToLoopback(port))  # noqa: SLF001 - the way in
    yield client
    for service in (client.Orders, client.Warehouse, client.Contacts, client.Products):
        for part in vars(service).values():
            if hasattr(part, "connection"):
                part.connection._session.close()  # noqa: SLF001 - the way in


def test_the_library_places_and_reads_a_sales_order(library, api):
    order_id = library.Orders.SalesOrder.post(api.order_body())

    order = library.Orders.SalesOrder.get(order_id)

    assert (order.id, order.external_ref, order.total.gross) == (order_id, "BC-1", "24.00")
    assert [row.sku for row in order.rows] == ["MUG"]
    assert len(library.Orders.SalesOrder.get_set(str(order_id))) == 1
    found = library.Orders.SalesOrder.search("externalRef=BC-1")
    assert found["metaData"]["resultsAvailable"] == 1


def test_the_library_reads_stock_and_ships(library, api):
    order_id = api.order()
    line = {
        "productId": api.product_id("MUG"),
        "salesOrderRowId": api.row_id(order_id),
        "quantity": 2,
    }
    note = {"warehouses": [{"warehouseId": 2, "products": [line]}]}

    library.Warehouse.GoodsOutNotes.post(order_id, note)

    stock = library.Warehouse.ProductAvailability.get(str(api.product_id("MUG"))).products[0]
    assert (stock.total.in_stock, stock.total.on_hand, stock.total.allocated) == (10, 8, 2)
    assert len(library.Warehouse.GoodsOutNotes.get_by_order_id(order_id)) == 1
    assert [found["id"] for found in library.Warehouse.Warehouse.get()] == [2, 3]


def test_the_library_finds_contacts_and_products(library, api):
    contact = api.contact("bob@example.com")

    found = library.Contacts.Contact.search("primaryEmail=bob@example.com")
    products = library.Products.Product.search("SKU=MUG")

    assert found["results"][0][0] == contact
    assert library.Contacts.Contact.get_contact(contact)[0]["firstName"] == "Ann"
    assert products["results"][0][0] == api.product_id("MUG")
    assert len(library.Products.PriceList.get()) == 3


def test_a_connection_may_break_after_the_order_was_made(forgetful_port, api):
    url = f"http://127.0.0.1:{forgetful_port}/public-api/sandbox/order-service/sales-order"
    headers = {
        "brightpearl-app-ref": reference.APP_REF,
        "brightpearl-account-token": reference.ACCOUNT_TOKEN,
    }

    with pytest.raises(httpx.TransportError):
        httpx.post(url, json=api.order_body(), headers=headers, timeout=WITHIN_S)

    assert api.account.external_refs() == ["BC-1"]


def test_a_webhook_really_arrives(port, api):
    received: queue.Queue[tuple[str, bytes]] = queue.Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.put((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        webhook = {
            "subscribeTo": "sales-order.created",
            "httpMethod": "POST",
            "uriTemplate": f"http://127.0.0.1:{receiver.server_port}/hook/${{account-code}}",
            "bodyTemplate": "${resource-type} ${resource-id} ${lifecycle-event}",
            "contentType": "text/plain",
        }
        api.call("POST", "/integration-service/webhook", webhook)
        url = f"http://127.0.0.1:{port}/public-api/sandbox/order-service/sales-order"
        headers = {
            "brightpearl-app-ref": reference.APP_REF,
            "brightpearl-account-token": reference.ACCOUNT_TOKEN,
        }
        order_id = httpx.post(url, json=api.order_body(), headers=headers, timeout=WITHIN_S).json()[
            "response"
        ]
        path, body = received.get(timeout=WITHIN_S)
        receiver.shutdown()

    assert path == "/hook/sandbox"
    assert body.decode() == f"sales-order {order_id} created"
