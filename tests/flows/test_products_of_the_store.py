"""Products that begin in the store, created in Brightpearl where the settings want it."""

from __future__ import annotations

from typing import Any

import pytest
from products import in_account, in_store, made, reconcile, sync
from world import World


@pytest.fixture
def wanted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting, and a brand that Brightpearl has."""
    monkeypatch.setenv("CAUSEWAY_PRODUCTS__CREATE_IN_BRIGHTPEARL", "true")
    made(world, sku="OF-BRAND", name="Of the brand", brand="Lumen")


def sold(world: World, sku: str, **product: Any) -> str:
    """A product that people of the store make; its key."""
    world.bigcommerce("products", **{"sku": sku, "name": f"Lamp {sku}", **product})
    return f"store:{in_store(world, sku)[0].id}"


def test_a_product_that_begins_in_the_store_is_left_alone_as_shipped(world: World) -> None:
    key = sold(world, "NEW-1")
    world.forget_requests()

    report = sync(world, key)

    assert report["counts"]["only in BigCommerce"] == 1
    assert world.writes() == 0
    assert not world.sandbox.account.products_by_sku.get("NEW-1")


@pytest.mark.usefixtures("wanted")
def test_with_the_setting_it_is_created_once_and_synced_both_ways_from_then_on(
    world: World,
) -> None:
    key = sold(world, "NEW-1", brand="Lumen", weight_kg="1.5", upc="012345678905", mpn="M-1")

    first = sync(world, key)

    created = in_account(world, "NEW-1")
    document = created.document
    assert first["counts"]["created in Brightpearl"] == 1
    assert created.name == "Lamp NEW-1"
    assert world.sandbox.account.brands[document["brandId"]] == "Lumen"
    assert document["stock"]["weight"]["magnitude"] == 1.5
    assert document["stock"]["stockTracked"]
    assert document["identity"] == {"sku": "NEW-1", "upc": "012345678905", "mpn": "M-1"}
    assert document["financialDetails"]["taxCode"]["code"] == "T20"
    sync(world, key)
    world.forget_requests()
    sync(world, key, f"product:{created.id}")
    assert world.writes() == 0

    world.brightpearl("products", edit="NEW-1", name="Renamed in Brightpearl")
    sync(world, f"product:{created.id}")
    assert in_store(world, "NEW-1")[0].name == "Renamed in Brightpearl"


@pytest.mark.usefixtures("wanted")
def test_each_variant_becomes_a_product_of_its_own(world: World) -> None:
    sold(world, "TEE-S", brand="Lumen", parent_name="Tee", options={"Size": "S"})
    key = sold(world, "TEE-M", brand="Lumen", parent_name="Tee", options={"Size": "M"})

    sync(world, key)

    assert {in_account(world, sku).name for sku in ("TEE-S", "TEE-M")} == {"Tee S", "Tee M"}
    sync(world, key)
    world.forget_requests()
    sync(world, key)
    assert world.writes() == 0
    world.brightpearl("products", edit="TEE-M", weight_kg="0.75")
    sync(world, f"product:{in_account(world, 'TEE-M').id}")
    assert float(in_store(world, "TEE-M")[1].weight) == 0.75


@pytest.mark.usefixtures("wanted")
def test_a_brand_that_brightpearl_lacks_is_refused_with_a_remedy_and_the_rest_goes_through(
    world: World,
) -> None:
    bad = sold(world, "BAD-1", brand="Unheard of")
    good = sold(world, "GOOD-1", brand="Lumen")

    report = sync(world, bad, good)

    (refused,) = report["refused"]
    assert refused["class"] == "brand"
    assert "account_brands.csv" in refused["remedy"]
    assert in_account(world, "GOOD-1")
    assert not world.sandbox.account.products_by_sku.get("BAD-1")


@pytest.mark.usefixtures("wanted")
def test_a_product_without_sku_cannot_begin_in_brightpearl(world: World) -> None:
    key = sold(world, "GONE-1", brand="Lumen")
    product, variant = in_store(world, "GONE-1")
    world.sandbox.store.rename_sku(variant, "")
    product.sku = ""

    report = sync(world, key)

    (refused,) = report["refused"]
    assert "has no sku" in refused["reason"]
    assert "Give the product a SKU" in refused["remedy"]


@pytest.mark.usefixtures("wanted")
def test_a_product_whose_answer_was_lost_is_created_once(world: World) -> None:
    key = sold(world, "NEW-1", brand="Lumen")
    rule = {"kind": "broken_answer", "as": "lost", "method": "POST", "times": 1,
            "path": "multi-message"}  # fmt: skip
    world.fault("brightpearl", rule)

    sync(world, key)
    sync(world, key)

    assert len(world.sandbox.account.products_by_sku["NEW-1"]) == 1


@pytest.mark.usefixtures("wanted")
def test_the_comparison_of_all_products_creates_them_as_well(world: World) -> None:
    sold(world, "NEW-1", brand="Lumen")

    reconcile()

    assert in_account(world, "NEW-1")
    world.forget_requests()
    reconcile()
    assert world.writes() == 0
