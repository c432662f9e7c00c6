"""Orders that wait for stock wake when Brightpearl has some, whichever run of stock reads it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from shelves import audit, levels, plenty, product, promised, reconcile, sync
from sqlalchemy import select
from world import PAIR, World

from core.ids import stock_condition
from core.times import utc_now
from store.inbox import Inbox, Parked
from store.tables import conditions_met
from tasks.reconciler.connections import connect

WAITING = "4711"
ELSEWHERE = 3
"""A warehouse from which orders are not sent."""


def claim() -> None:
    """Let another run begin to work on the key of an order."""
    inbox, now = Inbox(connect(PAIR).database), utc_now()
    inbox.put(PAIR, "orders", [WAITING], source="webhook", now=now)
    inbox.claim(PAIR, "orders", owner="earlier", limit=10, lease_s=60, now=now)


def park(world: World, sku: str) -> None:
    """Let that run park it until there are units of a product."""
    later = utc_now() + timedelta(days=1)
    parked = Parked(WAITING, conditions(world, sku)[:1], later, later, "waits for goods")
    Inbox(connect(PAIR).database).settle(PAIR, "orders", "earlier", [parked], now=utc_now())


def wait_for(world: World, sku: str) -> None:
    claim()
    park(world, sku)


def conditions(world: World, sku: str) -> tuple[str, ...]:
    """One for each warehouse, that of orders first."""
    product_id = product(world, sku).removeprefix("product:")
    places = sorted(levels(world, "brightpearl")[sku], key=int)
    return tuple(stock_condition(product_id, warehouse_id) for warehouse_id in places)


def named() -> set[str]:
    """Conditions that are kept for keys which are being worked on."""
    with connect(PAIR).database.read() as connection:
        return set(connection.scalars(select(conditions_met.c.condition)))


def empty(world: World, sku: str) -> None:
    for warehouse in levels(world, "brightpearl")[sku]:
        world.brightpearl("stock", sku=sku, on_hand=0, warehouse_id=int(warehouse))


def test_an_order_wakes_when_goods_arrive_and_not_before(world: World) -> None:
    (sku,) = plenty(world)
    empty(world, sku)
    wait_for(world, sku)
    sync(world, product(world, sku))
    assert world.states(WAITING) == ["parked"]

    world.brightpearl("stock", sku=sku, on_hand=3)
    sync(world, product(world, sku))
    assert world.states(WAITING) == ["due"]


def test_an_order_that_is_parked_while_goods_arrive_is_due_at_once(world: World) -> None:
    (sku,) = plenty(world)
    empty(world, sku)
    for _ in range(2):  # the second one sees what the first one sent
        reconcile()
    claim()
    world.brightpearl("stock", sku=sku, on_hand=3)
    sync(world, product(world, sku))
    park(world, sku)
    assert world.states(WAITING) == ["due"]


def test_only_what_rose_or_what_orders_hold_is_kept_for_keys_being_worked_on(world: World) -> None:
    same, held, risen = plenty(world, 3)
    reconcile()
    sync(world, *(product(world, sku) for sku in (same, held, risen)))
    assert named() == set()

    world.place(lines=[{"sku": held, "quantity": 1}])
    world.brightpearl("stock", sku=risen, delta=5)
    sync(world, *(product(world, sku) for sku in (same, held, risen)))
    assert named() == {*conditions(world, held), *conditions(world, risen)}


def test_what_arrives_is_reserved_for_an_order_that_waits(world: World) -> None:
    (sku,) = plenty(world)
    empty(world, sku)
    key = world.place(lines=[{"sku": sku, "quantity": 2}])
    world.sync(key)
    assert world.states(key) == ["parked"]

    world.brightpearl("stock", sku=sku, on_hand=3)
    sync(world, product(world, sku))
    world.sync()
    assert world.states(key) == ["done"]
    assert promised(world, sku) == 3 - 2


def test_goods_in_another_warehouse_wake_no_order(world: World) -> None:
    (sku,) = plenty(world)
    empty(world, sku)
    key = world.place(lines=[{"sku": sku, "quantity": 2}])
    world.sync(key)
    world.brightpearl("stock", sku=sku, on_hand=5, warehouse_id=ELSEWHERE)
    sync(world, product(world, sku))
    reconcile()
    assert world.states(key) == ["parked"]

    world.brightpearl("stock", sku=sku, on_hand=5)
    sync(world, product(world, sku))
    assert world.states(key) == ["due"]


def test_goods_of_another_product_wake_nobody(world: World) -> None:
    sku, other = plenty(world, 2)
    empty(world, sku)
    wait_for(world, sku)
    sync(world, product(world, other))
    assert world.states(WAITING) == ["parked"]


@pytest.mark.parametrize("compare_all", [audit, reconcile])
def test_a_comparison_of_all_stock_wakes_as_well(world: World, compare_all) -> None:
    (sku,) = plenty(world)
    wait_for(world, sku)
    compare_all()
    assert world.states(WAITING) == ["due"]


def test_a_dry_run_wakes_nobody(world: World) -> None:
    (sku,) = plenty(world)
    wait_for(world, sku)
    reconcile(dry_run=True)
    assert world.states(WAITING) == ["parked"]
