"""Products that cannot be synced as they are: a reason and a remedy each; good ones go through."""

from __future__ import annotations

from typing import Any

import pytest
from products import group, in_store, made, sync
from world import World

LONG = "x" * 300


def refused(report: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Reason and remedy of what was refused, by class."""
    return {one["class"]: (one["reason"], one["remedy"]) for one in report["refused"]}


@pytest.mark.parametrize(
    ("product", "class_", "says"),
    [
        ({"sku": "", "name": "Without a SKU"}, "document", "no SKU"),
        ({"sku": "NAMELESS", "name": ""}, "document", "has no name"),
        ({"sku": "BRANDED", "name": "Branded", "brand": LONG}, "brand", "brand is longer"),
        ({"sku": "LONG", "name": LONG}, "document", "name is longer"),
        ({"sku": "UPC", "name": "Code", "upc": "1" * 20}, "document", "upc is longer"),
    ],
    ids=["no SKU", "no name", "brand of 300 characters", "name of 300", "barcode of 20"],
)
def test_a_bad_product_is_refused_with_a_remedy_and_a_good_one_goes_through(
    world: World, product: dict[str, Any], class_: str, says: str
) -> None:
    bad = made(world, **product)
    good = made(world, sku="GOOD-1", name="A good product")

    for _ in range(2):
        report = sync(world, bad, good)

    reason, remedy = refused(report)[class_]
    assert says in reason
    assert remedy
    assert world.states(bad, entity="products") == ["dead"]
    assert in_store(world, "GOOD-1")


def test_two_products_with_one_sku_in_different_case_wait_for_a_person(world: World) -> None:
    first = made(world, sku="Twin-1", name="First twin")
    second = made(world, sku="TWIN-1", name="Second twin")

    report = sync(world, first, second)

    reason, remedy = refused(report)["sku"]
    assert "several live products" in reason
    assert "archive one" in remedy
    assert world.sandbox.store.variant("twin-1") is None


def test_a_sku_that_is_part_of_another_ones_is_written_alone_where_a_batch_is_refused(
    world: World,
) -> None:
    keys = group(world, "Sock of two sizes", {"S": "SOCK-9", "M": "SOCK-9-M"})
    sync(world, *keys)
    world.switch("bigcommerce", sku_substring_conflict=True)
    world.brightpearl("products", edit="SOCK-9", sku="SOCK")

    report = sync(world, keys[0])

    assert in_store(world, "SOCK")
    assert not report["refused"]
    world.forget_requests()
    sync(world, *keys)
    assert world.writes() == 0


def test_options_beyond_four_and_products_beyond_six_hundred_are_refused(world: World) -> None:
    account = world.sandbox.account
    names = dict.fromkeys(("Size", "Colour", "Material", "Length"), "one")
    four = made(world, sku="FOUR", name="Four options", variations=names)
    made(world, sku="FOUR-2", name="Four options", variations={**names, "Size": "two"})
    five = made(world, sku="FIVE", name="Five options", variations={**names, "Finish": "matt"})
    made(world, sku="FIVE-2", name="Five options", variations={**names, "Finish": "shiny"})

    report = sync(world, four, five)

    assert in_store(world, "FOUR")[1].options[0] == ("Size", "one")
    assert "more than 4 options" in refused(report)["structure"][0]
    assert world.sandbox.store.variant("FIVE") is None
    assert account.products


@pytest.mark.parametrize(("count", "is_created"), [(600, True), (601, False)])
def test_a_group_of_six_hundred_is_one_product_and_of_more_is_refused(
    world: World, count: int, is_created: bool
) -> None:
    sizes = [
        {
            "sku": f"BIG-{n}",
            "name": "A very large group",
            "variations": {"Size": f"s{n % 30}", "Colour": f"c{n // 30}"},
        }
        for n in range(count)
    ]
    answer = world.http.post(world.control("brightpearl", "products"), json=sizes)
    key = f"product:{answer.json()[0]['product_id']}"

    for _ in range(2):
        world.forget_requests()
        report = sync(world, key)

    if is_created:
        assert len(in_store(world, "BIG-0")[0].variant_ids) == count
        assert world.writes() == 0
    else:
        assert f"the group has {count} products" in refused(report)["structure"][0]


def test_categories_are_made_where_the_tree_lacks_them_however_deep(world: World) -> None:
    path = " > ".join(f"Level {n}" for n in range(12))
    key = made(world, sku="DEEP-1", name="Deep", categories=[path, "Level 0 > Another"])

    sync(world, key)

    store = world.sandbox.store
    product, _ = in_store(world, "DEEP-1")
    assert {store.categories[one].name for one in product.categories} == {"Level 11", "Another"}
    assert len(store.categories) == 13
    world.forget_requests()
    sync(world, key)
    assert world.writes() == 0


def test_emoji_and_right_to_left_names_go_through_whole(world: World) -> None:
    name = "מנורה 💡 Größe"
    key = made(
        world, sku="RTL-1", name=name, description="<b>💡</b><iframe src='http://x'></iframe>"
    )

    sync(world, key)

    product, _ = in_store(world, "RTL-1")
    assert product.name == name
    assert product.details["description"] == "<b>💡</b>"


def test_a_product_without_a_price_is_not_created_at_nothing(world: World) -> None:
    key = made(world, sku="FREE-1", name="Priceless")
    world.sandbox.account.products[int(key.partition(":")[2])].prices.clear()

    report = sync(world, key)

    reason, remedy = refused(report)["rejected"]
    assert "no price" in reason
    assert "Enter its price" in remedy
    assert world.sandbox.store.variant("FREE-1") is None


def test_a_name_that_another_product_has_is_refused_and_the_rest_goes_through(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSEWAY_PRODUCTS__DUPLICATE_NAMES", "refuse")
    taken = next(iter(world.sandbox.store.products.values())).name
    bad = made(world, sku="SAME-NAME", name=taken)
    good = made(world, sku="OTHER-NAME", name="Nobody else's name")

    report = sync(world, bad, good)

    assert "name is a duplicate" in refused(report)["rejected"][0]
    assert in_store(world, "OTHER-NAME")


def test_of_ten_changes_in_a_batch_the_bad_one_alone_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSEWAY_PRODUCTS__DUPLICATE_NAMES", "refuse")
    keys = [made(world, sku=f"B-{n}", name=f"Batch {n}") for n in range(10)]
    sync(world, *keys)
    taken = next(iter(world.sandbox.store.products.values())).name
    for n in range(10):
        name = taken if n == 7 else f"Batch {n} renamed"
        world.brightpearl("products", edit=f"B-{n}", name=name)

    report = sync(world, *keys)

    assert report["counts"]["changed"] == 9
    assert len(report["refused"]) == 1
    assert in_store(world, "B-6")[0].name == "Batch 6 renamed"
    assert in_store(world, "B-7")[0].name == "Batch 7"
