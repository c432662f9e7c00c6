"""What a person decides: the remedy's own command settles it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import pytest
from people import ANN, HOME, People
from refunding import lines
from remedies import carry_out, follow_case, sync, waiting
from world import PAIR, World

from flows.duplicates import find_duplicates
from sandbox.brightpearl.records import Contact
from store.links import Links
from store.merges import Merges
from store.quarantine import Entry
from tasks.reconciler.connections import connect

pytestmark = pytest.mark.long

UNMERGE = re.compile(r"causeway (customers unmerge \d+ \d+)")
DISCARD_IT = re.compile(r'causeway (quarantine discard \d+ --reason "…")')
OLD = {"line1": "1 High St", "line3": "Bath", "postal_code": "BA1 5AN"}


def only_case(entity: str = "orders") -> Entry:
    (case,) = waiting(entity)
    return case


def writes_nothing(world: World, entity: str, *keys: str) -> bool:
    world.forget_requests()
    sync(world, entity, *keys)
    return world.writes() == 0


# --- checks of new orders


@pytest.mark.parametrize("check", ["address", "risk"])
def test_an_order_that_a_check_holds_is_imported_by_the_command_of_its_remedy(
    world: World, monkeypatch: pytest.MonkeyPatch, check: str
) -> None:
    setting = {"address": "ADDRESSES", "risk": "RISK"}[check]
    monkeypatch.setenv(f"CAUSEWAY_CHECKS__{setting}", "hold")
    monkeypatch.setenv("CAUSEWAY_CHECKS__RISK_HOLD_FROM", "20")
    to = {
        "address": {"city": "Bath", "zip": "BA"},
        "risk": {"first_name": "Kim", "street_1": "c/o Reship 9 Low St", "city": "Bath"},
    }
    key = world.place(
        lines=lines(world, 1), shipping=[{"to": to[check]}], email="ann@mailinator.com"
    )
    sync(world, "orders", key)
    case = only_case()
    assert (case.class_, case.field) == ("review", check)
    assert world.sales_orders == []

    carry_out(f"check {check} --order {key}")
    follow_case(case)
    sync(world, "orders")

    assert waiting() == []
    assert world.states(key) == ["done"]
    assert world.sales_order(key)
    assert writes_nothing(world, "orders", key)


# --- merges of contacts


def enter_twin(people: People) -> int:
    """Staff make another contact of the same person."""
    return people.enter(
        first_name="Ann",
        last_name="Lee",
        emails={"PRI": "ann.lee@work.example"},
        telephones={"PRI": "01174960001"},
        addresses={"BIL": OLD, "DEF": OLD},
    )


def merged(people: People) -> tuple[str, Contact, Contact, Entry]:
    """A customer, her contact, one that was merged into it, and the case that proposed so."""
    key = people.register(**ANN, phone="01174960001", addresses=[HOME])
    people.sync(key)
    twin = enter_twin(people)
    asyncio.run(find_duplicates.fn(PAIR))
    case = only_case("customers")

    follow_case(case)
    sync(people.world, "customers")

    assert waiting("customers") == []
    kept = people.contact(key)
    assert kept.emails == {"PRI": "ann@example.com", "SEC": "ann.lee@work.example"}
    return key, kept, people.world.sandbox.account.contacts[twin], case


def separate(world: World, case: Entry) -> None:
    """Undo a merge as its remedy says."""
    (command,) = UNMERGE.findall(case.remedy)
    carry_out(command)
    sync(world, "customers")


def test_contacts_are_merged_and_separated_by_the_commands_of_the_remedy(world: World) -> None:
    key, kept, other, case = merged(People(world))
    both = (key, f"contact:{other.id}")
    assert writes_nothing(world, "customers", *both, case.key)

    separate(world, case)

    assert waiting("customers") == []
    assert kept.emails == {"PRI": "ann@example.com"}
    assert other.emails == {"PRI": "ann.lee@work.example"}
    assert writes_nothing(world, "customers", *both)


def test_contacts_whose_email_was_changed_since_are_separated_once_they_have_it_again(
    world: World,
) -> None:
    people = People(world)
    key, kept, other, case = merged(people)
    people.change(kept.id, emails={"PRI": "ann@example.com", "SEC": "new@work.example"})
    separate(world, case)
    held = only_case("customers")
    assert (held.class_, held.field) == ("review", "unmerge")

    people.change(other.id, emails={"PRI": "ann.lee@work.example"})
    follow_case(held)
    sync(world, "customers")

    assert waiting("customers") == []
    (known,) = Merges(connect(PAIR).database).list(PAIR)
    assert known.state == "undone"
    assert kept.emails == {"PRI": "ann@example.com", "SEC": "new@work.example"}
    assert other.emails == {"PRI": "ann.lee@work.example"}
    assert writes_nothing(world, "customers", key, f"contact:{other.id}", held.key)


def test_what_was_merged_stays_so_once_the_case_of_its_undoing_is_discarded(world: World) -> None:
    people = People(world)
    key, kept, other, case = merged(people)
    people.change(kept.id, emails={"PRI": "ann@example.com", "SEC": "new@work.example"})
    separate(world, case)
    held = only_case("customers")
    before = dict(kept.emails), dict(other.emails)

    (command,) = DISCARD_IT.findall(held.remedy)
    carry_out(command.replace("…", "they are one person"))
    separate(world, case)
    asyncio.run(find_duplicates.fn(PAIR))

    assert waiting("customers") == []
    assert (kept.emails, other.emails) == before
    (known,) = Merges(connect(PAIR).database).list(PAIR)
    assert known.state == "merged"
    assert writes_nothing(world, "customers", key, f"contact:{other.id}", held.key)


def of_different_companies(people: People, key: str, twin: int) -> None:
    people.change(people.contact(key).id, organisation="Acme")
    people.change(twin, organisation="Bmce")


def without_a_free_place(people: People, key: str, _twin: int) -> None:
    full = {"PRI": ANN["email"], "SEC": "a@example.com", "TER": "b@example.com"}
    people.change(people.contact(key).id, emails=full)


@pytest.mark.parametrize("closes", ["the command", "the nightly search"])
@pytest.mark.parametrize("hinder", [of_different_companies, without_a_free_place])
def test_contacts_that_only_a_person_can_merge_are_settled_once_they_are_merged_in_brightpearl(
    world: World, hinder: Callable[[People, str, int], None], closes: str
) -> None:
    people = People(world)
    key = people.register(**ANN, phone="01174960001", addresses=[HOME])
    people.sync(key)
    twin = enter_twin(people)
    hinder(people, key, twin)
    people.sync(key)
    asyncio.run(find_duplicates.fn(PAIR))
    case = only_case("customers")
    assert (case.field, case.detail["proposal"]) == ("merge", {})

    world.brightpearl("contacts", contact_id=twin, merge_into=people.contact(key).id)
    if closes == "the command":
        follow_case(case)
        sync(world, "customers")
        assert world.states(case.key, entity="customers") == ["done"]
    assert asyncio.run(find_duplicates.fn(PAIR))["proposed"] == 0

    assert waiting("customers") == []
    people.sync(key)
    assert writes_nothing(world, "customers", key, f"contact:{twin}", case.key)


def test_customers_whose_contacts_a_person_merged_in_brightpearl_share_the_one_that_is_left(
    world: World,
) -> None:
    people = People(world)
    key = people.register(**ANN, phone="01174960001", addresses=[HOME], company="Acme")
    work = ANN | {"email": "ann.lee@work.example"}
    other = people.register(**work, phone="01174960001", addresses=[HOME], company="Bmce")
    people.sync(key, other)
    asyncio.run(find_duplicates.fn(PAIR))
    case = only_case("customers")
    assert case.detail["proposal"] == {}
    kept, gone = people.contact(key), people.contact(other)

    world.brightpearl("contacts", contact_id=gone.id, merge_into=kept.id)
    follow_case(case)
    sync(world, "customers")

    assert waiting("customers") == []
    link = Links(connect(PAIR).database).get(PAIR, "customers", [other])[other]
    assert (link.id_bp, link.detail["lead"]) == ("", key)
    assert kept.emails == {"PRI": ANN["email"], "SEC": work["email"]}
    assert writes_nothing(world, "customers", key, other, case.key)


def test_contacts_of_two_people_that_no_command_could_merge_are_never_asked_about_again(
    world: World,
) -> None:
    people = People(world)
    key = people.register(**ANN, phone="01174960001", addresses=[HOME])
    people.sync(key)
    twin = enter_twin(people)
    of_different_companies(people, key, twin)
    asyncio.run(find_duplicates.fn(PAIR))
    case = only_case("customers")

    (command,) = DISCARD_IT.findall(case.remedy)
    carry_out(command.replace("…", "two people"))
    asyncio.run(find_duplicates.fn(PAIR))

    assert waiting("customers") == []
    assert writes_nothing(world, "customers", f"contact:{twin}", case.key)
