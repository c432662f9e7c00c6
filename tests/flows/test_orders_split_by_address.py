"""Orders to several addresses that become a sales order for each of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from parcels import Parcels
from parcels import sync as sync_shipments
from refunding import refund
from refunding import sync as sync_refunds
from stories import cases, lines, notes_on, reserved, second_pass, store_order
from world import PAIR, World

from core.times import utc_now
from flows.money import audit_money
from flows.orders import audit_orders
from tasks.reconciler.connections import disconnect

NEW_WEB_ORDER, READY_TO_PICK, ON_HOLD = 2, 17, 20
SHIPPED, CANCELLED, AWAITING_PICKUP = 2, 5, 8
BOB = {"first_name": "Bob", "street_1": "2 Low Road", "city": "Leeds", "zip": "LS1 1AA"}
CAROL = {"first_name": "Carol", "street_1": "3 Dock Street", "city": "Hull", "zip": "HU1 1AA"}
COURIER = {"to": BOB, "method": "Next day courier", "cost": "7.50"}


@pytest.fixture(autouse=True)
def split(monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, "split")


def settle(monkeypatch: pytest.MonkeyPatch, several_addresses: str) -> None:
    """What becomes of orders to several addresses, from the next step on."""
    monkeypatch.setenv("CAUSEWAY_ORDERS__SEVERAL_ADDRESSES", several_addresses)
    disconnect()


def place(world: World, *further: dict[str, Any], **order: Any) -> str:
    """An order of which the first line goes to Ann in Bath, the others to further places."""
    places = [{"cost": "3.95"}, *further]
    sold = [{**line, "address": at} for at, line in enumerate(lines(world, 2, 1, 3))]
    return world.place(lines=sold[: len(places)], shipping=places, **order)


def family(world: World, key: str) -> list[Any]:
    """The sales orders of an order of the store, that of its first address first."""
    first = world.sales_order(key)
    return [first, *(one for one in world.sales_orders if one.parent_id == first.id)]


def received(world: World, order: Any) -> Decimal:
    payments = world.sandbox.account.payments.values()
    return sum((one.amount_paid for one in payments if one.order_id == order.id), Decimal(0))


def gross(order: Any) -> Decimal:
    return Decimal(order.net + order.tax)


def test_each_address_has_its_own_sales_order_with_its_rows_method_stock_and_money(
    world: World,
) -> None:
    key = place(world, COURIER, {"to": CAROL})

    world.sync(key)

    orders = ann, bob, carol = family(world, key)
    assert [one.delivery_address.line3 for one in orders] == ["Bath", "Leeds", "Hull"]
    skus = [[row.sku for row in one.rows.values() if row.sku] for one in orders]
    assert skus == [[line["sku"]] for line in lines(world, 2, 1, 3)]
    assert [one.allocation_status for one in orders] == ["AAA"] * 3
    assert bob.shipping_method_id != ann.shipping_method_id == carol.shipping_method_id
    assert sum(map(gross, orders)) == store_order(world, key).totals.inc
    assert [received(world, one) for one in orders] == [gross(one) for one in orders]
    assert {one.status_id for one in orders} == {NEW_WEB_ORDER}
    assert cases(world, key) == []
    assert second_pass(world, orders=[key]) == 0


def test_what_people_wrote_stands_on_each_of_them_once(world: World) -> None:
    key = place(world, COURIER, message="Leave it with the neighbour")

    world.sync(key)
    world.sync(key)

    notes = world.sandbox.account.notes.values()
    for order in family(world, key):
        (note,) = [one.text for one in notes if one.order_id == order.id]
        assert "Leave it with the neighbour" in note


def test_one_address_is_one_sales_order(world: World) -> None:
    key = place(world, {})

    world.sync(key)

    assert len(family(world, key)) == 1


def test_its_sales_orders_are_shipped_one_by_one_and_the_store_learns_of_each(
    world: World,
) -> None:
    key = place(world, COURIER)
    world.sync(key)
    parcels = Parcels(world, key)
    notes = [
        f"note-{world.brightpearl('ship', order_id=one.id, tracking=tracking)['goods_out_note_id']}"
        for one, tracking in zip(family(world, key), ("AA1", "BB2"), strict=True)
    ]

    sync_shipments(world, *notes)

    assert parcels.shipments == [("AA1", [2, 0]), ("BB2", [0, 1])]
    places = [one.address_id for one in parcels.stored.shipments]
    assert places == [line.address_id for line in parcels.stored.lines]
    assert parcels.status == SHIPPED
    world.sync(key)
    assert len({one.status_id for one in family(world, key)}) == 1
    assert second_pass(world, orders=[key], shipments=[*notes, key]) == 0


def test_what_was_sent_to_a_further_address_is_refunded_with_its_units(world: World) -> None:
    key = place(world, COURIER)
    world.sync(key)
    line = store_order(world, key).lines[1]
    refund(world, key, items=[{"id": line.id, "quantity": 1}])

    sync_refunds(world, key)

    credits_ = [one for one in world.sandbox.account.orders.values() if one.type_code == "SC"]
    assert [[row.sku for row in one.rows.values()] for one in credits_] == [[line.sku]]
    assert cases(world, key, "refunds") == []
    assert second_pass(world, orders=[key], refunds=[key]) == 0


def test_both_audits_find_one_order_and_no_difference(world: World) -> None:
    key = place(world, COURIER, {"to": CAROL})
    world.sync(key)

    orders = asyncio.run(audit_orders.fn(PAIR))
    money = asyncio.run(audit_money.fn(PAIR, utc_now().date().isoformat()))

    assert (orders["orders"], orders["in_brightpearl"], orders["cents_off"]) == (1, 1, 0)
    assert not any(orders[name] for name in ("missing", "doubled", "amounts_differ"))
    assert money["differences"] == []


def test_a_status_of_the_store_reaches_all_of_them(world: World) -> None:
    key = place(world, COURIER)
    world.sync(key)
    world.bigcommerce("edit", order_id=int(key), status_id=AWAITING_PICKUP)

    world.sync(key, source="webhook")

    assert {one.status_id for one in family(world, key)} == {READY_TO_PICK}
    assert second_pass(world, orders=[key]) == 0


def test_a_cancelled_order_is_cancelled_at_every_address_and_its_stock_is_free(
    world: World,
) -> None:
    key = place(world, COURIER)
    world.sync(key)
    world.bigcommerce("edit", order_id=int(key), status_id=CANCELLED)

    world.sync(key, source="webhook")

    assert {one.status_id for one in family(world, key)} == {CANCELLED}
    assert {one.allocation_status for one in family(world, key)} == {"ANA"}
    assert reserved(world, key) == {}
    assert second_pass(world, orders=[key]) == 0


def test_a_cancelled_order_of_which_one_address_is_on_a_note_is_a_case(world: World) -> None:
    key = place(world, COURIER)
    world.sync(key)
    world.brightpearl("ship", order_id=family(world, key)[1].id, leave=False)
    world.bigcommerce("edit", order_id=int(key), status_id=CANCELLED)

    world.sync(key, source="webhook")

    (case,) = cases(world, key)
    assert all(str(one.id) in case.reason for one in family(world, key))
    assert {one.status_id for one in family(world, key)} == {NEW_WEB_ORDER}


def test_staff_who_cancel_the_first_sales_order_alone_do_not_cancel_the_stores_order(
    world: World,
) -> None:
    key = place(world, COURIER)
    world.sync(key)
    world.brightpearl("edit", order_id=family(world, key)[0].id, cancel=True)

    world.sync(key, source="notice")

    (case,) = cases(world, key)
    assert str(family(world, key)[1].id) in case.reason
    assert store_order(world, key).status_id != CANCELLED


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_creation_whose_answer_is_lost_is_not_made_twice(world: World, nth: int) -> None:
    key = place(world, COURIER, {"to": CAROL})
    lost = {"kind": "lost_answer", "method": "POST", "path": "/sales-order$"}
    world.fault("brightpearl", {**lost, "skip": nth - 1, "times": 1})

    world.sync(key)
    world.fault("brightpearl")
    world.sync(key)

    assert [one.delivery_address.line3 for one in family(world, key)] == ["Bath", "Leeds", "Hull"]
    assert len(world.sales_orders) == 3
    assert sum(map(gross, family(world, key))) == store_order(world, key).totals.inc
    assert cases(world, key) == []
    assert second_pass(world, orders=[key]) == 0


def test_an_outage_between_two_sales_orders_is_made_good_by_the_next_run(world: World) -> None:
    key = place(world, COURIER)
    down = {"kind": "http_500", "method": "POST", "path": "/sales-order$"}
    world.fault("brightpearl", {**down, "skip": 1})
    world.sync(key)
    assert len(world.sales_orders) == 1
    world.fault("brightpearl")

    world.sync(key)

    orders = family(world, key)
    assert [one.allocation_status for one in orders] == ["AAA", "AAA"]
    assert [received(world, one) for one in orders] == [gross(one) for one in orders]
    assert cases(world, key) == []
    assert second_pass(world, orders=[key]) == 0


def test_stock_that_is_short_at_one_address_is_reserved_there_when_it_arrives(
    world: World,
) -> None:
    key = place(world, COURIER)
    sku = store_order(world, key).lines[1].sku
    world.brightpearl("stock", sku=sku, on_hand=0)
    world.sync(key)
    assert [one.allocation_status for one in family(world, key)] == ["AAA", "ANA"]
    world.brightpearl("stock", sku=sku, on_hand=5)

    world.sync(key, source="condition")

    assert [one.allocation_status for one in family(world, key)] == ["AAA", "AAA"]
    assert second_pass(world, orders=[key]) == 0


def test_an_address_that_changes_later_is_a_case_with_a_note_until_staff_correct_it(
    world: World,
) -> None:
    key = place(world, COURIER)
    world.sync(key)
    moved = {"address": 1, "to": {**BOB, "street_1": "9 New Street"}}
    world.bigcommerce("edit", order_id=int(key), addresses=[moved])

    world.sync(key, source="webhook")

    (case,) = cases(world, key)
    assert case.field == "addresses"
    assert any("9 New Street" in note for note in notes_on(world, key))
    assert {one.status_id for one in family(world, key)} == {ON_HOLD}
    assert second_pass(world, orders=[key]) == 0
    bob = family(world, key)[1]
    corrected = replace(bob.delivery_address, line1="9 New Street")
    world.sandbox.account.orders[bob.id].delivery_address = corrected
    world.sync(key)
    assert cases(world, key) == []
    assert {one.status_id for one in family(world, key)} == {NEW_WEB_ORDER}


def test_an_order_that_was_imported_whole_stays_whole(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch, "hold")
    key = place(world, COURIER)
    world.sync(key)
    settle(monkeypatch, "split")

    world.sync(key)

    assert len(family(world, key)) == 1
    assert [case.field for case in cases(world, key)] == ["addresses"]
    assert second_pass(world, orders=[key]) == 0


def test_an_order_that_is_split_stays_so_whatever_the_setting_becomes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = place(world, COURIER)
    world.sync(key)
    settle(monkeypatch, "hold")

    assert second_pass(world, orders=[key]) == 0
    assert cases(world, key) == []


def test_an_order_of_which_something_had_left_is_not_divided(world: World) -> None:
    key = place(world, COURIER)
    Parcels(world, key).shipped_in_store(1)

    world.sync(key)

    assert len(family(world, key)) == 1
    assert [case.field for case in cases(world, key)] == ["addresses"]


def test_a_further_address_that_cannot_be_mapped_holds_the_whole_order(world: World) -> None:
    key = place(world, {"to": CAROL, "method": "By pigeon"})

    world.sync(key)

    (case,) = cases(world, key)
    assert (case.class_, case.value) == ("shipping_method", "By pigeon")
    assert world.sales_orders == []
