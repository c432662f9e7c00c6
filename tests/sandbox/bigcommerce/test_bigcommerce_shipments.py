"""Shipments: what is accepted, and what becomes of the order, over the API and by staff."""

from typing import Any

import pytest

from sandbox.bigcommerce.controls import state
from sandbox.bigcommerce.shipments import (
    PackedLine,
    Parcel,
    ShipmentRefused,
    ship_parcels,
    take_back,
)
from sandbox.bigcommerce.staff import NotFound, OrderEdit, edit

TWO_PLACES = [{"to": {"city": "Bath"}}, {"to": {"city": "Wells"}, "method": "Next day courier"}]


def path(order: Any, shipment: Any = None) -> str:
    return f"/v2/orders/{order.id}/shipments" + (f"/{shipment}" if shipment else "")


def parcel(order: Any, quantity: int = 1, line: int = 0, **more: Any) -> dict[str, Any]:
    items = [{"order_product_id": order.lines[line].id, "quantity": quantity}]
    return {"order_address_id": order.lines[line].address_id, "items": items, **more}


def send(shop: Any, order: Any, *args: Any, **more: Any) -> dict[str, Any]:
    answer = shop.call("POST", path(order), parcel(order, *args, **more))
    assert answer.status == 201, answer.body
    return answer.body


@pytest.fixture
def order(shop):
    return shop.place({"sku": "MUG", "quantity": 4}, {"sku": "PDF"})


def test_an_order_without_shipments_lists_nothing_and_counts_none(shop, order):
    assert shop.call("GET", path(order)).status == 204
    assert shop.get(path(order) + "/count") == {"count": 0}
    assert shop.call("GET", path(order, 1)).status == 404
    assert shop.call("GET", "/v2/orders/999/shipments").status == 404


def test_parts_make_an_order_partially_shipped_and_the_last_part_shipped(shop, order, clock):
    send(shop, order, 1, tracking_number="A1")
    part = shop.document(order)
    clock.advance(60)
    send(shop, order, 3, tracking_number="A2")
    whole = shop.document(order)

    (place,) = part["consignments"]["shipping"]
    assert (part["status_id"], part["items_shipped"], part["date_shipped"]) == (3, 1, "")
    assert (place["items_shipped"], place["line_items"][0]["quantity_shipped"]) == (1, 1)
    assert (whole["status_id"], whole["items_shipped"]) == (2, 4)
    assert whole["date_shipped"] == "Wed, 01 Jul 2026 12:01:00 +0000"
    assert [row["tracking_number"] for row in shop.get(path(order))] == ["A1", "A2"]
    assert shop.get(path(order), limit=1, page=2)[0]["tracking_number"] == "A2"
    assert shop.get(path(order) + "/count") == {"count": 2}


def test_a_shipment_emits_itself_then_the_orders_status(shop, order):
    shop.events.clear()

    shipment = send(shop, order, 1)

    assert [scope for scope, _ in shop.events] == [
        "store/shipment/created",
        "store/order/statusUpdated",
        "store/order/updated",
    ]
    assert shop.events[0][1] == {"type": "shipment", "id": shipment["id"], "orderId": order.id}


def test_a_second_part_changes_no_status_but_the_order_is_updated(shop, order):
    send(shop, order, 1)
    shop.events.clear()

    send(shop, order, 1)

    assert [scope for scope, _ in shop.events] == ["store/shipment/created", "store/order/updated"]


def test_the_shopper_is_mailed_once_for_each_shipment_if_the_store_does_so(shop, order):
    first = send(shop, order, 1)
    shop.call("PUT", path(order, first["id"]), {"tracking_number": "LATE"})
    shop.store.switches.shipment_mails = False
    send(shop, order, 1)

    seen = state(shop.store)
    assert (seen["counts"]["shopper_mails"], seen["counts"]["shipments"]) == (1, 2)
    (mail,) = seen["orders"][order.id]["shopper_mails"]
    assert (mail["about"], mail["record_id"]) == ("shipment", first["id"])
    assert seen["orders"][order.id]["shipments"][0]["tracking_number"] == "LATE"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"order_address_id": 1}, "order_address_id"),
        ({"order_address_id": None}, "order_address_id"),
        ({"items": []}, "items"),
        ({"items": None}, "items"),
        ({"items": [5]}, "items"),
        ({"items": [{"order_product_id": 1}]}, "items"),
        ({"items": [{"order_product_id": 1, "quantity": 1}]}, "no product 1"),
        ({"items": [{"order_product_id": "1", "quantity": 1}]}, "items.order_product_id"),
        ({"tracking_number": "9" * 51}, "tracking_number"),
        ({"tracking_number": "9" * 300}, "tracking_number"),
        ({"tracking_number": 9}, "tracking_number"),
        ({"tracking_link": "h" * 501}, "tracking_link"),
        ({"comments": "c" * 65_536}, "comments"),
        ({"tracking_carrier": "Royal Mail"}, "tracking_carrier"),
        ({"shipping_provider": "pigeon"}, "shipping_provider"),
        ({"merchant_shipping_cost": "-1"}, "merchant_shipping_cost"),
        ({"merchant_shipping_cost": "much"}, "merchant_shipping_cost"),
        ({"generated_tracking_link": "x"}, "'generated_tracking_link' is not supported"),
        ({"colour": "red"}, "'colour' is not supported"),
    ],
)
def test_what_a_shipment_must_not_hold_is_refused_by_name(shop, order, change, text):
    answer = shop.call("POST", path(order), {**parcel(order), **change})

    assert answer.status == 400
    assert text in answer.body[0]["message"]
    assert order.shipments == []
    assert order.status_id == 11


@pytest.mark.parametrize("quantity", [0, -1, 1.5, "1", True, None])
def test_a_quantity_is_a_whole_number_from_one_on(shop, order, quantity):
    assert shop.call("POST", path(order), parcel(order, quantity)).status == 400


def test_no_more_is_shipped_than_was_ordered_and_not_shipped_yet(shop, order):
    send(shop, order, 3)

    twice = parcel(order, 1)
    twice["items"] *= 2
    for body in (parcel(order, 2), twice):
        answer = shop.call("POST", path(order), body)
        assert answer.status == 400
        assert "exceeds the 1 left" in answer.body[0]["message"]
    assert order.lines[0].quantity_shipped == 3


def test_items_belong_to_the_address_of_the_shipment(shop):
    order = shop.place({"sku": "MUG"}, {"sku": "TEA", "address": 1}, shipping=TWO_PLACES)
    digital = shop.place({"sku": "MUG"}, {"sku": "PDF"})

    elsewhere = parcel(order, 1, 1) | {"order_address_id": order.addresses[0].id}
    answer = shop.call("POST", path(order), elsewhere)
    assert "does not go to address" in answer.body[0]["message"]
    download = parcel(digital, 1, 1) | {"order_address_id": digital.addresses[0].id}
    assert shop.call("POST", path(digital), download).status == 400


def test_an_order_to_two_addresses_is_shipped_when_both_are(shop):
    order = shop.place({"sku": "MUG"}, {"sku": "TEA", "address": 1}, shipping=TWO_PLACES)

    send(shop, order, 1, 0)
    first, second = shop.document(order)["consignments"]["shipping"]
    assert (first["items_shipped"], second["items_shipped"], order.status_id) == (1, 0, 3)

    shipment = send(shop, order, 1, 1)
    assert order.status_id == 2
    assert shipment["shipping_address"]["city"] == "Wells"
    assert shipment["order_address_id"] == order.addresses[1].id


def test_an_unset_field_is_empty_or_null_and_an_omitted_provider_is_custom(shop, order):
    shipment = send(shop, order, 1)
    assert shipment["tracking_number"] == shipment["comments"] == ""
    assert shipment["merchant_shipping_cost"] == "0.0000"
    assert shipment["shipping_provider"] == "custom"
    assert shipment["shipping_provider_display_name"] == "Custom"

    shop.store.switches.unset_shipment_fields = "null"
    shop.store.switches.omitted_provider = "empty"
    shipment = shop.get(path(order, shipment["id"]))
    assert shipment["tracking_number"] is shipment["shipping_provider"] is None
    assert shipment["shipping_provider_display_name"] == ""


@pytest.mark.parametrize(
    ("fields", "link"),
    [
        ({}, ""),
        ({"tracking_number": "A 1"}, ""),
        ({"tracking_number": "A 1", "tracking_carrier": "dhl"},
         "https://www.aftership.com/track/dhl/A%201"),
        ({"tracking_number": "A1", "shipping_provider": "carrier_7"},
         "https://www.aftership.com/track/carrier_7/A1"),
        ({"tracking_number": "A1", "shipping_provider": ""}, ""),
        ({"tracking_carrier": "dhl"}, ""),
        ({"tracking_number": "A1", "tracking_carrier": "dhl", "tracking_link": "https://x/"}, ""),
    ],
)  # fmt: skip
def test_a_link_is_made_of_number_and_carrier(shop, order, fields, link):
    shipment = send(shop, order, 1, **fields)

    assert shipment["generated_tracking_link"] == link
    assert shipment["tracking_link"] == fields.get("tracking_link", "")


def test_a_provider_makes_a_link_and_a_carrier_alone_may_make_none(shop, order):
    shop.store.switches.link_by_carrier = False

    tracked = send(shop, order, 1, tracking_number="A1", shipping_provider="ups")
    bare = send(shop, order, 1, tracking_number="A2", tracking_carrier="dhl")

    assert tracked["generated_tracking_link"].endswith("/ups/A1")
    assert tracked["shipping_provider_display_name"] == "UPS"
    assert bare["generated_tracking_link"] == ""


def test_couriers_may_be_limited_to_known_ones(shop, order):
    assert send(shop, order, 1, tracking_carrier="swift-snail")
    shop.store.switches.tracking_carriers = "known"

    assert (
        shop.call("POST", path(order), parcel(order, tracking_carrier="swift-snail")).status == 400
    )
    assert send(shop, order, 1, tracking_carrier="royal-mail")


def test_a_change_sets_only_what_is_sent_and_never_items(shop, order):
    number = send(shop, order, 1, comments="Fragile")["id"]
    shop.events.clear()

    answer = shop.call("PUT", path(order, number), {"tracking_number": "LATE"})

    assert answer.status == 200
    assert (answer.body["tracking_number"], answer.body["comments"]) == ("LATE", "Fragile")
    assert shop.scopes() == ["store/shipment/updated", "store/order/updated"]
    for body in ({"items": parcel(order)["items"]}, {"order_address_id": 1}):
        assert shop.call("PUT", path(order, number), body).status == 400
    same = {"order_address_id": order.addresses[0].id}
    assert shop.call("PUT", path(order, number), same).status == 200
    assert shop.call("PUT", path(order, 1), same).status == 404


def test_deleting_gives_the_pieces_back_and_keeps_the_status(shop, order):
    first, second = send(shop, order, 1), send(shop, order, 3)
    shop.events.clear()

    assert shop.call("DELETE", path(order, first["id"])).status == 204
    assert (order.lines[0].quantity_shipped, order.status_id) == (3, 2)
    assert shop.call("DELETE", path(order, first["id"])).status == 404
    assert shop.call("DELETE", path(order)).status == 204

    assert (order.lines[0].quantity_shipped, order.status_id) == (0, 2)
    gone = [data["id"] for scope, data in shop.events if scope == "store/shipment/deleted"]
    assert gone == [first["id"], second["id"]]
    assert shop.call("GET", path(order)).status == 204
    assert send(shop, order, 4)


@pytest.mark.parametrize(
    ("moves", "before", "after"),
    [("always", 5, 2), ("always", 14, 2), ("open", 14, 14), ("open", 9, 2), ("never", 11, 11)],
)
def test_whether_the_status_follows_a_shipment_is_a_switch(shop, moves, before, after):
    order = shop.place()
    shop.call("PUT", f"/v2/orders/{order.id}", {"status_id": before})
    shop.store.switches.shipment_moves_status = moves

    send(shop, order, 2)

    assert order.status_id == after
    assert shop.document(order)["date_shipped"]


def test_a_cancelled_order_may_refuse_shipments(shop, order):
    shop.store.switches.shipments_of_closed = "refuse"
    shop.call("PUT", f"/v2/orders/{order.id}", {"status_id": 5})

    assert "Cancelled" in shop.call("POST", path(order), parcel(order)).body[0]["message"]


def test_a_status_set_by_hand_ships_nothing(shop, order):
    edit(shop.store, OrderEdit(order_id=order.id, status_id=2))

    assert order.shipments == []
    assert shop.document(order)["items_shipped"] == 0
    assert shop.document(order)["date_shipped"]


def test_staff_ship_some_lines_or_all_that_is_left(shop):
    order = shop.place(
        {"sku": "MUG", "quantity": 3}, {"sku": "TEA", "address": 1}, {"sku": "PDF"},
        shipping=TWO_PLACES,
    )  # fmt: skip

    some = ship_parcels(
        shop.store,
        Parcel(
            order_id=order.id, lines=[PackedLine(sku="MUG", quantity=2)],
            tracking_number="A1", tracking_carrier="dhl", mail=False,
        ),
    )  # fmt: skip
    rest = ship_parcels(shop.store, Parcel(order_id=order.id))

    assert (some["status_id"], rest["status_id"]) == (3, 2)
    assert len(rest["shipment_ids"]) == 2
    assert [line.quantity_shipped for line in order.lines] == [3, 1, 0]
    assert len(order.mails) == 2
    assert shop.get(path(order))[0]["tracking_number"] == "A1"
    with pytest.raises(ShipmentRefused, match="nothing is left"):
        ship_parcels(shop.store, Parcel(order_id=order.id))


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ([PackedLine(sku="MUG", quantity=5)], ShipmentRefused),
        ([PackedLine(sku="PDF")], ShipmentRefused),
        ([PackedLine(sku="NONE")], NotFound),
    ],
)
def test_staff_cannot_ship_what_is_not_there(shop, order, lines, error):
    with pytest.raises(error):
        ship_parcels(shop.store, Parcel(order_id=order.id, lines=lines))
    assert order.shipments == []


def test_staff_take_one_shipment_back_or_all(shop, order):
    for quantity in (1, 1, 2):
        send(shop, order, quantity)
    one = order.shipments[0].id

    assert take_back(shop.store, order.id, one)["deleted"] == [one]
    assert len(take_back(shop.store, order.id)["deleted"]) == 2
    assert order.lines[0].quantity_shipped == 0
    with pytest.raises(NotFound):
        take_back(shop.store, order.id, one)


def test_stock_leaves_on_shipping_where_the_store_works_that_way(shop):
    shop.store.switches.update_stock_behavior = "order_completed_or_shipped"
    order = shop.place({"sku": "MUG", "quantity": 2})
    before = shop.store.variant("MUG").on_hand

    send(shop, order, 2)

    assert (before, shop.store.variant("MUG").on_hand) == (100, 98)
