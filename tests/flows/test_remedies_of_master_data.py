"""Customers, products and prices that wait: the remedy is followed, and the record goes through."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from people import ANN, HOME, People
from products import in_account, made
from remedies import Story, follow, sync
from world import World

from tasks.reconciler.connections import disconnect

pytestmark = pytest.mark.long

CARD = "4111 1111 1111 1111"
SKU = "GAR-01-RED-M"


def a_product_without_a_name(world: World) -> Story:
    key = made(world, sku="NAMELESS", name="")
    edit = {"edit": "NAMELESS", "name": "A lamp"}
    return Story("products", [key], "document", do=lambda: world.brightpearl("products", **edit))


def a_product_with_too_long_a_barcode(world: World) -> Story:
    key = made(world, sku="UPC", name="Code", upc="1" * 20)
    edit = {"edit": "UPC", "upc": "036000291452"}
    return Story("products", [key], "document", do=lambda: world.brightpearl("products", **edit))


def two_products_of_one_sku(world: World) -> Story:
    sync(world, "products", made(world, sku="Twin-1", name="First twin"))
    key = made(world, sku="TWIN-1", name="Second twin")
    edit = {"edit": "TWIN-1", "sku": "TWIN-2"}
    return Story("products", [key], "sku", do=lambda: world.brightpearl("products", **edit))


def a_price_below_cost(world: World) -> Story:
    return a_price(world, "1", "below cost")


def a_price_of_nothing(world: World) -> Story:
    return a_price(world, "0", "price zero")


def a_price_that_fell_far(world: World) -> Story:
    return a_price(world, "6", "price fall")


def a_price(world: World, wrong: str, kind: str) -> Story:
    """A price that staff entered by mistake, and that is to be so."""
    prices = in_account(world, SKU).prices
    prices[1], prices[2] = {"1": Decimal(5)}, {"1": Decimal(20)}
    sync(world, "prices", SKU.casefold())
    prices[2] = {"1": Decimal(wrong)}
    return Story("prices", [SKU.casefold()], "review", kind)


def a_field_that_both_sides_changed(world: World) -> Story:
    mapping = Path(os.environ["CAUSEWAY_MAPPINGS_PATH"]) / "customers.yaml"
    text = mapping.read_text(encoding="utf-8")
    owned = "{to: phone, from: phone, steps: [one_line], owner: bigcommerce}"
    assert owned in text
    mapping.write_text(text.replace(owned, owned.replace(", owner: bigcommerce", "")), "utf-8")
    disconnect()
    people = People(world)
    key = people.register(**ANN)
    people.sync(key)
    people.edit(key, phone="1")
    people.change(people.contact(key).id, telephones={"PRI": "2"})
    return Story("customers", [key], "review")


def a_customer_with_a_card_in_the_address_book(world: World) -> Story:
    people = People(world)
    key = people.register(**ANN, addresses=[HOME | {"street_2": CARD}])
    (place,) = people.customer(key).addresses.values()

    def correct() -> None:
        place.address = replace(place.address, street_2="")
        people.edit(key, last_name="Lee-Smith")

    return Story("customers", [key], "card", do=correct)


STORIES = [
    a_product_without_a_name,
    a_product_with_too_long_a_barcode,
    two_products_of_one_sku,
    a_price_below_cost,
    a_price_of_nothing,
    a_price_that_fell_far,
    a_field_that_both_sides_changed,
    a_customer_with_a_card_in_the_address_book,
]


@pytest.mark.parametrize("begin", STORIES, ids=lambda story: story.__name__)
def test_the_remedy_that_is_followed_lets_the_master_data_through(
    world: World, tables: Path, begin: Callable[[World], Story]
) -> None:
    assert tables.exists()
    follow(world, begin(world))
