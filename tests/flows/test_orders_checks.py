"""New orders are checked before anything is reserved: a note, or a person decides first."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select
from stories import lines
from world import World

from core.times import utc_now
from flows.orders import sync_orders
from store.order_checks import OrderChecks
from store.quarantine import Entry, Quarantine
from store.tables import order_checks
from tasks.reconciler.connections import connect

TYPO = {"to": {"city": "Bournemuoth", "zip": "BH1 1AA"}}
NO_POSTCODE = {"to": {"city": "Bath", "zip": "BA"}}


def place(world: World, shipping: dict[str, Any], **order: Any) -> str:
    return world.place(lines=lines(world, 1), shipping=[shipping], **order)


def notes(world: World, key: str) -> list[str]:
    account = world.sandbox.account
    return [account.notes[one].text for one in account.notes_by_order[world.sales_order(key).id]]


def quarantine() -> Quarantine:
    return Quarantine(connect("default").database)


def open_case() -> Entry:
    (case,) = quarantine().list(pair="default")
    return case


def label(key: str) -> str:
    return OrderChecks(connect("default").database).label("default", key)


def test_what_is_wrong_with_an_address_is_a_note_and_the_order_is_imported(world: World) -> None:
    key = place(world, TYPO)

    report = world.sync(key)

    assert any("Perhaps: Bournemouth" in note for note in notes(world, key))
    assert report["counts"]["created"] == 1
    assert report["notes"] == {"address: city_spelling": 1}
    assert world.sales_order(key).allocation_status == "AAA"
    world.forget_requests()
    world.sync(key)
    assert world.writes() == 0


def test_a_good_address_leaves_no_note(world: World) -> None:
    key = place(world, {"to": {"city": "Bath", "zip": "BA1 1AA"}})

    report = world.sync(key)

    assert world.sales_order(key).id not in world.sandbox.account.notes_by_order
    assert report["notes"] == {}


def test_checks_may_be_switched_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_CHECKS__ADDRESSES", "off")
    key = place(world, NO_POSTCODE)

    assert world.sync(key)["notes"] == {}


def test_a_blocking_address_holds_the_order_until_a_person_approves_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSEWAY_CHECKS__ADDRESSES", "hold")
    held, other = (
        place(world, NO_POSTCODE),
        place(world, {"to": {"city": "Bath", "zip": "BA1 1AA"}}),
    )

    world.sync(held, other)

    assert [order.external_ref for order in world.sales_orders] == [f"BC-{other}"]
    case = open_case()
    assert (case.key, case.field) == (held, "address")
    assert f"causeway check address --order {held}" in case.remedy
    world.sync(held)
    assert open_case().id == case.id

    quarantine().approve([case.id], actor="kim", now=utc_now())
    world.sync(held)

    assert world.sales_order(held).allocation_status == "AAA"
    assert list(quarantine().list(pair="default")) == []


def test_a_risky_order_is_held_and_what_a_person_decides_is_its_label(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSEWAY_CHECKS__RISK", "hold")
    monkeypatch.setenv("CAUSEWAY_CHECKS__RISK_HOLD_FROM", "20")
    risky = {"to": {"first_name": "Kim", "street_1": "c/o Reship 9 Low St", "city": "Bath"}}
    key = place(world, risky, email="ann@mailinator.com")

    report = world.sync(key)

    assert world.sales_orders == []
    assert report["notes"]["risk: 20 points or more"] == 1
    case = open_case()
    assert case.field == "risk"
    assert "throw-away" in case.reason
    assert "mailinator" not in case.reason
    assert label(key) == ""

    quarantine().discard([case.id], "not who he says", actor="kim", now=utc_now())
    world.sync(key)

    assert world.sales_orders == []
    assert label(key) == "discarded"


def kept() -> list[Any]:
    with connect("default").database.read() as connection:
        return [row.facts for row in connection.execute(select(order_checks))]


def test_the_age_of_an_account_counts_and_a_guest_has_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSEWAY_CHECKS__RISK", "advise")
    new = world.bigcommerce("customers", email="new@web.de", first_name="Ann", last_name="Lee")
    by_account = place(world, {"to": {"city": "Bath"}}, customer_id=new["id"])
    by_guest = place(world, {"to": {"city": "Bath"}})

    world.sync(by_account, by_guest)

    ages = {one["order_id"]: one["account_age_min"] for one in kept()}
    assert ages[by_guest] is None
    assert 0 <= ages[by_account] < 60


def test_what_was_scored_is_kept_without_anything_personal_and_not_of_a_dry_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSEWAY_CHECKS__RISK", "advise")
    key = place(world, {"to": {"city": "Bath"}})

    asyncio.run(sync_orders.fn(pair="default", dry_run=True, keys=[key]))

    assert kept() == []

    world.sync(key)

    (facts,) = kept()
    assert facts["order_id"] == key
    for personal in ("ann", "Lee", "High Street", "203.0.113"):
        assert personal not in repr(facts)
