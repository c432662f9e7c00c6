"""Stock that is not as it should be: each odd record has an end, and the rest goes through."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from shelves import levels, on_sale, plenty, product, promised, reconcile, sync, written
from world import PAIR, World

from store.quarantine import Entry, Quarantine
from tasks.reconciler.connections import connect, disconnect

pytestmark = pytest.mark.long


def odd(world: World, *answers: dict[str, Any]) -> None:
    """Let Brightpearl answer these products' availability otherwise than it is."""
    url = world.control("brightpearl", "stock/odd")
    assert world.http.put(url, json=list(answers)).status_code == 200


def cases(*skus: str) -> list[Entry]:
    found = Quarantine(connect(PAIR).database).list(pair=PAIR, entity="stock")
    return [entry for entry in found if entry.key in {sku.casefold() for sku in skus}]


def new_product(world: World, sku: str, **more: Any) -> None:
    """In both systems; the store has none to sell."""
    world.brightpearl("products", sku=sku, **more)
    world.bigcommerce("products", sku=sku)


def test_negative_stock_takes_the_product_off_sale(world: World) -> None:
    sku, other = plenty(world, 2)
    odd(world, {"sku": sku, "value": -4}, {"sku": other, "value": 9})
    sync(world, product(world, sku), product(world, other))
    warehouses = len(levels(world, "brightpearl")[other])
    assert (on_sale(world, sku), on_sale(world, other)) == (0, 9 * warehouses)


@pytest.mark.parametrize("value", [None, 2.5, "many"])
def test_stock_that_is_no_whole_number_leaves_the_product_as_it_is(
    world: World, value: object
) -> None:
    sku, other = plenty(world, 2)
    before = on_sale(world, sku)
    world.brightpearl("stock", sku=other, on_hand=3)
    odd(world, {"sku": sku, "value": value})
    sync(world, product(world, sku), product(world, other))
    assert on_sale(world, sku) == before
    assert on_sale(world, other) == promised(world, other)
    (case,) = cases(sku)
    assert (case.class_, case.field) == ("document", "availability")
    assert "onHand" in case.reason

    odd(world)
    Quarantine(connect(PAIR).database).release(PAIR, entity="stock", now=case.seen_at)
    sync(world)
    assert not cases(sku)


def test_one_bad_id_does_not_keep_the_others_from_being_read(world: World) -> None:
    skus = plenty(world, 9)
    bad = skus[4]
    reconcile()
    world.switch("brightpearl", availability_bad_id="refuse")
    for sku in skus:
        world.brightpearl("stock", sku=sku, on_hand=6)
    for one in world.sandbox.account.products.values():
        if one.sku == bad:
            world.brightpearl("products", edit=one.id, stock_tracked=False)
    sync(world, *(product(world, sku) for sku in skus))
    for sku in skus:
        expected = 0 if sku == bad else promised(world, sku)
        assert on_sale(world, sku) == expected


def test_a_sku_that_only_one_system_has_is_left_alone(world: World) -> None:
    world.brightpearl("products", sku="ONLY-BP", stock=5)
    world.bigcommerce("products", sku="ONLY-BC", stock=7)
    sync(world, "only-bp", "only-bc", product(world, "ONLY-BP"))
    assert on_sale(world, "ONLY-BC") == 7
    assert world.states("only-bp", "only-bc", entity="stock") == ["done", "done"]
    found = reconcile()
    assert found["only_in_store"] >= 1


def test_a_sku_is_the_same_in_any_case(world: World) -> None:
    world.brightpearl("products", sku="mIxEd-1", stock=8)
    world.bigcommerce("products", sku="Mixed-1")
    sync(world, product(world, "mIxEd-1"))
    assert on_sale(world, "Mixed-1") == 8


def test_a_sku_of_several_products_is_refused_and_the_others_go_through(world: World) -> None:
    (other,) = plenty(world)
    new_product(world, "TWICE", stock=5)
    world.brightpearl("products", sku="Twice", stock=5)
    world.brightpearl("stock", sku=other, on_hand=2)
    sync(world, "twice", product(world, other))
    (case,) = cases("TWICE")
    assert case.class_ == "sku"
    assert on_sale(world, other) == promised(world, other)


def test_a_bundle_is_on_sale_as_far_as_its_components_make_it(world: World) -> None:
    cup, tray = plenty(world, 2)
    parts = [{"sku": cup, "quantity": 2}, {"sku": tray, "quantity": 1}]
    new_product(world, "TEA-SET", stock_tracked=False, components=parts)
    for sku, units in ((cup, 7), (tray, 9)):
        for warehouse in levels(world, "brightpearl")[sku]:
            world.brightpearl("stock", sku=sku, on_hand=0, warehouse_id=int(warehouse))
        world.brightpearl("stock", sku=sku, on_hand=units)
    sync(world, "tea-set")
    assert on_sale(world, "TEA-SET") == 3

    world.brightpearl("stock", sku=cup, on_hand=4)
    sync(world, product(world, cup))
    assert (on_sale(world, cup), on_sale(world, "TEA-SET")) == (4, 2)

    key = world.place(lines=[{"sku": "TEA-SET", "quantity": 1}])
    sync(world, product(world, cup), product(world, tray))
    assert (on_sale(world, cup), on_sale(world, "TEA-SET")) == (2, 1)
    assert key


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ([{"product_id": 999_999}], "does not exist"),
        ([], "none of its components has stock"),
    ],
)
def test_a_bundle_that_nobody_can_count_is_refused(
    world: World, parts: list[dict[str, Any]], says: str
) -> None:
    (other,) = plenty(world)
    new_product(world, "BROKEN", stock_tracked=False, components=parts)
    world.brightpearl("stock", sku=other, on_hand=2)
    sync(world, "broken", product(world, other))
    (case,) = cases("BROKEN")
    assert case.class_ == "bundle"
    assert says in case.reason
    assert on_sale(world, other) == promised(world, other)


def test_a_bundle_that_contains_itself_is_refused(world: World) -> None:
    new_product(world, "INNER", stock_tracked=False, components=[])
    new_product(world, "OUTER", stock_tracked=False, components=[{"sku": "INNER"}])
    world.brightpearl("products", edit="INNER", components=[{"sku": "OUTER"}])
    sync(world, "inner", "outer")
    assert {case.class_ for case in cases("INNER", "OUTER")} == {"bundle"}
    assert all("contains itself" in case.reason for case in cases("INNER", "OUTER"))


def test_a_location_that_was_closed_gets_nothing_and_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = world.bigcommerce("locations", label="Depot")["location_id"]
    mine = tmp_path / "mappings"
    shutil.copytree(Path(__file__).parents[2] / "mappings", mine)
    (mine / "tables" / "stock_locations.csv").write_text(
        f"value,becomes,note\n2,1 {made},\n3,1 77,\n"
    )
    monkeypatch.setenv("CAUSEWAY_MAPPINGS_PATH", str(mine))
    disconnect()
    (sku,) = plenty(world)
    world.brightpearl("stock", sku=sku, on_hand=6)
    first = reconcile()
    assert on_sale(world, sku) == promised(world, sku)
    assert levels(world, "bigcommerce")[sku][str(made)][1] == 6
    assert any("location 77" in note for note in first["notes"])

    world.bigcommerce("locations", location_id=made, enabled=False)
    world.brightpearl("stock", sku=sku, on_hand=5)
    world.forget_requests()
    sync(world, product(world, sku))
    assert on_sale(world, sku) == promised(world, sku)
    assert levels(world, "bigcommerce")[sku][str(made)][1] == 6
    assert written(world) == 1
