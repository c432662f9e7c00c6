"""Money of an order after checkout: captures in parts, voids, money by hand, the slow gateway."""

from typing import Any

import pytest

from sandbox.bigcommerce.payments import PaymentRefused, paid
from sandbox.bigcommerce.staff import OrderEdit, Payment, edit, pay


def events(shop: Any, order: Any) -> list[tuple[str, float]]:
    body = shop.get(f"/v3/orders/{order.id}/transactions")
    return [(row["event"], row["amount"]) for row in body["data"]] if body else []


def change(shop: Any, order: Any, **more: Any) -> dict[str, Any]:
    return edit(shop.store, OrderEdit.model_validate({"order_id": order.id, **more}))


def take(shop: Any, order: Any, action: str, amount: Any = None, **more: Any) -> None:
    pay(shop.store, Payment(order_id=order.id, action=action, amount=amount, **more))


@pytest.fixture
def authorized(shop):
    """28.74, held and not captured."""
    return shop.place(payment="authorized")


@pytest.fixture
def order(shop):
    """Three mugs at 12.00 and shipping at 4.74, with tax: 40.74."""
    return shop.place({"sku": "MUG", "quantity": 3}, email="bob@example.com")


def test_an_authorisation_is_captured_in_parts_and_paid_with_the_last(shop, authorized):
    take(shop, authorized, "capture", 10)
    assert (authorized.payment_status, authorized.status_id) == ("authorized", 7)
    take(shop, authorized, "capture", 10)
    with pytest.raises(PaymentRefused, match=r"only 8\.74"):
        take(shop, authorized, "capture", 9)
    take(shop, authorized, "capture")

    assert events(shop, authorized)[1:] == [("capture", 10), ("capture", 10), ("capture", 8.74)]
    assert (authorized.payment_status, authorized.status_id) == ("captured", 11)
    assert paid(authorized) == authorized.totals.inc


@pytest.mark.parametrize("settles", [True, False])
def test_several_captures_count_in_full_and_each_with_its_settling_once(shop, authorized, settles):
    shop.store.switches.capture_settles = settles
    take(shop, authorized, "capture", 10)
    take(shop, authorized, "capture", 5)

    assert paid(authorized) == 15


def test_the_first_part_may_make_the_order_paid(shop, authorized):
    shop.store.switches.partial_capture_pays = True

    take(shop, authorized, "capture", 10)

    assert (authorized.payment_status, authorized.status_id) == ("captured", 11)


def test_the_rest_of_a_partly_captured_authorisation_is_voided(shop, authorized):
    take(shop, authorized, "capture", 10)

    answer = shop.call("POST", f"/v3/orders/{authorized.id}/payment_actions/void")

    assert answer.status == 201
    assert events(shop, authorized)[2] == ("void", 18.74)
    assert (authorized.payment_status, authorized.status_id) == ("captured", 11)


def test_no_more_is_captured_than_is_held_or_due(shop, authorized):
    dearer = shop.place(payment="authorized")
    change(shop, dearer, add=[{"sku": "MUG"}])
    take(shop, dearer, "capture")
    change(shop, authorized, lines=[{"sku": "MUG", "quantity": 1}])
    take(shop, authorized, "capture")

    assert events(shop, dearer)[1] == ("capture", 28.74)
    assert events(shop, authorized)[1] == ("capture", 16.74)


def test_capture_on_dispatch_leaves_the_order_shipped(shop, authorized):
    change(shop, authorized, status_id=2)

    take(shop, authorized, "capture")

    assert (authorized.payment_status, authorized.status_id) == ("captured", 2)


def test_an_offline_payment_comes_in_parts(shop):
    order = shop.place(payment_method="Bank deposit")

    take(shop, order, "settle", 20)
    assert (order.payment_status, order.status_id) == ("", 7)
    take(shop, order, "settle")

    assert events(shop, order) == [("settled", 20), ("settled", 8.74)]
    assert (order.payment_status, order.status_id) == ("paid", 11)
    with pytest.raises(PaymentRefused):
        take(shop, order, "settle", 1)


def test_a_pending_order_spends_its_gift_certificate_when_it_is_paid(shop):
    order = shop.place(payment="pending", gift_certificate="10")
    assert events(shop, order) == []

    take(shop, order, "capture")

    assert events(shop, order) == [("purchase", 10), ("purchase", 18.74)]


def test_a_further_transaction_is_added_after_an_edit(shop, order):
    change(shop, order, add=[{"sku": "MUG"}])
    shop.events.clear()

    take(shop, order, "add", method="PayPal")
    take(shop, order, "add", 5, method="Store Credit")
    take(shop, order, "add", 7, status="error")

    row = shop.get(f"/v3/orders/{order.id}/transactions")["data"][1]
    assert (row["gateway"], row["amount"]) == ("paypalcommerce", 12)
    assert paid(order) == order.totals.inc + 5
    assert shop.scopes()[:2] == ["store/order/transaction/created", "store/order/updated"]
    with pytest.raises(PaymentRefused):
        take(shop, order, "add", 0)


@pytest.mark.parametrize(
    ("action", "meanwhile", "after", "status_id"),
    [("capture", "capture pending", "captured", 11), ("void", "void pending", "void", 5)],
)
def test_the_gateway_may_take_its_time(
    shop, authorized, clock, action, meanwhile, after, status_id
):
    shop.store.switches.capture_delay_s = 60
    path = f"/v3/orders/{authorized.id}/payment_actions/{action}"

    assert shop.call("POST", path).status == 201
    assert shop.document(authorized)["payment_status"] == meanwhile
    assert shop.call("POST", path).status == 422
    clock.advance(61)

    document = shop.document(authorized)
    assert (document["payment_status"], document["status_id"]) == (after, status_id)
    assert document["date_modified"] == "Wed, 01 Jul 2026 12:01:00 +0000"


def test_a_capture_that_staff_overtake_changes_nothing(shop, authorized, clock):
    shop.store.switches.capture_delay_s = 60
    shop.call("POST", f"/v3/orders/{authorized.id}/payment_actions/capture")
    take(shop, authorized, "capture")

    clock.advance(61)

    assert shop.document(authorized)["payment_status"] == "captured"
    assert len(events(shop, authorized)) == 2
