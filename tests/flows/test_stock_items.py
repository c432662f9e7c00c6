"""Items of the store that cannot be compared: whichever way a key came, the refusal stands."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from shelves import audit, levels, on_sale, plenty, product, promised, reconcile, sync
from world import PAIR, World

from core.times import utc_now
from store.quarantine import Entry, Quarantine
from tasks.reconciler.connections import connect

pytestmark = pytest.mark.long


def variant(world: World, sku: str) -> str:
    """The key of the store's variant."""
    return f"variant:{world.sandbox.store.variant(sku).id}"


def its_sku(_world: World, sku: str) -> str:
    return sku.casefold()


KEYS = pytest.mark.parametrize("key_of", [its_sku, product, variant])


def cases(sku: str) -> list[Entry]:
    found = Quarantine(connect(PAIR).database).list(pair=PAIR, entity="stock")
    return [entry for entry in found if entry.key == sku.casefold()]


@KEYS
@pytest.mark.parametrize("is_linked", [True, False], ids=["known", "new"])
def test_an_item_that_cannot_be_read_is_refused_until_it_can(
    world: World, key_of: Callable[[World, str], str], is_linked: bool
) -> None:
    (sku,) = plenty(world)
    if is_linked:
        reconcile()
    world.bigcommerce("stock", sku=sku, odd=True)
    world.brightpearl("stock", sku=sku, on_hand=6)

    sync(world, key_of(world, sku))

    (case,) = cases(sku)
    assert (case.class_, case.field) == ("document", "locations.0.total_inventory_onhand")
    assert audit()["not_comparable"][sku.casefold()]
    sync(world, key_of(world, sku))
    assert [one.id for one in cases(sku)] == [case.id]

    world.bigcommerce("stock", sku=sku, odd=False)
    Quarantine(connect(PAIR).database).release(PAIR, entity="stock", now=utc_now())
    sync(world)
    assert cases(sku) == []
    assert on_sale(world, sku) == promised(world, sku)


@KEYS
@pytest.mark.parametrize("is_linked", [True, False], ids=["known", "new"])
def test_a_sku_on_two_items_is_refused_whichever_way_its_key_came(
    world: World, key_of: Callable[[World, str], str], is_linked: bool
) -> None:
    (sku,) = plenty(world)
    if is_linked:
        reconcile()
    key = key_of(world, sku)
    world.bigcommerce("products", sku=sku, stock=3, same_sku=True)
    world.brightpearl("stock", sku=sku, on_hand=6)
    before = levels(world, "bigcommerce")

    for _ in range(2):
        sync(world, key)
        (case,) = cases(sku)
        assert case.class_ == "sku"
        assert "several items" in case.reason
    assert levels(world, "bigcommerce") == before


@pytest.mark.parametrize("limit", ["unlimited", 50])
def test_units_that_are_owed_are_taken_off_what_arrives(world: World, limit: str | int) -> None:
    (sku,) = plenty(world)
    world.bigcommerce("stock", sku=sku, backorder_limit=limit)
    world.brightpearl("stock", sku=sku, on_hand=2)
    for warehouse in levels(world, "brightpearl")[sku]:
        units = 2 if warehouse == "2" else 0
        world.brightpearl("stock", sku=sku, on_hand=units, warehouse_id=int(warehouse))
    sync(world, product(world, sku))
    level = world.sandbox.store.variant(sku).stock[1]
    assert level.on_hand == 2

    key = world.place(lines=[{"sku": sku, "quantity": 5}])
    assert level.on_hand == -3
    sync(world, product(world, sku))
    world.sync(key)
    sync(world, product(world, sku))
    assert level.on_hand == -3

    world.brightpearl("stock", sku=sku, delta=10)
    sync(world, product(world, sku))
    world.sync(key)
    sync(world, product(world, sku))
    assert level.on_hand == promised(world, sku) == 7


def test_what_brightpearl_lost_and_the_store_sells_beyond_its_stock_is_a_case(
    world: World,
) -> None:
    (sku,) = plenty(world)
    reconcile()
    world.bigcommerce("stock", sku=sku, backorder_limit=9)
    world.brightpearl("products", edit=sku, status="ARCHIVED")
    audit()
    (case,) = cases(sku)
    assert "beyond what there is" in case.reason
