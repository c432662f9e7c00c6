"""Stock that waits: the remedy is followed, and it is sent to the store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from remedies import Story, follow, sync, write_row
from shelves import once, plenty, product
from world import PAIR, World

from tasks.reconciler.connections import connect, disconnect

pytestmark = pytest.mark.long

ENTITY = "stock"
UNTIL_VISIBLE = "parked"
"""The state of a SKU whose stock was sent and is read again soon."""


def a_sku_of_two_products(world: World) -> Story:
    (sku,) = plenty(world)
    made = world.brightpearl("products", sku=sku.lower(), name="Twin")
    archive = {"edit": made["product_id"], "status": "ARCHIVED"}
    return Story(
        ENTITY,
        [sku.casefold()],
        "sku",
        do=lambda: world.brightpearl("products", **archive),
    )


def a_bundle_without_components(world: World) -> Story:
    one, other = plenty(world, 2)
    bundle = {"sku": "SET-1", "name": "A set", "components": []}
    world.brightpearl("products", **bundle)
    world.bigcommerce("products", sku="SET-1", name="A set", stock=1)
    correct = {"edit": "SET-1", "components": [{"sku": one}, {"sku": other}]}
    return Story(
        ENTITY,
        ["set-1"],
        "bundle",
        do=lambda: world.brightpearl("products", **correct),
        settled=UNTIL_VISIBLE,
    )


def stock_that_is_no_whole_number(world: World) -> Story:
    (sku,) = plenty(world)
    url = world.control("brightpearl", "stock/odd")
    world.http.put(url, json=[{"sku": sku, "value": "lots"}]).raise_for_status()
    return Story(
        ENTITY,
        [sku.casefold()],
        "document",
        "availability",
        do=lambda: world.http.put(url, json=[]).raise_for_status(),
    )


def stock_of_what_the_store_sells_beyond_it(world: World) -> Story:
    (sku,) = plenty(world)
    sync(world, ENTITY, product(world, sku))
    world.bigcommerce("stock", sku=sku, backorder_limit="unlimited")
    world.http.delete(world.control("brightpearl", f"products/{sku}")).raise_for_status()
    stop = {"sku": sku, "backorder_limit": 0}
    return Story(
        ENTITY,
        [sku.casefold()],
        "review",
        "gone",
        do=lambda: world.bigcommerce("stock", **stop),
        settled=UNTIL_VISIBLE,
    )


def stock_for_a_location_that_goes_while_it_is_sent(world: World) -> Story:
    (sku,) = plenty(world)
    gone = world.bigcommerce("locations", label="Depot")["location_id"]
    write_row("stock_locations", "2", f"1 {gone}")
    world.brightpearl("stock", sku=sku, on_hand=6)
    world.forget_requests()

    def is_read() -> bool:
        return any("/inventory/items" in one for one in world.requests("bigcommerce"))

    disconnect()
    connect(PAIR, clock=once(is_read, lambda: world.sandbox.store.stock.locations.pop(gone)))
    return Story(
        ENTITY,
        [product(world, sku)],
        "location",
        do=lambda: write_row("stock_locations", "2", "1"),
    )


STORIES = [
    stock_for_a_location_that_goes_while_it_is_sent,
    a_sku_of_two_products,
    a_bundle_without_components,
    stock_that_is_no_whole_number,
    stock_of_what_the_store_sells_beyond_it,
]


@pytest.mark.parametrize("begin", STORIES, ids=lambda story: story.__name__)
def test_the_remedy_of_stock_that_is_followed_lets_it_through(
    world: World, tables: Path, begin: Callable[[World], Story]
) -> None:
    assert tables.exists()
    follow(world, begin(world))
