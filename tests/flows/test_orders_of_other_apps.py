"""Orders whose external order id another app has filled, such as a marketplace's."""

from __future__ import annotations

from typing import Any

import pytest
from stories import lines
from world import World

from core.times import utc_now
from store.quarantine import Quarantine
from tasks.reconciler.connections import connect

CANCELLED = 5


def place(world: World, **order: Any) -> str:
    return world.place(lines=lines(world, 2, 1), payment="captured", **order)


def external_id(world: World, key: str) -> str:
    return str(world.sandbox.store.orders[int(key)].external_order_id)


def metafields(world: World, key: str) -> list[tuple[str, str, str]]:
    return [
        (one.namespace, one.key, one.value)
        for one in world.sandbox.store.metafields.values()
        if one.order_id == int(key) and one.namespace == "causeway"
    ]


def own_link(world: World, key: str) -> list[tuple[str, str, str]]:
    return [("causeway", "brightpearl_order_id", str(world.sales_order(key).id))]


def notes(world: World, key: str) -> list[str]:
    account = world.sandbox.account
    ids = account.notes_by_order[world.sales_order(key).id]
    return [account.notes[note_id].text for note_id in ids]


def runs_twice_without_writing(world: World, *keys: str) -> bool:
    world.forget_requests()
    world.sync(*keys)
    return world.writes() == 0


def test_the_id_of_a_marketplace_stays_and_ours_is_in_a_metafield(world: World) -> None:
    key = place(world, external_order_id="AMZ-1")

    world.sync(key)

    assert external_id(world, key) == "AMZ-1"
    assert metafields(world, key) == own_link(world, key)
    assert any("AMZ-1" in note for note in notes(world, key))
    assert world.sandbox.store.orders[int(key)].status_id == 9
    assert runs_twice_without_writing(world, key)


def test_an_order_without_an_id_of_another_app_has_ours_and_no_metafield(world: World) -> None:
    key = place(world)

    world.sync(key)

    assert external_id(world, key) == str(world.sales_order(key).id)
    assert metafields(world, key) == []
    assert notes(world, key) == []


@pytest.mark.parametrize("number", ["AMZ-2", "70012345"])
def test_an_app_that_sets_its_id_after_the_import_keeps_it(world: World, number: str) -> None:
    key = place(world)
    world.sync(key)
    world.bigcommerce("edit", order_id=int(key), external_order_id=number)

    world.sync(key, source="webhook")

    assert external_id(world, key) == number
    assert metafields(world, key) == own_link(world, key)
    assert runs_twice_without_writing(world, key)


def test_an_id_that_was_emptied_is_ours_again(world: World) -> None:
    key = place(world)
    world.sync(key)
    world.bigcommerce("edit", order_id=int(key), external_order_id="")

    world.sync(key, source="webhook")

    assert external_id(world, key) == str(world.sales_order(key).id)
    assert metafields(world, key) == []


def test_a_cancellation_in_brightpearl_leaves_the_id_of_the_app(world: World) -> None:
    key = place(world, external_order_id="AMZ-3")
    world.sync(key)
    world.brightpearl("edit", external_ref=f"BC-{key}", status_id=CANCELLED)

    world.sync(key, source="notice")

    assert world.sandbox.store.orders[int(key)].status_id == CANCELLED
    assert external_id(world, key) == "AMZ-3"


def test_an_order_that_is_created_anew_changes_its_metafield(world: World) -> None:
    key = place(world, external_order_id="AMZ-4")
    world.sync(key)
    first = world.sales_order(key).id
    world.brightpearl("edit", external_ref=f"BC-{key}", delete=True)
    world.sync(key)
    quarantine = Quarantine(connect("default").database)
    quarantine.approve([case.id for case in quarantine.list(pair="default")], now=utc_now())

    world.sync(key)

    assert world.sales_order(key).id != first
    assert external_id(world, key) == "AMZ-4"
    assert metafields(world, key) == own_link(world, key)
