"""Prices that wait: the remedy is followed, and the price goes through."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from products import in_account
from remedies import Story, follow, remove_row, sync, write_row
from world import PAIR, World

from tasks.reconciler.connections import connect

pytestmark = pytest.mark.long

ENTITY = "prices"
SKU = "GAR-01-RED-M"
KEY = SKU.casefold()
RETAIL, WHOLESALE = 2, 3


def enter(world: World, price_list: int, **by_quantity: str) -> None:
    """What staff enter in a price list of Brightpearl, such as q1=20."""
    in_account(world, SKU).prices[price_list] = {
        quantity.removeprefix("q"): Decimal(amount) for quantity, amount in by_quantity.items()
    }


def trade_list() -> None:
    """People of the store make a price list."""
    connect(PAIR).bigcommerce.create_price_list("Trade")


def a_negative_price(world: World) -> Story:
    enter(world, RETAIL, q1="-1")
    return Story(ENTITY, [KEY], "price", "net", do=lambda: enter(world, RETAIL, q1="21"))


def a_price_from_no_quantity_on(world: World) -> Story:
    enter(world, RETAIL, q0="20")
    return Story(ENTITY, [KEY], "price", "quantity", do=lambda: enter(world, RETAIL, q1="21"))


def a_price_that_no_table_taxes(world: World) -> Story:
    write_row("price_targets", str(WHOLESALE), "list:Trade")
    remove_row("price_taxes", "*")
    write_row("price_taxes", "1", "0")
    write_row("price_taxes", str(RETAIL), "0")
    trade_list()
    enter(world, WHOLESALE, q1="15")
    return Story(ENTITY, [KEY], "price", "price_list_id", table="0")


def a_price_that_no_table_rounds(world: World) -> Story:
    remove_row("price_rounding", "*")
    return Story(ENTITY, [KEY], "price", "currency", table="0.01")


def a_price_list_that_the_store_lacks(world: World) -> Story:
    write_row("price_targets", str(WHOLESALE), "list:Trade")
    enter(world, WHOLESALE, q1="15")
    return Story(ENTITY, [KEY], "price_list", "target", do=trade_list)


def a_price_list_of_another_name(world: World) -> Story:
    trade_list()
    write_row("price_targets", str(WHOLESALE), "list:Trades")
    enter(world, WHOLESALE, q1="15")
    right = ("price_targets", str(WHOLESALE), "list:Trade")
    return Story(ENTITY, [KEY], "price_list", "target", do=lambda: write_row(*right))


def a_price_of_a_list_that_was_made_anew(world: World) -> Story:
    trade_list()
    write_row("price_targets", str(WHOLESALE), "list:Trade")
    enter(world, WHOLESALE, q1="15")
    sync(world, ENTITY, KEY)
    enter(world, WHOLESALE, q1="16")
    world.sandbox.store.price_lists.clear()
    return Story(ENTITY, [KEY], "price_list", "target", do=trade_list)


def a_catalogue_price_in_another_currency(world: World) -> Story:
    world.sandbox.account.list_currencies[WHOLESALE] = "EUR"
    remove_row("price_targets", str(RETAIL))
    write_row("price_targets", str(WHOLESALE), "price")
    enter(world, WHOLESALE, q1="15")

    def choose_another() -> None:
        remove_row("price_targets", str(WHOLESALE))
        write_row("price_targets", str(RETAIL), "price")

    return Story(ENTITY, [KEY], "currency", do=choose_another)


STORIES = [
    a_negative_price,
    a_price_from_no_quantity_on,
    a_price_that_no_table_taxes,
    a_price_that_no_table_rounds,
    a_price_list_that_the_store_lacks,
    a_price_list_of_another_name,
    a_price_of_a_list_that_was_made_anew,
    a_catalogue_price_in_another_currency,
]


@pytest.mark.parametrize("begin", STORIES, ids=lambda story: story.__name__)
def test_the_remedy_of_a_price_that_is_followed_lets_it_through(
    world: World, tables: Path, begin: Callable[[World], Story]
) -> None:
    assert tables.exists()
    enter(world, 1, q1="5")
    enter(world, RETAIL, q1="20")
    sync(world, ENTITY, KEY)
    follow(world, begin(world))
