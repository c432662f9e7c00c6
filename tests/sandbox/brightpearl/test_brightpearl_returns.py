"""Credits and returned goods: what the API takes, and what staff do by hand."""

import pytest

from sandbox.brightpearl.refusals import Refusal
from sandbox.brightpearl.staff_credits import Receipt, StaffCredit, create_credit, receive_goods
from sandbox.brightpearl.staff_orders import OrderEdit, StaffPayment, edit, take_payment
from sandbox.brightpearl.staff_stock import StockChange, change_stock

QUARANTINE = 3


def credit_of(api, **wanted):
    if not api.account.orders:
        api.order()
    sent = {"external_ref": "BC-1"} | wanted
    return create_credit(api.account, StaffCredit.model_validate(sent))["credit_id"]


def read(api, credit):
    return api.call("GET", f"/order-service/sales-credit/{credit}").value[0]


def moved(api, credit, quantity=1, location=2, sku="MUG"):
    rows = read(api, credit)["rows"]
    return {
        "productId": api.product_id(sku),
        "purchaseOrderRowId": next(row["id"] for row in rows if row.get("sku") == sku),
        "quantity": quantity,
        "destinationLocationId": location,
        "productValue": {"currency": "GBP", "value": 5},
    }


def receive(api, credit, *lines, batch=None, warehouse=2):
    body = {"warehouseId": warehouse, "goodsMoved": list(lines), "userBatchReference": batch}
    return api.call("POST", f"/warehouse-service/order/{credit}/goods-note/goods-in", body)


def test_a_credit_of_staff_names_its_order_and_carries_no_reference_of_ours(api):
    order_id = api.order()

    credit = read(api, credit_of(api))

    assert credit["parentId"] == order_id
    assert "externalRef" not in credit
    assert "installedIntegrationInstanceId" not in credit
    assert [row.get("externalRef") for row in credit["rows"]] == [None]
    assert credit["total"]["gross"] == "24.00"
    assert (credit["orderPaymentStatus"], credit["stockStatusCode"]) == ("UNPAID", "SCN")
    found = api.call("GET", "/order-service/order-search", parentOrderId=str(order_id)).rows
    assert [row["orderTypeId"] for row in found] == [3]


def test_a_credit_by_staff_costs_what_the_units_were_sold_for(api):
    credit = read(api, credit_of(api, rows=[{"sku": "MUG", "quantity": 1}]))

    assert credit["total"] == {
        "net": "10.00",
        "tax": "2.00",
        "gross": "12.00",
        "baseNet": "10.00",
        "baseTax": "2.00",
        "baseGross": "12.00",
    }


def test_a_credit_may_be_free_text_alone_and_without_an_order(api):
    rows = [{"name": "Goodwill", "net": "5", "tax": "0", "tax_code": "T0"}]

    credit = read(api, credit_of(api, rows=rows, has_parent=False, ref="SORRY-1"))

    assert "parentId" not in credit
    assert (credit["ref"], credit["stockStatusCode"]) == ("SORRY-1", "NON")
    assert "productId" not in credit["rows"][0]


def test_a_credit_of_a_foreign_order_keeps_its_currency_and_rate(api):
    api.order(currency={"code": "EUR", "exchangeRate": "1.25"})

    currency = read(api, credit_of(api))["currency"]

    assert (currency["code"], currency["exchangeRate"]) == ("EUR", "1.250000")


def test_a_credit_is_edited_like_an_order_but_not_below_what_came_back(api):
    credit = credit_of(api)
    receive(api, credit, moved(api, credit, 1))

    edited = OrderEdit.model_validate({"order_id": credit, "rows": [{"sku": "MUG", "quantity": 1}]})
    edit(api.account, edited)
    assert read(api, credit)["stockStatusCode"] == "SCA"
    with pytest.raises(Refusal, match="ORDB-912"):
        edit(api.account, OrderEdit(order_id=credit, remove_rows=["MUG"]))


def test_a_closed_credit_is_locked(api, clock):
    credit = credit_of(api)

    edit(api.account, OrderEdit(order_id=credit, close=True))
    clock.advance(5)
    api.account.settle()

    assert read(api, credit)["invoice"]["invoiceReference"].startswith("SC-")
    assert read(api, credit)["statusId"] == 10
    with pytest.raises(Refusal, match="ORDB-915"):
        edit(api.account, OrderEdit(order_id=credit, cancel=True))


def test_resellable_goods_raise_what_is_on_hand_and_damaged_goods_do_not(api):
    credit = credit_of(api)
    fired = len(api.fired())

    note = receive(api, credit, moved(api, credit, location=QUARANTINE)).value
    assert api.stock() == {"inStock": 11, "onHand": 10, "allocated": 0, "inTransit": 0}
    assert api.fired()[fired:] == ["goods-in-note.created"]

    receive(api, credit, moved(api, credit))
    assert api.stock() == {"inStock": 12, "onHand": 11, "allocated": 0, "inTransit": 0}
    assert read(api, credit)["stockStatusCode"] == "SCA"
    path = f"/warehouse-service/order/{credit}/goods-note/goods-in"
    parts = api.call("GET", path).value[str(note)]["orderRows"]
    assert [part["locationId"] for row in parts.values() for part in row] == [QUARANTINE]


def test_what_is_quarantined_can_be_neither_reserved_nor_corrected_away_as_sellable(api):
    credit = credit_of(api)
    receive(api, credit, moved(api, credit, quantity=2, location=QUARANTINE))
    path = "/warehouse-service/warehouse/2/stock-correction"
    line = {"productId": api.product_id("MUG"), "quantity": -11, "reason": "x", "locationId": 2}

    assert api.call("POST", path, {"corrections": [line]}).codes == ["WHSB-904"]
    broken = line | {"quantity": -1, "locationId": QUARANTINE}
    assert api.call("POST", path, {"corrections": [broken]}).status == 200
    assert api.stock() == {"inStock": 11, "onHand": 10, "allocated": 0, "inTransit": 0}
    assert api.call("POST", path, {"corrections": [broken | {"quantity": -2}]}).status == 400


def test_released_goods_are_on_sale_again(api):
    credit = credit_of(api)
    receive(api, credit, moved(api, credit, location=QUARANTINE))
    path = "/warehouse-service/warehouse/2/quarantine/release"
    body = {"productId": api.product_id("MUG"), "quantity": 1, "toLocationId": 2}

    assert api.call("GET", "/warehouse-service/warehouse/2/location/quarantine").value == QUARANTINE
    assert api.call("POST", path, body).body == {}

    assert api.stock()["onHand"] == 11
    assert api.fired()[-2:] == ["product.modified.on-hand-modified", "quarantine-release.created"]
    assert api.call("POST", path, body).codes == ["WHSB-023"]


def test_staff_release_from_quarantine_too(api):
    credit = credit_of(api)
    receive_goods(api.account, Receipt(order_id=credit, quarantine=True))

    level = change_stock(api.account, StockChange(sku="MUG", release_quarantined=2))

    assert (level["on_hand"], level["quarantined"]) == (12, 0)


def test_a_quarantine_location_may_be_one_like_any_other(api):
    api.account.switches.quarantined_is_on_hand = True
    credit = credit_of(api)

    receive(api, credit, moved(api, credit, location=QUARANTINE))

    assert api.stock()["onHand"] == 11


def test_availability_by_location_shows_quarantine(api):
    credit = credit_of(api)
    receive(api, credit, moved(api, credit, location=QUARANTINE))
    mug = api.product_id("MUG")

    path = f"/warehouse-service/product-availability/{mug}"
    answer = api.call("GET", path, includeOptional="breakDownByLocation").value
    levels = answer[str(mug)]["warehouses"]["2"]["byLocation"]

    assert (levels["2"]["onHand"], levels["3"]["onHand"], levels["3"]["inStock"]) == (10, 0, 1)


def test_no_more_comes_back_than_the_credit_says(api):
    credit = credit_of(api)

    two_lines = (moved(api, credit, 2), moved(api, credit, 1))
    assert receive(api, credit, *two_lines).codes == ["WHSC-913"]
    assert receive(api, credit, moved(api, credit, 2)).status == 200
    assert receive(api, credit, moved(api, credit, 1)).codes == ["WHSC-913"]
    assert api.stock()["inStock"] == 12


def test_goods_go_to_a_location_that_the_warehouse_has(api):
    credit = credit_of(api)

    assert receive(api, credit, moved(api, credit, location=4)).codes == ["WHSC-915"]
    assert receive(api, credit, moved(api, credit, location=4), warehouse=3).status == 200


def test_a_batch_reference_is_taken_once_over_all_credits(api):
    first, second = credit_of(api), credit_of(api)
    receive(api, first, moved(api, first), batch="R-1")

    assert receive(api, second, moved(api, second), batch="R-1").codes == ["WHSB-912"]
    assert receive(api, second, moved(api, second)).status == 200
    search = "/warehouse-service/goods-in-search"
    found = api.call("GET", search, userBatchReference="R-1").rows
    assert [row["purchaseOrderId"] for row in found] == [first]


def test_staff_receive_all_that_is_still_to_come(api):
    credit = credit_of(api)
    receive(api, credit, moved(api, credit, 1))

    assert receive_goods(api.account, Receipt(order_id=credit))["stock_status"] == "SCA"
    with pytest.raises(Refusal, match="WHSC-917"):
        receive_goods(api.account, Receipt(order_id=credit))


def test_staff_pay_a_credit_back_and_take_that_back(api):
    credit = credit_of(api)

    half = take_payment(api.account, StaffPayment.model_validate({"order_id": credit, "amount": 9}))
    rest = take_payment(api.account, StaffPayment(order_id=credit))
    assert (half["payment_status"], rest["payment_status"]) == ("PARTIALLY_PAID", "PAID")

    take_payment(api.account, StaffPayment(delete=half["payment_id"]))
    assert read(api, credit)["orderPaymentStatus"] == "PARTIALLY_PAID"


def test_goods_in_notes_of_all_orders_need_ids(api):
    path = "/warehouse-service/order/*/goods-note/goods-in"

    assert api.call("GET", path).codes == ["WHSC-916"]
