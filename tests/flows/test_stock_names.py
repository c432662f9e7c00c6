"""SKUs whose names cannot stand in a list: they are found, synced and explained as all others."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from shelves import audit, on_sale, product, promised, reconcile, sync
from world import PAIR, World

from core.ids import sku_key
from tasks.stock.explain import explain_key

pytestmark = pytest.mark.long

NAMES = pytest.mark.parametrize("sku", ["A,B", "ABC-77 ", " ABC-78", "Größe, 1/2 & +"])


def its_sku(_world: World, sku: str) -> str:
    return sku_key(sku)


@NAMES
@pytest.mark.parametrize("key_of", [its_sku, product])
def test_it_is_synced_whichever_way_its_key_came(
    world: World, sku: str, key_of: Callable[[World, str], str]
) -> None:
    world.brightpearl("products", sku=sku, stock=5)
    world.bigcommerce("products", sku=sku)
    key = key_of(world, sku)
    world.due(key, entity="stock", source="operator" if key_of is its_sku else "notice")
    sync(world)
    assert on_sale(world, sku) == promised(world, sku) == 5


@NAMES
def test_it_is_explained_before_and_after_both_sides_agreed(world: World, sku: str) -> None:
    world.brightpearl("products", sku=sku, stock=5)
    world.bigcommerce("products", sku=sku)
    for _ in range(2):
        found = explain_key(PAIR, sku_key(sku))
        assert found.problem == ""
        assert found.places[0].offer.sellable == 5
        reconcile()
    assert on_sale(world, sku) == 5


def test_a_sku_on_one_side_with_a_blank_behind_it_is_the_same(world: World) -> None:
    world.brightpearl("products", sku="ABC-79", stock=5)
    world.bigcommerce("products", sku="ABC-79 ")
    assert explain_key(PAIR, "abc-79").problem == ""
    audit()
    sync(world)
    assert on_sale(world, "ABC-79 ") == 5
