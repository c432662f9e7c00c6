from decimal import Decimal

import pytest

from sandbox.brightpearl.staff_orders import OrderEdit, edit


def test_an_order_is_read_back_in_both_shapes(api):
    order_id = api.order()

    flat = api.sales_order(order_id)
    party = api.call("GET", f"/order-service/order/{order_id}").value[0]

    assert flat["rows"][0]["net"] == "20.0000"
    assert flat["rows"][0]["quantity"] == "2"
    assert flat["total"]["gross"] == "24.00"
    assert party["totalValue"]["total"] == "24.00"
    row = party["orderRows"][str(flat["rows"][0]["id"])]
    assert row["quantity"] == {"magnitude": "2.0000"}
    assert (row["rowValue"]["rowNet"]["value"], row["rowValue"]["rowTax"]["value"]) == (
        "20.0000",
        "4.00",
    )
    assert party["parties"]["customer"]["countryIsoCode"] == "GB"
    assert flat["customer"]["address"]["countryIsoCode"] == "GBR"


def test_times_carry_the_offset_of_the_accounts_zone(api):
    assert api.sales_order(api.order())["createdOn"] == "2026-07-01T13:00:00.000+01:00"


def test_an_order_that_was_never_changed_has_no_updated_on(api):
    order_id = api.order()

    assert "updatedOn" not in api.sales_order(order_id)
    assert api.call("GET", "/order-service/order-search").rows[0]["updatedOn"] is None


def test_the_same_external_ref_and_instance_make_one_order(api):
    first = api.order("BC-1")
    second = api.order("BC-1", rows=[])

    assert first == second
    assert len(api.account.orders) == 1
    assert len(api.sales_order(first)["rows"]) == 1


def test_without_an_instance_id_nothing_protects_from_doubles(api):
    api.order("BC-1", installedIntegrationInstanceId=None)
    api.order("BC-1", installedIntegrationInstanceId=None)

    assert len(api.account.orders) == 2


def test_a_sales_order_and_a_credit_may_share_a_reference(api):
    order_id = api.order("BC-1")
    credit = api.call("POST", "/order-service/sales-credit", api.order_body("BC-1"))

    assert credit.value != order_id


def test_the_answer_to_a_double_may_be_empty(api):
    api.order()
    api.account.switches.duplicate_order_answer = "empty"

    again = api.call("POST", "/order-service/sales-order", api.order_body())

    assert (again.status, again.body) == (200, {})


def test_a_deleted_order_frees_its_key_and_its_stock(api):
    order_id = api.order()
    api.reserve(order_id)

    edit(api.account, OrderEdit(order_id=order_id, delete=True))

    assert api.call("GET", f"/order-service/order/{order_id}").value == []
    assert api.stock()["onHand"] == 10
    assert api.order() != order_id


def test_missing_orders_leave_a_gap_and_not_a_404(api):
    order_id = api.order()

    both = api.call("GET", f"/order-service/sales-order/{order_id},999999")

    assert both.status == 207
    assert [order["id"] for order in both.value] == [order_id]
    assert api.call("GET", "/order-service/order/999999").body == {"response": []}


def test_more_than_200_orders_in_one_set_are_refused(api):
    assert api.call("GET", "/order-service/sales-order/1-201").status == 400


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"customer": None}, "ORDC-901"),
        ({"customer": {"id": 9}}, "ORDC-902"),
        ({"statusId": 9}, "ORDC-903"),
        ({"warehouseId": 77}, "ORDC-903"),
        ({"channelId": 77}, "ORDC-903"),
        ({"currency": {"code": "JPY"}}, "ORDC-903"),
        ({"delivery": {"shippingMethodId": 77}}, "ORDC-903"),
        ({"ref": "x" * 65}, "CMNC-904"),
        ({"taxDate": "yesterday"}, "CMNC-903"),
        ({"delivery": {"address": {"countryIsoCode": "ZZZ"}}}, "CMNC-905"),
    ],
)
def test_a_header_with_an_unknown_value_makes_no_order(api, change, code):
    answer = api.call("POST", "/order-service/sales-order", api.order_body(**change))

    assert (answer.status, answer.codes) == (400, [code])
    assert not api.account.orders


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"productId": 5}, "ORDC-904"),
        ({"productId": None}, "ORDC-026"),
        ({"quantity": "0"}, "ORDC-024"),
        ({"quantity": "1.5"}, "ORDC-024"),
        ({"taxCode": "VAT"}, "ORDC-905"),
        ({"net": "1.00001"}, "ORDC-906"),
        ({"nominalCode": "1"}, "ORDC-907"),
    ],
)
def test_one_bad_row_refuses_the_whole_order(api, change, code):
    body = api.order_body()
    body["rows"] = [*body["rows"], body["rows"][0] | change]

    assert api.call("POST", "/order-service/sales-order", body).codes == [code]
    assert not api.account.orders


def test_a_bundle_brings_its_components_as_further_rows(api):
    mug = api.product_id("MUG")
    body = {
        "brandId": 74,
        "identity": {"sku": "SET"},
        "financialDetails": {"taxCode": {"code": "T20"}},
        "salesChannels": [{"salesChannelName": "Brightpearl", "productName": "Set of mugs"}],
        "composition": {
            "bundle": True,
            "bundleComponents": [{"productId": mug, "productQuantity": "3"}],
        },
    }
    bundle = api.call("POST", "/product-service/product/", body).value
    row = api.order_body()["rows"][0] | {"productId": bundle, "quantity": 2}

    rows = api.sales_order(api.order(rows=[row]))["rows"]

    parent = next(row for row in rows if row["bundleParent"])
    child = next(row for row in rows if row["bundleChild"])
    assert (child["productId"], child["quantity"], child["net"]) == (mug, "6", "0.0000")
    assert child["parentRowId"] == parent["id"]


def test_the_base_value_of_a_foreign_order_follows_its_rate(api):
    order_id = api.order(currency={"code": "EUR", "exchangeRate": "1.25"})

    total = api.sales_order(order_id)["total"]

    assert (total["gross"], total["baseGross"]) == ("24.00", "19.20")


def test_a_status_of_another_order_type_is_refused(api):
    order_id = api.order()
    path = f"/order-service/order/{order_id}/status"

    assert api.call("PUT", path, {"orderStatusId": 9}).codes == ["ORDC-908"]
    assert api.call("PUT", path, {"orderStatusId": 5}).body == {}
    assert api.sales_order(order_id)["isCanceled"] is True


def test_cancelling_by_status_keeps_the_reservation(api):
    order_id = api.order()
    api.reserve(order_id)

    api.call("PUT", f"/order-service/order/{order_id}/status", {"orderStatusId": 5})

    assert api.stock()["onHand"] == 8


def test_a_status_change_can_carry_a_note(api):
    order_id = api.order()
    note = {"text": "Paid by hand", "isPublic": False}

    api.call(
        "PUT", f"/order-service/order/{order_id}/status", {"orderStatusId": 17, "orderNote": note}
    )

    found = api.call("GET", "/order-service/order-note-search", orderId=str(order_id)).rows
    assert [row["noteText"] for row in found] == ["Paid by hand"]
    assert "order.modified.order-status" in api.fired()


def test_an_illegal_patch_is_a_500_with_a_code_and_changes_nothing(api):
    order_id = api.order()
    patch = [
        {"op": "replace", "path": "/reference", "value": "new"},
        {"op": "add", "path": "/warehouseId", "value": 3},
    ]

    answer = api.call("PATCH", f"/order-service/order/{order_id}", patch)

    assert (answer.status, answer.codes) == (500, ["CMNC-044"])
    assert api.sales_order(order_id)["ref"] == "BC-1"


def test_a_patched_reference_is_found_by_its_new_value_only(api):
    order_id = api.order()
    patch = [{"op": "replace", "path": "/reference", "value": "new"}]

    api.call("PATCH", f"/order-service/order/{order_id}", patch)

    search = "/order-service/order-search"
    assert [row["orderId"] for row in api.call("GET", search, customerRef="new").rows] == [order_id]
    assert api.call("GET", search, customerRef="BC-1").rows == []


@pytest.mark.parametrize("value", [3, "3"])
def test_an_id_may_be_patched_as_a_number_or_as_text(api, value):
    order_id = api.order()
    patch = [{"op": "replace", "path": "/warehouseId", "value": value}]

    assert api.call("PATCH", f"/order-service/order/{order_id}", patch).value["warehouseId"] == 3


def test_the_warehouse_stays_once_stock_is_allocated(api):
    order_id = api.order()
    api.reserve(order_id)
    patch = [{"op": "replace", "path": "/warehouseId", "value": 3}]

    assert api.call("PATCH", f"/order-service/order/{order_id}", patch).codes == ["ORDB-910"]


def test_rows_are_added_changed_and_deleted_one_by_one(api):
    order_id = api.order()
    base = f"/order-service/order/{order_id}/row"
    body = {
        "productName": "Engraving",
        "quantity": {"magnitude": "1"},
        "rowValue": {"taxCode": "T20", "rowNet": {"value": "5.00"}, "rowTax": {"value": "1.00"}},
    }

    row_id = api.call("POST", base, body).value
    patch = [{"op": "replace", "path": "/rowValue/rowNet/value", "value": "6.00"}]
    changed = api.call("PATCH", f"{base}/{row_id}", patch).value

    assert changed["rowValue"]["rowNet"]["value"] == "6.0000"
    assert api.sales_order(order_id)["total"]["net"] == "26.00"
    assert api.call("DELETE", f"{base}/{row_id}").body == {}
    assert api.sales_order(order_id)["total"]["net"] == "20.00"


def test_several_rows_are_answered_one_by_one(api):
    order_id = api.order()
    row_id = api.row_id(order_id)
    row = {"id": row_id, "quantity": "1", "taxCode": "T20", "net": "10", "tax": "2"}
    path = f"/order-service/sales-order/{order_id}/row/{row_id},7"

    answer = api.call("PUT", path, [row, row | {"id": 7}])

    assert answer.status == 207
    assert answer.value["resourceStatuses"] == {str(row_id): 200, "7": 404}
    assert api.sales_order(order_id)["total"]["gross"] == "12.00"


def test_fewer_units_on_a_row_give_reserved_stock_back(api):
    order_id = api.order()
    api.reserve(order_id)
    patch = [{"op": "replace", "path": "/quantity/magnitude", "value": "1"}]

    api.call("PATCH", f"/order-service/order/{order_id}/row/{api.row_id(order_id)}", patch)

    assert api.stock()["onHand"] == 9


def test_an_order_is_invoiced_some_time_after_it_was_closed(api, clock):
    order_id = api.order()
    close = f"/order-service/sales-order/{order_id}/close"

    assert api.call("POST", close, {}).body == {}
    assert api.call("POST", close, {"taxDate": "2026-07-02"}).body == {}
    api.account.settle()
    assert "invoiceReference" not in api.sales_order(order_id)["invoice"]

    clock.advance(2)
    api.account.settle()
    assert api.sales_order(order_id)["invoice"]["invoiceReference"] == "SI-1001"
    assert api.call("POST", close, {}).codes == ["ORDB-911"]
    party = api.call("GET", f"/order-service/order/{order_id}").value[0]
    assert party["state"] == {"tax": "INVOICED"}
    assert party["invoices"][0]["taxDate"] == "2026-07-02T00:00:00.000+01:00"


def test_a_header_only_order_needs_a_type_and_has_no_status_codes_yet(api):
    contact = {"parties": {"customer": {"contactId": api.contact()}}}
    path = "/order-service/order"

    assert api.call("POST", path, contact).codes == ["ORDC-005"]
    assert api.call("POST", path, contact | {"orderTypeCode": "XX"}).codes == ["ORDC-006"]
    assert api.call("POST", path, {"orderTypeCode": "PO", "parties": {}}).codes == ["ORDC-022"]
    made = api.call("POST", path, contact | {"orderTypeCode": "SO"}).value
    flat = api.sales_order(made)
    codes = [
        flat[name] for name in ("stockStatusCode", "allocationStatusCode", "shippingStatusCode")
    ]
    assert [*codes, flat["orderPaymentStatus"]] == ["NON", "ANR", "NST", "NOT_APPLICABLE"]


def test_custom_fields_do_not_show_as_an_update(api):
    order_id = api.order()
    path = f"/order-service/order/{order_id}/custom-field"

    patched = api.call("PATCH", path, [{"op": "add", "path": "/PCF_TEAM", "value": {"id": 137}}])

    assert patched.value == {"PCF_TEAM": {"id": 137, "value": "Team A"}}
    assert "updatedOn" not in api.sales_order(order_id)
    replace = [{"op": "replace", "path": "/PCF_GIFTMSG", "value": "Hi"}]
    assert api.call("PATCH", path, replace).codes == ["CMNC-906"]
    assert api.call("PATCH", path, [{"op": "add", "path": "/PCF_NO", "value": "x"}]).status == 500
    read = api.call("GET", f"/order-service/order/{order_id}", includeOptional="customFields")
    assert read.value[0]["customFields"] == patched.value


def test_options_name_only_ids_that_exist_as_ranges(api):
    first = api.order("A")
    api.order("B")

    answer = api.call("OPTIONS", "/order-service/order")

    assert answer.value == {"getUris": [f"/order/{first}-{first + 1}"]}
    assert api.call("OPTIONS", "/order-service/order/1-50").value == {"getUris": []}


def test_order_totals_are_the_sum_of_rows_to_the_cent(api):
    rows = [
        {"name": f"Part {n}", "quantity": 1, "taxCode": "T20", "net": "0.3333", "tax": "0.0667"}
        for n in range(3)
    ]

    total = api.sales_order(api.order(rows=rows))["total"]

    assert (
        Decimal(total["net"]) + Decimal(total["tax"]) == Decimal(total["gross"]) == Decimal("1.20")
    )
