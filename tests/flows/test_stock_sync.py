"""Stock, end to end over real HTTP: what Brightpearl can promise is what shoppers can buy."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from shelves import (
    audit,
    clocked,
    on_sale,
    once,
    pass_time,
    plenty,
    product,
    promised,
    reconcile,
    store_shows_after,
    sync,
    sync_later,
    written,
)
from world import PAIR, World

from core.times import utc_now
from store.links import Links
from store.stock import Demand
from tasks.reconciler.connections import connect
from tasks.stock.extract import SEEN

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
    report = sync(world, product(world, sku))
    assert report["counts"]["adjusted"] == 1
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


def test_in_a_flood_of_notices_a_sku_is_adjusted_once_its_own_have_paused(world: World) -> None:
    reconcile()
    skus = plenty(world, 40)
    keys = [product(world, sku) for sku in skus]
    for units, sku in enumerate(skus, 20):
        world.brightpearl("stock", sku=sku, on_hand=units)
    world.brightpearl("stock", sku=skus[0], on_hand=1)
    world.forget_requests()
    report = sync(world, *keys)
    assert report["counts"]["adjusted"] == written(world) == 1
    assert on_sale(world, skus[0]) == promised(world, skus[0])

    sync(world, *keys)
    assert written(world) == 1

    sync_later(11)
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


def test_units_counted_as_held_that_were_reserved_by_then_make_the_sku_due(
    world: World,
) -> None:
    (sku,) = plenty(world)
    reconcile()
    before = on_sale(world, sku)
    key = world.place(lines=[{"sku": sku, "quantity": 3}])
    world.sync(key)
    demand = Demand(connect(PAIR).database)
    demand.replace(PAIR, {key: {sku.casefold(): 3}}, now=utc_now())
    sync(world, product(world, sku))
    assert on_sale(world, sku) == before - 6

    world.sync(key)
    assert world.states(sku.casefold(), entity="stock") == ["due"]
    sync(world)
    assert on_sale(world, sku) == promised(world, sku) == before - 3


def seen_orders() -> Mapping[str, int]:
    """What stock has seen of the orders."""
    return Links(connect(PAIR).database).get(PAIR, SEEN, [SEEN])[SEEN].detail


def test_orders_that_are_known_are_not_listed_again_and_a_new_one_is_seen(world: World) -> None:
    (sku,) = plenty(world)
    reconcile()
    before = on_sale(world, sku)
    for _ in range(3):
        world.sync(world.place(lines=[{"sku": sku, "quantity": 1}]))
    sync(world, product(world, sku))
    passed = seen_orders()["passed"]
    assert passed == max(world.sandbox.store.orders)

    world.place(lines=[{"sku": sku, "quantity": 2}])
    world.forget_requests()
    sync(world, product(world, sku))
    assert written(world) == 0
    assert on_sale(world, sku) == before - 5
    assert seen_orders()["passed"] == passed


def test_an_order_that_is_reserved_counts_once_though_it_is_not_linked_yet(world: World) -> None:
    (sku,) = plenty(world)
    reconcile()
    before = on_sale(world, sku)
    key = world.place(lines=[{"sku": sku, "quantity": 3}])
    reports: list[dict[str, Any]] = []

    def is_reserved() -> bool:
        database = connect(PAIR).database
        is_written_down = Demand(database).of(PAIR, [sku.casefold()])
        is_linked = Links(database).get(PAIR, "orders", [key])
        return promised(world, sku) == before - 3 and not (is_written_down or is_linked)

    def sync_meanwhile() -> None:
        with ThreadPoolExecutor(1) as stock:
            reports.append(stock.submit(sync, world, product(world, sku)).result())

    world.forget_requests()
    with clocked(once(is_reserved, sync_meanwhile)):
        world.sync(key)
    assert [report["counts"]["unchanged"] for report in reports] == [1]
    assert written(world) == 0
    assert on_sale(world, sku) == promised(world, sku) == before - 3


def test_what_is_pending_is_not_sent_again(world: World) -> None:
    (sku,) = plenty(world)
    reconcile()
    store_shows_after(world, 60)
    world.brightpearl("stock", sku=sku, delta=10)
    sync(world, product(world, sku))
    expected = promised(world, sku)
    assert on_sale(world, sku) == expected

    world.forget_requests()
    report = sync(world, product(world, sku))
    assert (report["counts"]["waiting"], written(world)) == (1, 0)

    world.place(lines=[{"sku": sku, "quantity": 4}])
    pass_time(world, 61)
    report = sync_later(3)
    assert report["counts"]["unchanged"] == 1
    assert written(world) == 0
    assert on_sale(world, sku) == expected - 4
