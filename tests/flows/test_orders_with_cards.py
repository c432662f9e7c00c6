"""The number of a payment card that people type goes nowhere: masked in texts, else refused."""

from __future__ import annotations

from typing import Any

import pytest
from people import ANN, HOME, People
from stories import cases
from world import PAIR, World

from store.database import Database
from tasks.reconciler.connections import connect

CARD = "4111 1111 1111 1111"
DIGITS = "4111111111111111"


def database() -> Database:
    return connect(PAIR).database


def dumped() -> str:
    """Everything that our own tables hold."""
    with database().read() as connection:
        raw: Any = connection.connection.driver_connection
        return "\n".join(raw.iterdump())


def holds_card(text: str) -> bool:
    return DIGITS in "".join(one for one in text if one.isalnum())


@pytest.fixture(autouse=True)
def finds_what_it_searches() -> None:
    assert holds_card(f"'my card: {CARD}'")


def line(world: World) -> list[dict[str, Any]]:
    account = world.sandbox.account
    sku = next(one.sku for one in account.products.values() if one.stock_tracked)
    return [{"sku": sku, "quantity": 1}]


def test_a_card_in_the_shoppers_message_is_masked_and_the_order_goes_on(world: World) -> None:
    key = world.place(lines=line(world), message=f"Charge {CARD}, please", payment="captured")

    report = world.sync(key)

    assert report["counts"]["created"] == 1
    order_id = world.sales_order(key).id
    texts = [one.text for one in world.sandbox.account.notes.values() if one.order_id == order_id]
    assert any("Charge •••• 1111, please" in text for text in texts)
    assert any("the number of a payment card" in said for said in report["notes"])
    assert not any(map(holds_card, [*texts, str(report), dumped()]))


def test_a_card_in_an_address_refuses_the_order_and_names_the_field(world: World) -> None:
    key = world.place(lines=line(world), payment="captured")
    with_card = {"street_2": f"pay by {CARD}"}
    world.bigcommerce("edit", order_id=int(key), billing_address=with_card)

    report = world.sync(key)

    (case,) = cases(world, key)
    assert (case.class_, case.field, case.value) == ("card", "billing_address", "")
    assert f"causeway quarantine release --class card --key {key}" in case.remedy
    assert world.states(key) == ["dead"]
    assert not any(map(holds_card, [str(report), dumped()]))

    world.bigcommerce("edit", order_id=int(key), billing_address={"street_2": ""})
    world.sync(key)
    assert cases(world, key) == []
    assert world.sales_order(key).id


def test_a_card_in_an_address_book_refuses_the_customer_and_reaches_no_contact(
    world: World,
) -> None:
    people = People(world)
    places = [HOME | {"street_2": CARD}]
    key = people.register(**ANN | {"email": "card@example.com"}, addresses=places)

    report = people.sync(key)

    (case,) = cases(world, key, "customers")
    assert (case.class_, case.field, case.value) == ("card", "customer_address", "")
    addresses = str(vars(world.sandbox.account))
    assert not any(map(holds_card, [addresses, str(report), dumped()]))
