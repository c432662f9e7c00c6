"""Notes as staff handle them: several warehouses, stages, tracking, and what is undone."""

from datetime import UTC, datetime

import pytest

from sandbox.brightpearl.refusals import Refusal
from sandbox.brightpearl.staff_goods import StaffShipment, ship
from sandbox.brightpearl.staff_stock import StockChange, change_stock


def goods(api, **wanted):
    if not api.account.orders:
        api.order()
    known = {} if "note_id" in wanted or "order_id" in wanted else {"external_ref": "BC-1"}
    return ship(api.account, StaffShipment.model_validate(known | wanted))


def read(api, note):
    found = api.call("GET", f"/warehouse-service/order/*/goods-note/goods-out/{note}").value
    return found[str(note)]


def stages(api, note):
    status = read(api, note)["status"]
    return [name for name in ("printed", "picked", "packed", "shipped") if status[name]]


def test_one_order_leaves_two_warehouses_with_a_number_each(api):
    change_stock(api.account, StockChange(sku="MUG", warehouse_id=3, delta=5))

    sent = goods(
        api,
        warehouses=[
            {"warehouse_id": 2, "rows": {"MUG": 1}, "tracking": "A"},
            {"warehouse_id": 3, "rows": {"line-1": 1}, "tracking": "B"},
        ],
    )

    assert sent["shipping_status"] == "ASS"
    notes = [read(api, note) for note in sent["goods_out_note_ids"]]
    assert [note["warehouseId"] for note in notes] == [2, 3]
    assert [note["shipping"]["reference"] for note in notes] == ["A", "B"]


def test_a_note_from_another_warehouse_frees_what_was_reserved_for_its_units(api):
    change_stock(api.account, StockChange(sku="MUG", warehouse_id=3, delta=5))
    order_id = api.order()
    api.reserve(order_id)

    assert api.goods_out(order_id, quantity=1, warehouse=3).status == 200

    levels = api.account.stock[api.product_id("MUG")]
    assert (levels[2].allocated, levels[3].allocated) == (1, 1)


@pytest.mark.parametrize(
    ("stage", "reached"),
    [
        ("created", []),
        ("printed", ["printed"]),
        ("picked", ["printed", "picked"]),
        ("packed", ["printed", "picked", "packed"]),
        ("shipped", ["printed", "picked", "packed", "shipped"]),
    ],
)
def test_a_note_comes_to_the_stage_that_is_asked_for(api, stage, reached):
    note = goods(api, stage=stage)["goods_out_note_id"]

    assert stages(api, note) == reached
    assert api.sales_order(100001)["shippingStatusCode"] == (
        "ASS" if "shipped" in reached else "SNS"
    )


def test_a_note_goes_forward_and_back_with_an_event_for_each_step(api):
    note = goods(api, leave=False)["goods_out_note_id"]
    fired = len(api.fired())

    goods(api, note_id=note, stage="packed")
    goods(api, note_id=note, stage="printed")

    assert stages(api, note) == ["printed"]
    assert api.fired()[fired:] == [
        f"goods-out-note.modified.{name}"
        for name in ("printed", "picked", "packed", "un-packed", "un-picked")
    ]


def test_tracking_is_there_before_the_note_leaves(api):
    note = goods(api, tracking="T1", boxes=2, weight="1.5", shipping_method_id=3)
    fired = [name for name in api.fired() if name.startswith("goods-out-note")]

    shipping = read(api, note["goods_out_note_id"])["shipping"]
    assert shipping == {"reference": "T1", "shippingMethodId": 3, "boxes": 2, "weight": "1.5"}
    assert fired == [
        "goods-out-note.created",
        "goods-out-note.modified",
        "goods-out-note.modified.shipped",
    ]


def test_staff_add_a_number_to_a_note_that_has_left(api):
    note = goods(api)["goods_out_note_id"]

    goods(api, note_id=note, tracking="LATE")

    assert read(api, note)["shipping"]["reference"] == "LATE"
    assert api.fired()[-1] == "goods-out-note.modified"
    api.account.switches.shipped_tracking_editable = False
    with pytest.raises(Refusal, match="WHSB-910"):
        goods(api, note_id=note, tracking="LATER")


def test_a_note_may_have_left_at_another_time_than_now(api):
    moment = datetime(2026, 6, 30, 8, 0, tzinfo=UTC)

    note = goods(api, occurred_at=moment)["goods_out_note_id"]

    assert read(api, note)["status"]["shippedOn"] == "2026-06-30T09:00:00.000+01:00"


def test_an_unshipped_note_is_open_again_and_its_units_are_in_stock(api):
    note = goods(api, tracking="T1")["goods_out_note_id"]
    search = "/warehouse-service/goods-note/goods-out-search"
    before = read(api, note)["lastEventVersion"]

    again = goods(api, note_id=note, unship=True)

    assert (again["goods_out_note_id"], again["shipped"]) == (note, False)
    assert again["shipping_status"] == "SNS"
    assert stages(api, note) == ["printed", "picked", "packed"]
    assert read(api, note)["shipping"]["reference"] == "T1"
    assert read(api, note)["lastEventVersion"] > before
    assert "shippedOn" not in read(api, note)["status"]
    assert api.stock() == {"inStock": 10, "onHand": 8, "allocated": 2, "inTransit": 0}
    assert api.fired()[-1] == "goods-out-note.modified"
    assert api.call("GET", search, shippedOn="2026-01-01/").rows == []


def test_an_unshipped_note_ships_again(api):
    note = goods(api)["goods_out_note_id"]
    goods(api, note_id=note, unship=True)

    assert goods(api, note_id=note, stage="shipped", tracking="T2")["shipping_status"] == "ASS"
    assert api.stock() == {"inStock": 8, "onHand": 8, "allocated": 0, "inTransit": 0}


def test_an_unshipped_note_may_be_replaced_by_another(api):
    api.account.switches.unshipping = "remake"
    note = goods(api, tracking="T1")["goods_out_note_id"]

    again = goods(api, note_id=note, unship=True)["goods_out_note_id"]

    assert again != note
    assert stages(api, again) == []
    assert read(api, again)["shipping"]["reference"] == ""
    path = f"/warehouse-service/order/*/goods-note/goods-out/{note}"
    assert api.call("GET", path).value == {}
    assert api.fired()[-2:] == ["goods-out-note.destroyed", "goods-out-note.created"]
    assert api.stock() == {"inStock": 10, "onHand": 8, "allocated": 2, "inTransit": 0}


def test_only_what_has_left_can_be_unshipped(api):
    note = goods(api, leave=False)["goods_out_note_id"]

    with pytest.raises(Refusal, match="WHSB-918"):
        goods(api, note_id=note, unship=True)


def test_staff_destroy_a_note_that_has_not_left(api):
    note = goods(api, stage="packed")["goods_out_note_id"]

    goods(api, note_id=note, destroy=True)

    assert api.fired()[-1] == "goods-out-note.destroyed"
    assert api.stock()["onHand"] == 10
    shipped = goods(api)["goods_out_note_id"]
    with pytest.raises(Refusal, match="WHSB-910"):
        goods(api, note_id=shipped, destroy=True)
    goods(api, note_id=shipped, unship=True, destroy=True)
    assert api.account.goods_out == {}
