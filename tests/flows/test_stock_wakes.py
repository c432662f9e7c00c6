"""Orders that wait for stock wake when Brightpearl has some, whichever run of stock reads it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from shelves import audit, levels, plenty, product, promised, reconcile, sync
from world import PAIR, World

from core.ids import stock_condition
from core.times import utc_now
from store.inbox import Inbox, Parked
from tasks.reconciler.connections import connect

WAITING = "4711"


def wait_for(world: World, sku: str) -> None:
    """Park the key of an order until there are units of a product."""
    inbox, now = Inbox(connect(PAIR).database), utc_now()
    later = now + timedelta(days=1)
    condition = stock_condition(product(world, sku).removeprefix("product:"))
    inbox.put(PAIR, "orders", [WAITING], source="webhook", now=now)
    inbox.claim(PAIR, "orders", owner="earlier", limit=10, lease_s=60, now=now)
    parked = Parked(WAITING, (condition,), later, later, "waits for goods")
    inbox.settle(PAIR, "orders", "earlier", [parked], now=now)


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
