"""Goods that a supplier sends straight to the customer."""

import pytest

from sandbox.brightpearl.refusals import Refusal
from sandbox.brightpearl.staff_orders import OrderEdit, edit
from sandbox.brightpearl.staff_suppliers import DropShipment, drop_ship_goods

EVENT = {"eventCode": "SHS", "occured": "2026-07-01T13:00:00Z", "eventOwnerId": 4}


def supplier(api):
    number = api.contact("supplies@example.com")
    api.account.contacts[number].is_supplier = True
    return number


def purchase(api, supplier_id, units="2"):
    parties = {"supplier": {"contactId": supplier_id}}
    header = {"orderTypeCode": "PO", "parties": parties}
    number = api.call("POST", "/order-service/order", header).value
    row = {
        "productId": api.product_id("MUG"),
        "quantity": {"magnitude": units},
        "rowValue": {"taxCode": "T20", "rowNet": {"value": "8"}},
    }
    return number, api.call("POST", f"/order-service/order/{number}/row", row).value


def entry(api, order_id, quantity=2, **changes):
    supplier_id = supplier(api)
    number, row = purchase(api, supplier_id)
    line = {
        "productId": api.product_id("MUG"),
        "salesOrderRowId": api.row_id(order_id),
        "purchaseOrderRowId": row,
        "quantity": quantity,
        "productValue": {"currency": "GBP", "value": 4},
    }
    document = {"supplierId": supplier_id, "purchaseOrderId": number, "products": [line]}
    return document | changes


def create(api, order_id, *entries):
    path = f"/warehouse-service/order/{order_id}/goods-note/drop-ship"
    return api.call("POST", path, {"suppliers": list(entries)})


def send(api, note, **more):
    path = f"/warehouse-service/goods-note/drop-ship/{note}/event"
    return api.call("POST", path, {"events": [EVENT]} | more)


def staff(api, **wanted):
    return drop_ship_goods(api.account, DropShipment.model_validate(wanted))


def test_a_drop_ship_note_moves_no_stock_and_ships_the_order(api):
    order_id = api.order()

    notes = create(api, order_id, entry(api, order_id)).value
    assert api.sales_order(order_id)["stockStatusCode"] == "SOA"
    assert api.sales_order(order_id)["shippingStatusCode"] == "SNS"
    assert send(api, notes[0]).body == {}

    assert api.stock() == {"inStock": 10, "onHand": 10, "allocated": 0, "inTransit": 0}
    assert api.sales_order(order_id)["shippingStatusCode"] == "ASS"
    assert [name for name in api.fired() if "ship" in name] == [
        "drop-ship-note.created",
        "order.modified.fully-shipped",
        "drop-ship-note.modified.shipped",
    ]


def test_a_note_is_read_by_its_sales_order_by_its_purchase_order_or_by_itself(api):
    order_id = api.order()
    sent = entry(api, order_id)
    note = create(api, order_id, sent).value[0]
    send(api, note, trackingReference=22, shippingMethodId=3)

    paths = [f"{order_id}/goods-note/drop-ship", f"{sent['purchaseOrderId']}/goods-note/drop-ship"]
    paths += [f"*/goods-note/drop-ship/{note}", f"{order_id}/goods-note/drop-ship/{note},7"]
    read = [api.call("GET", f"/warehouse-service/order/{path}").value for path in paths]

    assert [list(found) for found in read] == [[str(note)]] * 4
    document = read[0][str(note)]
    assert document["shipping"] == {"reference": "22", "shippingMethodId": 3}
    assert document["status"] == {
        "shipped": True,
        "shippedOn": "2026-07-01T14:00:00.000+01:00",
        "shippedById": 4,
    }
    assert list(document["orderRows"].values()) == [
        [{"productId": api.product_id("MUG"), "quantity": 2, "locationId": 0}]
    ]
    assert [event["eventCode"] for event in document["events"]] == ["PLA", "SHS"]
    everything = api.call("GET", "/warehouse-service/order/*/goods-note/drop-ship")
    assert everything.codes == ["WHSC-916"]


def test_one_note_for_each_supplier(api):
    order_id = api.order()

    notes = create(api, order_id, entry(api, order_id, 1), entry(api, order_id, 1)).value

    assert len(notes) == 2
    assert api.sales_order(order_id)["allocationStatusCode"] == "AAA"


def test_units_go_out_once_from_a_warehouse_or_from_a_supplier(api):
    order_id = api.order()
    api.goods_out(order_id, quantity=1)

    assert create(api, order_id, entry(api, order_id, 2)).codes == ["WHSC-908"]
    assert create(api, order_id, entry(api, order_id, 1)).status == 200
    assert api.goods_out(order_id, quantity=1).codes == ["WHSC-908"]


def test_what_was_reserved_for_a_suppliers_units_is_on_sale_again(api):
    order_id = api.order()
    api.reserve(order_id)

    create(api, order_id, entry(api, order_id, 1))

    assert api.stock()["allocated"] == 1
    path = f"/order-service/order/{order_id}/row/{api.row_id(order_id)}"
    patch = [{"op": "replace", "path": "/quantity/magnitude", "value": "1"}]
    assert api.call("PATCH", path, patch).status == 200
    assert api.stock()["allocated"] == 0
    assert api.call("DELETE", path).codes == ["ORDB-912"]


def test_a_note_needs_a_supplier_with_a_purchase_order(api):
    order_id = api.order()
    good = entry(api, order_id)

    assert create(api, order_id, good | {"supplierId": 201}).codes == ["WHSC-918"]
    assert create(api, order_id, good | {"purchaseOrderId": order_id}).codes == ["WHSC-919"]
    assert create(api, order_id, good | {"purchaseOrderId": None}).codes == ["WHSC-919"]
    api.account.switches.drop_ship_needs_purchase_order = False
    assert create(api, order_id, good | {"purchaseOrderId": None}).status == 200


def test_a_purchase_order_is_fulfilled_by_what_its_supplier_sends(api):
    order_id = api.order()
    sent = entry(api, order_id, 1)

    create(api, order_id, sent)

    read = api.call("GET", f"/order-service/order/{sent['purchaseOrderId']}").value[0]
    assert read["stockStatusCode"] == "POP"


def test_tracking_is_set_until_the_note_has_left(api):
    order_id = api.order()
    note = create(api, order_id, entry(api, order_id)).value[0]
    path = f"/warehouse-service/goods-note/drop-ship/{note}"
    body = {"shipping": {"reference": "T1"}}

    assert api.call("PUT", path, body).body == {}
    assert send(api, note, trackingReference="x" * 65).codes == ["WHSC-920"]
    assert send(api, note).status == 200

    assert api.account.drop_ship[note].reference == "T1"
    assert api.call("PUT", path, body).codes == ["WHSB-919"]
    assert send(api, note).codes == ["WHSB-919"]


def test_only_the_suppliers_event_is_known(api):
    order_id = api.order()
    note = create(api, order_id, entry(api, order_id)).value[0]

    assert send(api, note, events=[EVENT | {"eventCode": "SHW"}]).status == 400


def test_a_destroyed_note_leaves_the_order_as_it_was(api):
    order_id = api.order()
    note = create(api, order_id, entry(api, order_id)).value[0]

    path = f"/warehouse-service/order/{order_id}/goods-note/drop-ship/{note}"
    assert api.call("DELETE", path).body == {}

    assert api.sales_order(order_id)["stockStatusCode"] == "SON"
    assert api.fired()[-1] == "drop-ship-note.destroyed"
    assert api.call("DELETE", path).status == 404


def test_staff_have_a_supplier_send_what_is_left(api):
    order_id = api.order()
    api.ship(api.goods_out(order_id, quantity=1).value)

    sent = staff(api, external_ref="BC-1", tracking="T2", shipping_method_id=3)

    assert (sent["shipped"], sent["shipping_status"]) == (True, "ASS")
    search = "/order-service/order-search"
    found = api.call("GET", search, parentOrderId=str(order_id)).rows
    assert [(row["orderId"], row["orderTypeId"]) for row in found] == [
        (sent["purchase_order_id"], 2)
    ]
    with pytest.raises(Refusal, match="WHSC-914"):
        staff(api, order_id=order_id)


def test_staff_send_a_note_later_or_never(api):
    order_id = api.order()
    first = staff(api, order_id=order_id, rows={"line-1": 1}, leave=False)
    second = staff(api, order_id=order_id, rows={"MUG": 1}, leave=False)

    tracked = staff(api, note_id=first["drop_ship_note_id"], tracking="T3")
    assert tracked["shipped"] is False
    assert staff(api, note_id=first["drop_ship_note_id"], leave=True)["shipping_status"] == "SPS"
    staff(api, note_id=second["drop_ship_note_id"], destroy=True)

    assert list(api.account.drop_ship) == [first["drop_ship_note_id"]]
    with pytest.raises(Refusal, match="ORDB-914"):
        edit(api.account, OrderEdit(order_id=order_id, delete=True))


def test_a_deleted_order_takes_its_unsent_notes_along(api):
    order_id = api.order()
    staff(api, order_id=order_id, leave=False)

    edit(api.account, OrderEdit(order_id=order_id, delete=True))

    assert api.account.drop_ship == {}


@pytest.mark.parametrize("event", ["created", "destroyed", "modified.shipped"])
def test_everything_about_drop_ship_notes_can_be_subscribed_to(api, event):
    body = {
        "subscribeTo": f"drop-ship-note.{event}",
        "httpMethod": "GET",
        "uriTemplate": "http://127.0.0.1/${account-code}/${resource-type}/${resource-id}"
        "/${lifecycle-event}",
    }

    assert api.call("POST", "/integration-service/webhook", body).status == 200
