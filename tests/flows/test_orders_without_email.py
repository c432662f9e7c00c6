"""Orders without a usable e-mail, as marketplaces and counters send them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from refunding import map_with
from stories import lines
from world import World

from core.refusals import Refusal
from store.quarantine import Quarantine
from tasks.reconciler.connections import connect


@pytest.fixture
def counter(world: World) -> str:
    """A contact that staff keep for such orders."""
    key = place(world, email="counter@example.com")
    world.sync(key)
    return str(world.sales_order(key).contact_id)


def refused(world: World) -> list[Refusal]:
    return list(Quarantine(connect("default").database).list(pair="default"))


def place(world: World, **order: Any) -> str:
    return world.place(**{"lines": lines(world, 2, 1), "email": "", "source": "external", **order})


def runs_twice_without_writing(world: World, *keys: str) -> bool:
    world.forget_requests()
    world.sync(*keys)
    return world.writes() == 0


def test_orders_of_a_channel_go_to_its_default_contact(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, counter: str
) -> None:
    map_with(monkeypatch, tmp_path / "mine", default_contacts=f"1,{counter},counter\n")
    keys = [place(world), place(world, billing={"first_name": "Bob"})]
    before = len(world.sandbox.account.contacts)

    world.sync(*keys)

    assert {str(world.sales_order(key).contact_id) for key in keys} == {counter}
    assert len(world.sandbox.account.contacts) == before
    assert runs_twice_without_writing(world, *keys)


def test_a_shopper_with_an_email_is_a_contact_of_their_own_in_such_a_channel(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, counter: str
) -> None:
    map_with(monkeypatch, tmp_path / "mine", default_contacts=f"*,{counter},counter\n")
    named, nameless = place(world, email="new@example.com"), place(world)

    world.sync(named, nameless)

    assert str(world.sales_order(named).contact_id) != counter
    assert str(world.sales_order(nameless).contact_id) == counter


def test_an_unusable_email_is_none(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, counter: str
) -> None:
    map_with(monkeypatch, tmp_path / "mine", default_contacts=f"1,{counter},counter\n")
    key = place(world, email="unknown")

    world.sync(key)

    assert str(world.sales_order(key).contact_id) == counter


def test_such_orders_wait_together_for_a_row_and_its_command_releases_them(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, counter: str
) -> None:
    keys = [place(world), place(world)]
    world.sync(*keys)

    first, second = refused(world)
    assert (first.class_, first.value) == (second.class_, second.value) == ("contact", "1")
    assert "causeway quarantine release --class contact --value 1." in first.remedy
    assert "`1,<id of a Brightpearl contact>`" in first.remedy

    map_with(monkeypatch, tmp_path / "mine", default_contacts=f"1,{counter},counter\n")
    connections = connect("default")
    quarantine = Quarantine(connections.database)
    quarantine.release("default", class_="contact", value="1", now=connections.clock())
    world.sync()

    assert {str(world.sales_order(key).contact_id) for key in keys} == {counter}


def test_an_email_that_is_entered_later_imports_the_order(world: World) -> None:
    key = place(world)
    world.sync(key)
    world.bigcommerce("edit", order_id=int(key), email="ann@example.com")

    world.sync(key, source="webhook")

    assert world.sales_order(key)
    assert refused(world) == []
