"""Customers and contacts that wait: the remedy is followed, and the record goes through."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from people import ANN, HOME, MILL, People
from remedies import IN_ONE_STEP, Story, carry_out, follow, follow_case, waiting, write_row
from world import World

pytestmark = pytest.mark.long

CARD = "4111 1111 1111 1111"
ENTITY = "customers"
TRADE = 2
"""A customer group, whose tag in Brightpearl is 17."""
POE = {"last_name": "Poe", "tags": [17]}
"""A contact that is to become a customer."""


def a_customer_without_a_usable_email(people: People) -> Story:
    key = people.register(**ANN | {"email": "a@example.com, b@example.com"})
    enter = {"email": "a@example.com"}
    return Story(ENTITY, [key], "document", "email", do=lambda: people.edit(key, **enter))


def a_customer_with_a_card_in_the_name(people: People) -> Story:
    key = people.register(**ANN | {"last_name": CARD})
    correct = {"last_name": "Lee"}
    return Story(ENTITY, [key], "card", "customer_name", do=lambda: people.edit(key, **correct))


def a_customer_of_a_group_without_a_row(people: People) -> Story:
    key = people.register(**ANN, group_id=7)
    return Story(ENTITY, [key], "customer_group", table="17")


def a_customer_of_a_company_that_brightpearl_lacks(people: People) -> Story:
    head = people.enter(organisation="Acme Ltd", emails={"PRI": "office@acme.example"})
    write_row("companies", "Acme Ltd", "999999")
    key = people.register(**ANN, company="Acme Ltd", group_id=TRADE)
    correct = ("companies", "Acme Ltd", str(head))
    return Story(ENTITY, [key], "company", do=lambda: write_row(*correct))


def a_group_whose_price_list_is_a_name(people: People) -> Story:
    write_row("group_price_lists", str(TRADE), "wholesale")
    key = people.register(**ANN, group_id=TRADE)
    correct = ("group_price_lists", str(TRADE), "3")
    return Story(ENTITY, [key], "price_list", do=lambda: write_row(*correct))


def a_group_whose_credit_terms_are_words(people: People) -> Story:
    write_row("group_credit_terms", str(TRADE), "a month")
    key = people.register(**ANN, group_id=TRADE)
    correct = ("group_credit_terms", str(TRADE), "30")
    return Story(ENTITY, [key], "credit_terms", do=lambda: write_row(*correct))


def of_contact(people: People, number: int, class_: str, field: str, **correct: object) -> Story:
    """What waits for a contact until it is corrected."""
    keys = [f"contact:{number}"]
    return Story(ENTITY, keys, class_, field, do=lambda: people.change(number, **correct))


def a_contact_without_an_email(people: People) -> Story:
    number = people.enter(**POE, emails={})
    return of_contact(people, number, "document", "email", emails={"PRI": "poe@example.com"})


def a_contact_with_a_very_long_email(people: People) -> Story:
    host = ".".join(["a" * 60] * 4)
    number = people.enter(**POE, emails={"PRI": f"poe@{host}.example"})
    return of_contact(people, number, "document", "email", emails={"PRI": "poe@example.com"})


def a_contact_without_a_name(people: People) -> Story:
    number = people.enter(tags=[17], emails={"PRI": "poe@example.com"})
    return of_contact(people, number, "document", "last_name", last_name="Poe")


def a_contact_with_a_card_in_the_name(people: People) -> Story:
    number = people.enter(**POE | {"last_name": CARD}, emails={"PRI": "poe@example.com"})
    return of_contact(people, number, "card", "contact_name", last_name="Poe")


def a_contact_with_a_card_in_its_address(people: People) -> Story:
    of_card = {"BIL": MILL | {"line2": CARD}, "DEL": MILL}
    number = people.enter(**POE, emails={"PRI": "poe@example.com"}, addresses=of_card)
    return of_contact(people, number, "card", "contact_address", addresses={"BIL": MILL})


def an_address_that_is_not_complete(people: People) -> Story:
    key = people.register(**ANN, addresses=[HOME])
    people.sync(key)
    number = people.contact(key).id
    people.change(number, addresses={"DEL": MILL | {"line3": "", "country": ""}})
    complete = {"addresses": {"DEL": MILL}}
    return Story(ENTITY, [key], "address", do=lambda: people.change(number, **complete))


def a_company_that_the_store_changed(people: People) -> Story:
    key = people.register(**ANN, company="Acme")
    people.sync(key)
    people.edit(key, company="Acme Ltd")
    enter = {"organisation": "Acme Ltd"}
    return Story(
        ENTITY,
        [key],
        "review",
        "company",
        do=lambda: people.change(people.contact(key).id, **enter),
    )


def a_customer_with_the_email_of_another_name(people: People) -> Story:
    people.enter(first_name="Bob", last_name="Poe", emails={"PRI": ANN["email"]})
    return Story(ENTITY, [people.register(**ANN, addresses=[HOME])], "review", "match")


def a_customer_whose_email_another_person_had_by_mistake(people: People) -> Story:
    number = people.enter(first_name="Bob", last_name="Poe", emails={"PRI": ANN["email"]})
    correct = {"emails": {"PRI": "bob@example.com"}}
    return Story(
        ENTITY,
        [people.register(**ANN, addresses=[HOME])],
        "review",
        "match",
        do=lambda: people.change(number, **correct),
        applies=False,
    )


def a_customer_who_is_two_contacts(people: People) -> Story:
    ann = {"first_name": "Ann", "last_name": "Lee", "emails": {"PRI": ANN["email"]}}
    one, other = people.enter(**ann), people.enter(**ann)
    merge = {"contact_id": other, "merge_into": one}
    return Story(
        ENTITY,
        [people.register(**ANN, addresses=[HOME])],
        "review",
        "match",
        do=lambda: people.world.brightpearl("contacts", **merge),
        applies=False,
    )


def a_customer_that_cannot_be_read(people: People) -> Story:
    key = people.register(**ANN)
    people.customer(key).first_name = cast("str", ["Ann"])
    correct = {"first_name": "Ann"}
    return Story(ENTITY, [key], "document", "first_name", do=lambda: people.edit(key, **correct))


def a_contact_that_cannot_be_read(people: People) -> Story:
    key = people.register(**ANN)
    people.sync(key)
    contact = people.contact(key)
    contact.salutation = cast("str", ["Ms"])
    return Story(
        ENTITY,
        [key],
        "document",
        "salutation",
        do=lambda: setattr(contact, "salutation", "Ms"),
    )


STORIES = [
    a_customer_that_cannot_be_read,
    a_contact_that_cannot_be_read,
    a_customer_without_a_usable_email,
    a_customer_with_a_card_in_the_name,
    a_customer_of_a_group_without_a_row,
    a_customer_of_a_company_that_brightpearl_lacks,
    a_group_whose_price_list_is_a_name,
    a_group_whose_credit_terms_are_words,
    a_contact_without_an_email,
    a_contact_with_a_very_long_email,
    a_contact_without_a_name,
    a_contact_with_a_card_in_the_name,
    a_contact_with_a_card_in_its_address,
    an_address_that_is_not_complete,
    a_company_that_the_store_changed,
    a_customer_with_the_email_of_another_name,
    a_customer_whose_email_another_person_had_by_mistake,
    a_customer_who_is_two_contacts,
]


@pytest.mark.parametrize("begin", STORIES, ids=lambda story: story.__name__)
def test_the_remedy_of_a_customer_that_is_followed_lets_it_through(
    world: World, tables: Path, begin: Callable[[People], Story]
) -> None:
    assert tables.exists()
    follow(world, begin(People(world)))


@pytest.mark.parametrize(
    ("code", "row"), [("XX", ""), ("GB", "Britain")], ids=["without a row", "with a wrong row"]
)
def test_a_country_is_entered_once_for_all_addresses_that_its_remedy_is_about(
    world: World, tables: Path, code: str, row: str
) -> None:
    assert tables.exists()
    people = People(world)
    if row:
        write_row("countries", code, row)
    key = people.register(**ANN, addresses=[HOME | {"country_iso2": code}])
    people.sync(key)
    cases = waiting(ENTITY)
    assert {(one.key, one.class_) for one in cases} == {(key, "country")}
    assert len({one.remedy for one in cases}) == 1

    if row:
        write_row("countries", code, "GBR")
        follow_case(cases[0])
    else:
        (command,) = IN_ONE_STEP.findall(cases[0].remedy)
        carry_out(re.sub(r"'<[^>]*>'", "GBR", command))
    people.sync()

    assert waiting(ENTITY) == []
    assert people.state(key) == "done"
    assert people.quiet(key)
