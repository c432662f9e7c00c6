"""Refunds that staff make, and answers of the gateway on request."""

from typing import Any

import pytest

from sandbox.bigcommerce.refund_pricing import RefundRefused
from sandbox.bigcommerce.staff import NotFound
from sandbox.bigcommerce.staff_refunds import act

TWO_PLACES = [{"to": {"city": "Bath"}}, {"to": {"city": "Wells"}, "method": "Next day courier"}]


def events(shop: Any, order: Any) -> list[tuple[str, float]]:
    body = shop.get(f"/v3/orders/{order.id}/transactions")
    return [(row["event"], row["amount"]) for row in body["data"]] if body else []


@pytest.fixture
def order(shop):
    """Three mugs at 12.00 and shipping at 4.74, with tax: 40.74."""
    return shop.place({"sku": "MUG", "quantity": 3}, email="bob@example.com")


def test_staff_refund_pieces_shipping_and_an_amount_at_once(shop, order):
    made = act(
        shop.store,
        {
            "order_id": order.id, "reason": "Broken", "shipping": "1.00", "amount": "5.00",
            "items": [{"sku": "MUG", "quantity": 2, "adjustment": "-1.00"}],
        },
    )  # fmt: skip

    assert (made["total_amount"], made["total_tax"], made["reason"]) == (29.2, 4.2, "Broken")
    assert made["payments"][0]["provider_id"] == "stripe"
    assert (made["order"]["status_id"], made["user_id"]) == (14, 24654)
    assert made["refund_id"] == shop.get("/v3/orders/payment_actions/refunds")["data"][0]["id"]


def test_staff_refund_everything_that_is_left(shop):
    order = shop.place(
        {"sku": "MUG", "quantity": 2, "wrapping": "Paper", "wrapping_price": "2.50"},
        {"sku": "TEA", "address": 1}, shipping=TWO_PLACES, fees=[{}],
    )  # fmt: skip
    act(shop.store, {"order_id": order.id, "items": [{"sku": "MUG", "quantity": 1}],
                     "shipping": 1})  # fmt: skip

    made = act(shop.store, {"order_id": order.id, "everything": True})

    assert made["order"]["status_id"] == 4
    assert order.payment_status == "refunded"


def test_staff_choose_where_the_money_goes(shop, order):
    def provider(tender: str, of: Any = order) -> str:
        made = act(shop.store, {"order_id": of.id, "amount": 1, "tender": tender})
        return made["payments"][0]["provider_id"]

    assert [provider(name) for name in ("as_paid", "store_credit", "custom")] == [
        "stripe", "storecredit", "custom",
    ]  # fmt: skip
    with pytest.raises(RefundRefused, match="guest"):
        provider("store_credit", shop.place())


def test_a_gateway_may_pay_back_in_another_currency(shop, order):
    act(shop.store, {"order_id": order.id, "amount": 5, "currency": "EUR"})

    paid, back = shop.get(f"/v3/orders/{order.id}/transactions")["data"]
    assert (paid["currency"], back["currency"], back["amount"]) == ("GBP", "EUR", 5)


def test_a_refund_stays_pending_until_it_is_completed(shop, order):
    made = act(shop.store, {"order_id": order.id, "amount": 5, "payment": "pending"})
    assert made["payments"][0]["is_declined"] is None
    with pytest.raises(RefundRefused, match="being processed"):
        act(shop.store, {"order_id": order.id, "amount": 1})

    done = act(shop.store, {"refund_id": made["refund_id"], "complete": True})

    assert done["payments"][0]["is_declined"] is False
    assert events(shop, order)[-1] == ("refund", 5)


@pytest.mark.parametrize("payment", ["ok", "pending"])
def test_a_refunds_payment_comes_back_declined(shop, order, payment):
    made = act(shop.store, {"order_id": order.id, "amount": 5, "payment": payment})

    act(shop.store, {"refund_id": made["refund_id"], "decline": True})

    (refund,) = shop.get(f"/v3/orders/{order.id}/payment_actions/refunds")["data"]
    assert refund["payments"][0]["is_declined"] is True
    assert refund["payments"][0]["transaction_id"] is None
    assert shop.document(order)["payment_status"] == "captured"
    assert act(shop.store, {"order_id": order.id, "amount": "40.74"})


def test_a_refund_that_is_undone_is_gone(shop, order):
    made = act(shop.store, {"order_id": order.id, "amount": 5})

    undone = act(shop.store, {"refund_id": made["refund_id"], "undo": True})

    assert undone["order"]["status_id"] == 11
    assert shop.get(f"/v3/orders/{order.id}/payment_actions/refunds")["data"] == []
    assert [event for event, _ in events(shop, order)] == ["purchase"]
    with pytest.raises(NotFound):
        act(shop.store, {"refund_id": made["refund_id"], "undo": True})


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"order_id": 9, "amount": 1}, NotFound),
        ({"items": [{"sku": "NONE"}]}, NotFound),
        ({"items": [{"sku": "MUG", "quantity": 4}]}, RefundRefused),
        ({"amount": "40.75"}, RefundRefused),
        ({"shipping": 1, "address": 1}, RefundRefused),
        ({"fee": 1}, RefundRefused),
        ({}, RefundRefused),
    ],
)
def test_staff_cannot_refund_what_is_not_there(shop, order, body, error):
    with pytest.raises(error):
        act(shop.store, {"order_id": order.id} | body)
    assert order.refunds == []


def test_a_change_of_a_refund_is_exactly_one(shop, order):
    made = act(shop.store, {"order_id": order.id, "amount": 5})

    for wanted in ({}, {"undo": True, "decline": True}):
        with pytest.raises(ValueError, match="one of"):
            act(shop.store, {"refund_id": made["refund_id"], **wanted})
