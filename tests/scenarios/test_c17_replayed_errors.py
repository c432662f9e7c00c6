"""C17: a person replays errors of a month ago, long after both sides went on.

Given orders whose refused import, refused parcel, open refund and proposed amendment are thirty
days old, and that have been imported, shipped, credited and amended since, some with newer changes
by staff. When the old entries are released, approved and delivered again, then nothing is written:
every run works from what both sides say now, never from what an entry says.

Stock and prices, which the scenario names, have no sync yet; their replays will end in the same
machinery, which holds no values but keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from cases import Case, open_cases
from parcels import Parcels
from refunding import refund
from stories import (
    ORDERS,
    REFUNDS,
    SHIPMENTS,
    StoreEvents,
    account_money,
    cases,
    clock,
    lines,
    run,
    second_pass,
    skus,
    store_money,
    units,
)
from world import PAIR, World

from core.times import utc_now
from store.quarantine import Quarantine
from tasks.reconciler.connections import connect

LONG_AGO = timedelta(days=30)
A_MINUTE_S = 60.0


@dataclass
class Story:
    """Orders with an old error each, and what replaying them wrote."""

    world: World
    refused: str
    parcel: Parcels
    refunded: str
    amended: str
    events: list[dict[str, Any]] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    released: int = 0
    writes: dict[str, int] = field(default_factory=dict)

    @property
    def all(self) -> list[str]:
        return [self.refused, self.parcel.order, self.refunded, self.amended]


@pytest.fixture(scope="module")
def story(world: World) -> Story:
    store_events = StoreEvents(world)
    keys = [world.place(lines=lines(world, 2, 1)) for _ in range(4)]
    story = Story(world, keys[0], Parcels(world, keys[1]), keys[2], keys[3])
    story.events = list(store_events.events)
    run(world, ORDERS, *keys)
    gone_on(story)
    clock(world, A_MINUTE_S)  # Brightpearl closes a credit a moment after it said yes
    story.before = state(story)

    quarantine = Quarantine(connect(PAIR).database)
    for entity, key, class_, value in (
        (ORDERS, story.refused, "sku", "ANY-SKU"),
        (SHIPMENTS, story.parcel.order, "tracking", "X" * 60),
        (REFUNDS, story.refunded, "payment_method", "custom"),
        (ORDERS, story.amended, "review", "edit 0a1b2c3d"),
    ):
        open_cases(quarantine, [old(entity, key, class_, value)], now=utc_now() - LONG_AGO)
    world.forget_requests()
    approved = [case.id for case in cases(world, story.amended)]
    story.released = len(quarantine.approve(approved, now=utc_now()))
    story.released += len(quarantine.release(PAIR, now=utc_now()))
    for entity in (ORDERS, SHIPMENTS, REFUNDS):
        run(world, entity)
    story.writes["released"] = world.writes()

    world.forget_requests()
    store_events.events = story.events
    store_events.deliver()
    run(world, ORDERS)
    story.writes["delivered"] = world.writes()
    return story


def gone_on(story: Story) -> None:
    """What happened in the month between."""
    world, a = story.world, skus(story.world)[0]
    run(world, SHIPMENTS, story.parcel.leaves(tracking="AA1"))
    refund(world, story.refunded, amount="4.00")
    run(world, REFUNDS, story.refunded)
    world.bigcommerce("edit", order_id=int(story.amended), lines=[{"sku": a, "quantity": 3}])
    owed = (
        world.sandbox.store.orders[int(story.amended)].totals.inc - world.receipts(story.amended)[0]
    )
    world.bigcommerce("pay", order_id=int(story.amended), action="add", amount=str(owed))
    run(world, ORDERS, story.amended, story.parcel.order)
    world.brightpearl("edit", external_ref=f"BC-{story.amended}", status_id=17)
    world.brightpearl("edit", external_ref=f"BC-{story.refused}", note="Called the shopper.")


def old(entity: str, key: str, class_: str, value: str) -> Case:
    """An error of a month ago, with a proposal where a person may approve one."""
    detail = {"kind": "edit", "proposal": {"rows": []}} if class_ == "review" else {}
    reason, remedy = "It could not be written.", "Correct it, then release."
    return Case(PAIR, entity, key, class_, "", value, reason, remedy, "run-long-ago", detail)


def state(story: Story) -> dict[str, Any]:
    """Whatever a write would change."""
    account = story.world.sandbox.account
    return {
        "orders": {
            one.id: (one.external_ref, one.status_id, one.net, one.tax, one.allocation_status)
            for one in account.orders.values()
        },
        "units": {key: units(story.world, key) for key in story.all},
        "payments": sorted(account.payments),
        "notes": len(account.notes),
        "reserved": {id_: dict(one.rows) for id_, one in account.reservations.items()},
        "shipments": story.parcel.shipments,
        "store": {
            key: (order.status_id, order.external_order_id)
            for key, order in story.world.sandbox.store.orders.items()
        },
    }


def test_errors_of_a_month_ago_are_released_and_write_nothing(story: Story) -> None:
    assert story.released == 4
    assert story.writes["released"] == 0


def test_events_of_a_month_ago_are_delivered_and_write_nothing(story: Story) -> None:
    assert {event["scope"] for event in story.events} >= {"store/order/created"}
    assert story.writes["delivered"] == 0


def test_both_sides_stand_as_they_stood(story: Story) -> None:
    assert state(story) == story.before
    for key in story.all:
        assert account_money(story.world, key) == store_money(story.world, key)


def test_what_was_replayed_is_closed_and_done(story: Story) -> None:
    assert Quarantine(connect(PAIR).database).list(pair=PAIR) == []
    assert set(story.world.states(*story.all)) == {"done"}
    assert story.world.states(story.parcel.order, entity=SHIPMENTS) == ["done"]
    assert story.world.states(story.refunded, entity=REFUNDS) == ["done"]


def test_what_staff_changed_since_stands(story: Story) -> None:
    assert story.world.sales_order(story.amended).status_id == 17


def test_a_second_pass_writes_nothing(story: Story) -> None:
    passed = second_pass(
        story.world,
        orders=story.all,
        shipments=[story.parcel.order],
        refunds=[story.refunded],
    )
    assert passed == 0
