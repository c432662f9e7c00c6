"""The way of a customer, through every real part, and always twice."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from people import ANN, HOME, MILL, People
from sweeping import sweep_customers
from world import PAIR, World

from flows.customers import audit_customers
from mappings.bundle import SHIPPED
from tasks.reconciler.connections import disconnect


@pytest.fixture
def people(world: World) -> People:
    return People(world)


@pytest.fixture
def ann(people: People) -> str:
    """A customer in agreement with her contact."""
    key = people.register(**ANN, phone="0117", addresses=[HOME])
    people.sync(key)
    return key


@pytest.fixture
def companies(people: People, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Mappings by which Acme Ltd has a contact in Brightpearl."""
    people.acme = people.enter(
        organisation="Acme Ltd",
        emails={"PRI": "office@acme.example"},
        price_list_id=3,
        credit_term_days=60,
    )
    folder = tmp_path / "mappings"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    table = folder / "tables" / "companies.csv"
    table.write_text(f"value,becomes,note\nAcme Ltd,{people.acme},\n", "utf-8")
    monkeypatch.setenv("CAUSEWAY_MAPPINGS_PATH", str(folder))
    disconnect()


def test_a_new_customer_becomes_a_contact_with_addresses_group_prices_and_terms(
    people: People,
) -> None:
    key = people.register(**ANN, phone="0117", group_id=2, addresses=[HOME])

    report = people.sync(key)

    contact = people.contact(key)
    assert (contact.first_name, contact.last_name) == ("Ann", "Lee")
    assert contact.emails == {"PRI": "ann@example.com"}
    assert contact.telephones == {"PRI": "0117"}
    assert contact.tags == [17]
    assert (contact.price_list_id, contact.credit_term_days) == (3, 30)
    assert contact.newsletter is False
    home = ("1 High St", "", "Bath", "Somerset", "BA1 5AN", "GBR")
    assert people.address(contact, "BIL") == people.address(contact, "DEL") == home
    assert report["counts"]["created"] == 1
    assert people.quiet(key)


def test_ten_new_customers_share_two_requests(world: World, people: People) -> None:
    keys = [
        people.register(**ANN | {"email": f"c{n}@example.com"}, addresses=[HOME]) for n in range(10)
    ]
    world.forget_requests()

    people.sync(*keys)

    assert world.requests("brightpearl")["POST /multi-message"] == 2
    assert world.writes() == 2
    assert people.quiet(*keys)


def test_a_change_on_either_side_reaches_the_other_with_one_write(
    world: World, people: People, ann: str
) -> None:
    people.edit(ann, first_name="Anna", phone="0118")
    world.forget_requests()
    people.sync(ann)
    assert (people.contact(ann).first_name, people.contact(ann).telephones["PRI"]) == (
        "Anna",
        "0118",
    )
    assert world.writes() == 1

    people.change(people.contact(ann).id, last_name="Leigh", telephones={"PRI": "0119"})
    world.forget_requests()
    people.sync(f"contact:{people.contact(ann).id}")
    assert (people.customer(ann).last_name, people.customer(ann).phone) == ("Leigh", "0119")
    assert world.writes() == 1
    assert people.quiet(ann)


def test_of_a_field_that_both_changed_the_owners_value_wins(people: People, ann: str) -> None:
    people.edit(ann, first_name="Anna", company="Acme", group_id=1)
    people.change(people.contact(ann).id, first_name="Hanna", organisation="Bmce", tags=[9, 17])

    people.sync(ann)

    contact, customer = people.contact(ann), people.customer(ann)
    assert (contact.first_name, customer.first_name) == ("Anna", "Anna")
    assert (contact.organisation, customer.company) == ("Bmce", "Bmce")
    assert (contact.tags, customer.group_id) == ([9, 17], 2)
    assert people.quiet(ann)


def test_a_group_is_a_tag_both_ways_and_other_tags_stay(people: People, ann: str) -> None:
    people.change(people.contact(ann).id, tags=[9])
    people.edit(ann, group_id=1)
    people.sync(ann)
    assert sorted(people.contact(ann).tags) == [9, 16]

    people.change(people.contact(ann).id, tags=[9, 17])
    people.sync(ann)
    assert people.customer(ann).group_id == 2

    people.change(people.contact(ann).id, tags=[9])
    people.sync(ann)
    assert people.customer(ann).group_id == 0

    people.edit(ann, group_id=2)
    people.sync(ann)
    people.edit(ann, group_id=0)
    people.sync(ann)
    assert people.contact(ann).tags == [9]
    assert people.quiet(ann)


def test_an_address_that_changes_alone_leaves_the_other_one(people: People, ann: str) -> None:
    (home,) = people.customer(ann).addresses
    people.change(people.contact(ann).id, addresses={"DEL": MILL})
    people.sync(ann)
    cities = [entry.address.city for entry in people.customer(ann).addresses.values()]
    assert cities == ["Bath", "Leeds"]

    people.edit(ann, addresses=[{"id": home, "city": "Wells"}])
    people.sync(ann)
    contact = people.contact(ann)
    assert people.address(contact, "BIL")[2] == people.address(contact, "DEF")[2] == "Wells"
    assert people.address(contact, "DEL")[2] == "Leeds"
    assert people.quiet(ann)


def test_somebody_with_one_address_moves(world: World, people: People, ann: str) -> None:
    (home,) = people.customer(ann).addresses
    people.edit(ann, addresses=[{"id": home, "street_1": "9 Low St"}])
    world.forget_requests()

    people.sync(ann)

    contact = people.contact(ann)
    assert len({people.address(contact, use) for use in ("BIL", "DEF", "DEL")}) == 1
    assert people.address(contact, "BIL")[0] == "9 Low St"
    assert world.writes() == 1
    people.change(contact.id, addresses={"BIL": MILL, "DEF": MILL, "DEL": MILL})
    people.sync(ann)
    assert [one.address.city for one in people.customer(ann).addresses.values()] == ["Leeds"]
    assert people.quiet(ann)


def test_the_code_of_a_state_goes_to_the_store_by_its_name(people: People, ann: str) -> None:
    texas = {**MILL, "line4": "TX", "country": "USA"}
    people.change(people.contact(ann).id, addresses={"BIL": texas, "DEF": texas, "DEL": texas})

    people.sync(ann)
    people.sync(ann)

    assert people.customer(ann).address.state == "Texas"
    assert people.customer(ann).address.country_iso2 == "US"
    assert people.quiet(ann)


def test_consent_is_withdrawn_on_both_sides_and_given_on_none(people: People, ann: str) -> None:
    assert people.customer(ann).takes_mails is True
    assert people.contact(ann).newsletter is False

    people.change(people.contact(ann).id, newsletter=True)
    people.sync(ann)
    people.edit(ann, takes_mails=False)
    people.sync(ann)
    assert people.contact(ann).newsletter is False

    people.edit(ann, takes_mails=True)
    people.change(people.contact(ann).id, newsletter=True)
    people.sync(ann)
    people.change(people.contact(ann).id, newsletter=False)
    people.sync(ann)
    assert people.customer(ann).takes_mails is False
    assert people.quiet(ann)


@pytest.mark.parametrize("kind", ["PRI", "SEC", "TER"])
def test_a_customer_is_matched_by_any_e_mail_of_a_contact(people: People, kind: str) -> None:
    known = people.enter(
        first_name="Ann", last_name="Lee", emails={"PRI": "x@example.com", kind: "Ann@Example.com"}
    )
    key = people.register(**ANN, addresses=[HOME])

    report = people.sync(key)

    assert people.contact(key).id == known
    assert len(people.with_email("ann@example.com")) == 1
    assert report["counts"]["linked"] == 1
    assert people.customer(key).email == "ann@example.com"
    assert people.quiet(key)


def test_a_blank_never_wins_over_what_was_never_agreed_on(people: People) -> None:
    people.enter(
        first_name="Ann",
        last_name="Lee",
        emails={"PRI": "ann@example.com"},
        telephones={"PRI": "0119"},
        addresses={"BIL": MILL, "DEF": MILL, "DEL": MILL},
    )
    key = people.register(**ANN, company="Acme")

    people.sync(key)

    assert people.customer(key).phone == "0119"
    assert people.customer(key).address.city == "Leeds"
    assert people.state(key) == "dead"  # Brightpearl changes no company: a person has to


def test_a_contact_with_a_groups_tag_becomes_a_customer_without_mail_or_consent(
    people: People,
) -> None:
    made = people.enter(
        first_name="Ben",
        last_name="Poe",
        emails={"PRI": "ben@example.com"},
        tags=[17],
        addresses={"BIL": MILL, "DEF": MILL, "DEL": MILL},
        newsletter=True,
    )
    other = people.enter(last_name="Guest", emails={"PRI": "guest@example.com"})

    people.sync(f"contact:{made}", f"contact:{other}")

    (key,) = [str(one.id) for one in people.world.sandbox.store.customers.values()
              if one.email == "ben@example.com"]  # fmt: skip
    ben = people.customer(key)
    assert (ben.first_name, ben.group_id, ben.welcomed, ben.takes_mails) == ("Ben", 2, 0, False)
    assert [one.address.city for one in ben.addresses.values()] == ["Leeds"]
    assert people.contact(key).id == made
    assert "guest@example.com" not in people.world.sandbox.store.customer_by_email
    assert people.quiet(key, f"contact:{made}", f"contact:{other}")


def test_a_merged_contact_is_followed(people: People, ann: str) -> None:
    left = people.enter(first_name="Ann", last_name="Lee", emails={"PRI": "lee@example.com"})
    people.world.brightpearl("contacts", contact_id=people.contact(ann).id, merge_into=left)

    people.sync(ann)

    assert people.contact(ann).id == left
    assert people.quiet(ann)


def test_a_deleted_contact_is_left_alone_until_a_person_asks_for_it(
    people: People, ann: str
) -> None:
    people.world.brightpearl("contacts", contact_id=people.contact(ann).id, delete=True)

    report = people.sync(ann)

    assert report["counts"]["unlinked"] == 1
    assert people.with_email("ann@example.com") == []
    assert people.quiet(ann)
    people.sync(ann, source="operator")
    assert len(people.with_email("ann@example.com")) == 1
    assert people.quiet(ann)


def test_a_deleted_customer_keeps_the_contact_and_is_not_made_anew(
    people: People, ann: str
) -> None:
    contact = people.contact(ann)
    people.change(contact.id, tags=[17])
    people.edit(ann, delete=True)

    people.sync(ann, f"contact:{contact.id}")

    assert people.with_email("ann@example.com") == [contact]
    assert "ann@example.com" not in people.world.sandbox.store.customer_by_email
    again = people.register(**ANN)
    people.sync(again)
    assert people.contact(again) is contact
    assert people.quiet(again, f"contact:{contact.id}")


def test_two_customers_of_one_contact_share_it_and_the_first_is_synced(people: People) -> None:
    both = {"PRI": "ann@example.com", "SEC": "ann@work.example"}
    contact = people.enter(first_name="Ann", last_name="Lee", emails=both)
    work = people.register(**ANN | {"email": "ann@work.example"}, phone="1")
    home = people.register(**ANN, phone="2")

    people.sync(work, home)

    assert people.contact(home).id == contact
    assert people.contact(home).telephones == {"PRI": "2"}
    assert people.quiet(work, home)
    people.edit(home, delete=True)
    people.sync(home)
    people.sync(work)
    assert people.contact(work).telephones == {"PRI": "1"}
    assert people.quiet(work, home)


def test_a_dry_run_says_what_it_would_write_and_writes_nothing(
    world: World, people: People
) -> None:
    key = people.register(**ANN)
    world.forget_requests()

    report = people.sync(key, dry_run=True)

    assert world.writes() == 0
    assert any("created" in str(row) for row in report["preview"])


def test_a_sweep_finds_what_changed_on_both_sides(people: People, ann: str) -> None:
    ben = people.register(**ANN | {"email": "ben@example.com"})
    people.change(people.contact(ann).id, last_name="Leigh")

    sweep_customers()

    assert people.customer(ann).last_name == "Leigh"
    assert people.contact(ben).first_name == "Ann"
    assert people.quiet(ann, ben)


def test_an_audit_names_what_differs_and_puts_it_back(people: People, ann: str) -> None:
    people.change(people.contact(ann).id, telephones={"PRI": "9"})
    ben = people.register(**ANN | {"email": "ben@example.com"})

    document = asyncio.run(audit_customers.fn(pair=PAIR))

    assert document["differing"] == {ann: "phone"}
    assert ben in document["missing"]
    assert document["agrees"] is False
    people.sync()
    document = asyncio.run(audit_customers.fn(pair=PAIR))
    assert document["differing"] == {}
    assert document["missing"] == []


@pytest.mark.usefixtures("companies")
def test_the_people_of_a_company_have_its_terms_and_prices(people: People) -> None:
    head = people.world.sandbox.account.contacts[people.acme]
    buyer = people.register(**ANN, company="ACME ltd", group_id=2, addresses=[HOME])
    private_buyer = people.register(**ANN | {"email": "x@example.com"}, company="Acme Ltd")

    people.sync(buyer, private_buyer)

    contact = people.contact(buyer)
    assert contact.company_id == head.id
    assert (contact.price_list_id, contact.credit_term_days) == (3, 60)
    assert people.contact(private_buyer).company_id == 0
    assert people.contact(private_buyer).credit_term_days == 0
    assert people.quiet(buyer, private_buyer)
