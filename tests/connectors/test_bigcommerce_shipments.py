"""Shipments through the store's client: against the sandbox, and against odd answers."""

import json
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from connectors.bigcommerce.models import Order
from connectors.bigcommerce.shipment_models import ShipmentCreate, ShipmentItemCreate
from core.errors import (
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from tests.connectors.conftest import Script, bigcommerce

TWO_PLACES = [{"to": {"city": "Bath"}}, {"to": {"city": "Wells"}}]


def read(front, placed) -> Order:
    (order,) = front.client.get_orders([str(placed.id)])
    assert isinstance(order, Order)
    return order


def parcel(order: Order, units: int = 1, **more: Any) -> ShipmentCreate:
    line = order.lines[0]
    item = ShipmentItemCreate(order_product_id=line.id, quantity=units)
    return ShipmentCreate(order_address_id=line.order_address_id, items=(item,), **more)


def document(**changes: Any) -> dict[str, Any]:
    return {
        "id": 6,
        "order_id": 225,
        "order_address_id": 127,
        "date_created": "Mon, 11 Mar 2019 17:22:08 +0000",
        "tracking_number": None,
        "items": [
            {"order_product_id": 188, "product_id": 0, "quantity": 1},
            {"order_product_id": 188, "product_id": 0, "quantity": 2},
        ],
        **changes,
    }


def test_a_shipment_reads_back_as_it_was_made_and_moves_its_order(front):
    placed = front.place()
    order = read(front, placed)
    made = front.client.create_shipment(
        order.id,
        parcel(
            order,
            1,
            tracking_number="TRACK-1",
            tracking_carrier="royal-mail",
            shipping_method="Tracked 24",
            comments="Left with a neighbour",
        ),
    )

    (listed,) = front.client.list_shipments(order.id)

    assert listed == made
    assert (made.tracking_number, made.tracking_carrier) == ("TRACK-1", "royal-mail")
    assert (made.shipping_method, made.comments) == ("Tracked 24", "Left with a neighbour")
    assert made.units == {order.lines[0].id: 1} == parcel(order, 1).units
    after = read(front, placed)
    assert after.status_id == 3
    assert after.lines[0].quantity_shipped == 1


def test_no_shipments_are_an_empty_list_and_one_request(front):
    order = front.place()
    front.log.clear()

    assert front.client.list_shipments(str(order.id)) == []
    assert front.log.count() == 1
    with pytest.raises(NotFoundError):
        front.client.list_shipments("999999")


@pytest.mark.parametrize(("many", "requests"), [(249, 1), (250, 2), (251, 2)])
def test_all_pages_of_shipments_are_read(front, many, requests):
    placed = front.place({"sku": "MUG", "quantity": 300})
    order = read(front, placed)
    front.store.switches.limits = "off"
    front.store.switches.shipment_mails = False
    for _ in range(many):
        front.client.create_shipment(order.id, parcel(order))
    front.log.clear()

    assert len(front.client.list_shipments(order.id)) == many
    assert front.log.count() == requests


def test_every_line_knows_its_address_and_every_address_its_lines(front):
    order = read(
        front, front.place({"sku": "MUG"}, {"sku": "PEN", "address": 1}, shipping=TWO_PLACES)
    )

    first, second = order.consignments.shipping

    assert {line.sku: line.order_address_id for line in order.lines} == {
        "MUG": first.id,
        "PEN": second.id,
    }
    assert (first.city, second.city) == ("Bath", "Wells")


def test_more_units_than_are_left_are_refused(front):
    order = read(front, front.place())

    with pytest.raises(RejectedError, match="exceeds") as caught:
        front.client.create_shipment(order.id, parcel(order, 3))

    assert caught.value.status == 400
    assert front.client.list_shipments(order.id) == []


def test_tracking_that_comes_late_is_added_without_another_mail(front):
    placed = front.place()
    order = read(front, placed)
    made = front.client.create_shipment(order.id, parcel(order, 2))
    assert made.tracking_number == ""

    after = front.client.update_shipment(order.id, made.id, tracking_number="LATE-1")

    assert (after.id, after.tracking_number) == (made.id, "LATE-1")
    assert after.units == made.units
    assert len(placed.mails) == 1


def test_a_shipment_is_taken_back_once(front):
    placed = front.place()
    order = read(front, placed)
    made = front.client.create_shipment(order.id, parcel(order, 2))

    front.client.delete_shipment(order.id, made.id)

    assert front.client.list_shipments(order.id) == []
    after = read(front, placed)
    assert (after.lines[0].quantity_shipped, after.status_id) == (0, 2)
    with pytest.raises(NotFoundError):
        front.client.delete_shipment(order.id, made.id)
    with pytest.raises(NotFoundError):
        front.client.update_shipment(order.id, made.id, comments="x")


@pytest.mark.parametrize("as_", ["drop", "http_502"])
def test_a_shipment_whose_answer_was_lost_can_be_found_among_others(front, as_):
    order = read(front, front.place())
    wanted = parcel(order, 1, tracking_number="T-1")
    front.client.create_shipment(order.id, parcel(order, 1, tracking_number="T-0"))
    front.faults.configure([{"kind": "lost_answer", "method": "POST", "times": 1, "as": as_}])

    with pytest.raises(OutcomeUnknownError):
        front.client.create_shipment(order.id, wanted)

    found = [
        one.tracking_number
        for one in front.client.list_shipments(order.id)
        if (one.tracking_number, one.units) == (wanted.tracking_number, wanted.units)
    ]
    assert found == ["T-1"]


def test_too_fast_is_worth_another_try_and_nothing_was_shipped(front):
    order = read(front, front.place())
    front.faults.configure([{"kind": "throttle_without_headers", "times": 1}])

    with pytest.raises(TransientError) as caught:
        front.client.create_shipment(order.id, parcel(order))

    assert not isinstance(caught.value, OutcomeUnknownError)
    assert front.client.usage().throttled == 1


def test_new_and_missing_texts_change_nothing(front):
    order = read(front, front.place())
    front.client.create_shipment(order.id, parcel(order))
    front.store.switches.unset_shipment_fields = "null"
    front.faults.configure([{"kind": "extra_fields"}])

    (found,) = front.client.list_shipments(order.id)

    assert (found.tracking_number, found.comments) == ("", "")


def test_units_of_a_line_that_comes_twice_are_added():
    (found,) = bigcommerce(Script(httpx.Response(200, json=[document()]))).list_shipments("225")

    assert found.units == {"188": 3}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"items": None}, "items"),
        ({"items": [{"order_product_id": 1}]}, "items.0.quantity"),
        ({"items": [{"order_product_id": 1, "quantity": "jane@example.com"}]}, "items.0.quantity"),
    ],
)
def test_a_shipment_of_another_shape_names_its_order_and_the_field_not_the_value(changes, field):
    client = bigcommerce(Script(httpx.Response(200, json=[document(**changes)])))

    with pytest.raises(RejectedError, match=f"order 225.*'{field}'") as caught:
        client.list_shipments("225")

    assert caught.value.code == "document"
    assert "@" not in str(caught.value)


@pytest.mark.parametrize("answer", [None, [], {}, {"id": 3, "items": "jane@example.com"}])
def test_a_shipment_whose_answer_cannot_be_read_was_made_all_the_same(answer):
    client = bigcommerce(Script(httpx.Response(201, json=answer)))
    item = ShipmentItemCreate(order_product_id=1, quantity=1)

    with pytest.raises(OutcomeUnknownError) as caught:
        client.create_shipment("225", ShipmentCreate(order_address_id=1, items=(item,)))

    assert "@" not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"tracking_number": "9" * 51},
        {"tracking_link": "https://t.test/" + "9" * 490},
        {"comments": "x" * 65_536},
        {"items": ()},
        {"order_address_id": 0},
        {"order_address_id": "jane@example.com"},
        {"status_id": 2},
    ],
)
def test_a_shipment_that_cannot_be_sent_is_not_made_up(changes):
    given = {
        "order_address_id": 1,
        "items": ({"order_product_id": 1, "quantity": 1},),
        **changes,
    }

    with pytest.raises(ValidationError) as caught:
        ShipmentCreate.model_validate(given)

    assert "jane" not in str(caught.value)


@pytest.mark.parametrize("units", [0, -1])
def test_no_units_are_no_item(units):
    with pytest.raises(ValidationError):
        ShipmentItemCreate(order_product_id=1, quantity=units)


@pytest.mark.parametrize("fields", [{}, {"items": []}, {"tracking_number": "9" * 51}])
def test_a_change_of_nothing_or_of_what_cannot_be_changed_is_not_sent(fields):
    script = Script(httpx.Response(200, json=document()))

    with pytest.raises(ValueError, match=r"shipment|ShipmentChange"):
        bigcommerce(script).update_shipment("225", "6", **fields)

    assert script.requests == []


def test_only_what_is_set_travels_and_an_emptied_text_is_set():
    script = Script(httpx.Response(200, json=document()))

    bigcommerce(script).update_shipment("225", "6", tracking_number="")

    (request,) = script.requests
    assert (request.method, request.url.path) == (
        "PUT",
        "/stores/sandbox/v2/orders/225/shipments/6",
    )
    assert json.loads(request.content) == {"tracking_number": ""}


def test_an_order_is_written_by_two_fields_and_never_by_its_lines():
    script = Script(httpx.Response(200, json={"id": 7}))

    bigcommerce(script).update_order("7", status_id=5, external_order_id="9")

    assert json.loads(script.requests[0].content) == {"status_id": 5, "external_order_id": "9"}
    with pytest.raises(TypeError):
        bigcommerce(script).update_order("7", products=[])
