"""Units that staff move to an order of their own."""

import pytest

from sandbox.brightpearl.back_orders import BackOrder, split
from sandbox.brightpearl.refusals import Refusal
from sandbox.brightpearl.staff_goods import StaffShipment, ship
from sandbox.brightpearl.staff_orders import OrderEdit, edit


def two_lines(api):
    mug = api.order_body()["rows"][0]
    pen = mug | {"productId": api.product_id("PEN"), "quantity": "3", "net": "30", "tax": "6"}
    return api.order(rows=[mug, pen | {"externalRef": "line-2"}])


def back_order(api, **wanted):
    return split(api.account, BackOrder.model_validate({"external_ref": "BC-1"} | wanted))


def units(api, order_id):
    return {row["sku"]: row["quantity"] for row in api.sales_order(order_id)["rows"]}


def test_units_move_to_a_child_with_their_share_of_the_money(api):
    order_id = two_lines(api)

    child = back_order(api, rows={"line-2": 1, "line-1": 2})["back_order_id"]

    assert units(api, order_id) == {"PEN": "2"}
    assert units(api, child) == {"MUG": "2", "PEN": "1"}
    assert api.sales_order(order_id)["total"]["gross"] == "24.00"
    assert api.sales_order(child)["total"]["gross"] == "36.00"


def test_the_child_names_its_parent_and_has_no_reference_of_ours(api):
    order_id = two_lines(api)

    child = api.sales_order(back_order(api, rows={"PEN": 3})["back_order_id"])

    assert child["parentId"] == order_id
    assert "externalRef" not in child
    assert "installedIntegrationInstanceId" not in child
    assert (child["ref"], child["statusId"]) == ("BC-1", 22)
    found = api.call("GET", "/order-service/order-search", parentOrderId=str(order_id)).rows
    assert [(row["orderId"], row["orderTypeId"]) for row in found] == [(child["id"], 1)]
    notes = api.call("GET", "/order-service/order-note-search", orderId=str(order_id)).rows
    assert str(child["id"]) in notes[0]["noteText"]
    assert api.fired()[-2:] == ["order.modified", "order.modified"]
    assert api.fired().count("sales-order.created") == 1


@pytest.mark.parametrize(
    ("switch", "external_ref", "named"),
    [("keep_ref", "line-2", False), ("cloned", None, True), ("bare", None, False)],
)
def test_moved_rows_may_forget_where_they_come_from(api, switch, external_ref, named):
    api.account.switches.back_order_rows = switch
    old = next(row["id"] for row in api.sales_order(two_lines(api))["rows"] if row["sku"] == "PEN")

    moved = back_order(api, rows={"PEN": 3})
    row = api.sales_order(moved["back_order_id"])["rows"][0]

    assert row.get("externalRef") == external_ref
    assert row["clonedFromId"] == (old if named else 0)
    assert moved["rows"] == {old: row["id"]}


def test_what_is_reserved_moves_along_and_nothing_is_released(api):
    order_id = two_lines(api)
    edit(api.account, OrderEdit(order_id=order_id, allocate=True))

    child = back_order(api, rows={"PEN": 2})["back_order_id"]

    assert api.stock("PEN")["allocated"] == 3
    held = api.call("GET", f"/warehouse-service/order/{child}/reservation").value[0]
    assert [part["quantity"] for part in held["orderRows"].values()] == [2]
    assert api.sales_order(order_id)["allocationStatusCode"] == "AAA"
    assert api.sales_order(child)["allocationStatusCode"] == "AAA"


def test_only_unallocated_units_move_when_the_account_says_so(api):
    api.account.switches.back_order_of_reserved = "refuse"
    order_id = two_lines(api)
    edit(api.account, OrderEdit(order_id=order_id, allocate=True))

    with pytest.raises(Refusal, match="ORDB-918"):
        back_order(api, rows={"PEN": 2})


def test_without_rows_all_that_is_neither_reserved_nor_on_a_note_moves(api):
    order_id = two_lines(api)
    ship(api.account, StaffShipment(order_id=order_id, rows={"MUG": 2, "PEN": 1}))

    child = back_order(api)["back_order_id"]

    assert units(api, order_id) == {"MUG": "2", "PEN": "1"}
    assert units(api, child) == {"PEN": "2"}
    assert api.sales_order(order_id)["shippingStatusCode"] == "ASS"


def test_the_child_ships_by_its_own_notes(api):
    two_lines(api)
    child = back_order(api, rows={"PEN": 3})["back_order_id"]

    note = ship(api.account, StaffShipment(order_id=child, tracking="T2"))["goods_out_note_id"]

    read = api.call("GET", f"/warehouse-service/order/*/goods-note/goods-out/{note}").value
    assert read[str(note)]["orderId"] == child
    assert api.sales_order(child)["shippingStatusCode"] == "ASS"


def test_the_money_may_stay_on_the_original(api):
    order_id = two_lines(api)

    child = back_order(api, rows={"PEN": 3}, keep_value=True)["back_order_id"]

    assert api.sales_order(child)["orderPaymentStatus"] == "NOT_APPLICABLE"
    assert api.sales_order(order_id)["total"]["gross"] == "24.00"
    assert api.sales_order(child)["total"]["gross"] == "0.00"


@pytest.mark.parametrize("rows", [{"MUG": 2, "PEN": 3}, {"PEN": 4}, {"PEN": 0}])
def test_a_back_order_takes_some_of_the_units_and_leaves_some(api, rows):
    two_lines(api)

    with pytest.raises(Refusal, match="ORDB-9"):
        back_order(api, rows=rows)
    assert len(api.account.orders) == 1


def test_units_on_a_note_and_orders_with_an_invoice_stay(api, clock):
    order_id = two_lines(api)
    ship(api.account, StaffShipment(order_id=order_id, rows={"PEN": 2}, leave=False))
    with pytest.raises(Refusal, match="ORDB-912"):
        back_order(api, rows={"PEN": 2})

    edit(api.account, OrderEdit(order_id=order_id, close=True))
    clock.advance(5)
    api.account.settle()
    with pytest.raises(Refusal, match="ORDB-911"):
        back_order(api, rows={"PEN": 1})
