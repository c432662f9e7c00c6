"""Customers and contacts that no sync can take as they are; good ones of a batch go through."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from people import ANN, HOME, MILL, People
from world import PAIR, World

from mappings.bundle import SHIPPED
from store.quarantine import Entry, Quarantine
from tasks.customers.frames import ENTITY
from tasks.reconciler.connections import connect, disconnect


@pytest.fixture
def people(world: World) -> People:
    return People(world)


@pytest.fixture
def unowned(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Mappings in which nobody owns phones."""
    del world
    folder = tmp_path / "mappings"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    file = folder / "customers.yaml"
    text = file.read_text("utf-8")
    owned = "{to: phone, from: phone, steps: [one_line], owner: bigcommerce}"
    assert owned in text
    file.write_text(text.replace(owned, "{to: phone, from: phone, steps: [one_line]}"), "utf-8")
    monkeypatch.setenv("CAUSEWAY_MAPPINGS_PATH", str(folder))
    disconnect()


def refused(key: str) -> list[Entry]:
    listed = Quarantine(connect(PAIR).database).list(pair=PAIR, entity=ENTITY)
    return [one for one in listed if one.key == key]


@pytest.mark.parametrize(
    ("fields", "class_", "remedy"),
    [
        ({"email": "a@example.com, b@example.com"}, "document", "one e-mail"),
        ({"email": "nobody"}, "document", "one e-mail"),
        ({"addresses": [HOME | {"country_iso2": "XX"}]}, "country", "countries.csv"),
        ({"group_id": 7}, "customer_group", "customer_groups.csv"),
    ],
)
def test_a_customer_that_cannot_be_mapped_waits_with_a_remedy(
    people: People, fields: dict[str, Any], class_: str, remedy: str
) -> None:
    bad = people.register(**ANN | fields)
    good = people.register(**ANN | {"email": "good@example.com"}, addresses=[HOME])

    people.sync(bad, good)

    (why,) = {(one.class_, one.remedy) for one in refused(bad)}
    assert why[0] == class_
    assert remedy in why[1]
    assert "causeway quarantine release" in why[1]
    assert people.state(bad) == "dead"
    assert people.contact(good).first_name == "Ann"
    assert people.quiet(good)


@pytest.mark.parametrize(
    ("first_name", "last_name", "expected"),
    [
        ("A" * 40, "B" * 100, ("A" * 32, "B" * 32)),
        ("🎉" * 40, "😀", ("🎉" * 32, "😀")),
        ("שרה", "כהן־לוי", ("שרה", "כהן־לוי")),
        ("محمد", "\u202eعلي", ("محمد", "\u202eعلي")),
        ("  Ann \n Marie ", "O'Neil\t", ("Ann Marie", "O'Neil")),
        ("Z\u0301oe", "<b>Lee</b>", ("Z\u0301oe", "<b>Lee</b>")),
        ("", "", ("", "Acme")),
    ],
)
def test_names_of_all_kinds_arrive_as_far_as_they_fit_and_stay_as_they_are_in_the_store(
    people: People, first_name: str, last_name: str, expected: tuple[str, str]
) -> None:
    key = people.register(
        email="ann@example.com", first_name=first_name, last_name=last_name, company="Acme"
    )

    people.sync(key)

    contact = people.contact(key)
    assert (contact.first_name, contact.last_name) == expected
    assert people.customer(key).first_name == first_name
    assert people.quiet(key)


def test_a_state_that_does_not_exist_is_kept_as_it_is_written(people: People) -> None:
    key = people.register(**ANN, addresses=[HOME | {"state": "Summerset??", "zip": ""}])

    people.sync(key)

    assert people.address(people.contact(key), "BIL")[3] == "Summerset??"
    assert people.quiet(key)


@pytest.mark.parametrize(
    ("fields", "class_", "remedy"),
    [
        ({"emails": {}}, "document", "primary e-mail"),
        ({"emails": {"PRI": "a@x.com;b@x.com"}}, "document", "primary e-mail"),
        ({"emails": {"PRI": "n@x.com"}, "first_name": "", "last_name": ""}, "document", "name"),
    ],
)
def test_a_contact_that_cannot_be_a_customer_waits_with_a_remedy(
    people: People, fields: dict[str, Any], class_: str, remedy: str
) -> None:
    bad = people.enter(**{"last_name": "Poe", "tags": [17], **fields})
    good = people.enter(last_name="Good", emails={"PRI": "good@x.com"}, tags=[17])

    people.sync(f"contact:{bad}", f"contact:{good}")

    (why,) = {(one.class_, one.remedy) for one in refused(f"contact:{bad}")}
    assert why[0] == class_
    assert remedy in why[1]
    assert "good@x.com" in people.world.sandbox.store.customer_by_email
    assert people.quiet(f"contact:{good}")


def test_an_address_that_the_store_would_refuse_is_a_case_and_the_rest_is_written(
    people: People,
) -> None:
    key = people.register(**ANN, addresses=[HOME])
    people.sync(key)
    nowhere = MILL | {"line3": "", "country": ""}
    people.change(people.contact(key).id, last_name="Leigh", addresses={"DEL": nowhere})

    people.sync(key)

    assert people.customer(key).last_name == "Leigh"
    assert [one.class_ for one in refused(key)] == ["address"]
    people.change(people.contact(key).id, addresses={"DEL": MILL})
    people.sync(key)
    assert refused(key) == []
    assert people.quiet(key)


def test_an_e_mail_that_another_customer_has_holds_up_nobody_else(people: People) -> None:
    ann = people.register(**ANN)
    others = [people.register(**ANN | {"email": f"c{n}@example.com"}) for n in range(5)]
    people.sync(ann, *others)
    for key in (ann, *others):
        people.change(people.contact(key).id, last_name="Leigh")
    people.change(people.contact(ann).id, emails={"PRI": "c3@example.com"})

    people.sync(ann, *others)

    assert all(people.customer(key).last_name == "Leigh" for key in others)
    assert people.customer(ann).last_name == "Lee"
    (why,) = refused(ann)
    assert why.class_ == "rejected"
    assert "another" in why.remedy
    assert people.quiet(*others)


@pytest.mark.usefixtures("unowned")
def test_a_field_without_an_owner_that_both_changed_is_a_case_with_both_values(
    people: People,
) -> None:
    key = people.register(**ANN)
    people.sync(key)
    people.edit(key, phone="1")
    people.change(people.contact(key).id, telephones={"PRI": "2"}, last_name="Leigh")

    people.sync(key)

    (case,) = refused(key)
    assert case.detail["values"] == {"bigcommerce": "1", "brightpearl": "2"}
    assert people.customer(key).last_name == "Leigh"
    assert (people.customer(key).phone, people.contact(key).telephones["PRI"]) == ("1", "2")
