"""What staff change in the control panel: status, lines, several addresses; and over HTTP."""

from decimal import Decimal
from typing import Any

import httpx
import pytest
from waiting import WITHIN_S

from sandbox.bigcommerce.placing import BasketRefused
from sandbox.bigcommerce.staff import OrderEdit, edit

TWO_PLACES = [{"to": {"city": "Bath"}}, {"to": {"city": "Wells"}, "method": "Next day courier"}]


def change(shop: Any, order: Any, **more: Any) -> dict[str, Any]:
    return edit(shop.store, OrderEdit.model_validate({"order_id": order.id, **more}))


@pytest.fixture
def order(shop):
    """Three mugs at 12.00 and shipping at 4.74, with tax: 40.74."""
    return shop.place({"sku": "MUG", "quantity": 3}, email="bob@example.com")


def test_a_cancelled_order_gives_its_stock_back_and_a_dispute_does_not(shop, order):
    other = shop.place({"sku": "MUG", "quantity": 5})

    change(shop, other, status_id=13)
    disputed = shop.store.variant("MUG").on_hand
    change(shop, order, status_id=5)

    assert (disputed, shop.store.variant("MUG").on_hand) == (92, 95)
    assert other.status_id == 13


def test_an_order_may_be_emptied_and_filled_anew(shop, order):
    change(shop, order, empty=True)

    document = shop.document(order)
    assert shop.get(f"/v2/orders/{order.id}/products") is None
    assert (document["items_total"], document["subtotal_inc_tax"]) == (0, "0.0000")
    assert document["order_is_digital"] is False
    assert shop.store.variant("MUG").on_hand == 100

    change(shop, order, empty=True, add=[{"sku": "TEA", "quantity": 2}])
    assert [line.sku for line in order.lines] == ["TEA"]


def test_a_quantity_below_zero_is_refused_unless_a_switch_lets_it_in(shop, order):
    for wanted in ({"lines": [{"sku": "MUG", "quantity": -1}]},
                   {"add": [{"sku": "TEA", "quantity": -1}]}):  # fmt: skip
        with pytest.raises(BasketRefused, match="below zero"):
            change(shop, order, **wanted)
    with pytest.raises(BasketRefused, match="below zero"):
        shop.place({"sku": "TEA", "quantity": -1})
    body = {"products": [{"id": order.lines[0].id, "quantity": -1}]}
    assert shop.call("PUT", f"/v2/orders/{order.id}", body).status == 400

    shop.store.switches.negative_quantities = True
    change(shop, order, lines=[{"sku": "MUG", "quantity": -1}])
    assert shop.get(f"/v2/orders/{order.id}/products")[0]["quantity"] == -1
    assert shop.document(order)["subtotal_inc_tax"] == "-12.0000"


def test_an_edit_that_is_refused_changes_nothing(shop, order):
    before = shop.document(order)

    for wanted in (
        {"add": [{"name": "Card"}, {"quantity": 1}]},
        {"lines": [{"sku": "MUG", "quantity": 1, "address": 4}]},
        {"addresses": [{"address": 1, "cost": 1}]},
    ):
        with pytest.raises(BasketRefused):
            change(shop, order, lines=wanted.pop("lines", [{"sku": "MUG", "quantity": 1}]),
                   **wanted)  # fmt: skip

    assert shop.document(order) == before


def test_staff_replace_their_discount(shop, order):
    change(shop, order, discount=6)
    first = shop.document(order)["discount_amount"]
    change(shop, order, discount=3)
    second = shop.document(order)["discount_amount"]
    change(shop, order, discount=0)

    assert (first, second) == ("7.2000", "3.6000")
    assert shop.document(order)["discount_amount"] == "0.0000"


def test_quantities_of_consignments_sum_to_the_lines(shop):
    order = shop.place(
        {"sku": "MUG", "quantity": 2}, {"sku": "MUG", "quantity": 3, "address": 1},
        shipping=TWO_PLACES,
    )  # fmt: skip

    document = shop.document(order)

    first, second = document["consignments"]["shipping"]
    assert (first["items_total"], second["items_total"], document["items_total"]) == (2, 3, 5)
    assert document["shipping_address_count"] == 2
    assert Decimal(document["shipping_cost_ex_tax"]) == Decimal("11.45")


def test_staff_add_an_address_move_a_line_there_and_change_what_shipping_costs(shop, order):
    change(
        shop, order,
        add_addresses=[{"to": {"city": "Wells"}, "cost": "2.00"}],
        add=[{"sku": "TEA", "address": 1}],
        addresses=[
            {"to": {"street_1": "2 Low Street"}, "cost": "1.00", "method": "Next day courier"},
            {"address": 1, "handling": "0.50"},
        ],
    )  # fmt: skip
    change(shop, order, lines=[{"sku": "MUG", "address": 1}])

    first, second = shop.document(order)["consignments"]["shipping"]
    assert (first["street_1"], first["city"], first["base_cost"]) == ("2 Low Street", "Bath", 1)
    assert (first["shipping_method"], first["line_items"]) == ("Next day courier", [])
    assert [line["sku"] for line in second["line_items"]] == ["MUG", "TEA"]
    assert (second["base_cost"], second["base_handling_cost"]) == (2, 0.5)


@pytest.fixture
def control(sandboxes):
    with httpx.Client(base_url=f"{sandboxes.bigcommerce_url}/_sandbox", timeout=WITHIN_S) as client:
        yield client


def test_over_http_staff_ship_refund_and_take_back(control):
    order = control.post("/orders", json={"lines": [{"name": "Card", "price": "5", "quantity": 2}]})
    number = order.json()["ids"][0]

    shipped = control.post("/ship", json={"order_id": number, "tracking_number": "A1"}).json()
    refunded = control.post("/refund", json=[{"order_id": number, "amount": 1}]).json()
    state = control.get("/state", params={"only": "orders,counts"}).json()
    one = control.delete(f"/orders/{number}/shipments/{shipped['shipment_ids'][0]}")

    assert (shipped["status_id"], refunded[0]["order"]["status_id"]) == (2, 14)
    kept = state["orders"][str(number)]
    assert (kept["paid_back"], len(kept["refunds"]), len(kept["shipments"])) == ("1", 1, 1)
    assert state["counts"]["refunds"] >= 1
    assert one.json()["deleted"] == shipped["shipment_ids"]
    assert control.delete(f"/orders/{number}/shipments").json()["deleted"] == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/ship", {"order_id": 1}, 404),
        ("/ship", {"order_id": "x"}, 400),
        ("/refund", {"order_id": 1, "amount": 1}, 404),
        ("/refund", {"refund_id": 1, "undo": True}, 404),
        ("/refund", {"colour": "red"}, 400),
        ("/pay", {"order_id": 1, "action": "juggle"}, 400),
    ],
)
def test_over_http_a_control_that_cannot_be_done_says_why(control, path, body, status):
    answer = control.post(path, json=body)

    assert answer.status_code == status
    assert answer.json()["error"]
