"""Orders of people whose contacts staff merged, deleted or moved in Brightpearl meanwhile."""

from __future__ import annotations

import pytest
from world import World

SKU = "GAR-01-RED-M"
ANN, BEN = "ann.moved@example.com", "ben.moved@example.com"


def bought(world: World, *emails: str) -> list[str]:
    """An order of each of these people, imported."""
    keys = [
        world.place(
            lines=[{"sku": SKU, "quantity": 1}], payment="captured", email=email, guest=True
        )
        for email in emails
    ]
    world.sync(*keys)
    return keys


def contact_of(world: World, key: str) -> int:
    number: int = world.sales_order(key).contact_id
    return number


@pytest.fixture
def people(world: World) -> tuple[int, int]:
    """Two contacts that Causeway remembers."""
    first, second = bought(world, ANN, BEN)
    return contact_of(world, first), contact_of(world, second)


def test_an_order_of_a_merged_contact_goes_to_the_one_it_was_merged_into(
    world: World, people: tuple[int, int]
) -> None:
    ann, ben = people
    world.brightpearl("contacts", contact_id=ann, merge_into=ben)

    again, other = bought(world, ANN, BEN)

    assert (contact_of(world, again), contact_of(world, other)) == (ben, ben)
    assert world.states(again, other) == ["done", "done"]


def test_an_order_of_a_deleted_contact_makes_a_new_one_once(
    world: World, people: tuple[int, int]
) -> None:
    ann, _ = people
    world.brightpearl("contacts", contact_id=ann, delete=True)

    first, second = bought(world, ANN, ANN)
    (third,) = bought(world, ANN)

    found = {contact_of(world, key) for key in (first, second, third)}
    assert len(found) == 1
    assert found.isdisjoint(people)


def test_an_order_follows_its_e_mail_to_the_contact_that_has_it_now(
    world: World, people: tuple[int, int]
) -> None:
    ann, ben = people
    world.brightpearl("contacts", contact_id=ann, move_email=ANN, to=ben)

    (again,) = bought(world, ANN)

    assert contact_of(world, again) == ben


def test_an_e_mail_that_is_the_third_of_a_contact_is_found(
    world: World, people: tuple[int, int]
) -> None:
    ann, ben = people
    (third,) = bought(world, "cat.moved@example.com")
    for one in (ann, contact_of(world, third)):
        world.brightpearl("contacts", contact_id=one, merge_into=ben)

    again, last = bought(world, ANN, "cat.moved@example.com")

    assert {contact_of(world, again), contact_of(world, last)} == {ben}


def test_many_orders_of_merged_and_new_people_find_their_contacts(
    world: World, people: tuple[int, int]
) -> None:
    ann, ben = people
    world.brightpearl("contacts", contact_id=ann, merge_into=ben)
    new = [f"new{number}.moved@example.com" for number in range(4)]

    keys = bought(world, ANN, *new)

    assert contact_of(world, keys[0]) == ben
    assert len({contact_of(world, key) for key in keys[1:]}) == len(new)
