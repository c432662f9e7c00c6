"""C14: guests, duplicates, families and companies: one person is one contact, and only one is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from people import ANN, HOME, People
from world import PAIR, World
from worlds import opened

from core.times import utc_now
from store.quarantine import Entry, Quarantine
from tasks.customers.frames import ENTITY
from tasks.reconciler.connections import connect

SKU = "GAR-01-RED-M"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as both:
        yield both


@pytest.fixture
def people(world: World) -> People:
    return People(world)


def order(world: World, email: str, **more: object) -> str:
    person = {"first_name": "Ann", "last_name": "Lee", "street_1": "1 High St", "city": "Bath"}
    return world.place(
        lines=[{"sku": SKU, "quantity": 1}],
        payment="captured",
        email=email,
        billing={**person, "zip": "BA1 5AN"},
        **more,
    )


def case_of(key: str) -> Entry:
    (case,) = [
        one for one in Quarantine(connect(PAIR).database).list(pair=PAIR, entity=ENTITY)
        if one.key == key
    ]  # fmt: skip
    return case


def test_guest_account_and_secondary_e_mail_are_one_contact_with_three_orders(
    world: World, people: People
) -> None:
    known = people.enter(
        first_name="Ann", last_name="Lee", emails={"PRI": "old@example.com", "SEC": "A.B@x.com"}
    )
    guest = order(world, "A.B@x.com ", guest=True)
    account = people.register(**ANN | {"email": "a.b@x.com"}, addresses=[HOME])
    later = order(world, "a.b@x.com")
    third = order(world, "A.b@X.com", guest=True)

    world.sync(guest, later, third)
    people.sync(account)

    assert {world.sales_order(one).contact_id for one in (guest, later, third)} == {known}
    assert people.contact(account).id == known
    assert len(people.with_email("a.b@x.com")) == 1
    assert people.quiet(account)


def test_a_guest_who_registers_later_stays_one_contact(world: World, people: People) -> None:
    guest = order(world, "ann@example.com", guest=True)
    world.sync(guest)
    account = people.register(**ANN, addresses=[HOME])

    people.sync(account)

    assert people.contact(account).id == world.sales_order(guest).contact_id
    assert len(people.with_email("ann@example.com")) == 1
    assert people.quiet(account)


def test_an_e_mail_with_dots_is_another_e_mail(people: People) -> None:
    people.enter(first_name="Ann", last_name="Lee", emails={"PRI": "annlee@example.com"})
    key = people.register(**ANN | {"email": "ann.lee@example.com"})

    people.sync(key)

    assert people.contact(key).emails == {"PRI": "ann.lee@example.com"}


def test_a_family_that_shares_an_e_mail_is_not_merged_silently(people: People) -> None:
    mother = people.enter(
        first_name="Rosalind",
        last_name="Quist",
        emails={"PRI": "ann@example.com"},
        addresses={"BIL": {"line1": "7 Elm Row", "postal_code": "LS1"}},
    )
    key = people.register(**ANN, addresses=[HOME])

    people.sync(key)

    case = case_of(key)
    assert people.state(key) == "dead"
    assert case.class_ == "review"
    assert f"contact {mother} (names 0." in case.reason
    assert "ann" not in case.reason.casefold()
    assert len(people.with_email("ann@example.com")) == 1
    assert people.quiet(key)


def test_a_person_may_say_that_it_is_the_same_one(people: People) -> None:
    mother = people.enter(
        first_name="Rosalind", last_name="Quist", emails={"PRI": "ann@example.com"}
    )
    key = people.register(**ANN, addresses=[HOME])
    people.sync(key)

    Quarantine(connect(PAIR).database).approve([case_of(key).id], now=utc_now())
    people.sync(key)

    assert people.contact(key).id == mother
    assert people.contact(key).first_name == "Ann"
    assert people.quiet(key)


def test_of_several_contacts_the_only_one_that_fits_is_taken(people: People) -> None:
    people.enter(first_name="Rosalind", last_name="Quist", emails={"PRI": "ann@example.com"})
    mine = people.enter(first_name="Ann", last_name="Lee", emails={"PRI": "ann@example.com"})
    key = people.register(**ANN)

    people.sync(key)

    assert people.contact(key).id == mine
    assert people.quiet(key)


def test_several_contacts_that_fit_are_a_case_with_the_evidence(people: People) -> None:
    twins = [
        people.enter(first_name="Ann", last_name="Lee", emails={"PRI": "ann@example.com"})
        for _ in range(2)
    ]
    key = people.register(**ANN)

    people.sync(key)

    assert all(f"contact {one} (names 1.00 alike" in case_of(key).reason for one in twins)
    assert people.quiet(key)


def test_staff_and_suppliers_are_nobodys_contact(people: People) -> None:
    for role in ({"is_staff": True}, {"is_supplier": True}):
        people.enter(first_name="Ann", emails={"PRI": "ann@example.com"}, **role)
    key = people.register(**ANN)

    people.sync(key)

    assert not people.contact(key).is_staff
    assert not people.contact(key).is_supplier
    assert people.quiet(key)
