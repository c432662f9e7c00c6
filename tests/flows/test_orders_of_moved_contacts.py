"""Orders of people whose contacts staff merged, deleted or moved in Brightpearl meanwhile."""

from __future__ import annotations

import pytest
from refunding import (
    cases,
    credit,
    credits_of,
    refund,
    release,
    runs_again_without_writing,
    states,
)
from refunding import sync as sync_refund
from world import PAIR, World

from core.times import utc_now
from store.quarantine import Quarantine
from tasks.reconciler.connections import connect

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


def test_a_credit_of_a_merged_contact_goes_to_the_one_it_was_merged_into(
    world: World, people: tuple[int, int]
) -> None:
    ann, ben = people
    (key,) = keys = bought(world, ANN)
    made = refund(world, key, items=[{"sku": SKU, "quantity": 1}])
    world.brightpearl("contacts", contact_id=ann, merge_into=ben)

    sync_refund(world, *keys)

    assert credit(world, key, made["refund_id"]).contact_id == ben
    assert runs_again_without_writing(world, key)


def test_credits_follow_an_e_mail_that_was_entered_for_another_contact(
    world: World, people: tuple[int, int]
) -> None:
    """Some accounts keep merged contacts' orders on the one that is gone; so do deleted ones."""
    ann, ben = people
    keys = bought(world, ANN, BEN)
    made = [refund(world, key, items=[{"sku": SKU, "quantity": 1}]) for key in keys]
    world.brightpearl("contacts", contact_id=ann, move_email=ANN, to=ben)
    world.brightpearl("contacts", contact_id=ann, delete=True)

    sync_refund(world, *keys)

    found = [
        credit(world, key, one["refund_id"]).contact_id for key, one in zip(keys, made, strict=True)
    ]
    assert found == [ben, ben]


def test_a_credit_of_a_deleted_contact_waits_for_a_contact_with_the_e_mail(
    world: World, people: tuple[int, int]
) -> None:
    ann, ben = people
    (key,) = bought(world, ANN)
    made = refund(world, key, items=[{"sku": SKU, "quantity": 1}])
    world.brightpearl("contacts", contact_id=ann, delete=True)
    sync_refund(world, key)

    (case,) = cases(world)
    assert (case.class_, case.value) == ("contact", str(ann))
    assert f"BigCommerce order {key}" in case.remedy
    assert f"--class contact --key {key}" in case.remedy

    world.sandbox.account.contacts[ben].emails["SEC"] = ANN
    release(world)

    assert credit(world, key, made["refund_id"]).contact_id == ben
    assert (cases(world), states(world, key)) == ([], ["done"])


def test_a_credit_of_a_whole_cancelled_order_follows_its_contact(
    world: World, people: tuple[int, int]
) -> None:
    ann, ben = people
    (key,) = bought(world, ANN)
    world.brightpearl("edit", external_ref=f"BC-{key}", close=True)
    world.brightpearl("clock", advance_s=60)
    world.bigcommerce("edit", order_id=int(key), status_id=5)
    world.brightpearl("contacts", contact_id=ann, move_email=ANN, to=ben)
    world.brightpearl("contacts", contact_id=ann, delete=True)
    world.sync(key)
    quarantine = Quarantine(connect(PAIR).database)
    found = quarantine.list(pair=PAIR, entity="orders")
    quarantine.approve([case.id for case in found], now=utc_now())

    world.sync(key, source="release")

    assert [one.contact_id for one in credits_of(world)] == [ben]
