"""Orders to several addresses, held: nothing is picked before staff know what goes where."""

from __future__ import annotations

from typing import Any

import pytest
from stories import lines
from world import World

from store.quarantine import Quarantine
from tasks.reconciler.connections import connect

NEW_WEB_ORDER, ON_HOLD, READY_TO_PICK = 2, 20, 17
BOB = {"first_name": "Bob", "street_1": "2 Low Road", "city": "Leeds", "zip": "LS1 1AA"}
COURIER = {"to": BOB, "method": "Next day courier", "cost": "7.50"}


@pytest.fixture(autouse=True)
def hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_ORDERS__SEVERAL_ADDRESSES", "hold")


def place(world: World, *, shipping: list[dict[str, Any]], **order: Any) -> str:
    """An order whose n-th line goes to the n-th place."""
    sold = [{**line, "address": at} for at, line in enumerate(lines(world, 2, 1, 1))]
    return world.place(lines=sold[: len(shipping)], shipping=shipping, **order)


def notes(world: World, key: str) -> list[str]:
    account = world.sandbox.account
    ids = account.notes_by_order[world.sales_order(key).id]
    return [account.notes[note_id].text for note_id in ids]


def cases(world: World) -> list[Any]:
    return list(Quarantine(connect("default").database).list(pair="default"))


def runs_twice_without_writing(world: World, *keys: str) -> bool:
    world.forget_requests()
    world.sync(*keys)
    return world.writes() == 0


def test_the_note_says_what_goes_where_and_the_order_is_on_hold_from_the_start(
    world: World,
) -> None:
    key = place(world, shipping=[{"cost": "3.95"}, COURIER])
    first, second = (line["sku"] for line in lines(world, 2, 1))

    world.sync(key)

    order = world.sales_order(key)
    assert order.status_id == ON_HOLD
    assert order.allocation_status == "AAA"
    (note,) = notes(world, key)
    (ann, bob) = note.splitlines()[1:]
    assert "Ann Lee, 1 High Street, Bath" in ann
    assert ann.endswith(f"({first})")
    assert "2 x " in ann
    assert "Bob Lee, 2 Low Road, Leeds" in bob
    assert "by Next day courier: 1 x " in bob
    assert bob.endswith(f"({second})")
    (case,) = cases(world)
    assert (case.class_, case.field) == ("review", "addresses")
    assert "Bob" not in f"{case.reason} {case.remedy} {case.value}"
    assert runs_twice_without_writing(world, key)


def test_a_goods_note_for_an_address_closes_the_case_and_ends_the_hold(world: World) -> None:
    key = place(world, shipping=[{}, COURIER])
    world.sync(key)
    world.brightpearl("ship", external_ref=f"BC-{key}", leave=False)

    world.sync(key, source="notice")

    assert cases(world) == []
    assert world.sales_order(key).status_id == NEW_WEB_ORDER
    assert runs_twice_without_writing(world, key)


def test_a_back_order_for_an_address_closes_the_case_as_well(world: World) -> None:
    key = place(world, shipping=[{}, COURIER])
    second = lines(world, 0, 1)[1]["sku"]
    world.sync(key)
    world.brightpearl("backorder", external_ref=f"BC-{key}", rows={second: 1})

    world.sync(key, source="notice")

    assert cases(world) == []
    assert world.sales_order(key).status_id == NEW_WEB_ORDER


def test_whoever_discards_the_case_lets_the_order_go_as_it_is(world: World) -> None:
    key = place(world, shipping=[{}, COURIER, {"to": {"city": "York"}}])
    world.sync(key)
    connections = connect("default")
    quarantine = Quarantine(connections.database)
    quarantine.discard([case.id for case in cases(world)], "we know", now=connections.clock())

    world.sync(key)

    assert world.sales_order(key).status_id == NEW_WEB_ORDER
    assert cases(world) == []
    assert runs_twice_without_writing(world, key)


def test_a_status_of_the_store_does_not_end_the_hold_and_is_followed_after_it(
    world: World,
) -> None:
    key = place(world, shipping=[{}, COURIER])
    world.sync(key)
    world.bigcommerce("edit", order_id=int(key), status_id=8)
    world.sync(key, source="webhook")
    assert world.sales_order(key).status_id == ON_HOLD
    world.brightpearl("ship", external_ref=f"BC-{key}", leave=False)

    world.sync(key, source="notice")

    assert world.sales_order(key).status_id == READY_TO_PICK


@pytest.mark.parametrize(
    ("second", "is_held"),
    [
        ({}, False),
        ({"method": "Next day courier"}, True),
        ({"to": {"country": "France", "country_iso2": "FR", "city": "Paris"}}, True),
    ],
)
def test_one_address_by_one_method_is_no_case(
    world: World, second: dict[str, Any], is_held: bool
) -> None:
    key = place(world, shipping=[{}, second])

    world.sync(key)

    assert (world.sales_order(key).status_id == ON_HOLD) is is_held
    assert bool(cases(world)) is is_held


def test_an_address_that_is_added_after_the_import_puts_the_order_on_hold(world: World) -> None:
    key = place(world, shipping=[{}])
    world.sync(key)
    assert world.sales_order(key).status_id == NEW_WEB_ORDER
    more = {**lines(world, 0, 1)[1], "address": 1}
    world.bigcommerce("edit", order_id=int(key), add_addresses=[COURIER], add=[more])

    world.sync(key, source="webhook")

    assert world.sales_order(key).status_id == ON_HOLD
    assert any("Bob Lee" in note for note in notes(world, key))
    assert runs_twice_without_writing(world, key)


def test_an_order_that_was_sent_before_its_import_is_no_case(world: World) -> None:
    key = place(world, shipping=[{}, COURIER], status_id=2)

    world.sync(key)

    assert cases(world) == []
