"""Units of the store's orders that Brightpearl has not reserved stay held, whatever the clocks."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from shelves import (
    clocked,
    levels,
    on_sale,
    pass_time,
    plenty,
    product,
    promised,
    reconcile,
    sync,
    written,
)
from world import World

from core.times import utc_now

pytestmark = pytest.mark.long

LATER = timedelta(minutes=20)


def sold(world: World, sku: str, units: int = 4, **order: object) -> str:
    """An order of a SKU; its id."""
    return world.place(lines=[{"sku": sku, "quantity": units}], **order)


def stays_sold(world: World, sku: str, before: int, units: int = 4) -> None:
    """Stock is compared as an event and as the reconciliation, and nothing is put on sale again."""
    world.forget_requests()
    sync(world, product(world, sku))
    reconcile()
    assert written(world) == 0
    assert on_sale(world, sku) == before - units


@pytest.mark.parametrize("is_named", [True, False], ids=["with its event", "event lost"])
@pytest.mark.parametrize("ahead", [LATER, -LATER, timedelta(days=2)], ids=str)
def test_the_order_sync_is_paused_and_our_clock_is_wrong(
    world: World, ahead: timedelta, is_named: bool
) -> None:
    (sku,) = plenty(world)
    reconcile()
    before = on_sale(world, sku)
    key = sold(world, sku)
    if is_named:
        world.due(key, source="webhook")
    pass_time(world, LATER.total_seconds())
    start = utc_now()
    with clocked(lambda: start + ahead):
        stays_sold(world, sku, before)
    world.sync(key)
    stays_sold(world, sku, before)
    assert promised(world, sku) == before - 4


@pytest.mark.parametrize("is_named", [True, False], ids=["with its event", "event lost"])
@pytest.mark.parametrize("age", [timedelta(hours=3), timedelta(days=40)], ids=str)
def test_a_marketplace_order_is_dated_in_the_past(
    world: World, age: timedelta, is_named: bool
) -> None:
    (sku,) = plenty(world)
    reconcile()
    before = on_sale(world, sku)
    placed_at: datetime = utc_now() - age
    key = sold(world, sku, placed_at=placed_at.isoformat())
    if is_named:
        world.due(key, source="webhook")
    stays_sold(world, sku, before)


def test_orders_that_were_open_before_the_first_run_are_held(world: World) -> None:
    (sku,) = plenty(world)
    before = on_sale(world, sku)
    placed_at = utc_now() - timedelta(days=9)
    key = sold(world, sku, placed_at=placed_at.isoformat())
    stays_sold(world, sku, before)
    sold(world, sku, 1)
    stays_sold(world, sku, before, 5)
    world.sync(key)
    stays_sold(world, sku, before, 5)


def test_an_order_that_is_paid_hours_later_is_held_while_the_order_sync_is_paused(
    world: World,
) -> None:
    (sku,) = plenty(world)
    reconcile()
    before = on_sale(world, sku)
    key = sold(world, sku, status_id=0)
    world.sync(key)
    for _ in range(2):
        pass_time(world, 7200)
        world.sync(sold(world, sku, 1))
        sync(world, product(world, sku))
    world.bigcommerce("edit", order_id=int(key), status_id=11)
    world.due(key, source="webhook")
    left = levels(world, "bigcommerce")[sku]["1"][1]
    assert left in {before - 6, before - 2}
    sync(world, product(world, sku))
    assert on_sale(world, sku) <= before - 6


def test_a_cancelled_order_gives_its_units_back_though_it_was_never_imported(world: World) -> None:
    (sku,) = plenty(world)
    before = on_sale(world, sku)
    key = sold(world, sku)
    stays_sold(world, sku, before)
    world.bigcommerce("edit", order_id=int(key), status_id=5)
    world.sync(key)
    sync(world, product(world, sku))
    assert on_sale(world, sku) == promised(world, sku) == before
