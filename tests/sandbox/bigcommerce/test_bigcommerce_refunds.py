"""Refunds over the API: quotes, amounts, tenders, payment later, and what they do to an order."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx
import hypothesis.strategies as st
import pytest
from hypothesis import given
from waiting import WITHIN_S

from sandbox.bigcommerce import payments, refunds
from sandbox.bigcommerce.payments import paid_back, settle_by_hand

TOKEN = {"X-Auth-Token": "sandbox-access-token"}


def path(order: Any, what: str = "refunds") -> str:
    return f"/v3/orders/{order.id}/payment_actions/{what}"


def product(order: Any, quantity: int = 1, line: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "item_type": "PRODUCT",
        "item_id": order.lines[line].id,
        "quantity": quantity,
        **more,
    }


def amount(order: Any, kind: str, value: float) -> dict[str, Any]:
    targets = {"SHIPPING": order.addresses, "HANDLING": order.addresses, "FEE": order.fees}
    return {"item_type": kind, "item_id": targets.get(kind, [order])[0].id, "amount": value}


def quote(shop: Any, order: Any, *items: dict[str, Any], **body: Any) -> dict[str, Any]:
    answer = shop.call("POST", path(order, "refund_quotes"), {"items": list(items), **body})
    assert answer.status == 201, answer.body
    return answer.body["data"]


def post(shop: Any, order: Any, *items: dict[str, Any], way: int = 0, **more: Any) -> Any:
    """Refund by the quote's alternative `way`; the answer, whatever it is."""
    methods = quote(shop, order, *items)["refund_methods"]
    return shop.call("POST", path(order), {"items": items, "payments": methods[way], **more})


def refund(shop: Any, order: Any, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = post(shop, order, *items, **more)
    assert answer.status == 201, answer.body
    return answer.body["data"]


def rows(shop: Any, order: Any) -> list[dict[str, Any]]:
    found = shop.get(f"/v3/orders/{order.id}/transactions")["data"]
    return [row for row in found if row["event"] == "refund"]


@pytest.fixture
def order(shop):
    """Three mugs at 12.00 and shipping at 4.74, with tax: 40.74."""
    return shop.place({"sku": "MUG", "quantity": 3})


@pytest.fixture
def mixed(shop):
    """118.57 paid by 20 store credit, 30 gift certificate and 68.57 by card."""
    return shop.place(
        {"sku": "MUG", "quantity": 9}, {"sku": "TEA", "quantity": 1}, email="bob@example.com",
        shipping=[{"cost": "5.00"}], store_credit="20", gift_certificate="30",
    )  # fmt: skip


def test_a_quote_says_amount_tax_and_ways_to_pay_back_and_keeps_nothing(shop, order):
    quoted = quote(shop, order, product(order, 2))

    assert quoted["refund_methods"].pop() == [
        {
            "provider_id": "custom", "provider_description": "Custom", "amount": 24,
            "offline": True, "offline_provider": True,
            "offline_reason": "Paid outside the store, so it is paid back outside.",
        }
    ]  # fmt: skip
    assert quoted == {
        "order_id": order.id, "total_refund_amount": 24, "total_refund_tax_amount": 4,
        "order_level_refund_amount": 0, "rounding": 0, "adjustment": 0, "tax_inclusive": True,
        "refund_methods": [[{
            "provider_id": "stripe", "provider_description": "Credit card", "amount": 24,
            "offline": False, "offline_provider": False, "offline_reason": "",
        }]],
    }  # fmt: skip
    assert shop.get(path(order))["data"] == []


def test_a_refund_of_a_part_marks_line_and_order_and_leaves_the_amounts_alone(shop, order):
    made = refund(shop, order, product(order, 1, reason="Chipped"))

    document = shop.document(order)
    (line,) = document["consignments"]["shipping"][0]["line_items"]
    assert (made["total_amount"], made["total_tax"], made["reason"]) == (12, 2, "Chipped")
    assert (document["status_id"], document["payment_status"]) == (14, "partially refunded")
    assert (document["refunded_amount"], line["refund_amount"]) == ("0.0000", "0.0000")
    assert (line["quantity_refunded"], line["is_refunded"]) == (1, False)
    assert document["total_inc_tax"] == "40.7400"


def test_a_refund_of_everything_makes_the_order_refunded(shop, order):
    refund(shop, order, product(order, 3))
    refund(shop, order, amount(order, "SHIPPING", 3.95))

    document = shop.document(order)
    (line,) = document["consignments"]["shipping"][0]["line_items"]
    assert (document["status_id"], document["payment_status"]) == (4, "refunded")
    assert line["is_refunded"] is True
    assert sum(row["amount"] for row in rows(shop, order)) == pytest.approx(40.74)


def test_a_refund_emits_itself_its_status_and_its_transaction(shop, order):
    shop.events.clear()

    made = refund(shop, order, product(order))

    assert shop.scopes() == [
        "store/order/refund/created",
        "store/order/statusUpdated",
        "store/order/updated",
        "store/order/transaction/created",
    ]
    assert shop.events[0][1] == {
        "type": "order",
        "id": order.id,
        "refund": {"refund_id": made["id"]},
    }
    (payment,) = made["payments"]
    data = shop.events[-1][1]
    assert (data["transaction_type"], data["transaction_status"]) == ("refund", "complete")
    assert (data["transaction_id"], payment["is_declined"]) == (payment["transaction_id"], False)


def test_parts_of_a_line_add_up_to_it_to_the_cent(shop):
    order = shop.place(
        {"sku": "MUG", "quantity": 3, "price": "3.33"}, coupons=[{"code": "TEN", "amount": "7"}]
    )
    whole = order.lines[0].discounted

    parts = [refund(shop, order, product(order)) for _ in range(3)]

    assert sum(Decimal(str(part["total_amount"])) for part in parts) == whole.inc
    assert sum(Decimal(str(part["total_tax"])) for part in parts) == whole.tax


def test_an_adjustment_is_taken_off_the_money_not_the_tax(shop, order):
    less = [{"amount": -1.5, "description": "Worn"}]

    made = refund(shop, order, product(order, adjustments=less))

    assert (made["total_amount"], made["total_tax"]) == (10.5, 2)
    assert made["items"][0]["adjustments"] == less
    assert made["items"][0]["quantity"] == 1


def test_each_kind_of_item_has_its_money_and_tax(shop):
    order = shop.place(
        {"sku": "MUG", "quantity": 2, "wrapping": "Paper", "wrapping_price": "2.50"},
        shipping=[{"cost": "4.00", "handling": "2.00"}],
        fees=[{"price": "1.50"}],
    )
    wrapping = product(order) | {"item_type": "GIFT_WRAPPING"}
    expected = [
        (product(order), 12, 2),
        (wrapping, 1.5, 0.25),
        (amount(order, "SHIPPING", 1), 1.2, 0.2),
        (amount(order, "HANDLING", 2), 2.4, 0.4),
        (amount(order, "FEE", 1.5), 1.8, 0.3),
        (amount(order, "ORDER", 5), 5, 0),
        (amount(order, "TAX", 0.1), 0.1, 0.1),
    ]

    for item, total, tax in expected:
        quoted = quote(shop, order, item)
        assert (quoted["total_refund_amount"], quoted["total_refund_tax_amount"]) == (total, tax)
    whole = quote(shop, order, *(item for item, _, _ in expected))
    assert whole["total_refund_amount"] == 24
    assert whole["order_level_refund_amount"] == 5
    assert order.lines[0].quantity_refunded == 0


def test_refunded_items_show_quantity_or_amount_and_tax_items_hide(shop, order):
    made = refund(shop, order, product(order), amount(order, "SHIPPING", 1),
                  amount(order, "TAX", 0.1))  # fmt: skip

    of_line, of_shipping = made["items"]
    assert (of_line["quantity"], of_line["requested_amount"]) == (1, None)
    assert (of_shipping.get("quantity"), of_shipping["requested_amount"]) == (None, 1)
    shop.store.switches.refunds_show_tax_items = True
    shown = shop.get(f"/v3/orders/payment_actions/refunds/{made['id']}")["data"]
    assert shown["items"][2]["item_type"] == "TAX"


def test_amounts_may_be_meant_with_tax(shop, order):
    shop.store.switches.refund_amounts = "inc_tax"

    quoted = quote(shop, order, amount(order, "SHIPPING", 4.74))

    assert (quoted["total_refund_amount"], quoted["total_refund_tax_amount"]) == (4.74, 0.79)


def test_an_order_with_prices_that_contain_tax_refunds_amounts_with_tax(shop):
    order = shop.place(tax_inclusive=True, shipping=[{"cost": "6.00"}])

    quoted = quote(shop, order, amount(order, "SHIPPING", 6))

    assert (quoted["total_refund_amount"], quoted["total_refund_tax_amount"]) == (6, 1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "items"),
        ({"items": 5}, "items"),
        ({"items": [5]}, "items.0"),
        ({"items": [{"item_type": "SHOE", "item_id": 1}]}, "items.0.item_type"),
        ({"items": [{"item_type": "PRODUCT", "item_id": "1"}]}, "items.0.item_id"),
        ({"items": [{"item_type": "PRODUCT", "item_id": 1}]}, "items.0.quantity"),
        ({"items": [{"item_type": "PRODUCT", "item_id": 1, "quantity": 1}]}, "items.0.item_id"),
        ({"items": [{"item_type": "SHIPPING", "item_id": 1}]}, "items.0.amount"),
        ({"items": [{"item_type": "SHIPPING", "item_id": 1, "amount": 1}]}, "items.0.item_id"),
        ({"items": [{"item_type": "FEE", "item_id": 1, "amount": 1}]}, "items.0.item_id"),
        ({"items": [{"item_type": "ORDER", "item_id": 1, "amount": 1}]}, "items.0.item_id"),
        ({"items": [{"item_type": "ORDER", "item_id": 1, "amount": "1"}]}, "items.0.amount"),
        ({"items": [{"item_type": "ORDER", "item_id": 1, "amount": 1.001}]}, "items.0.amount"),
        ({"items": [{"item_type": "ORDER", "item_id": 1, "amount": 0}]}, "items.0.amount"),
        ({"tax_adjustment_amount": 1}, "tax_adjustment_amount"),
    ],
)
def test_a_quote_names_what_is_wrong_in_a_flat_error(shop, order, body, field):
    answer = shop.call("POST", path(order, "refund_quotes"), body)

    assert answer.status == answer.body["status"] == 422
    assert list(answer.body["errors"]) == [field]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"adjustments": [{"amount": 1}]}, "items.0.adjustments.0.amount"),
        ({"adjustments": [{"amount": -99}]}, "items.0.adjustments"),
        ({"adjustments": [{"amount": -1, "description": "d" * 256}]},
         "items.0.adjustments.0.description"),
        ({"reason": "r" * 1001}, "items.0.reason"),
        ({"quantity": 4}, "items.0.quantity"),
        ({"quantity": 0}, "items.0.quantity"),
        ({"quantity": True}, "items.0.quantity"),
        ({"item_type": "GIFT_WRAPPING"}, "items.0.item_id"),
    ],
)  # fmt: skip
def test_an_item_of_pieces_keeps_its_rules(shop, order, change, field):
    body = {"items": [product(order) | change]}

    answer = shop.call("POST", path(order, "refund_quotes"), body)

    assert (answer.status, list(answer.body["errors"])) == (422, [field])


def test_no_more_is_refunded_of_anything_than_is_left(shop, order):
    refund(shop, order, product(order, 2), amount(order, "SHIPPING", 3))

    for item in (product(order, 2), amount(order, "SHIPPING", 0.96), amount(order, "ORDER", 99)):
        assert shop.call("POST", path(order, "refund_quotes"), {"items": [item]}).status == 422
    twice = {"items": [product(order), product(order)]}
    assert shop.call("POST", path(order, "refund_quotes"), twice).status == 422
    assert quote(shop, order, product(order), amount(order, "SHIPPING", 0.95))


def test_a_quote_over_the_limit_may_be_cut_instead(shop, order):
    shop.store.switches.refund_over_limit = "clamp"

    quoted = quote(shop, order, amount(order, "ORDER", 50))

    assert (quoted["total_refund_amount"], quoted["adjustment"]) == (40.74, -9.26)


def test_a_quote_may_show_its_total_ex_tax(shop, order):
    shop.store.switches.quote_tax_inclusive = False

    quoted = quote(shop, order, product(order))

    assert (quoted["total_refund_amount"], quoted["tax_inclusive"]) == (10, False)
    assert quoted["refund_methods"][0][0]["amount"] == 12


@pytest.mark.parametrize(
    "payments",
    [
        [{"provider_id": "stripe", "amount": 11.99}],
        [{"provider_id": "stripe", "amount": 12.01}],
        [{"provider_id": "paypalcommerce", "amount": 12}],
        [{"provider_id": "stripe", "amount": 12, "offline": True}],
        [{"provider_id": "stripe", "amount": 6}, {"provider_id": "custom", "amount": 6}],
        [{"provider_id": "stripe"}],
        [{"provider_id": 5, "amount": 12}],
        [{"provider_id": "stripe", "amount": 12, "offline": "no"}],
        [5],
        [],
        None,
    ],
)
def test_payments_are_those_of_one_quoted_way_or_nothing_is_refunded(shop, order, payments):
    answer = shop.call("POST", path(order), {"items": [product(order)], "payments": payments})

    assert answer.status == 422
    (error,) = answer.body["data"]
    assert error["status"] == 422
    assert order.refunds == []
    assert order.status_id == 11


def test_what_was_paid_in_three_ways_goes_back_in_three_ways(shop, mixed):
    quoted = quote(shop, mixed, product(mixed, 9))

    ways = [
        [(row["provider_id"], row["amount"]) for row in way] for way in quoted["refund_methods"]
    ]
    assert ways == [
        [("stripe", 68.57), ("storecredit", 20), ("giftcertificate", 19.43)],
        [("storecredit", 108)],
        [("custom", 108)],
    ]


def test_each_tender_is_refunded_once_and_in_its_own_row(shop, mixed):
    first = refund(shop, mixed, product(mixed, 5))
    second = refund(shop, mixed, product(mixed, 2))
    third = refund(shop, mixed, product(mixed, 2), amount(mixed, "ORDER", 2))

    paid = [
        [(row["provider_id"], row["amount"]) for row in made["payments"]]
        for made in (first, second, third)
    ]
    assert paid == [
        [("stripe", 60)],
        [("stripe", 8.57), ("storecredit", 15.43)],
        [("storecredit", 4.57), ("giftcertificate", 21.43)],
    ]
    by_method = [(row["method"], row["amount"]) for row in rows(shop, mixed)]
    assert by_method[1:3] == [("credit_card", 8.57), ("store_credit", 15.43)]
    of_card = shop.get(f"/v3/orders/{mixed.id}/transactions")["data"][2]
    assert rows(shop, mixed)[0]["reference_transaction_id"] == of_card["id"]


def test_tenders_may_share_a_refund_by_what_is_left_of_each(shop, mixed):
    shop.store.switches.refund_split = "proportional"

    (way, *_) = quote(shop, mixed, amount(mixed, "ORDER", 10))["refund_methods"]

    assert sum(Decimal(str(row["amount"])) for row in way) == 10
    assert [row["provider_id"] for row in way] == ["stripe", "storecredit", "giftcertificate"]
    assert way[1]["amount"] < way[2]["amount"] < way[0]["amount"]


def test_a_customer_may_have_it_as_store_credit_and_a_guest_may_not(shop, order):
    known = shop.place(email="bob@example.com")
    assert refund(shop, known, product(known), way=1)["payments"][0]["provider_id"] == "storecredit"

    credit = [{"provider_id": "storecredit", "amount": 12}]
    answer = shop.call("POST", path(order), {"items": [product(order)], "payments": credit})
    assert answer.status == 422
    assert "guest" in answer.body["data"][0]["title"]


def test_an_offline_payment_and_a_gateway_that_cannot_refund_are_paid_back_by_hand(shop, order):
    offline = shop.place(payment_method="Bank deposit")
    refunds_path = path(offline, "refund_quotes")
    assert shop.call("POST", refunds_path, {"items": [product(offline)]}).status == 422
    settle_by_hand(shop.store, offline)
    shop.store.switches.gateway_refunds = False
    shop.store.switches.refund_payment_delay_s = 60

    made = refund(shop, offline, product(offline))
    (way, _) = quote(shop, order, product(order))["refund_methods"]

    assert made["payments"][0]["provider_id"] == "bankdeposit"
    assert (made["payments"][0]["offline"], made["payments"][0]["is_declined"]) == (True, False)
    assert (way[0]["offline"], way[0]["offline_provider"]) == (True, False)
    assert way[0]["offline_reason"]


@pytest.mark.parametrize("payment", ["authorized", "declined", "pending"])
def test_an_unpaid_order_cannot_be_refunded(shop, payment):
    order = shop.place(payment=payment)
    body = {"items": [product(order)], "payments": [{"provider_id": "stripe", "amount": 12}]}

    assert shop.call("POST", path(order, "refund_quotes"), body).status == 422
    answer = shop.call("POST", path(order), body)
    assert (answer.status, len(answer.body["data"])) == (422, 1)
    assert shop.call("POST", "/v3/orders/9/payment_actions/refunds", body).status == 404


def test_a_payment_is_pending_until_the_gateway_answers_by_the_clock(shop, order, clock):
    shop.store.switches.refund_payment_delay_s = 30

    made = refund(shop, order, product(order))
    (payment,) = made["payments"]
    assert (payment["is_declined"], payment["transaction_id"]) == (None, None)
    assert rows(shop, order) == []
    assert shop.document(order)["status_id"] == 14
    shop.events.clear()
    clock.advance(29)
    assert rows(shop, order) == []
    clock.advance(3600)

    (row,) = rows(shop, order)
    assert row["date_created"] == "2026-07-01T12:00:30+00:00"
    (payment,) = shop.get(path(order))["data"][0]["payments"]
    assert (payment["is_declined"], payment["transaction_id"]) == (False, str(row["id"]))
    assert shop.scopes() == ["store/order/transaction/created"]


def test_whether_the_gateways_answer_changes_the_order_is_a_switch(shop, order, clock):
    shop.store.switches.refund_payment_delay_s = 30
    shop.store.switches.refund_settling_touches_order = True
    refund(shop, order, product(order))

    clock.advance(31)

    assert shop.document(order)["date_modified"] == "Wed, 01 Jul 2026 12:00:30 +0000"


def test_a_declined_payment_stays_as_a_refund_without_money(shop, order):
    shop.store.switches.refund_payments = "declined"

    made = refund(shop, order, product(order))

    (payment,) = made["payments"]
    assert (payment["is_declined"], payment["transaction_id"]) == (True, None)
    assert payment["declined_message"]
    (row,) = rows(shop, order)
    assert row["status"] == "error"
    document = shop.document(order)
    assert (document["status_id"], document["payment_status"]) == (14, "captured")
    assert order.lines[0].quantity_refunded == 1
    quoted = quote(shop, order, amount(order, "ORDER", 40.74))
    assert quoted["total_refund_amount"] == 40.74


def test_a_declined_refund_may_be_given_up_with_all_it_did(shop, order):
    shop.store.switches.declined_refund = "given_up"
    shop.store.switches.refund_payments = "declined"

    refund(shop, order, product(order))

    document = shop.document(order)
    assert (document["status_id"], document["payment_status"]) == (11, "captured")
    assert order.lines[0].quantity_refunded == 0
    assert shop.get(path(order))["data"][0]["payments"][0]["is_declined"] is True
    assert quote(shop, order, product(order, 3))


@pytest.mark.parametrize("status", ["422", "409"])
def test_a_second_refund_waits_for_the_payment_of_the_first(shop, order, clock, status):
    shop.store.switches.refund_payment_delay_s = 30
    shop.store.switches.second_refund = status
    refund(shop, order, product(order))

    answer = post(shop, order, product(order))
    assert (answer.status, answer.body["data"][0]["status"]) == (int(status), int(status))
    other = shop.place()
    assert refund(shop, other, product(other))

    clock.advance(31)
    assert refund(shop, order, product(order))


def test_a_second_refund_may_be_accepted_at_once(shop, order):
    shop.store.switches.refund_payment_delay_s = 30
    shop.store.switches.second_refund = "accept"

    refund(shop, order, product(order))
    assert refund(shop, order, product(order, 2))
    assert order.payment_status == "partially refunded"


def test_a_merchants_own_figures_replace_the_stores(shop, order):
    own = {"total_amount": 10, "total_tax": 0.5}
    body = {"items": [product(order)], "merchant_calculated_override": own}
    paid = [{"provider_id": "stripe", "amount": 10}]

    computed = [{"provider_id": "stripe", "amount": 12}]
    assert shop.call("POST", path(order), body | {"payments": computed}).status == 422
    made = shop.call("POST", path(order), body | {"payments": paid}).body["data"]

    assert (made["total_amount"], made["total_tax"]) == (10, 0.5)
    assert made["uses_merchant_override_values"] is True
    assert order.lines[0].quantity_refunded == 1


@pytest.mark.parametrize(
    "own",
    [5, {}, {"total_amount": 0, "total_tax": 0}, {"total_amount": 10, "total_tax": 11},
     {"total_amount": 99, "total_tax": 0}, {"total_amount": 1.005, "total_tax": 0}],
)  # fmt: skip
def test_a_merchants_own_figures_must_make_sense(shop, order, own):
    body = {
        "items": [product(order)],
        "payments": [{"provider_id": "stripe", "amount": 10}],
        "merchant_calculated_override": own,
    }

    assert shop.call("POST", path(order), body).status == 422


def test_overcharged_tax_is_refunded_alone_and_to_the_cent(shop, order):
    own = {"total_amount": 10.5, "total_tax": 0.5}
    refund_body = {"items": [product(order)], "merchant_calculated_override": own}
    paid = [{"provider_id": "stripe", "amount": 10.5}]
    shop.call("POST", path(order), refund_body | {"payments": paid})

    wrong = {"tax_adjustment_amount": 1}
    assert shop.call("POST", path(order, "refund_quotes"), wrong).status == 422
    answer = shop.call("POST", path(order, "refund_quotes"), {"tax_adjustment_amount": 1.5})
    (way, *_) = answer.body["data"]["refund_methods"]
    body = {"tax_adjustment_amount": 1.5, "payments": way}
    made = shop.call("POST", path(order), body).body["data"]

    assert (made["total_amount"], made["total_tax"], made["items"]) == (1.5, 1.5, [])
    assert shop.call("POST", path(order), body).status == 422


def test_overcharged_tax_may_be_the_merchants_own_figure(shop, order):
    body = {
        "tax_adjustment_amount": 2,
        "merchant_calculated_override": {"total_amount": 2, "total_tax": 2},
        "payments": [{"provider_id": "stripe", "amount": 2}],
    }

    assert shop.call("POST", path(order), body).body["data"]["total_tax"] == 2


def test_refunds_of_all_orders_are_listed_by_id_and_filtered(shop, clock):
    orders = [shop.place({"sku": "MUG", "quantity": 3}) for _ in range(3)]
    made = []
    for order in orders:
        made.append(refund(shop, order, product(order)))
        clock.advance(60)
    everything = "/v3/orders/payment_actions/refunds"
    ids = [row["id"] for row in made]

    def listed(**query: Any) -> list[int]:
        return [row["id"] for row in shop.get(everything, **query)["data"]]

    assert listed() == sorted(ids)
    assert listed(**{"order_id:in": f"{orders[0].id},{orders[2].id}"}) == [ids[0], ids[2]]
    assert listed(**{"id:in": f"{ids[1]},999"}) == [ids[1]]
    assert listed(**{"created:min": "2026-07-01T12:01:00+00:00"}) == ids[1:]
    assert listed(**{"created:max": "2026-07-01T14:00:00+02:00"}) == ids[:1]
    assert listed(transaction_id=made[1]["payments"][0]["transaction_id"]) == [ids[1]]
    page = shop.get(everything, limit=2, page=2)
    assert ([row["id"] for row in page["data"]], page["meta"]["pagination"]["total"]) == (
        ids[2:],
        3,
    )
    assert (
        shop.call("GET", everything, **{"created:min": "2026-07-01T12:00:00 00:00"}).status == 422
    )
    assert shop.get(f"{everything}/{ids[0]}")["data"] == made[0]
    assert shop.call("GET", f"{everything}/1").status == 404


def test_stock_comes_back_only_if_the_store_says_so_and_then_once(shop, order):
    refund(shop, order, product(order))
    kept = shop.store.variant("MUG").on_hand
    shop.store.switches.refund_order_stock_adjustment = True
    refund(shop, order, product(order))
    back = shop.store.variant("MUG").on_hand

    shop.call("PUT", f"/v2/orders/{order.id}", {"status_id": 5})

    assert (kept, back, shop.store.variant("MUG").on_hand) == (97, 98, 100)


def test_the_status_may_stay_where_it_is(shop, order):
    shop.store.switches.refund_moves_status = False

    refund(shop, order, product(order, 3))

    assert (order.status_id, order.payment_status) == (11, "partially refunded")


def test_a_tax_service_that_is_down_fails_a_refund_with_503(shop, order):
    shop.store.switches.tax_service_down = True

    answer = post(shop, order, product(order))

    assert answer.status == 503
    assert answer.body["data"][0] | {"error": ""} == {
        "order_id": order.id, "status": 503, "error": "",
    }  # fmt: skip
    assert order.refunds == []


def test_undoing_a_refund_takes_back_only_that_one(shop, order):
    before = shop.document(order)
    shop.store.switches.refund_order_stock_adjustment = True
    first = refund(shop, order, product(order))
    second = refund(shop, order, product(order), amount(order, "SHIPPING", 1))

    refunds.undo(shop.store, shop.store.refunds[first["id"]])
    assert order.lines[0].quantity_refunded == 1
    assert [row["id"] for row in shop.get(path(order))["data"]] == [second["id"]]
    assert len(rows(shop, order)) == 1
    assert order.status_id == 14

    refunds.undo(shop.store, shop.store.refunds[second["id"]])
    assert shop.document(order) == before
    assert shop.store.variant("MUG").on_hand == 97
    assert refund(shop, order, product(order, 3))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["PRODUCT", "SHIPPING", "ORDER", "undo", "decline", "capture"]),
        st.integers(0, 2),
        st.decimals(min_value="0.01", max_value=30, places=2),
    ),
    max_size=15,
)


@given(steps=STEPS, inclusive=st.booleans(), split=st.sampled_from(["in_order", "proportional"]))
def test_whatever_is_refunded_declined_and_undone_money_and_pieces_tally(
    new_shop, steps, inclusive, split
):
    shop = new_shop()
    shop.store.switches.refund_split = split
    shop.store.switches.declined_refund = "given_up"
    order = shop.place(
        {"sku": "MUG", "quantity": 3}, {"sku": "TEA", "quantity": 2}, {"sku": "MUG"},
        tax_inclusive=inclusive, gift_certificate="9", coupons=[{"code": "TEN"}],
        payment="authorized" if len(steps) % 2 else "captured",
    )  # fmt: skip
    for kind, place, value in steps:
        made = list(shop.store.refunds.values())
        if kind == "capture":
            shop.call("POST", path(order, "capture"))
        elif kind in {"undo", "decline"}:
            for one in made[place : place + 1]:
                getattr(refunds, kind)(shop.store, one)
        else:
            item = product(order, place + 1, place)
            if kind != "PRODUCT":
                item = amount(order, kind, float(value))
            answer = shop.call("POST", path(order, "refund_quotes"), {"items": [item]})
            if answer.status == 201:
                methods = answer.body["data"]["refund_methods"]
                body = {"items": [item], "payments": methods[place % len(methods)]}
                assert shop.call("POST", path(order), body).status == 201

    back, paid = paid_back(order), payments.paid(order)
    answered = [
        row for row in shop.get(path(order))["data"] if not row["payments"][0]["is_declined"]
    ]
    assert 0 <= back <= paid <= order.totals.inc
    assert sum(Decimal(str(row["total_amount"])) for row in answered) == back
    assert sum((row.amount for row in order.refunds if not row.is_given_up), Decimal(0)) == back
    counted = [item for row in answered for item in row["items"] if item["item_type"] == "PRODUCT"]
    for line in order.lines:
        assert line.quantity_refunded == sum(
            item["quantity"] for item in counted if item["item_id"] == line.id
        )
        assert 0 <= line.quantity_refunded <= line.quantity
    assert (order.status_id in {4, 14}) is bool(answered)
    assert (order.status_id == 4) is (bool(answered) and back == paid)


def test_over_http_two_refunds_of_one_order_at_once_are_one_too_many(sandboxes):
    base = f"{sandboxes.bigcommerce_url}/stores/sandbox"
    control = f"{sandboxes.bigcommerce_url}/_sandbox"
    placed = httpx.post(
        f"{control}/orders", json={"lines": [{"name": "Card", "price": "5"}]}, timeout=WITHIN_S
    )
    number = placed.json()["ids"][0]
    item = {"item_type": "ORDER", "item_id": number, "amount": 1}
    body = {"items": [item], "payments": [{"provider_id": "stripe", "amount": 1}]}
    slow = [{"kind": "slow", "ms": 300, "path": "refunds$"}]
    httpx.put(f"{control}/faults", json=slow, timeout=WITHIN_S)

    def post(_: int) -> int:
        url = f"{base}/v3/orders/{number}/payment_actions/refunds"
        return httpx.post(url, json=body, headers=TOKEN, timeout=WITHIN_S).status_code

    try:
        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(post, range(2))) == [201, 422]
        assert post(0) == 201
    finally:
        httpx.put(f"{control}/faults", json=[], timeout=WITHIN_S)


def test_over_http_a_pending_payment_settles_with_the_clock_without_a_read(sandboxes):
    control = f"{sandboxes.bigcommerce_url}/_sandbox"
    placed = httpx.post(
        f"{control}/orders", json={"lines": [{"name": "Card", "price": "5"}]}, timeout=WITHIN_S
    )
    number = placed.json()["ids"][0]
    httpx.put(f"{control}/switches", json={"refund_payment_delay_s": 300}, timeout=WITHIN_S)
    item = {"item_type": "ORDER", "item_id": number, "amount": 1}
    body = {"items": [item], "payments": [{"provider_id": "stripe", "amount": 1}]}
    url = f"{sandboxes.bigcommerce_url}/stores/sandbox/v3/orders/{number}/payment_actions/refunds"
    emitted = threading.Event()

    def listener(scope: str, _data: dict[str, Any]) -> None:
        if "transaction" in scope:
            emitted.set()

    sandboxes.store.listeners.append(listener)
    try:
        (payment,) = httpx.post(url, json=body, headers=TOKEN, timeout=WITHIN_S).json()["data"][
            "payments"
        ]
        assert payment["is_declined"] is None
        httpx.post(f"{control}/clock", json={"advance_s": 301}, timeout=WITHIN_S)

        assert emitted.wait(WITHIN_S)
        (refund,) = httpx.get(url, headers=TOKEN, timeout=WITHIN_S).json()["data"]
        assert refund["payments"][0]["is_declined"] is False
    finally:
        sandboxes.store.listeners.remove(listener)
        httpx.put(f"{control}/switches", json={"refund_payment_delay_s": 0}, timeout=WITHIN_S)
