"""How many units of an order are kept from sale after its import, whatever people do to it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from shelves import plenty
from world import PAIR, World

from agreement.stock import held_by_orders
from flows.shipments import sync_shipments
from store.quarantine import Quarantine
from store.stock import Demand
from tasks.reconciler.connections import connect

CANCELLED, SHIPPED = 5, 2
BOB = {"first_name": "Bob", "street_1": "2 Low Road", "city": "Leeds", "zip": "LS1 1AA"}


@pytest.fixture
def sku(world: World) -> str:
    (found,) = plenty(world)
    return found


def imported(world: World, sku: str, quantity: int, *, is_reserved: bool = True) -> str:
    key = world.place(lines=[{"sku": sku, "quantity": quantity}], payment="captured")
    world.sync(key)
    if not is_reserved:
        world.brightpearl("edit", external_ref=f"BC-{key}", release=True)
    return key


def held(world: World, sku: str) -> int:
    """Units that are kept from sale, which the states of both systems agree with."""
    name, database = sku.casefold(), connect(PAIR).database
    kept = Demand(database).of(PAIR, [name]).get(name, {})
    undecided = {one.key for one in Quarantine(database).list(pair=PAIR)}
    store, account = (
        world.http.get(world.control(system, "state")).json()
        for system in ("bigcommerce", "brightpearl")
    )
    assert sum(kept.values()) == held_by_orders(store, account, undecided).get(name, 0)
    return sum(kept.values())


def staff(world: World, key: str, **changed: Any) -> None:
    """Staff of Brightpearl change its sales order."""
    world.brightpearl("edit", external_ref=f"BC-{key}", **changed)


def row_id(world: World, key: str) -> int:
    (row,) = [one for one in world.sales_order(key).rows.values() if one.product_id]
    return int(row.id)


def leave(world: World, key: str, quantity: int) -> None:
    """Units leave Brightpearl's warehouse, and shipments of them are made in the store."""
    rows = {row_id(world, key): quantity}
    world.brightpearl("ship", external_ref=f"BC-{key}", rows=rows)
    world.due(key, entity="shipments")
    asyncio.run(sync_shipments.fn(pair=PAIR))


@pytest.mark.parametrize(("is_reserved", "units"), [(True, 3), (False, 4)])
def test_units_that_a_row_lacks_are_held_while_a_person_decides(
    world: World, sku: str, *, is_reserved: bool, units: int
) -> None:
    key = imported(world, sku, 4, is_reserved=is_reserved)
    staff(world, key, rows=[{"id": row_id(world, key), "quantity": 1}])

    world.sync(key)

    assert held(world, sku) == units


@pytest.mark.parametrize(
    ("is_released", "left", "units"), [(False, 4, 0), (False, 3, 0), (True, 3, 1)]
)
def test_units_that_left_or_are_reserved_are_not_held_when_staff_cancel_their_order(
    world: World, sku: str, *, is_released: bool, left: int, units: int
) -> None:
    key = imported(world, sku, 4)
    leave(world, key, left)
    staff(world, key, release=is_released, status_id=CANCELLED)

    world.sync(key)

    assert held(world, sku) == units


def test_an_order_that_the_store_says_was_sent_holds_nothing(world: World, sku: str) -> None:
    world.brightpearl("stock", sku=sku, on_hand=1)
    key = world.place(lines=[{"sku": sku, "quantity": 4}], payment="captured")
    world.sync(key)
    assert held(world, sku) == 3
    world.bigcommerce("edit", order_id=int(key), status_id=SHIPPED)

    world.sync(key)

    assert held(world, sku) == 0


def test_units_of_an_order_that_staff_deleted_are_held_while_a_person_decides(
    world: World, sku: str
) -> None:
    key = imported(world, sku, 4)
    staff(world, key, delete=True)

    world.sync(key)

    assert held(world, sku) == 4


def test_units_that_the_store_adds_to_an_order_on_a_goods_note_are_held(
    world: World, sku: str
) -> None:
    key = imported(world, sku, 2)
    world.brightpearl("ship", external_ref=f"BC-{key}", leave=False)
    world.bigcommerce("edit", order_id=int(key), lines=[{"sku": sku, "quantity": 5}])

    world.sync(key)

    assert held(world, sku) == 3


@pytest.mark.parametrize(("is_whole", "units"), [(False, (3, 0)), (True, (3, 2))])
def test_units_of_an_order_to_several_addresses_are_held_once_staff_released_them(
    world: World, *, is_whole: bool, units: tuple[int, int]
) -> None:
    first, second = plenty(world, 2)
    lines = [{"sku": first, "quantity": 3}, {"sku": second, "quantity": 2, "address": 1}]
    key = world.place(lines=lines, shipping=[{}, {"to": BOB}], payment="captured")
    world.sync(key)
    own, other = world.sales_orders
    staff(world, key, release=True, status_id=CANCELLED)
    world.brightpearl("edit", order_id=other.id, release=is_whole)

    world.sync(key)

    assert own.external_ref == f"BC-{key}"
    assert (held(world, first), held(world, second)) == units


@pytest.mark.parametrize(("reserved", "units"), [(True, 0), (False, 2)])
def test_units_that_staff_split_off_are_held_until_their_back_order_reserves_them(
    world: World, sku: str, *, reserved: bool, units: int
) -> None:
    key = imported(world, sku, 5)
    rows = {str(row_id(world, key)): 2}
    split = world.brightpearl("backorder", external_ref=f"BC-{key}", rows=rows)
    change = {"allocate": True} if reserved else {"release": True}
    world.brightpearl("edit", order_id=split["back_order_id"], **change)

    world.sync(key)

    assert held(world, sku) == units


@pytest.mark.parametrize(("raised", "split"), [(3, 1), (6, 2), (6, 3)])
def test_units_that_staff_added_to_a_row_and_split_off_are_not_held(
    world: World, sku: str, raised: int, split: int
) -> None:
    key = imported(world, sku, 4)
    staff(world, key, rows=[{"id": row_id(world, key), "quantity": 4 + raised}])
    rows = {str(row_id(world, key)): split}
    made = world.brightpearl("backorder", external_ref=f"BC-{key}", rows=rows)
    world.brightpearl("edit", order_id=made["back_order_id"], release=True)
    staff(world, key, allocate=True)

    world.sync(key)

    assert held(world, sku) == 0
