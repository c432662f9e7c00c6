"""Products that wait: the remedy is followed, and the product goes through."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from products import group, in_account, in_store, made
from remedies import Story, follow, remove_row, sync, waiting, write_row
from world import PAIR, World

from tasks.reconciler.connections import connect

pytestmark = pytest.mark.long

ENTITY = "products"
LONG = "x" * 300
GOOD = "https://cdn.example.com/lamp.jpg"


def edit(world: World, sku: str, **fields: Any) -> Callable[[], object]:
    """What staff do to a product in Brightpearl, later."""
    return lambda: world.brightpearl("products", edit=sku, **fields)


def a_product_without_a_sku(world: World) -> Story:
    key = made(world, sku="", name="Without a SKU")
    number = int(key.partition(":")[2])
    enter = {"edit": number, "sku": "NOW-1"}
    return Story(
        ENTITY, [key], "document", "sku", do=lambda: world.brightpearl("products", **enter)
    )


def a_product_of_a_very_long_name(world: World) -> Story:
    key = made(world, sku="LONG", name=LONG)
    return Story(ENTITY, [key], "document", "name", do=edit(world, "LONG", name="Short"))


def a_product_of_a_brand_of_a_very_long_name(world: World) -> Story:
    key = made(world, sku="BRANDED", name="Branded", brand=LONG)
    return Story(ENTITY, [key], "brand", do=edit(world, "BRANDED", brand="Lumen"))


def a_product_of_an_impossible_size(world: World) -> Story:
    key = made(world, sku="SIZED", name="Sized", size_cm={"length": -5})
    right = edit(world, "SIZED", size_cm={"length": 5})
    return Story(ENTITY, [key], "document", "depth_cm", do=right)


def a_product_of_a_tax_code_without_a_row(world: World) -> Story:
    remove_row("tax_classes", "T9")
    key = made(world, sku="TAXED", name="Taxed", tax_code="T9")
    return Story(ENTITY, [key], "tax_code", table="2")


def two_live_products_of_one_sku(world: World) -> Story:
    sync(world, ENTITY, made(world, sku="Twin-1", name="First twin"))
    key = made(world, sku="TWIN-1", name="Second twin")
    number = int(key.partition(":")[2])
    archive = {"edit": number, "status": "ARCHIVED"}
    return Story(
        ENTITY,
        [key],
        "sku",
        do=lambda: world.brightpearl("products", **archive),
    )


def a_group_whose_skus_are_two_products_of_the_store(world: World) -> Story:
    for sku in ("TEE-S", "TEE-M"):
        world.bigcommerce("products", sku=sku, name=f"Tee {sku}")
    keys = group(world, "Tee", {"S": "TEE-S", "M": "TEE-M"})

    def bring_together() -> None:
        for sku in ("TEE-S", "TEE-M"):
            world.http.delete(world.control("bigcommerce", f"products/{sku}")).raise_for_status()
        for size, sku in {"S": "TEE-S", "M": "TEE-M"}.items():
            one = {"sku": sku, "parent_name": "Tee", "options": {"Size": size}}
            world.bigcommerce("products", **one)

    return Story(ENTITY, keys, "structure", do=bring_together)


def a_group_that_is_too_large(world: World) -> Story:
    sizes = [
        {
            "sku": f"BIG-{n}",
            "name": "A very large group",
            "variations": {"Size": f"s{n % 30}", "Colour": f"c{n // 30}"},
        }
        for n in range(601)
    ]
    answer = world.http.post(world.control("brightpearl", "products"), json=sizes)
    key = f"product:{answer.json()[0]['product_id']}"
    return Story(
        ENTITY,
        [key],
        "structure",
        do=lambda: world.http.delete(world.control("brightpearl", "products/BIG-600")),
    )


def a_product_with_five_options(world: World) -> Story:
    names = dict.fromkeys(("Size", "Colour", "Material", "Length", "Finish"), "one")
    key = made(world, sku="FIVE", name="Five options", variations=names)
    names.pop("Finish")
    return Story(ENTITY, [key], "structure", do=edit(world, "FIVE", variations=names))


def a_group_of_different_options(world: World) -> Story:
    made(world, sku="CUP-S", name="Cup", variations={"Size": "S"})
    key = made(world, sku="CUP-M", name="Cup", variations={"Colour": "M"})
    return Story(ENTITY, [key], "structure", do=edit(world, "CUP-M", variations={"Size": "M"}))


def a_group_with_the_same_values_twice(world: World) -> Story:
    made(world, sku="CUP-S", name="Cup", variations={"Size": "S"})
    key = made(world, sku="CUP-M", name="Cup", variations={"Size": "S"})
    return Story(ENTITY, [key], "structure", do=edit(world, "CUP-M", variations={"Size": "M"}))


def a_group_that_is_one_product_in_the_store(world: World) -> Story:
    world.bigcommerce("products", sku="CUP-S", name="Cup of the store")
    keys = group(world, "Cup", {"S": "CUP-S", "M": "CUP-M"})
    url = world.control("bigcommerce", "products/CUP-S")
    return Story(ENTITY, keys, "structure", do=lambda: world.http.delete(url).raise_for_status())


def a_product_that_became_a_group(world: World) -> Story:
    key = made(world, sku="CUP-S", name="Cup")
    sync(world, ENTITY, key)
    world.brightpearl("products", edit="CUP-S", variations={"Size": "S"})
    made(world, sku="CUP-M", name="Cup", variations={"Size": "M"})

    def create_anew() -> None:
        url = world.control("bigcommerce", "products/CUP-S")
        world.http.delete(url).raise_for_status()
        (case,) = waiting(ENTITY)
        sync(world, *re.findall(r"causeway sync (products) --key ([^\s,]+)", case.remedy)[0])

    return Story(ENTITY, [key], "structure", do=create_anew)


def an_image_whose_address_is_not_public(world: World) -> Story:
    key = lamp(world, "http://127.0.0.1/lamp.jpg")
    right = edit(world, "LAMP-1", custom_fields={"PCF_IMAGE": GOOD})
    return Story(ENTITY, [key], "image", do=right)


def an_image_that_is_not_found(world: World) -> Story:
    key = lamp(world, "https://cdn.example.com/missing.jpg")
    right = edit(world, "LAMP-1", custom_fields={"PCF_IMAGE": GOOD})
    return Story(ENTITY, [key], "review", "image", do=right, applies=False)


def lamp(world: World, url: str) -> str:
    """A product with the address of an image; its key."""
    return made(world, sku="LAMP-1", name="Desk lamp", custom_fields={"PCF_IMAGE": url})


def a_product_whose_barcodes_differ(world: World) -> Story:
    world.bigcommerce("products", sku="SEAT-1", name="Garden seat", upc="012345678905")
    key = made(world, sku="SEAT-1", name="Car seat", upc="036000291452")
    return Story(ENTITY, [key], "review", "identifiers")


STORIES = [
    a_product_without_a_sku,
    a_product_of_a_very_long_name,
    a_product_of_a_brand_of_a_very_long_name,
    a_product_of_an_impossible_size,
    a_product_of_a_tax_code_without_a_row,
    two_live_products_of_one_sku,
    a_group_whose_skus_are_two_products_of_the_store,
    a_group_that_is_too_large,
    a_product_with_five_options,
    a_group_of_different_options,
    a_group_with_the_same_values_twice,
    a_group_that_is_one_product_in_the_store,
    a_product_that_became_a_group,
    an_image_whose_address_is_not_public,
    an_image_that_is_not_found,
    a_product_whose_barcodes_differ,
]


@pytest.mark.parametrize("begin", STORIES, ids=lambda story: story.__name__)
def test_the_remedy_of_a_product_that_is_followed_lets_it_through(
    world: World, tables: Path, monkeypatch: pytest.MonkeyPatch, begin: Callable[[World], Story]
) -> None:
    assert tables.exists()
    monkeypatch.setenv("CAUSEWAY_PRODUCTS__IMAGE_FIELD", "PCF_IMAGE")
    monkeypatch.setenv("CAUSEWAY_INTELLIGENCE__PRODUCTS", "hold")
    follow(world, begin(world))


def sold(world: World, **product: Any) -> str:
    """A product that people of the store make; its key."""
    world.bigcommerce("products", **{"sku": "NEW-1", "name": "Lamp", **product})
    return f"store:{in_store(world, 'NEW-1')[0].id}"


def with_category(world: World, name: str) -> str:
    """A product in a category that both know, and in one that people of the store made."""
    (known,) = (one.id for one in world.sandbox.store.categories.values() if one.name == "Kitchen")
    new = connect(PAIR).bigcommerce.create_category(name=name, parent_id=0)
    return sold(world, brand="Lumen", categories=[known, int(new.id)])


def a_brand_that_brightpearl_has_by_another_name(world: World) -> Story:
    key = sold(world, brand="Lumen Ltd")
    back = ("brands", "Lumen", "Lumen Ltd")
    return Story(ENTITY, [key], "brand", do=lambda: write_row(*back), table="Lumen")


def a_brand_that_brightpearl_lacks(world: World) -> Story:
    brand = {"sku": "OTHER", "name": "Of the other brand", "brand": "Unheard of"}
    key = sold(world, brand="Unheard of")
    return Story(ENTITY, [key], "brand", do=lambda: made(world, **brand))


def a_category_that_brightpearl_has_by_another_name(world: World) -> Story:
    key = with_category(world, "Cook's corner")
    back = ("categories", "Cooking", "Cook's corner")
    return Story(ENTITY, [key], "category", do=lambda: write_row(*back), table="Cooking")


def a_category_that_brightpearl_lacks(world: World) -> Story:
    other = {"sku": "OTHER", "name": "Of the other category", "categories": ["Unheard of"]}
    key = with_category(world, "Unheard of")
    return Story(ENTITY, [key], "category", do=lambda: made(world, **other))


def a_product_of_a_type_without_a_row(world: World) -> Story:
    remove_row("product_types", "*")
    return Story(ENTITY, [sold(world, brand="Lumen")], "product_type", table="1")


def a_product_of_a_tax_class_without_a_row(world: World) -> Story:
    remove_row("account_tax_codes", "0")
    return Story(ENTITY, [sold(world, brand="Lumen")], "tax_class", table="T20")


def a_product_of_the_store_without_a_sku(world: World) -> Story:
    key = sold(world, brand="Lumen")
    product, variant = in_store(world, "NEW-1")

    def name(sku: str) -> None:
        world.sandbox.store.rename_sku(variant, sku)
        product.sku = sku

    name("")
    return Story(ENTITY, [key], "document", "sku", do=lambda: name("NEW-1"))


BEGUN = [
    a_brand_that_brightpearl_has_by_another_name,
    a_brand_that_brightpearl_lacks,
    a_category_that_brightpearl_has_by_another_name,
    a_category_that_brightpearl_lacks,
    a_product_of_a_type_without_a_row,
    a_product_of_a_tax_class_without_a_row,
    a_product_of_the_store_without_a_sku,
]


@pytest.mark.parametrize("begin", BEGUN, ids=lambda story: story.__name__)
def test_the_remedy_of_a_product_that_begins_in_the_store_lets_it_through(
    world: World, tables: Path, monkeypatch: pytest.MonkeyPatch, begin: Callable[[World], Story]
) -> None:
    assert tables.exists()
    monkeypatch.setenv("CAUSEWAY_PRODUCTS__CREATE_IN_BRIGHTPEARL", "true")
    known = {"brand": "Lumen", "categories": ["Kitchen", "Cooking"]}
    sync(world, ENTITY, made(world, sku="KNOWN", name="Of the brand", **known))

    follow(world, begin(world))

    assert in_account(world, "NEW-1")
