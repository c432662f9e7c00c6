"""Orders of the kinds that merchants report, each made by a control, read over the API."""

from decimal import Decimal

import pytest

from sandbox.bigcommerce.payments import paid
from sandbox.bigcommerce.placing import BasketRefused
from sandbox.bigcommerce.refund_pricing import RefundRefused
from sandbox.bigcommerce.staff import NotFound, OrderEdit, Payment, edit, pay
from sandbox.bigcommerce.staff_refunds import act
from sandbox.bigcommerce.staff_stock import NewProduct, StockChange, change_stock, create_product


def transactions(shop, order):
    return shop.get(f"/v3/orders/{order.id}/transactions")["data"]


def test_two_consignments_have_their_own_method_lines_and_costs(shop):
    bob = {"first_name": "Bob", "city": "Leeds"}
    order = shop.place(
        {"sku": "MUG"},
        {"sku": "TEA", "address": 1},
        shipping=[{"cost": "3.95"}, {"to": bob, "method": "Next day courier", "cost": "7.50"}],
    )

    ann, to_bob = shop.document(order)["consignments"]["shipping"]

    assert (ann["city"], ann["shipping_method"]) == ("Bath", "Royal Mail 2nd Class")
    assert (to_bob["city"], to_bob["shipping_method"]) == ("Leeds", "Next day courier")
    assert [line["sku"] for line in ann["line_items"]] == ["MUG"]
    assert [line["order_address_id"] for line in to_bob["line_items"]] == [to_bob["id"]]
    assert (ann["cost_inc_tax"], to_bob["cost_inc_tax"]) == (4.74, 9)


def test_a_pickup_order_goes_to_no_address_and_names_the_shop(shop):
    order = shop.place({"sku": "MUG", "quantity": 2}, pickup={"location_id": 3})

    document = shop.document(order)
    (pickup,) = document["consignments"]["pickups"]

    assert pickup["pickup_method_display_name"] == "Collect in store"
    assert (pickup["location"]["id"], pickup["location"]["name"]) == (3, "Leeds shop")
    assert document["consignments"]["shipping"] == []
    assert (document["shipping_address_count"], document["shipping_cost_inc_tax"]) == (0, "0.0000")
    (line,) = pickup["line_items"]
    assert (line["order_pickup_method_id"], line["order_address_id"]) == (pickup["id"], 0)
    (row,) = shop.get(f"/v2/orders/{order.id}/taxes", details="true")
    assert (row["order_pickup_method_id"], row["order_address_id"]) == (pickup["id"], 0)


def test_a_pickup_order_waits_and_is_completed_when_collected(shop):
    order = shop.place({"sku": "MUG"}, pickup={})
    edit(shop.store, OrderEdit(order_id=order.id, status_id=8))

    edit(shop.store, OrderEdit(order_id=order.id, collected=True))

    assert shop.document(order)["status_id"] == 10


def test_what_is_sent_cannot_be_collected(shop):
    order = shop.place()

    with pytest.raises(BasketRefused, match="nothing of order"):
        edit(shop.store, OrderEdit(order_id=order.id, collected=True))


def test_messages_notes_and_fields_are_where_the_vendor_has_them(shop):
    order = shop.place(
        {"sku": "MUG", "wrapping": "Paper", "wrapping_price": "2", "wrapping_message": "For Eve",
         "fields": {"Engraving": "Eve"}},
        billing={"form_fields": {"PO number": "4711"}},
        shipping=[{"to": {"form_fields": {"Gate code": "12#"}}}],
        message="Leave it at the door.",
        staff_notes="Send on Saturday",
    )  # fmt: skip

    document = shop.document(order)
    (place,) = document["consignments"]["shipping"]
    (line,) = place["line_items"]

    assert document["customer_message"] == "Leave it at the door."
    assert document["staff_notes"] == "Send on Saturday"
    assert document["billing_address"]["form_fields"] == [{"name": "PO number", "value": "4711"}]
    assert place["form_fields"] == [{"name": "Gate code", "value": "12#"}]
    assert (line["wrapping_name"], line["wrapping_message"]) == ("Paper", "For Eve")
    assert line["configurable_fields"] == [{"name": "Engraving", "value": "Eve"}]


def test_what_is_sold_besides_products_is_known_by_type_and_id(shop):
    order = shop.place(
        {"name": "Gift card", "price": "50", "gift_certificate_for": "eve@example.com"},
        {"name": "Sewing", "price": "5"},
        {"sku": "MUG", "wrapping": "Paper", "wrapping_price": "2"},
        fees=[{"name": "Small order"}],
        shipping=[{"handling": "1.50"}],
    )

    document = shop.document(order)
    by_name = {line["name"]: line for line in shop.get(f"/v2/orders/{order.id}/products")}

    assert by_name["Gift card"]["type"] == "giftcertificate"
    assert by_name["Gift card"]["gift_certificate_id"] is not None
    assert (by_name["Sewing"]["product_id"], by_name["Sewing"]["type"]) == (0, "physical")
    assert (document["wrapping_cost_ex_tax"], document["handling_cost_ex_tax"]) == (
        "2.0000",
        "1.5000",
    )
    assert document["fees"][0]["display_name_customer"] == "Small order"


def test_an_app_fills_the_external_order_id_before_or_after(shop):
    before = shop.place(external_order_id="AMZ-1")
    after = shop.place()
    edit(shop.store, OrderEdit(order_id=after.id, external_order_id="AMZ-2"))

    rows = shop.get("/v2/orders", external_order_id="AMZ-2")

    assert [row["id"] for row in rows] == [after.id]
    assert shop.document(before)["external_order_id"] == "AMZ-1"


def test_a_purchase_and_its_settlement_are_one_payment(shop):
    order = shop.place()
    pay(shop.store, Payment(order_id=order.id, action="add", event="settled", of="purchase",
                            amount=order.totals.inc))  # fmt: skip

    first, second = transactions(shop, order)

    assert second["reference_transaction_id"] == first["id"]
    assert paid(order) == order.totals.inc


def test_a_chain_of_authorisation_capture_and_settlement_is_one_payment(shop):
    order = shop.place(payment="authorized")
    pay(shop.store, Payment(order_id=order.id))
    pay(shop.store, Payment(order_id=order.id, action="add", event="settled", of="capture",
                            amount=order.totals.inc))  # fmt: skip

    held, captured, settled = transactions(shop, order)

    assert captured["reference_transaction_id"] == held["id"]
    assert settled["reference_transaction_id"] == captured["id"]
    assert paid(order) == order.totals.inc


def test_an_order_may_be_paid_twice_over(shop):
    order = shop.place()
    pay(shop.store, Payment(order_id=order.id, action="add", amount=Decimal(10)))

    assert paid(order) == order.totals.inc + 10
    assert [row["amount"] for row in transactions(shop, order)][1] == 10


def test_a_transaction_may_be_in_another_currency(shop):
    order = shop.place(payment="pending", status_id=11)
    pay(shop.store, Payment(order_id=order.id, action="add", currency="EUR",
                            amount=Decimal("33.69")))  # fmt: skip

    (row,) = transactions(shop, order)

    assert (row["currency"], row["amount"]) == ("EUR", 33.69)
    assert paid(order) == Decimal("28.74") == order.totals.inc


def test_a_row_cannot_name_one_that_the_order_lacks(shop):
    order = shop.place()

    with pytest.raises(NotFound, match="has no capture"):
        pay(shop.store, Payment(order_id=order.id, action="add", event="settled", of="capture",
                                amount=Decimal(1)))  # fmt: skip


def test_a_coupon_vanishes_and_the_paid_order_is_worth_more(shop):
    order = shop.place({"sku": "MUG", "quantity": 5}, coupons=[{"code": "TEN"}])
    paid_before, before = paid(order), order.totals.inc

    edit(shop.store, OrderEdit(order_id=order.id, remove_coupons=["TEN"]))

    document = shop.document(order)
    assert document["coupon_discount"] == "0.0000"
    assert shop.get(f"/v2/orders/{order.id}/coupons") is None
    assert Decimal(document["total_inc_tax"]) == before + 6
    assert paid(order) == paid_before


@pytest.mark.parametrize("switch", ["cost", "discount"])
@pytest.mark.parametrize("kind", ["per_order", "shipping", "free_shipping"])
def test_without_its_coupon_an_order_is_worth_what_it_would_have_been(shop, kind, switch):
    shop.store.switches.free_shipping = switch
    plain = shop.place()
    order = shop.place(coupons=[{"code": "ANY", "type": kind, "amount": "2"}])
    assert order.totals.inc < plain.totals.inc

    edit(shop.store, OrderEdit(order_id=order.id, remove_coupons=["ANY"]))

    assert order.totals == plain.totals


def test_a_coupon_that_was_never_used_cannot_vanish(shop):
    order = shop.place()

    with pytest.raises(BasketRefused, match="no coupon 'TEN'"):
        edit(shop.store, OrderEdit(order_id=order.id, remove_coupons=["TEN"]))


def test_an_order_may_have_no_email(shop):
    document = shop.document(shop.place(email="", source="external", channel_id=3))

    assert document["billing_address"]["email"] == ""
    assert (document["customer_id"], document["channel_id"]) == (0, 3)


@pytest.mark.parametrize(
    ("basket", "kind", "header"),
    [
        (
            {"coupons": [{"code": "POST", "type": "shipping", "amount": "3.95"}]},
            3,
            "coupon_discount",
        ),
        ({"shipping": [{"discount": "3.95"}]}, None, "discount_amount"),
    ],
)
def test_a_discount_on_shipping_leaves_the_lines_as_they_are(shop, basket, kind, header):
    order = shop.place({"sku": "MUG", "quantity": 2}, **basket)

    document = shop.document(order)
    (place,) = document["consignments"]["shipping"]
    (line,) = place["line_items"]

    assert (document[header], place["cost_inc_tax"]) == ("4.7400", 4.74)
    assert line["discounted_total_inc_tax"] == line["total_inc_tax"] == "24.0000"
    assert (document["total_inc_tax"], document["total_tax"]) == ("24.0000", "4.0000")
    coupons = shop.get(f"/v2/orders/{order.id}/coupons") or []
    assert [(row["type"], row["discount"]) for row in coupons] == ([(kind, 4.74)] if kind else [])
    rows = shop.get(f"/v2/orders/{order.id}/taxes", details="true")
    assert {row["line_item_type"]: row["line_amount"] for row in rows} == {
        "item": "4.0000",
        "shipping": "0.0000",
    }


@pytest.mark.parametrize(
    ("switch", "shipping", "discount"), [("cost", "0.0000", 0), ("discount", "4.7400", 4.74)]
)
def test_free_shipping_costs_nothing_or_is_taken_off(shop, switch, shipping, discount):
    shop.store.switches.free_shipping = switch
    order = shop.place(coupons=[{"code": "FREE", "type": "free_shipping"}])

    document = shop.document(order)
    (coupon,) = shop.get(f"/v2/orders/{order.id}/coupons")

    assert (document["shipping_cost_inc_tax"], document["total_inc_tax"]) == (shipping, "24.0000")
    assert (coupon["type"], coupon["discount"]) == (4, discount)


def test_shipping_that_was_discounted_is_refunded_for_what_is_left(shop):
    order = shop.place(shipping=[{"discount": "1.95"}])
    path = f"/v3/orders/{order.id}/payment_actions/refund_quotes"
    item = {"item_type": "SHIPPING", "item_id": order.addresses[0].id}

    too_much = shop.call("POST", path, {"items": [item | {"amount": 2.01}]})
    quote = shop.call("POST", path, {"items": [item | {"amount": 2}]})

    assert too_much.status == 422
    assert quote.body["data"]["total_refund_amount"] == 2.4


def test_a_trade_in_is_a_custom_line_below_zero(shop):
    order = shop.place({"sku": "MUG", "quantity": 2}, {"name": "Trade-in", "price": "-6"},
                       coupons=[{"code": "TWO", "type": "per_order", "amount": "2"}])  # fmt: skip

    document = shop.document(order)
    mug, trade_in = shop.get(f"/v2/orders/{order.id}/products")

    assert (trade_in["total_inc_tax"], trade_in["applied_discounts"]) == ("-7.2000", [])
    assert mug["discounted_total_inc_tax"] == "21.6000"
    assert document["total_inc_tax"] == "19.1400"


def test_the_exchange_rate_may_be_null(shop):
    document = shop.document(shop.place(currency="EUR", shows_exchange_rate=False))

    assert document["store_default_to_transactional_exchange_rate"] is None


def test_an_order_may_name_its_payment_as_nobody_knows_it(shop):
    order = shop.place(payment_text="Pay later in 3")

    (row,) = transactions(shop, order)

    assert shop.document(order)["payment_method"] == "Pay later in 3"
    assert (row["gateway"], row["method"]) == ("stripe", "credit_card")


def test_a_bank_deposit_is_set_to_paid_by_hand_without_a_row(shop):
    order = shop.place(payment_method="Bank deposit")
    edit(shop.store, OrderEdit(order_id=order.id, status_id=11))

    assert shop.document(order)["status_id"] == 11
    assert shop.get(f"/v3/orders/{order.id}/transactions") is None


def test_a_declined_order_is_paid_and_keeps_its_stale_payment_status(shop):
    order = shop.place(payment="declined")
    pay(shop.store, Payment(order_id=order.id, action="add", amount=order.totals.inc))
    edit(shop.store, OrderEdit(order_id=order.id, status_id=11))

    document = shop.document(order)

    assert (document["status_id"], document["payment_status"]) == (11, "declined")
    assert [row["status"] for row in transactions(shop, order)] == ["error", "ok"]


def test_an_order_goes_to_a_country_that_iso_does_not_list(shop):
    kosovo = {"country": "Kosovo", "country_iso2": "XK", "city": "Prishtina", "zip": "10000"}
    document = shop.document(shop.place(shipping=[{"to": kosovo}]))

    assert document["consignments"]["shipping"][0]["country_iso2"] == "XK"
    assert document["total_tax"] == "0.0000"


def test_the_shipping_method_is_the_carriers_own_text(shop):
    order = shop.place(shipping=[{"method": "UPS Ground, arrives 2 Dec"}])

    (place,) = shop.document(order)["consignments"]["shipping"]

    assert place["shipping_method"] == "UPS Ground, arrives 2 Dec"


@pytest.mark.parametrize(
    ("shown", "expected"), [("number", 0), ("null", None), ("missing", "not there")]
)
def test_a_refund_has_the_merchants_own_figures_and_its_tax_as_asked(shop, shown, expected):
    order = shop.place()
    act(
        shop.store,
        {"order_id": order.id, "items": [{"sku": "MUG", "quantity": 1}], "tax_shown": shown,
         "override_total": "12.59", "override_tax": "0"},
    )  # fmt: skip

    (refund,) = shop.get(f"/v3/orders/{order.id}/payment_actions/refunds")["data"]

    assert refund["uses_merchant_override_values"] is True
    assert refund["total_amount"] == 12.59
    assert refund.get("total_tax", "not there") == expected


def test_a_refunds_own_total_and_tax_go_together(shop):
    order = shop.place()

    with pytest.raises(RefundRefused, match="go together"):
        act(shop.store, {"order_id": order.id, "amount": "1", "override_total": "1"})


def stock_of(shop, sku):
    rows = shop.get("/v3/inventory/items", **{"sku:in": sku})["data"]
    return [row["locations"][0] for row in rows]


def test_unlimited_back_orders_make_what_can_be_sold_null(shop):
    change_stock(shop.store, StockChange(sku="SOCK-M", backorder_limit="unlimited"))

    (level,) = stock_of(shop, "SOCK-M")

    assert (level["available_to_sell"], level["total_inventory_onhand"]) == (None, 9)
    assert (level["qty_backordered"], level["settings"]["backorder_limit"]) == (0, None)


def test_back_orders_are_sold_up_to_their_limit_and_counted(shop):
    shop.store.switches.refuse_oversell = True
    change_stock(shop.store, StockChange(sku="SOCK-M", on_hand=2, backorder_limit=3))
    assert stock_of(shop, "SOCK-M")[0]["available_to_sell"] == 5

    shop.place({"sku": "SOCK-M", "quantity": 4})

    (level,) = stock_of(shop, "SOCK-M")
    assert (level["available_to_sell"], level["total_inventory_onhand"]) == (1, 0)
    assert level["qty_backordered"] == 2
    with pytest.raises(BasketRefused, match="only 1 of"):
        shop.place({"sku": "SOCK-M", "quantity": 2})


def test_items_without_back_orders_show_them_by_a_switch_alone(shop):
    assert "qty_backordered" not in stock_of(shop, "SOCK-M")[0]

    shop.store.switches.backorder_fields = True

    assert stock_of(shop, "SOCK-M")[0]["settings"]["backorder_limit"] == 0


def test_two_items_may_share_a_sku(shop):
    create_product(shop.store, NewProduct(sku="MUG", name="Old mug", stock=4, same_sku=True))

    assert [level["available_to_sell"] for level in stock_of(shop, "mug")] == [100, 4]
    assert len(shop.get("/v3/catalog/variants", sku="MUG")["data"]) == 2
    with pytest.raises(BasketRefused, match="already"):
        create_product(shop.store, NewProduct(sku="MUG", name="New mug"))
