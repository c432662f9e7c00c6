"""What placing, paying and editing an order does: status, transactions, stock, events."""

import pytest

from sandbox.bigcommerce.controls import place_orders
from sandbox.bigcommerce.payments import PaymentRefused, paid
from sandbox.bigcommerce.placing import BasketRefused
from sandbox.bigcommerce.staff import NotFound, OrderEdit, Payment, edit, pay
from sandbox.bigcommerce.staff_stock import (
    NewProduct,
    StockChange,
    change_stock,
    create_product,
    delete_product,
)
from sandbox.bigcommerce.store import Store
from sandbox.catalogue import generated


def rows(shop, order):
    body = shop.get(f"/v3/orders/{order.id}/transactions")
    return [] if body is None else body["data"]


@pytest.mark.parametrize(
    ("payment", "status_id", "payment_status", "events"),
    [
        ("captured", 11, "captured", ["purchase"]),
        ("authorized", 7, "authorized", ["authorization"]),
        ("pending", 0, "", []),
        ("declined", 6, "declined", ["purchase"]),
        ("offline", 7, "", []),
    ],
)
def test_each_outcome_of_a_payment_has_its_status(shop, payment, status_id, payment_status, events):
    order = shop.place(payment=payment)

    document = shop.document(order)

    assert (document["status_id"], document["payment_status"]) == (status_id, payment_status)
    assert [row["event"] for row in rows(shop, order)] == events
    assert (paid(order) > 0) is (payment == "captured")


def test_created_fires_while_the_order_is_incomplete_then_payment_then_status(shop):
    shop.place()

    of_order = [scope for scope in shop.scopes() if "inventory" not in scope]
    assert of_order == [
        "store/order/created",
        "store/order/transaction/created",
        "store/order/statusUpdated",
        "store/order/updated",
    ]
    change = next(data for scope, data in shop.events if scope.endswith("statusUpdated"))
    assert change["status"] == {"previous_status_id": 0, "new_status_id": 11}


def test_an_order_may_be_paid_or_declined_later(shop):
    first, second = shop.place(payment="pending"), shop.place(payment="pending")

    pay(shop.store, Payment(order_id=first.id))
    pay(shop.store, Payment(order_id=second.id, action="decline"))

    assert (first.status_id, second.status_id) == (11, 6)
    assert rows(shop, second)[0]["status"] == "error"
    with pytest.raises(PaymentRefused, match="declined"):
        pay(shop.store, Payment(order_id=second.id))


def test_an_authorisation_is_captured_over_the_api_and_settling_repeats_its_reference(shop):
    shop.store.switches.capture_settles = True
    order = shop.place(payment="authorized")

    answer = shop.call("POST", f"/v3/orders/{order.id}/payment_actions/capture")

    assert (answer.status, answer.body) == (201, None)
    held, capture, settled = rows(shop, order)
    assert capture["reference_transaction_id"] == settled["reference_transaction_id"] == held["id"]
    assert paid(order) == order.totals.inc
    assert shop.call("POST", f"/v3/orders/{order.id}/payment_actions/void").status == 422


def test_an_offline_payment_is_settled_by_hand(shop):
    order = shop.place(payment_method="Bank deposit")

    pay(shop.store, Payment(order_id=order.id, action="settle"))

    (row,) = rows(shop, order)
    assert (row["event"], row["method"], row["amount"]) == ("settled", "offline", 28.74)
    assert order.status_id == 11


def test_gift_certificate_and_store_credit_are_payments_of_their_own(shop):
    order = shop.place(gift_certificate="10", store_credit="5")

    document = shop.document(order)
    by_method = {row["method"]: row["amount"] for row in rows(shop, order)}

    assert document["gift_certificate_amount"] == "10.0000"
    assert document["discount_amount"] == "0.0000"
    assert by_method == {"gift_certificate": 10, "store_credit": 5, "credit_card": 13.74}


def test_an_order_takes_stock_and_a_cancelled_one_gives_it_back(shop):
    order = shop.place({"sku": "MUG", "quantity": 3})
    taken = shop.store.variant("MUG").on_hand

    shop.call("PUT", f"/v2/orders/{order.id}", {"status_id": 5})

    assert (taken, shop.store.variant("MUG").on_hand) == (97, 100)
    assert "store/product/inventory/order/updated" in shop.scopes()


def test_variants_have_stock_events_of_their_own_and_downloads_none(shop):
    shop.place({"sku": "sock-m"})
    assert "store/sku/inventory/order/updated" in shop.scopes()

    shop.events.clear()
    order = shop.place({"sku": "PDF"})
    assert order.status_id == 10
    assert not any("inventory" in scope for scope in shop.scopes())


def test_a_store_may_refuse_to_sell_what_it_lacks(shop):
    shop.store.switches.refuse_oversell = True

    with pytest.raises(BasketRefused, match="only 9 of 'SOCK-M'"):
        shop.place({"sku": "SOCK-M", "quantity": 10})

    assert shop.store.orders == {}


def test_guests_have_no_account_and_customers_are_known_by_e_mail(shop):
    known = shop.place(email="bob@example.com")
    guest = shop.place(email="bob@example.com", guest=True)

    assert (known.customer_id, guest.customer_id) == (1, 0)


def test_staff_edits_change_lines_people_and_notes(shop):
    order = shop.place({"sku": "MUG", "quantity": 4}, {"sku": "TEA"}, coupons=[{"code": "TEN"}])

    edit(
        shop.store,
        OrderEdit.model_validate(
            {
                "order_id": order.id,
                "lines": [{"sku": "MUG", "quantity": 2}, {"sku": "TEA", "quantity": 0}],
                "add": [{"sku": "BOOK"}],
                "shipping_address": {"city": "Wells"},
                "email": "new@example.com",
                "message": "Hurry",
            }
        ),
    )

    document = shop.document(order)
    assert [line.sku for line in order.lines] == ["MUG", "BOOK"]
    assert document["coupon_discount"] == "2.4000"
    assert document["billing_address"]["email"] == "new@example.com"
    assert order.addresses[0].address.street_1 == "1 High Street"
    assert order.addresses[0].address.city == "Wells"
    assert shop.store.variant("TEA").on_hand == 50
    assert "store/order/message/created" in shop.scopes()
    with pytest.raises(NotFound):
        edit(shop.store, OrderEdit(order_id=9))


def test_products_come_go_and_are_counted(shop):
    made = create_product(shop.store, NewProduct(sku="NEW", stock=4))
    change_stock(shop.store, StockChange(sku="NEW", on_hand=7, safety_stock=2))

    (item,) = shop.get("/v3/inventory/items", **{"sku:in": "NEW,none"})["data"]
    assert item["identity"]["variant_id"] == made["variant_id"]
    assert item["locations"][0]["available_to_sell"] == 5
    with pytest.raises(BasketRefused, match="already"):
        create_product(shop.store, NewProduct(sku="new"))
    delete_product(shop.store, "NEW")
    assert shop.get("/v3/inventory/items", **{"sku:in": "NEW"})["data"] == []


def test_generated_orders_vary_and_are_the_same_for_the_same_seed(shop, clock):
    answer = place_orders(shop.store, {"generate": 150})

    orders = shop.store.orders.values()
    assert len(answer["ids"]) == 150
    assert {order.status_id for order in orders} >= {0, 6, 7, 11}
    assert {order.is_inclusive for order in orders} == {True, False}
    first, second = (Store(generated.generate(3), clock, seed=3) for _ in range(2))
    assert place_orders(first, {"generate": 40}) == place_orders(second, {"generate": 40})


def test_a_customer_page_has_a_cursor_and_totals(shop):
    first = shop.get("/v3/customers", limit=1)

    assert set(first["meta"]) == {"pagination", "cursor_pagination"}
    after = first["meta"]["cursor_pagination"]["end_cursor"]
    assert shop.get("/v3/customers", limit=1, after=after)["data"] == []
    assert shop.get("/v3/customers", **{"email:in": "BOB@example.com"})["data"][0]["id"] == 1
