"""Orders that the shopper collects at a shop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from refunding import map_with
from stories import lines
from world import World

from store.quarantine import Quarantine
from tasks.reconciler.connections import connect

NEW_WEB_ORDER, READY_TO_PICK, COLLECT, OVERFLOW = 2, 17, 5, 3
AWAITING_FULFILLMENT, AWAITING_PICKUP = 11, 8


def place(world: World, **order: Any) -> str:
    return world.place(**{"lines": lines(world, 2, 1), "pickup": {}, **order})


def runs_twice_without_writing(world: World, *keys: str) -> bool:
    world.forget_requests()
    world.sync(*keys)
    return world.writes() == 0


def test_a_collected_order_goes_to_the_shop_and_asks_for_no_shipment(world: World) -> None:
    key = place(world)

    world.sync(key)

    order = world.sales_order(key)
    to = order.delivery_address
    assert (to.full_name, to.company) == ("Ann Lee", "Leeds shop")
    assert (to.line1, to.line3, to.postal_code) == ("5 Briggate", "Leeds", "LS1 6HF")
    assert order.billing_address.line1 == "1 High Street"
    assert order.shipping_method_id == COLLECT
    assert order.status_id == NEW_WEB_ORDER
    assert order.allocation_status == "AAA"
    assert world.sandbox.store.orders[int(key)].status_id == AWAITING_FULFILLMENT
    account = world.sandbox.account
    (note,) = [account.notes[one].text for one in account.notes_by_order[order.id]]
    for text in ("Collect in store", "Leeds shop", "Bring your ID", "9am - 6pm"):
        assert text in note
    assert runs_twice_without_writing(world, key)


def test_the_contact_of_a_new_shopper_does_not_live_in_the_shop(world: World) -> None:
    key = place(world, email="new@example.com")

    world.sync(key)

    account = world.sandbox.account
    contact = account.contacts[world.sales_order(key).contact_id]
    assert account.addresses[contact.address_ids["DEL"]].address.line1 == "1 High Street"


def test_an_order_that_is_ready_to_collect_is_not_picked_either(world: World) -> None:
    key = place(world, status_id=AWAITING_PICKUP)

    world.sync(key)

    assert world.sales_order(key).status_id == NEW_WEB_ORDER
    assert world.sandbox.store.orders[int(key)].status_id == AWAITING_PICKUP


def test_the_tables_say_who_hands_it_out_and_whether_it_is_picked(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    map_with(
        monkeypatch,
        tmp_path / "mine",
        pickup_status=f"11,{READY_TO_PICK},the warehouse sends it to the shop\n",
        pickup_locations=f"3,{OVERFLOW},Leeds shop\n",
    )
    leeds, elsewhere = place(world, pickup={"location_id": 3}), place(world)

    world.sync(leeds, elsewhere)

    orders = [world.sales_order(key) for key in (leeds, elsewhere)]
    assert [order.warehouse_id for order in orders] == [OVERFLOW, 2]
    assert {order.status_id for order in orders} == {READY_TO_PICK}


def test_an_unknown_method_waits_for_a_row_that_its_remedy_names(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = place(world, pickup={"method": "Click & Collect"})
    world.sync(key)
    connections = connect("default")
    (refused,) = Quarantine(connections.database).list(pair="default")
    assert "`Click & Collect,<" in refused.remedy

    map_with(monkeypatch, tmp_path / "mine", shipping_methods=f"Click & Collect,{COLLECT},\n")
    quarantine = Quarantine(connect("default").database)
    quarantine.release(
        "default", class_=refused.class_, value=refused.value, now=connect("default").clock()
    )
    world.sync()

    assert world.sales_order(key).shipping_method_id == COLLECT
