"""The vendor's public client library, as its users have it, against the store over https."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from waiting import WITHIN_S

library = pytest.importorskip(
    "bigcommerce.api", reason="the public client library is not installed"
)
from bigcommerce.exception import ClientRequestException  # noqa: E402 - after the check above


@pytest.fixture
def client(sandboxes, monkeypatch) -> Iterator[Any]:
    host = sandboxes.tls.bigcommerce_url.removeprefix("https://")
    monkeypatch.setenv("BC_API_ENDPOINT", host)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(sandboxes.tls.ca_file))
    made = library.BigcommerceApi(
        client_id="sandbox-client-id",
        store_hash="sandbox",
        access_token="sandbox-access-token",
    )
    yield made
    made.connection._session.close()  # noqa: SLF001 - it offers no other way


@pytest.fixture
def order_id(sandboxes) -> int:
    body = {"lines": [{"name": "Card", "price": "2"}], "coupons": [{"code": "TEN"}]}
    answer = httpx.post(f"{sandboxes.bigcommerce_url}/_sandbox/orders", json=body, timeout=WITHIN_S)
    return answer.json()["ids"][0]


def test_the_library_lists_reads_and_changes_orders(client, order_id):
    order = client.Orders.get(order_id)
    listed = list(client.Orders.iterall())

    changed = order.update(status_id=9)

    assert order_id in {item.id for item in listed}
    assert (order.status_id, changed.status_id) == (11, 9)
    assert client.Orders.count(min_id=order_id) == 1
    assert client.Orders.get(order_id).status == "Awaiting Shipment"


def test_the_library_reads_what_hangs_on_an_order(client, order_id):
    order = client.Orders.get(order_id)

    assert [line.name for line in order.products()] == ["Card"]
    assert [coupon.code for coupon in order.coupons()] == ["TEN"]
    assert order.shipping_addresses()[0].city == "Bath"
    assert order.taxes()[0].rate == "20.0000"
    line = order.products()[0]
    assert order.products(line.id).quantity == 1


def test_the_library_sees_the_quota_and_refusals(client):
    assert client.Time.all()["time"] > 0
    assert client.Store.all().store_id == 1025646
    assert client.connection.rate_limit["window_size_ms"] == 30_000
    with pytest.raises(ClientRequestException):
        client.Orders.get(999_999)


def test_the_library_ships_changes_counts_and_takes_back(client, order_id):
    order = client.Orders.get(order_id)
    line, place = order.products()[0], order.shipping_addresses()[0]
    items = [{"order_product_id": line.id, "quantity": 1}]

    made = client.OrderShipments.create(
        order_id, order_address_id=place.id, items=items, tracking_number="A1",
        tracking_carrier="royal-mail",
    )  # fmt: skip
    changed = order.shipments(made.id).update(comments="Left with a neighbour")

    assert [row.tracking_number for row in order.shipments()] == ["A1"]
    assert (changed.comments, changed.tracking_number) == ("Left with a neighbour", "A1")
    assert "royal-mail" in changed.generated_tracking_link
    assert client.Orders.get(order_id).status == "Shipped"
    with pytest.raises(ClientRequestException):
        client.OrderShipments.create(order_id, order_address_id=place.id, items=items)
    order.shipments(made.id).delete()
    client.OrderShipments.delete_all(order_id)
    assert client.Orders.get(order_id).items_shipped == 0
