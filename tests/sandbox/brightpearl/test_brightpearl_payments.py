"""Money on orders and credits, in all five types of payment."""

import pytest

from sandbox.brightpearl.staff_orders import StaffPayment, take_payment


def total(api, order_id):
    return api.call("GET", f"/accounting-service/sale-payment-total/{order_id}").value[0]


def status(api, order_id):
    return api.call("GET", f"/order-service/order/{order_id}").value[0]["orderPaymentStatus"]


def authorise(api, order_id, amount="24.00", ref="a-1", kind="AUTH"):
    more = {"amountAuthorized": amount, "authorizationExpiry": "2026-07-09", "amountPaid": 0}
    return api.pay(order_id, ref=ref, paymentType=kind, transactionCode="auth-1", **more)


def credit_of(api):
    return api.call("POST", "/order-service/sales-credit", api.order_body("R-1")).value


def test_partial_captures_add_up_until_the_order_is_paid(api):
    order_id = api.order()

    authorise(api, order_id)
    assert status(api, order_id) == "UNPAID"
    api.pay(order_id, "10.00", "c-1", paymentType="CAPTURE", transactionCode="auth-1")
    assert status(api, order_id) == "PARTIALLY_PAID"
    api.pay(order_id, "14.00", "c-2", paymentType="CAPTURE", transactionCode="auth-1")

    assert status(api, order_id) == "PAID"
    assert total(api, order_id) == {
        "orderId": order_id,
        "paymentCurrency": "GBP",
        "amountPaid": 24.0,
        "amountAuthorized": 24.0,
        "amountCaptured": 24.0,
    }


def test_a_void_takes_the_authorisation_back(api):
    order_id = api.order()
    authorise(api, order_id)

    authorise(api, order_id, ref="v-1", kind="VOID")

    assert total(api, order_id)["amountAuthorized"] == 0
    assert status(api, order_id) == "UNPAID"


def test_one_reference_serves_one_payment_of_a_method(api):
    order_id = api.order()
    authorise(api, order_id, ref="x")

    assert api.pay(order_id, ref="x", paymentType="CAPTURE").codes == ["ACCB-901"]
    assert api.pay(order_id, ref="x", paymentMethodCode="GIFTCERT").status == 200
    found = api.call("GET", "/accounting-service/customer-payment-search", transactionRef="x").rows
    assert [row["paymentMethodCode"] for row in found] == ["CARD", "GIFTCERT"]


def test_several_tenders_pay_one_order(api):
    order_id = api.order()

    for ref, (method, amount) in enumerate((("CARD", "14"), ("GIFTCERT", "6"), ("CASH", "4"))):
        api.pay(order_id, amount, f"t-{ref}", paymentMethodCode=method)

    assert status(api, order_id) == "PAID"


def test_a_deleted_payment_frees_its_reference_and_the_status_follows(api):
    order_id = api.order()
    payment = api.pay(order_id, ref="x").value

    assert api.call("DELETE", f"/accounting-service/customer-payment/{payment}").body == {}

    assert status(api, order_id) == "UNPAID"
    assert total(api, order_id)["amountPaid"] == 0
    search = "/accounting-service/customer-payment-search"
    assert api.call("GET", search, transactionRef="x").rows == []
    assert api.pay(order_id, ref="x").status == 200
    assert api.call("DELETE", f"/accounting-service/customer-payment/{payment}").status == 404


def test_more_than_is_owed_is_taken(api):
    order_id = api.order()

    assert api.pay(order_id, "30.00").status == 200

    assert status(api, order_id) == "PAID"
    assert total(api, order_id)["amountPaid"] == 30.0


def test_money_out_on_a_credit_sets_the_credits_status(api):
    credit = credit_of(api)

    api.pay(credit, "10.00", "r-1", paymentType="PAYMENT")
    assert status(api, credit) == "PARTIALLY_PAID"
    api.pay(credit, "14.00", "r-2", paymentType="PAYMENT")

    assert status(api, credit) == "PAID"
    assert total(api, credit)["amountPaid"] == 24.0


@pytest.mark.parametrize("kind", ["RECEIPT", "CAPTURE", "VOID"])
def test_a_credit_takes_money_out_only(api, kind):
    credit = credit_of(api)

    assert api.pay(credit, paymentType=kind, amountAuthorized="1").codes == ["ACCC-904"]


def test_money_out_on_a_sales_order_is_for_staff(api):
    order_id = api.order()
    api.pay(order_id)

    assert api.pay(order_id, ref="p", paymentType="PAYMENT").codes == ["ACCC-904"]
    take_payment(api.account, StaffPayment(order_id=order_id, type="PAYMENT", amount=24))

    assert status(api, order_id) == "UNPAID"
    api.account.switches.payment_on_sales_order = "accept"
    assert api.pay(order_id, ref="p", paymentType="PAYMENT").status == 200


def test_staff_take_what_is_still_owed(api):
    order_id = api.order()
    api.pay(order_id, "20.00")

    assert take_payment(api.account, StaffPayment(external_ref="BC-1"))["payment_status"] == "PAID"
    assert total(api, order_id)["amountPaid"] == 24.0


def test_a_payment_in_another_currency_counts_by_its_rate(api):
    order_id = api.order(currency={"code": "EUR", "exchangeRate": "1.25"})

    api.pay(order_id, "9.60", "one")
    assert status(api, order_id) == "PARTIALLY_PAID"
    api.pay(order_id, "15.00", "two", currencyIsoCode="USD", exchangeRate="1.5625")

    assert status(api, order_id) == "PAID"
    api.account.switches.payment_in_other_currency = "refuse"
    assert api.pay(order_id, "1.00", "three").codes == ["ACCC-907"]


def test_every_payment_is_an_update_of_its_order(api, clock):
    order_id = api.order()
    clock.advance(60)

    payment = api.pay(order_id).value

    updated = api.sales_order(order_id)["updatedOn"]
    assert updated == "2026-07-01T13:01:00.000+01:00"
    clock.advance(60)
    api.call("DELETE", f"/accounting-service/customer-payment/{payment}")
    assert api.sales_order(order_id)["updatedOn"] == "2026-07-01T13:02:00.000+01:00"
    assert api.fired()[-1] == "order.modified"
