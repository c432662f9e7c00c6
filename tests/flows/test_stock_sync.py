"""Stock, end to end over real HTTP: what Brightpearl can promise is what shoppers can buy."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from shelves import (
    audit,
    on_sale,
    pass_time,
    plenty,
    product,
    promised,
    reconcile,
    store_shows_after,
    sync,
    wake,
    written,
)
from world import PAIR, World

from core.times import utc_now
from store.demand import Demand
from tasks.claim import Run
from tasks.orders.telling import tell_store
from tasks.orders.work import Work
from tasks.reconciler.connections import connect
from tasks.stock import orders_side

ADJUSTMENTS = "/v3/inventory/adjustments/.*"


def test_all_stock_comes_to_agree_and_the_second_time_nothing_is_written(world: World) -> None:
    some = plenty(world, 3)
    for units, sku in enumerate(some, 5):
        world.brightpearl("stock", sku=sku, on_hand=units)
    first = reconcile()
    assert {one["sku"] for one in first["drifted"]} == set(some)
    assert (first["repaired"], first["write_requests"]) == (3, 1)

    world.forget_requests()
    again = reconcile()
    assert again["accuracy_percent"] == 100
    assert world.writes() == 0
    assert audit()["agrees"]


def test_a_change_in_brightpearl_is_on_sale_and_the_second_time_nothing_is_written(
    world: World,
) -> None:
    (sku,) = plenty(world)
    world.brightpearl("stock", sku=sku, on_hand=7)
    told = sync(world, product(world, sku))
    assert told["counts"]["adjusted"] == 1
    assert on_sale(world, sku) == 7

    world.forget_requests()
    sync(world, product(world, sku))
    assert written(world) == 0
    assert world.states(sku.casefold(), entity="stock") == ["done"]


def test_many_notices_of_one_product_are_one_key_and_one_adjustment(world: World) -> None:
    skus = plenty(world, 20)
    keys = [product(world, sku) for sku in skus]
    for units, sku in enumerate(skus, 1):
        world.brightpearl("stock", sku=sku, on_hand=units)
    world.forget_requests()
    world.due(*keys, *keys, entity="stock", source="notice")
    sync(world, *reversed(keys))
    assert written(world) == 1
    assert [on_sale(world, sku) for sku in skus] == [promised(world, sku) for sku in skus]


def test_in_a_flood_of_notices_a_sku_is_adjusted_once_its_own_have_paused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reconcile()
    skus = plenty(world, 40)
    keys = [product(world, sku) for sku in skus]
    for units, sku in enumerate(skus, 20):
        world.brightpearl("stock", sku=sku, on_hand=units)
    world.brightpearl("stock", sku=skus[0], on_hand=1)
    world.forget_requests()
    told = sync(world, *keys)
    assert told["counts"]["adjusted"] == written(world) == 1
    assert on_sale(world, skus[0]) == promised(world, skus[0])

    sync(world, *keys)
    assert written(world) == 1

    wake(monkeypatch, 11)
    assert written(world) == 2
    assert [on_sale(world, sku) for sku in skus] == [promised(world, sku) for sku in skus]


def test_units_of_an_order_that_brightpearl_does_not_know_stay_sold(world: World) -> None:
    (sku,) = plenty(world)
    before = on_sale(world, sku)
    key = world.place(lines=[{"sku": sku, "quantity": 3}])
    assert on_sale(world, sku) == before - 3

    world.forget_requests()
    sync(world, product(world, sku))
    assert written(world) == 0

    world.sync(key)
    sync(world, product(world, sku))
    assert written(world) == 0
    assert on_sale(world, sku) == promised(world, sku) == before - 3


def test_whoever_counted_units_as_held_that_were_reserved_by_then_looks_again(
    world: World,
) -> None:
    (sku,) = plenty(world)
    reconcile()
    there = on_sale(world, sku)
    key = world.place(lines=[{"sku": sku, "quantity": 3}])
    world.sync(key)
    demand = Demand(connect(PAIR).database)
    demand.replace(PAIR, {key: {sku.casefold(): 3}}, now=utc_now())
    sync(world, product(world, sku))
    assert on_sale(world, sku) == there - 6

    world.sync(key)
    assert world.states(sku.casefold(), entity="stock") == ["due"]
    sync(world)
    assert on_sale(world, sku) == promised(world, sku) == there - 3


def test_orders_that_are_known_are_not_listed_again_and_a_new_one_is_seen(world: World) -> None:
    (sku,) = plenty(world)
    reconcile()
    there = on_sale(world, sku)
    for _ in range(3):
        world.sync(world.place(lines=[{"sku": sku, "quantity": 1}]))
    sync(world, product(world, sku))
    passed = max(orders_side._passed.values())  # noqa: SLF001 - what is asked shows in no count
    assert passed == max(world.sandbox.store.orders)

    world.place(lines=[{"sku": sku, "quantity": 2}])
    world.forget_requests()
    sync(world, product(world, sku))
    assert written(world) == 0
    assert on_sale(world, sku) == there - 5
    assert max(orders_side._passed.values()) == passed  # noqa: SLF001


def test_an_order_that_is_reserved_counts_once_though_it_is_not_linked_yet(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sku,) = plenty(world)
    reconcile()
    there = on_sale(world, sku)
    key = world.place(lines=[{"sku": sku, "quantity": 3}])
    told: list[dict[str, Any]] = []

    def look_meanwhile(run: Run, works: Sequence[Work]) -> None:
        with ThreadPoolExecutor(1) as stock:
            told.append(stock.submit(sync, world, product(world, sku)).result())
        tell_store(run, works)

    monkeypatch.setattr("tasks.orders.load.tell_store", look_meanwhile)
    world.forget_requests()
    world.sync(key)
    assert [one["counts"]["unchanged"] for one in told] == [1]
    assert written(world) == 0
    assert on_sale(world, sku) == promised(world, sku) == there - 3


def test_what_is_on_its_way_is_not_sent_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sku,) = plenty(world)
    reconcile()
    store_shows_after(world, 60)
    world.brightpearl("stock", sku=sku, delta=10)
    sync(world, product(world, sku))
    there = promised(world, sku)
    assert on_sale(world, sku) == there

    world.forget_requests()
    told = sync(world, product(world, sku))
    assert (told["counts"]["waiting"], written(world)) == (1, 0)

    world.place(lines=[{"sku": sku, "quantity": 4}])
    pass_time(world, 61)
    told = wake(monkeypatch, 3)
    assert told["counts"]["unchanged"] == 1
    assert written(world) == 0
    assert on_sale(world, sku) == there - 4
