"""A cancelled order is one whose status says so: stock and money do not follow by themselves."""

import pytest

from sandbox.brightpearl.refusals import Refusal
from sandbox.brightpearl.staff_orders import OrderEdit, edit

CANCELLED, CREDIT_CANCELLED = 5, 21


def cancel(api, order_id, status=CANCELLED):
    path = f"/order-service/order/{order_id}/status"
    return api.call("PUT", path, {"orderStatusId": status})


def test_a_cancelled_order_keeps_its_reservation_its_note_and_its_payment(api):
    order_id = api.order()
    api.pay(order_id)
    api.reserve(order_id)
    api.goods_out(order_id, quantity=1)

    assert cancel(api, order_id).body == {}

    order = api.sales_order(order_id)
    assert order["isCanceled"] is True
    assert order["orderPaymentStatus"] == "PAID"
    assert api.stock() == {"inStock": 10, "onHand": 8, "allocated": 2, "inTransit": 0}
    assert api.fired()[-1] == "order.modified.order-status"


def test_a_cancelled_order_can_come_back(api):
    order_id = api.order()
    cancel(api, order_id)

    cancel(api, order_id, status=2)

    assert api.sales_order(order_id)["isCanceled"] is False


def test_an_invoiced_order_cannot_be_cancelled_by_anyone(api, clock):
    order_id = api.order()
    api.call("POST", f"/order-service/sales-order/{order_id}/close", {})
    clock.advance(5)
    api.account.settle()

    assert cancel(api, order_id).codes == ["ORDB-915"]
    with pytest.raises(Refusal, match="ORDB-915"):
        edit(api.account, OrderEdit(order_id=order_id, cancel=True))
    assert api.sales_order(order_id)["statusId"] == 4


def test_an_order_cancelled_while_its_invoice_is_pending_stays_cancelled(api, clock):
    order_id = api.order()
    api.call("POST", f"/order-service/sales-order/{order_id}/close", {})
    cancel(api, order_id)
    clock.advance(5)
    api.account.settle()

    assert api.sales_order(order_id)["isCanceled"] is True


def test_the_vendors_screens_also_refuse_what_is_picked_or_paid(api):
    api.account.switches.cancelling_refused_for = "documented"
    picked, paid, open_one = api.order("A"), api.order("B"), api.order("C")
    api.goods_out(picked)
    api.pay(paid)

    assert cancel(api, picked).codes == ["ORDB-916"]
    assert cancel(api, paid).codes == ["ORDB-917"]
    assert cancel(api, open_one).status == 200


def test_staff_cancel_an_order_and_a_credit(api):
    order_id = api.order()
    credit = api.call("POST", "/order-service/sales-credit", api.order_body("R-1")).value

    assert edit(api.account, OrderEdit(external_ref="BC-1", cancel=True))["cancelled"] is True
    assert edit(api.account, OrderEdit(order_id=credit, cancel=True))["cancelled"] is True

    assert api.sales_order(order_id)["statusId"] == CANCELLED
    read = api.call("GET", f"/order-service/sales-credit/{credit}").value[0]
    assert (read["statusId"], read["isCanceled"]) == (CREDIT_CANCELLED, True)


def test_a_credit_takes_statuses_of_its_own_type_only(api):
    credit = api.call("POST", "/order-service/sales-credit", api.order_body("R-1")).value

    assert cancel(api, credit).codes == ["ORDC-908"]
    assert cancel(api, credit, CREDIT_CANCELLED).status == 200


def test_without_a_cancelled_status_nothing_says_whether_an_order_is_cancelled(api):
    api.account.switches.cancelled_status_is_set = False

    assert "isCanceled" not in api.sales_order(api.order())


def test_statuses_show_their_order_type_and_state(api):
    statuses = api.call("GET", "/order-service/order-status").value

    cancelled = {s["statusId"]: s["orderTypeCode"] for s in statuses if s["state"] == "cancelled"}
    assert cancelled == {CANCELLED: "SO", CREDIT_CANCELLED: "SC"}
