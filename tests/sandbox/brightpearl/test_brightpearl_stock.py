import pytest

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.staff_goods import StaffShipment, ship
from sandbox.brightpearl.staff_orders import OrderEdit, edit
from sandbox.brightpearl.staff_stock import StaffProduct, StockChange, change_stock, write_product


def test_a_new_order_takes_no_stock(api):
    order_id = api.order()

    assert api.stock() == {"inStock": 10, "onHand": 10, "allocated": 0, "inTransit": 0}
    assert api.sales_order(order_id)["allocationStatusCode"] == "ANA"


def test_a_reservation_takes_stock_off_sale_and_emits_it(api):
    order_id = api.order()

    assert api.reserve(order_id).body == {}

    assert api.stock() == {"inStock": 10, "onHand": 8, "allocated": 2, "inTransit": 0}
    assert api.sales_order(order_id)["allocationStatusCode"] == "AAA"
    assert "product.modified.on-hand-modified" in api.fired()


def test_a_partial_reservation_says_nothing_about_it(api):
    change_stock(api.account, StockChange(sku="MUG", on_hand=1))
    order_id = api.order()

    assert (api.reserve(order_id).status, api.reserve(order_id).status) == (200, 400)

    held = api.call("GET", f"/warehouse-service/order/{order_id}/reservation").value[0]
    assert held["orderRows"] == {
        str(api.row_id(order_id)): {"productId": api.product_id("MUG"), "quantity": 1}
    }
    assert api.sales_order(order_id)["allocationStatusCode"] == "APA"


def test_a_reservation_of_nothing_at_all_is_an_error(api):
    change_stock(api.account, StockChange(sku="MUG", on_hand=0))
    order_id = api.order()

    assert api.reserve(order_id).codes == ["WHSB-902"]
    assert api.call("GET", f"/warehouse-service/order/{order_id}/reservation").codes == ["CMNC-404"]


def test_a_reservation_can_be_changed_and_released(api):
    order_id = api.order()
    api.reserve(order_id)
    path = f"/warehouse-service/order/{order_id}/reservation"
    line = {
        "productId": api.product_id("MUG"),
        "salesOrderRowId": api.row_id(order_id),
        "quantity": 1,
    }

    assert api.call("PUT", path, {"products": [line]}).body == {}
    assert api.stock()["onHand"] == 9
    assert api.call("PUT", path, {"products": [line | {"quantity": 2}]}).body == {}
    assert api.stock()["onHand"] == 8
    assert api.call("DELETE", path).body == {}
    assert api.stock()["onHand"] == 10
    assert api.call("DELETE", path).codes == ["CMNC-404"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"productId": 0}, "WHSC-014"),
        ({"salesOrderRowId": 5}, "WHSC-904"),
        ({"quantity": 3}, "WHSC-906"),
    ],
)
def test_a_reservation_must_fit_the_rows_of_the_order(api, change, code):
    order_id = api.order()
    line = {
        "productId": api.product_id("MUG"),
        "salesOrderRowId": api.row_id(order_id),
        "quantity": 1,
    }
    path = f"/warehouse-service/order/{order_id}/reservation/warehouse/2"

    assert api.call("POST", path, {"products": [line | change]}).codes == [code]


def test_a_cap_makes_reservations_partial_without_a_shortage(api):
    api.account.switches.reservation_cap = 1
    order_id = api.order()

    assert api.reserve(order_id).status == 200
    assert api.stock()["allocated"] == 1


def test_shipping_moves_goods_out_of_stock_and_leaves_on_hand_alone(api):
    order_id = api.order()
    api.reserve(order_id)
    fired = len(api.fired())

    note = api.goods_out(order_id).value
    assert api.stock() == {"inStock": 10, "onHand": 8, "allocated": 2, "inTransit": 0}
    assert api.sales_order(order_id)["stockStatusCode"] == "SOA"
    assert api.sales_order(order_id)["shippingStatusCode"] == "SNS"
    assert api.ship(note).body == {}

    assert api.stock() == {"inStock": 8, "onHand": 8, "allocated": 0, "inTransit": 0}
    order = api.sales_order(order_id)
    assert (order["shippingStatusCode"], order["allocationStatusCode"]) == ("ASS", "AAA")
    assert api.fired()[fired:] == [
        "goods-out-note.created",
        "order.modified.fully-shipped",
        "goods-out-note.modified.shipped",
    ]


def test_a_note_allocates_what_was_not_reserved(api):
    order_id = api.order()

    api.goods_out(order_id, quantity=1)

    assert api.stock()["allocated"] == 1
    assert api.sales_order(order_id)["stockStatusCode"] == "SOP"


def test_tracking_can_be_set_until_the_note_has_left(api):
    note = api.goods_out(api.order()).value
    path = f"/warehouse-service/goods-note/goods-out/{note}"

    api.call("PUT", path, {"shipping": {"reference": "TRACK-1", "boxes": 2, "weight": "1.50"}})
    api.ship(note)

    read = api.call("GET", f"/warehouse-service/order/*/goods-note/goods-out/{note}").value[
        str(note)
    ]
    assert read["shipping"] == {
        "reference": "TRACK-1",
        "shippingMethodId": 0,
        "boxes": 2,
        "weight": "1.5",
    }
    assert read["status"]["printed"] is read["status"]["shipped"] is True
    assert [event["eventCode"] for event in read["events"]] == ["PLA", "SHW"]
    assert api.call("PUT", path, {"shipping": {"reference": "late"}}).codes == ["WHSB-910"]
    assert api.ship(note).codes == ["WHSB-910"]


def test_an_event_for_a_version_that_is_gone_is_refused(api):
    note = api.goods_out(api.order()).value
    path = f"/warehouse-service/goods-note/goods-out/{note}/event"
    event = {"events": [{"eventCode": "PRI", "occured": "2026-07-01", "eventOwnerId": 4}]}
    version = str(api.account.goods_out[note].event_version)

    assert api.headed("POST", path, event, if_match=version).status == 200
    assert api.headed("POST", path, event, if_match=version).status == 412


def test_more_than_a_row_has_cannot_be_shipped(api):
    order_id = api.order()
    api.goods_out(order_id, quantity=1)

    assert api.goods_out(order_id, quantity=2).codes == ["WHSC-908"]
    assert api.goods_out(order_id, quantity=1, warehouse=3).codes == ["WHSB-909"]


def test_a_note_deleted_before_it_left_gives_its_units_back(api):
    order_id = api.order()
    api.reserve(order_id)
    note = api.goods_out(order_id).value

    path = f"/warehouse-service/order/{order_id}/goods-note/goods-out/{note}"
    assert api.call("DELETE", path).body == {}

    assert api.stock()["onHand"] == 10
    assert api.fired()[-1] == "goods-out-note.destroyed"


def test_shipments_are_found_by_when_they_left(api):
    note = api.goods_out(api.order()).value
    search = "/warehouse-service/goods-note/goods-out-search"

    assert api.call("GET", search, shippedOn="2026-07-01T00:00:00Z/").rows == []
    api.ship(note)
    found = api.call("GET", search, shippedOn="2026-07-01T00:00:00Z/").rows
    assert [row["goodsOutNoteId"] for row in found] == [note]
    assert "updatedOn" not in found[0]


def test_returned_goods_come_back_on_sale_once_for_one_batch_reference(api):
    api.order()
    credit = api.call("POST", "/order-service/sales-credit", api.order_body("BC-1-R")).value
    row = api.call("GET", f"/order-service/sales-credit/{credit}").value[0]["rows"][0]["id"]
    moved = {
        "productId": api.product_id("MUG"),
        "purchaseOrderRowId": row,
        "quantity": 1,
        "destinationLocationId": 2,
        "productValue": {"currency": "GBP", "value": 5},
    }
    body = {"warehouseId": 2, "goodsMoved": [moved], "userBatchReference": "BC-1-R"}
    path = f"/warehouse-service/order/{credit}/goods-note/goods-in"

    note = api.call("POST", path, body).value

    assert api.stock()["inStock"] == 11
    assert api.call("POST", path, body).codes == ["WHSB-912"]
    read = api.call("GET", f"/order-service/sales-credit/{credit}").value[0]
    assert read["stockStatusCode"] == "SCP"
    assert (
        str(note) in api.call("GET", f"/warehouse-service/order/*/goods-note/goods-in/{note}").value
    )
    movements = api.call("GET", "/warehouse-service/goods-movement-search").rows
    assert [(row["goodsNoteId"], row["quantity"]) for row in movements] == [(note, 1)]


def test_corrections_are_deltas_and_never_go_below_nought(api):
    path = "/warehouse-service/warehouse/2/stock-correction"
    line = {"productId": api.product_id("MUG"), "quantity": -4, "reason": "count", "locationId": 2}

    assert len(api.call("POST", path, {"corrections": [line]}).value) == 1
    assert api.stock()["inStock"] == 6
    assert api.call("POST", path, {"corrections": [line | {"quantity": -7}]}).codes == ["WHSB-904"]
    assert api.call("POST", path, {"corrections": [line | {"quantity": 1}]}).codes == ["WHSC-903"]


def test_one_id_without_stock_spoils_an_availability_call(api):
    service = {
        "brandId": 74,
        "identity": {"sku": "WRAP"},
        "financialDetails": {"taxCode": {"code": "T20"}},
        "salesChannels": [{"salesChannelName": "Brightpearl", "productName": "Wrapping"}],
        "stock": {"stockTracked": False},
    }
    wrap = api.call("POST", "/product-service/product", service).value
    path = f"/warehouse-service/product-availability/{api.product_id('MUG')},{wrap}"

    assert api.call("GET", path).status == 400
    api.account.switches.availability_bad_id = "ignore"
    assert list(api.call("GET", path).value) == [str(api.product_id("MUG"))]


def test_a_missing_sku_can_appear_later(clock, catalogue):
    account = Account(catalogue, clock, missing_skus={"PEN"})
    assert "PEN" not in account.products_by_sku

    write_product(account, StaffProduct(sku="PEN", stock=3))

    assert account.stock[account.products_by_sku["PEN"][0]][2].on_hand == 3


def test_opening_stock_is_kept_whole_when_some_of_it_lies_in_the_second_warehouse(clock, catalogue):
    for item in catalogue.products:
        item.stock = 45
    catalogue.products *= 1
    account = Account(catalogue, clock)

    totals = [sum(level.in_stock for level in held.values()) for held in account.stock.values()]

    assert totals == [45, 45, 45]


def test_staff_ship_what_is_left_in_one_go(api):
    order_id = api.order()

    shipped = ship(api.account, StaffShipment(external_ref="BC-1", tracking="T9"))

    assert shipped["shipped"] is True
    assert api.sales_order(order_id)["shippingStatusCode"] == "ASS"
    assert api.account.goods_out[shipped["goods_out_note_id"]].reference == "T9"


def test_staff_allocate_and_change_quantities(api):
    order_id = api.order()
    row = {"id": api.row_id(order_id), "quantity": 1}

    edit(api.account, OrderEdit.model_validate({"order_id": order_id, "allocate": True}))
    assert api.stock()["onHand"] == 8
    edit(api.account, OrderEdit.model_validate({"order_id": order_id, "rows": [row]}))

    assert api.stock()["onHand"] == 9
    assert api.sales_order(order_id)["total"]["gross"] == "12.00"
