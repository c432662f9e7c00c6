"""The audits of orders and of money count one population: each sale of a day once, in one place."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from refunding import refund
from refunding import sync as sync_refunds
from stories import lines
from world import PAIR, World

from core.times import Day, local_date, utc_now
from flows.money import audit_money
from flows.orders import audit_orders
from store.quarantine import Quarantine
from tasks.bigcommerce.population import PLACES
from tasks.reconciler.connections import connect, disconnect

LONG = pytest.mark.long
"""For what differs from another case in little."""
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = "2026-03-10"
ADDRESSES = [{"cost": "3.95"}, {"to": {"first_name": "Bob", "city": "Leeds"}, "cost": "7.50"}]
PAID_LATER, DISPUTED = 12, 13


@pytest.fixture(autouse=True)
def noon(world: World) -> None:
    world.sandbox.clock.freeze(NOON)


def place(world: World, **order: Any) -> str:
    return world.place(**{"lines": lines(world, 2, 1), "payment": "captured", **order})


def imported(world: World, **order: Any) -> str:
    key = place(world, **order)
    world.sync(key)
    return key


def spoil(world: World, key: str) -> None:
    """Let the order's document break the model, wherever it is read."""
    world.sandbox.store.orders[int(key)].is_archived = None
    world.bigcommerce("edit", order_id=int(key), staff_notes="changed")


def counted(day: str = DAY) -> dict[str, Any]:
    """What both audits say of the orders of a day, which is the same and adds up."""
    money = asyncio.run(audit_money.fn(PAIR, day))
    started = datetime.fromisoformat(money["since"])
    orders = asyncio.run(audit_orders.fn(PAIR, (utc_now() - started).days + 1))

    found: dict[str, Any] = money["population"]
    assert orders["days"][day] == found
    assert found["sales"] == sum(found[place] for place in PLACES)
    others = sum(found["no_sale"].values()) + found["unreadable"]
    assert found["placed"] == found["sales"] + others
    assert sum(line["bigcommerce"]["orders"] for line in money["orders"]) == found["sales"]
    return found


def where(found: dict[str, Any]) -> dict[str, Any]:
    """The counts that are not nought."""
    return {name: count for name, count in found.items() if count}


def test_what_waits_for_whatever_reason_is_counted_as_waiting(world: World) -> None:
    keys = [
        place(world, status_id=PAID_LATER),
        place(world, status_id=DISPUTED),
        place(world, lines=[{"sku": "NOT-THERE", "name": "New", "price": "5.00"}]),
        place(world, billing={"country_iso2": "ZZ"}, shipping=[{"to": {"country_iso2": "ZZ"}}]),
    ]
    world.sync(*keys)
    due = place(world)
    world.due(due)

    assert where(counted()) == {"placed": 5, "sales": 5, "waiting": 5}


def test_a_case_that_a_person_discarded_is_waited_for_no_more_in_either_audit(world: World) -> None:
    key = place(world, lines=[{"sku": "NOT-THERE", "name": "New", "price": "5.00"}])
    world.sync(key)
    assert where(counted()) == {"placed": 1, "sales": 1, "waiting": 1}
    quarantine = Quarantine(connect(PAIR).database)
    ids = [case.id for case in quarantine.list(pair=PAIR)]
    quarantine.discard(ids, "entered by hand", now=utc_now())

    assert where(counted()) == {"placed": 1, "sales": 1, "missing": 1}


@pytest.mark.parametrize("several", ["split", pytest.param("hold", marks=LONG)])
def test_an_order_to_several_addresses_or_in_several_parts_is_one_sale(
    world: World, monkeypatch: pytest.MonkeyPatch, several: str
) -> None:
    monkeypatch.setenv("CAUSEWAY_ORDERS__SEVERAL_ADDRESSES", several)
    disconnect()
    to_two = [{**line, "address": at} for at, line in enumerate(lines(world, 2, 1))]
    imported(world, lines=to_two, shipping=ADDRESSES)
    parted = imported(world)
    sku = lines(world, 2)[0]["sku"]
    world.brightpearl("backorder", external_ref=f"BC-{parted}", rows={sku: 1})

    assert where(counted()) == {"placed": 2, "sales": 2, "in_brightpearl": 2}


@pytest.mark.long
def test_sales_orders_of_another_sales_channel_belong_to_neither_count(world: World) -> None:
    key = imported(world)
    account = world.sandbox.account
    foreign = replace(world.sales_order(key), id=900_001, external_ref=None, instance_id=None)
    account.orders[foreign.id] = foreign

    assert where(counted()) == {"placed": 1, "sales": 1, "in_brightpearl": 1}


@pytest.mark.parametrize(
    ("whole", "is_imported"),
    [
        pytest.param(True, True, marks=LONG),
        (True, False),
        (False, True),
        pytest.param(False, False, marks=LONG),
    ],
    ids=["whole", "whole before its import", "in part", "in part before its import"],
)
def test_a_refunded_order_is_a_sale_wherever_it_is(
    world: World, *, whole: bool, is_imported: bool
) -> None:
    key = place(world)
    if is_imported:
        world.sync(key)
    wanted = {"everything": True} if whole else {"items": [{**lines(world, 1)[0]}]}
    refund(world, key, **wanted)
    world.sync(key)
    sync_refunds(world, key)

    # What was refunded whole before it was imported is not brought in any more.
    at = "in_brightpearl" if is_imported or not whole else "not_imported"
    assert where(counted()) == {"placed": 1, "sales": 1, at: 1}


def test_what_either_side_cancelled_is_counted_once_and_by_whom(world: World) -> None:
    in_store, in_account, in_both = (imported(world) for _ in range(3))
    for key in (in_account, in_both):
        world.brightpearl("edit", external_ref=f"BC-{key}", cancel=True)
    for key in (in_store, in_both):
        world.bigcommerce("edit", order_id=int(key), status_id=5)
    place(world, status_id=6)
    place(world, status_id=0)

    assert where(counted()) == {
        "placed": 5,
        "sales": 1,
        "cancelled": 1,
        "no_sale": {"cancelled": 2, "declined": 1, "incomplete": 1},
    }


def test_an_order_that_cannot_be_read_counts_for_its_day_in_both_audits(world: World) -> None:
    imported(world)
    spoil(world, place(world))

    assert where(counted()) == {"placed": 2, "sales": 1, "in_brightpearl": 1, "unreadable": 1}


def test_an_order_that_waited_and_cannot_be_read_any_more_is_counted_as_such(world: World) -> None:
    key = place(world, status_id=PAID_LATER)
    world.sync(key)
    spoil(world, key)

    assert where(counted()) == {"placed": 1, "unreadable": 1}


def test_a_sales_order_whose_reference_staff_emptied_is_in_brightpearl_for_both(
    world: World,
) -> None:
    order = world.sales_order(imported(world))
    world.sandbox.account.orders_by_external_ref.pop(order.external_ref)
    order.external_ref = None

    assert where(counted()) == {"placed": 1, "sales": 1, "in_brightpearl": 1}


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        pytest.param("2026-03-09T23:59:59+00:00", "2026-03-09", marks=LONG),
        pytest.param("2026-03-10T00:00:00+00:00", "2026-03-10", marks=LONG),
        pytest.param("2026-03-29T00:59:59+00:00", "2026-03-29", marks=LONG),
        ("2026-03-29T23:00:00+00:00", "2026-03-30"),
        ("2026-07-01T22:59:59+00:00", "2026-07-01"),
        pytest.param("2026-10-25T23:59:59+00:00", "2026-10-25", marks=LONG),
    ],
    ids=["last second", "midnight", "short day", "summer begins", "summer", "long day"],
)
def test_an_order_around_midnight_is_of_one_day_the_stores_own(
    world: World, moment: str, day: str
) -> None:
    place(world, placed_at=moment)

    assert where(counted(day)) == {"placed": 1, "sales": 1, "missing": 1}
    before, after = (date.fromisoformat(day) + timedelta(days=n) for n in (-1, 1))
    for other in (before, after):
        money = asyncio.run(audit_money.fn(PAIR, other.isoformat()))
        assert money["population"]["placed"] == 0


@given(
    moment=st.integers(0, 365 * 86_400).map(lambda s: NOON + timedelta(seconds=s)),
    zone=st.sampled_from(
        ["Europe/London", "America/New_York", "Pacific/Auckland", "Asia/Kolkata", "Africa/Cairo"]
    ),
)
def test_the_day_under_which_one_audit_counts_an_order_is_the_one_that_the_other_compares(
    moment: datetime, zone: str
) -> None:
    on = local_date(moment, zone)
    assert [Day(on + timedelta(days=n), zone).holds(moment) for n in (-1, 0, 1)] == [0, 1, 0]
