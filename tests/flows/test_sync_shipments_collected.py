"""What the shopper collects: the store learns that it was handed out."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from parcels import PAIR, Parcels, lines, quiet, sync
from refunding import map_with
from world import World

from flows.shipments import audit_shipments, sync_shipments

pytestmark = pytest.mark.long

AWAITING_PICKUP, COMPLETED, SHIPPED, CANCELLED = 8, 10, 2, 5


def collected(world: World, *quantities: int) -> Parcels:
    """An imported order that waits to be collected."""
    order = Parcels.imported(world, *quantities, pickup={})
    world.bigcommerce("edit", order_id=int(order.order), status_id=AWAITING_PICKUP)
    return order


def test_an_order_that_was_collected_is_completed_in_the_store(world: World) -> None:
    order = collected(world, 2, 1)
    note = order.leaves(2, 1)

    report = sync(world, note)

    assert (order.status, order.shipments) == (COMPLETED, [])
    assert report["counts"]["collected"] == 1
    assert quiet(world, note)
    assert order.status == COMPLETED


def test_an_order_of_which_something_waits_in_the_shop_stays_as_it_is(world: World) -> None:
    order = collected(world, 2, 1)
    first = order.leaves(2, 0)
    sync(world, first)
    assert order.status == AWAITING_PICKUP

    second = order.leaves(0, 1)
    sync(world, second)
    assert order.status == COMPLETED
    assert quiet(world, first, second)


def test_an_order_that_staff_cancelled_meanwhile_keeps_its_status(world: World) -> None:
    order = collected(world, 1)
    note = order.leaves(1)
    world.bigcommerce("edit", order_id=int(order.order), status_id=CANCELLED)
    sync(world, note)
    assert order.status == CANCELLED


def test_the_table_says_which_status_it_becomes_and_none_keeps_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    map_with(
        monkeypatch,
        tmp_path / "mappings",
        shipment_status=f"all,2,\ncollected,{SHIPPED},\ncollected from 9,,stays\n",
    )
    order = collected(world, 1)
    sync(world, order.leaves(1))
    assert order.status == SHIPPED

    other = collected(world, 1)
    world.bigcommerce("edit", order_id=int(other.order), status_id=9)
    sync(world, other.leaves(1))
    assert other.status == 9


def test_a_dry_run_shows_it_and_the_audit_finds_what_no_event_said(world: World) -> None:
    order = collected(world, 2)
    note = order.leaves(2)
    report = asyncio.run(sync_shipments.fn(pair=PAIR, dry_run=True, keys=[note]))
    assert "status 8 to 10" in str(report["preview"])
    assert order.status == AWAITING_PICKUP

    found = asyncio.run(audit_shipments.fn(PAIR))
    assert found["collected"] == [order.order]
    sync(world)
    assert order.status == COMPLETED
    assert asyncio.run(audit_shipments.fn(PAIR))["collected"] == []


def test_an_order_that_is_shipped_is_no_business_of_this(world: World) -> None:
    order = Parcels.imported(world, lines=lines(world, 2))
    sync(world, order.leaves(2, tracking="AA1"))
    assert (order.status, order.shipments) == (SHIPPED, [("AA1", [2])])
