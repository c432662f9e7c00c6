"""Rows of orders that are reserved, picked, shipped, paid or invoiced already."""

import pytest

from sandbox.brightpearl.staff_orders import OrderEdit, edit


def patch(api, order_id, path, value, row_id=None):
    row_id = row_id or api.row_id(order_id)
    body = [{"op": "replace", "path": path, "value": value}]
    return api.call("PATCH", f"/order-service/order/{order_id}/row/{row_id}", body)


def put(api, order_id, **changes):
    row_id = api.row_id(order_id)
    row = {"id": row_id, "quantity": "2", "taxCode": "T20", "net": "20", "tax": "4"} | changes
    return api.call("PUT", f"/order-service/sales-order/{order_id}/row/{row_id}", [row])


def invoice(api, clock, order_id):
    api.call("POST", f"/order-service/sales-order/{order_id}/close", {})
    clock.advance(5)
    api.account.settle()


def staff(api, **wanted):
    return edit(api.account, OrderEdit.model_validate(wanted))


def add_bundle(api, units="3"):
    parts = [{"productId": api.product_id("MUG"), "productQuantity": units}]
    body = {
        "brandId": 74,
        "identity": {"sku": "SET"},
        "financialDetails": {"taxCode": {"code": "T20"}},
        "salesChannels": [{"salesChannelName": "Brightpearl", "productName": "Set of mugs"}],
        "composition": {"bundle": True, "bundleComponents": parts},
    }
    return api.call("POST", "/product-service/product", body).value


def test_an_edit_below_what_is_reserved_gives_the_surplus_back(api):
    order_id = api.order()
    api.reserve(order_id)

    assert put(api, order_id, quantity="1", net="10", tax="2").status == 200

    assert api.stock()["onHand"] == 9
    assert api.sales_order(order_id)["allocationStatusCode"] == "AAA"


def test_an_edit_below_what_is_reserved_may_be_refused_and_changes_nothing(api):
    api.account.switches.row_edit_below_reserved = "refuse"
    order_id = api.order()
    api.reserve(order_id)

    assert patch(api, order_id, "/quantity/magnitude", "1").codes == ["ORDB-918"]
    path = f"/order-service/order/{order_id}/row/{api.row_id(order_id)}"
    assert api.call("DELETE", path).codes == ["ORDB-918"]
    assert patch(api, order_id, "/rowValue/rowNet/value", "1").status == 200
    assert patch(api, order_id, "/quantity/magnitude", "3").status == 200
    assert api.stock()["onHand"] == 8


def test_more_units_than_are_reserved_leave_the_order_partly_allocated(api):
    order_id = api.order()
    api.reserve(order_id)

    put(api, order_id, quantity="3", net="30", tax="6")

    assert api.sales_order(order_id)["allocationStatusCode"] == "APA"
    assert api.stock()["onHand"] == 8


def test_no_edit_goes_below_what_is_on_a_note(api):
    order_id = api.order()
    api.goods_out(order_id)

    assert patch(api, order_id, "/quantity/magnitude", "1").codes == ["ORDB-912"]
    assert put(api, order_id, quantity="1").codes == ["ORDB-912"]
    path = f"/order-service/order/{order_id}/row/{api.row_id(order_id)}"
    assert api.call("DELETE", path).codes == ["ORDB-912"]
    assert put(api, order_id, productId=api.product_id("PEN")).codes == ["ORDB-912"]
    assert api.sales_order(order_id)["total"]["gross"] == "24.00"


def test_fewer_units_may_complete_an_order_that_was_partly_shipped(api):
    order_id = api.order()
    api.ship(api.goods_out(order_id, quantity=1).value)
    assert api.sales_order(order_id)["shippingStatusCode"] == "SPS"

    patch(api, order_id, "/quantity/magnitude", "1")

    assert api.sales_order(order_id)["shippingStatusCode"] == "ASS"
    assert "order.modified.fully-shipped" in api.fired()


def test_deleting_a_row_frees_its_reservation(api):
    order_id = api.order()
    api.reserve(order_id)

    path = f"/order-service/order/{order_id}/row/{api.row_id(order_id)}"
    assert api.call("DELETE", path).body == {}

    assert api.stock()["onHand"] == 10
    assert api.call("GET", f"/warehouse-service/order/{order_id}/reservation").status == 404
    assert api.sales_order(order_id)["orderPaymentStatus"] == "NOT_APPLICABLE"


def test_another_product_on_a_row_frees_what_was_reserved_of_the_old_one(api):
    order_id = api.order()
    api.reserve(order_id)

    put(api, order_id, productId=api.product_id("PEN"))

    row = api.sales_order(order_id)["rows"][0]
    assert (row["sku"], row["name"], row["externalRef"]) == ("PEN", "Pen", "line-1")
    assert api.stock("MUG")["onHand"] == 10


@pytest.mark.parametrize("value", ["0", "1.5", "two", None])
def test_a_refused_edit_leaves_the_reservation_alone(api, value):
    order_id = api.order()
    api.reserve(order_id)

    assert patch(api, order_id, "/quantity/magnitude", value).status == 400
    assert api.stock()["onHand"] == 8


def test_a_replaced_row_of_no_use_leaves_the_reservation_alone(api):
    order_id = api.order()
    api.reserve(order_id)

    assert put(api, order_id, productId=999, quantity="1").codes == ["ORDC-904"]
    assert api.stock()["onHand"] == 8


@pytest.mark.parametrize("path", ["/productName", "/rowValue/taxCode", "/productId"])
def test_name_tax_code_and_product_of_a_row_cannot_be_patched(api, path):
    answer = patch(api, api.order(), path, "T20")

    assert (answer.status, answer.codes) == (500, ["CMNC-044"])


def test_rows_of_an_invoiced_order_stay_as_they_are(api, clock):
    order_id = api.order()
    invoice(api, clock, order_id)

    assert patch(api, order_id, "/quantity/magnitude", "3").codes == ["ORDB-911"]
    assert put(api, order_id, quantity="3").codes == ["ORDB-911"]
    row = {"productName": "x", "quantity": {"magnitude": 1}, "rowValue": {"taxCode": "T20"}}
    assert api.call("POST", f"/order-service/order/{order_id}/row", row).codes == ["ORDB-911"]
    path = f"/order-service/order/{order_id}/row/{api.row_id(order_id)}"
    assert api.call("DELETE", path).codes == ["ORDB-911"]


def test_an_order_whose_invoice_is_pending_can_still_be_edited(api):
    order_id = api.order()
    api.call("POST", f"/order-service/sales-order/{order_id}/close", {})

    assert put(api, order_id, quantity="1", net="10", tax="2").status == 200


def test_payment_status_follows_the_rows(api):
    order_id = api.order()
    api.pay(order_id, "24.00")

    def status():
        return api.sales_order(order_id)["orderPaymentStatus"]

    assert status() == "PAID"
    put(api, order_id, quantity="3", net="30", tax="6")
    assert status() == "PARTIALLY_PAID"
    put(api, order_id, quantity="1", net="10", tax="2")
    assert status() == "PAID"
    total = api.call("GET", f"/accounting-service/sale-payment-total/{order_id}").value[0]
    assert total["amountPaid"] == 24.0


def test_one_refused_row_among_several_is_answered_for_itself(api):
    order_id = api.order()
    api.goods_out(order_id)
    body = {
        "productName": "Wrap",
        "quantity": {"magnitude": 1},
        "rowValue": {"taxCode": "T20", "rowNet": {"value": "2"}, "rowTax": {"value": "0.40"}},
    }
    wrap = api.call("POST", f"/order-service/order/{order_id}/row", body).value
    mug = api.row_id(order_id)
    rows = [
        {"id": mug, "quantity": "1", "taxCode": "T20", "net": "10", "tax": "2"},
        {"id": wrap, "quantity": "1", "taxCode": "T20", "net": "3", "tax": "0.60"},
    ]

    answer = api.call("PUT", f"/order-service/sales-order/{order_id}/row/{mug},{wrap}", rows)

    assert answer.status == 207
    assert answer.value["resourceStatuses"] == {str(mug): 400, str(wrap): 200}
    assert [fault["code"] for fault in answer.value["resourceErrors"][str(mug)]] == ["ORDB-912"]
    assert api.sales_order(order_id)["total"]["gross"] == "27.60"


def test_a_new_quantity_of_a_bundle_changes_its_components(api):
    bundle = add_bundle(api)
    row = api.order_body()["rows"][0] | {"productId": bundle, "quantity": 2}
    order_id = api.order(rows=[row])
    edit(api.account, OrderEdit(order_id=order_id, allocate=True))
    assert api.stock()["onHand"] == 4

    put(api, order_id, quantity="1", net="10", tax="2")

    child = next(row for row in api.sales_order(order_id)["rows"] if row["bundleChild"])
    assert child["quantity"] == "3"
    assert api.stock()["onHand"] == 7


def test_a_bundle_goes_and_comes_with_its_components(api):
    bundle = add_bundle(api)
    order_id = api.order()
    sent = {"productId": bundle, "quantity": 1, "taxCode": "T20", "net": "9", "tax": "1.80"}

    staff(api, order_id=order_id, add_rows=[sent])
    assert len(api.sales_order(order_id)["rows"]) == 3
    staff(api, order_id=order_id, remove_rows=["SET"])

    assert [row["sku"] for row in api.sales_order(order_id)["rows"]] == ["MUG"]


def test_components_keep_their_units_when_a_switch_says_so(api):
    api.account.switches.bundle_rows_follow = False
    row = api.order_body()["rows"][0] | {"productId": add_bundle(api), "quantity": 2}
    order_id = api.order(rows=[row])

    put(api, order_id, quantity="1")

    child = next(row for row in api.sales_order(order_id)["rows"] if row["bundleChild"])
    assert child["quantity"] == "6"


def test_staff_find_rows_by_id_by_their_reference_or_by_sku(api):
    order_id = api.order()

    staff(api, external_ref="BC-1", rows=[{"external_ref": "line-1", "quantity": 3}])
    staff(api, order_id=order_id, rows=[{"sku": "MUG", "net": "31", "tax": "6"}])
    changed = staff(api, order_id=order_id, rows=[{"id": api.row_id(order_id), "tax": "6.20"}])

    assert changed["rows"] == {api.row_id(order_id): "3"}
    assert api.sales_order(order_id)["total"]["gross"] == "37.20"


def test_staff_change_only_the_parts_of_an_address_that_they_name(api):
    order_id = api.order()

    staff(api, order_id=order_id, delivery_address={"addressLine1": "9 Low St"})

    address = api.sales_order(order_id)["delivery"]["address"]
    assert (address["addressLine1"], address["addressLine3"]) == ("9 Low St", "Bath")
    assert api.sales_order(order_id)["customer"]["address"]["addressLine1"] == "1 High St"
    assert api.fired()[-1] == "order.modified"


def test_staff_hold_an_order(api):
    order_id = api.order()

    assert staff(api, order_id=order_id, hold=True)["status_id"] == 20
    assert api.fired()[-1] == "order.modified.order-status"
    statuses = api.call("GET", "/order-service/order-status").value
    assert next(entry["name"] for entry in statuses if entry["statusId"] == 20) == "On hold"
