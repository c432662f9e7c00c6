"""`causeway privacy`: one person over both systems and our own tables, shown and erased."""

import json

import pytest
from people import ANN, HOME, People
from stories import lines
from world import PAIR

from cli.main import run
from core.refusals import Refusal
from core.times import utc_now
from store.ledger import Ledger
from store.links import Links
from store.quarantine import Quarantine
from tasks.brightpearl.contacts import name_of
from tasks.reconciler.connections import connect

EMAIL = "ann@example.com"
BILLING = {
    "first_name": "Ann", "last_name": "Lee", "phone": "0117 496 0001",
    "street_1": "1 High St", "city": "Bath", "zip": "BA1 5AN", "country_iso2": "GB",
}  # fmt: skip
PRIVATE = (EMAIL, "Ann Lee", "0117 496 0001", "1 High St")


@pytest.fixture
def document(capsys):
    """The document of a command."""

    def run_it(*words, code=0):
        assert run(["privacy", *words, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return run_it


@pytest.fixture
def people(world):
    return People(world)


@pytest.fixture
def order(world):
    key = world.place(lines=lines(world, 1), billing=BILLING, email=EMAIL)
    world.sync(key)
    return key


@pytest.fixture
def ann(people, order):
    """A customer with a contact, an order, and a case that quotes her."""
    key = people.register(**ANN, phone="0117 496 0001", addresses=[HOME])
    people.sync(key)
    refusal = Refusal("phone", "phone", "0117 496 0001", "Ann Lee has no such phone", "Correct it")
    Quarantine(connect(PAIR).database).open(
        PAIR, "customers", [(key, refusal)], run_id="1", now=utc_now()
    )
    return key


def test_an_export_has_both_systems_and_our_own_rows(world, ann, order, document):
    world.forget_requests()

    found = document("export", "--email", "ANN@example.com")

    assert [str(one["id"]) for one in found["bigcommerce"]["customers"]] == [ann]
    assert [str(one["id"]) for one in found["bigcommerce"]["orders"]] == [order]
    (contact,) = found["brightpearl"]["contacts"]
    assert contact["communication"]["emails"]["PRI"]["email"] == EMAIL
    assert [one["externalRef"] for one in found["brightpearl"]["orders"]] == [f"BC-{order}"]
    assert found["brightpearl"]["payments"]
    own = found["causeway"]
    assert {row["entity"] for row in own["links"]} >= {"contacts", "customers", "orders"}
    assert own["ledger"]
    assert [row["value"] for row in own["quarantine"]] == ["0117 496 0001"]
    assert world.writes() == 0


def test_nobody_else_is_in_an_export(world, ann, document):
    other = replace_email(world)

    found = document("export", "--email", EMAIL)

    assert other not in json.dumps(found)


def replace_email(world):
    world.sync(world.place(lines=lines(world, 1), billing=BILLING, email="bo@example.com"))
    return "bo@example.com"


def test_a_plan_writes_nothing_and_erasing_asks_for_yes(world, ann, document, capsys):
    world.forget_requests()
    before = dump(world)

    plan = document("erase", "--email", EMAIL, "--dry-run")
    document("erase", "--email", EMAIL, code=2)

    assert plan["dry_run"]
    assert {one["does"] for one in plan["writes"]} >= {
        "customer deleted in BigCommerce",
        "postal address in Brightpearl",
    }
    assert world.writes() == 0
    assert dump(world) == before


def test_erasing_leaves_what_the_law_keeps_and_nothing_else(world, people, ann, order, document):
    contact_id = people.contact(ann).id
    store = world.sandbox.store

    done = document("erase", "--email", EMAIL, "--yes")

    assert int(ann) not in store.customers
    contact = world.sandbox.account.contacts[contact_id]
    assert (contact.first_name, contact.last_name) == ("Erased", str(contact_id))
    assert contact.emails == contact.telephones == {}
    assert {people.address(contact, use)[:5] for use in contact.address_ids} == {
        ("-", "", "", "", "")
    }
    kept = {(one["system"], one["record"], one["id"]) for one in done["kept"]}
    sales_order = world.sales_order(order)
    assert kept >= {
        ("bigcommerce", "order", order),
        ("brightpearl", "sales order", str(sales_order.id)),
        ("brightpearl", "contact", str(contact_id)),
    }
    assert "payment" in {record for _, record, _ in kept}
    assert all(one["reason"] for one in done["kept"])
    assert [text for text in PRIVATE if text.casefold() in dump(world).casefold()] == []
    assert name_of(EMAIL) not in dump(world)
    links = Links(connect(PAIR).database)
    assert links.get(PAIR, "customers", [ann])[ann].detail == {"gone_from": "bigcommerce"}
    written = Ledger(connect(PAIR).database).history(PAIR, "customers", ann)
    assert [(one.action, one.outcome) for one in written][-1:] == [("delete customer", "written")]


def test_erasing_twice_writes_once(world, ann, document):
    document("erase", "--email", EMAIL, "--yes")
    world.forget_requests()

    again = document("erase", "--email", EMAIL, "--yes")

    assert world.writes() == 0
    assert again["writes"] == []
    assert again["own_rows"] == {}


def test_a_sync_does_not_bring_an_erased_person_back(world, people, ann, order, document):
    contact_id = people.contact(ann).id
    document("erase", "--email", EMAIL, "--yes")

    people.sync(ann, f"contact:{contact_id}")
    world.sync(order)

    assert int(ann) not in world.sandbox.store.customers
    assert people.with_email(EMAIL) == []
    assert [one.id for one in people.contacts if one.first_name == "Ann"] == []


def test_an_erasure_that_was_stopped_is_caught_up_by_the_next_run(world, people, ann, document):
    contact_id = people.contact(ann).id
    path = f"contact-service/contact/{contact_id}$"
    broken = {"kind": "broken_answer", "as": "500", "committed": False, "times": 3}
    world.fault("brightpearl", broken | {"method": "PATCH", "path": path})

    document("erase", "--email", EMAIL, "--yes", code=1)
    still = name_of(EMAIL) in dump(world)
    document("erase", "--email", EMAIL, "--yes")

    assert still, "the hashes by which the rest is found go last"
    assert world.sandbox.account.contacts[contact_id].emails == {}
    assert name_of(EMAIL) not in dump(world)


def test_somebody_with_the_e_mail_as_second_one_loses_only_that(world, people, ann, document):
    other = people.enter(
        first_name="Bo", last_name="Ray", emails={"PRI": "bo@example.com", "SEC": EMAIL}
    )

    done = document("erase", "--email", EMAIL, "--yes", code=1)

    contact = world.sandbox.account.contacts[other]
    assert contact.first_name == "Bo"
    assert contact.emails == {"PRI": "bo@example.com"}
    assert [one["id"] for one in done["by_hand"]] == [str(other)]


def test_an_order_on_its_way_that_may_bring_the_person_back_is_named(world, document, installed):
    key = world.place(lines=lines(world, 1), billing=BILLING, email=EMAIL)
    world.due(key)

    done = document("erase", "--email", EMAIL, "--yes", code=1)

    assert [(one["record"], one["id"]) for one in done["by_hand"]] == [("order", key)]
    world.sync(key)
    assert document("erase", "--email", EMAIL, "--yes")["by_hand"] == []


def test_staff_are_left_to_a_person(world, people, document, installed):
    clerk = people.enter(first_name="Cy", last_name="Oh", emails={"PRI": EMAIL}, is_staff=True)

    done = document("erase", "--email", EMAIL, "--yes", code=1)

    assert world.sandbox.account.contacts[clerk].first_name == "Cy"
    assert [one["record"] for one in done["by_hand"]] == ["contact"]


@pytest.mark.parametrize("text", ["", "ann", "a@b,c@d"])
def test_no_address_is_wrong_usage(document, text):
    document("export", "--email", text, code=2)


def dump(_world):
    """Every row of our own tables as text."""
    with connect(PAIR).database.read() as connection:
        raw = connection.connection.driver_connection
        return "\n".join(raw.iterdump())
