"""C6: an unknown SKU, a SKU that is renamed in either system, a product that is deleted.

Given an order with one SKU that Brightpearl lacks; when it is imported, then there is no half
order, others go on, and the product's creation completes it without a click. Given a SKU that is
renamed in either system, then its stock goes on through the link, and orders that carry the old one
still import. Given a product that is deleted in the store, then nothing is pushed for it any more,
it is not created again, and old orders import.
"""

from __future__ import annotations

import asyncio

import pytest
from products import in_account, in_store, made, sync
from shelves import on_sale, promised
from shelves import sync as sync_stock
from world import PAIR, World

from core.ids import sku_key
from flows.orders import sync_orders
from store.quarantine import Quarantine
from tasks.reconciler.connections import connect


def order(world: World, *skus: str) -> str:
    return world.place(lines=[{"sku": sku, "quantity": 1} for sku in skus])


def imported(world: World, key: str) -> bool:
    return any(one.external_ref == f"BC-{key}" for one in world.sales_orders)


def known_sku(world: World) -> str:
    return next(
        one.sku for one in world.sandbox.account.products.values() if one.stock_tracked and one.sku
    )


def test_an_order_for_an_unknown_sku_is_released_by_the_products_creation(world: World) -> None:
    known = known_sku(world)
    world.bigcommerce("products", sku="NEW-1", name="Only in the store", stock=5)
    waiting, other = order(world, known, "NEW-1"), order(world, known)

    world.sync(waiting, other, source="webhook")

    assert not imported(world, waiting)
    assert imported(world, other)
    assert world.states(waiting) == ["dead"]

    key = made(world, sku="NEW-1", name="Only in the store", stock=5)
    sync(world, key)
    assert world.states(waiting) == ["due"]
    asyncio.run(sync_orders.fn(pair=PAIR))

    assert imported(world, waiting)
    assert len(world.sales_order(waiting).rows) >= 2


def test_the_case_of_an_unknown_sku_names_the_one_that_may_be_meant(world: World) -> None:
    known = known_sku(world)
    misspelt = f"{known[:2]}-{known[2:]}".replace("--", " ").upper() + "_"
    key = order(world, misspelt)

    world.sync(key)

    (case,) = Quarantine(connect(PAIR).database).list(pair=PAIR, entity="orders")
    assert case.value == sku_key(misspelt)
    assert f"{sku_key(known)} (the same letters and digits)" in case.remedy


@pytest.mark.parametrize("system", ["brightpearl", "bigcommerce"])
def test_a_renamed_sku_keeps_its_stock_and_its_old_orders(world: World, system: str) -> None:
    before, after, name = f"OLD-{system}", f"NEW-{system}", f"Kettle renamed in {system}"
    key = made(world, sku=before, name=name, stock=9)
    sync(world, key)
    world.bigcommerce("stock", sku=before, on_hand=0)
    old = order(world, before)
    product, variant = in_store(world, before)

    if system == "brightpearl":
        world.brightpearl("products", edit=before, sku=after)
    else:
        world.sandbox.store.rename_sku(variant, after)
        product.sku = after
    sync(world, key)

    assert in_store(world, after)[1] is variant
    assert in_account(world, after).name == name
    sync_stock(world, key)
    assert on_sale(world, after) == promised(world, after) > 0
    world.sync(old, source="webhook")
    assert imported(world, old)
    world.forget_requests()
    sync(world, key)
    assert world.writes() == 0


def test_a_product_deleted_in_the_store_is_left_alone_and_its_orders_import(world: World) -> None:
    key = made(world, sku="GONE-1", name="Vase of C6", stock=9)
    sync(world, key)
    old = order(world, "GONE-1")
    product, _ = in_store(world, "GONE-1")
    world.http.delete(world.control("bigcommerce", "products/GONE-1"))
    world.forget_requests()

    first = sync(world, f"store:{product.id}", key)
    second = sync(world, key)

    assert world.writes() == 0
    sync_stock(world, key)
    assert first["counts"]["unlinked"] == 1
    assert second["counts"]["left alone"] == 1
    assert world.sandbox.store.variant("GONE-1") is None
    world.sync(old, source="webhook")
    assert imported(world, old)

    # On request it is created again.
    sync(world, key, source="operator")
    assert in_store(world, "GONE-1")[0].name == "Vase of C6"


def test_a_product_deleted_in_brightpearl_stays_in_the_store(world: World) -> None:
    key = made(world, sku="GONE-2", name="Jug of C6", stock=9)
    sync(world, key)
    world.http.delete(world.control("brightpearl", "products/GONE-2"))
    world.forget_requests()

    found = sync(world, key)

    assert found["counts"]["unlinked"] == 1
    assert in_store(world, "GONE-2")[0].name == "Jug of C6"
    assert world.writes() == 0
