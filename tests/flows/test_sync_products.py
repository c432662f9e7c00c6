"""Products of Brightpearl, brought to the store: real flows over real HTTP, always twice."""

from __future__ import annotations

import pytest
from products import group, in_store, made, reconcile, sync
from world import World


def test_a_product_is_created_whole_and_then_left_alone(world: World) -> None:
    key = made(
        world,
        sku="LAMP-1",
        name="Desk lamp",
        price_ex_tax="24.50",
        weight_kg="1.25",
        brand="Lumen",
        categories=["Home > Light"],
        description="<p onclick='x()'>Bright<script>alert(1)</script></p>",
        ean="5012345678900",
        upc="012345678905",
        mpn="L-1",
        size_cm={"length": 30, "width": 20.5, "height": 12},
    )

    first = sync(world, key)

    product, variant = in_store(world, "LAMP-1")
    store = world.sandbox.store
    paths = [store.categories[one].name for one in product.categories]
    assert (product.name, product.brand, paths) == ("Desk lamp", "Lumen", ["Light"])
    assert product.details["description"] == "<p>Bright</p>"
    assert (float(product.price), float(product.weight)) == (24.5, 1.25)
    assert (product.upc, product.mpn, product.details["gtin"]) == (
        "012345678905",
        "L-1",
        "5012345678900",
    )
    assert [product.details[name] for name in ("depth", "width", "height")] == [30, 20.5, 12]
    assert product.is_visible
    assert product.tracking == "product"
    assert variant.sku == "LAMP-1"
    assert first["counts"]["created"] == 1

    world.forget_requests()
    second = sync(world, key)

    assert world.writes() == 0
    assert second["counts"]["unchanged"] == 1


def test_a_group_is_one_product_with_variants(world: World) -> None:
    keys = group(world, "Shirt", {"S": "SH-S", "M": "SH-M"}, weight_kg="0.2")

    sync(world, *keys)

    product, variant = in_store(world, "SH-M")
    assert in_store(world, "SH-S")[0] is product
    assert variant.options == (("Size", "M"),)
    assert product.tracking == "variant"
    world.forget_requests()
    sync(world, *keys)
    assert world.writes() == 0

    # One more size: its option value comes first.
    (more,) = group(world, "Shirt", {"L": "SH-L"}, weight_kg="0.2")
    sync(world, more)
    assert in_store(world, "SH-L")[1].options == (("Size", "L"),)
    world.forget_requests()
    sync(world, *keys, more)
    assert world.writes() == 0


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"name": "Reading lamp"}, lambda product: product.name == "Reading lamp"),
        ({"status": "DISCONTINUED"}, lambda product: not product.is_visible),
        ({"brand": "Other brand"}, lambda product: product.brand == "Other brand"),
        ({"weight_kg": "2"}, lambda product: float(product.weight) == 2),
        ({"tax_code": "T5"}, lambda product: product.tax_class_id == 1),
        ({"description": "New"}, lambda product: product.details["description"] == "New"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_change_in_brightpearl_is_one_write(world: World, change, shown) -> None:
    key = made(world, sku="LAMP-1", name="Desk lamp")
    sync(world, key)
    world.brightpearl("products", edit="LAMP-1", **change)
    world.forget_requests()

    sync(world, key)

    assert shown(in_store(world, "LAMP-1")[0])
    assert world.writes() == 1
    world.forget_requests()
    sync(world, key)
    assert world.writes() == 0


def test_all_of_both_systems_is_compared_and_then_agrees(world: World) -> None:
    reconcile()
    world.forget_requests()

    second = reconcile()

    assert world.writes() == 0, world.requests("bigcommerce")
    assert second["equal"] + second["results"].get("only in BigCommerce", 0) == second["records"]
