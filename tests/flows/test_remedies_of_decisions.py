"""What a person decides, or what failed by itself: the remedy's own command settles it."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from people import ANN, HOME, People
from refunding import lines
from remedies import carry_out, follow_case, sync, waiting
from sqlalchemy import update
from world import PAIR, World

from core.times import utc_now
from flows.duplicates import find_duplicates
from sandbox.brightpearl.records import Contact
from store.merges import Merges
from store.quarantine import Entry
from store.tables import inbox
from tasks.policy import GIVEN_UP_AFTER, GIVEN_UP_TRIES
from tasks.reconciler.connections import connect
from tasks.reconciler.run import MOST_INTERRUPTIONS

pytestmark = pytest.mark.long

UNMERGE = re.compile(r"causeway (customers unmerge \d+ \d+)")
OLD = {"line1": "1 High St", "line3": "Bath", "postal_code": "BA1 5AN"}


def only_case(entity: str = "orders") -> Entry:
    (case,) = waiting(entity)
    return case


def writes_nothing(world: World, entity: str, *keys: str) -> bool:
    world.forget_requests()
    sync(world, entity, *keys)
    return world.writes() == 0


def since(key: str, **state: Any) -> None:
    """What the inbox says of an order that was tried before."""
    with connect(PAIR).database.write() as connection:
        connection.execute(update(inbox).where(inbox.c.key == key).values(**state))


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


def merged(people: People) -> tuple[str, Contact, Contact, Entry]:
    """A customer, her contact, one that was merged into it, and the case that proposed so."""
    key = people.register(**ANN, phone="01174960001", addresses=[HOME])
    people.sync(key)
    twin = people.enter(
        first_name="Ann",
        last_name="Lee",
        emails={"PRI": "ann.lee@work.example"},
        telephones={"PRI": "01174960001"},
        addresses={"BIL": OLD, "DEF": OLD},
    )
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


# --- what failed again and again


def test_an_order_that_failed_for_a_day_goes_through_once_its_remedy_is_followed(
    world: World,
) -> None:
    key, other = (world.place(lines=lines(world, 1)) for _ in range(2))
    path = f"orders/{key}/transactions"
    world.fault("bigcommerce", {"kind": "http_500", "method": "GET", "path": path, "rate": 1.0})
    world.due(key, other)
    days = utc_now() - GIVEN_UP_AFTER - timedelta(hours=1)
    since(key, attempts=GIVEN_UP_TRIES, failing_since=days)
    sync(world, "orders")
    case = only_case()
    assert (case.key, case.class_) == (key, "failing")
    assert world.states(key, other) == ["dead", "done"]

    world.fault("bigcommerce")
    follow_case(case)
    sync(world, "orders")

    assert waiting() == []
    assert world.states(key) == ["done"]
    assert writes_nothing(world, "orders", key)


def test_an_order_that_ended_its_processes_goes_through_once_its_remedy_is_followed(
    world: World,
) -> None:
    key = world.place(lines=lines(world, 1))
    world.due(key)
    since(key, interruptions=MOST_INTERRUPTIONS)
    sync(world, "orders")
    case = only_case()
    assert (case.class_, case.value) == ("unexpected", "the process ended")
    assert world.states(key) == ["dead"]

    follow_case(case)
    sync(world, "orders")

    assert waiting() == []
    assert world.states(key) == ["done"]
    assert writes_nothing(world, "orders", key)
