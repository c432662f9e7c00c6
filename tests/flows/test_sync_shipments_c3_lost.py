"""C3: an answer that is lost, a process that dies, a system that is away: never a second parcel."""

from __future__ import annotations

import asyncio

import pytest
from parcels import ENTITY, PAIR, Parcels, quiet, states, sync
from sent import just_before
from world import World

from core.times import utc_now
from flows.shipments import sync_shipments
from store.inbox import Inbox
from store.ledger import Ledger
from tasks.reconciler.connections import connect

pytestmark = pytest.mark.long

POST = {"method": "POST", "path": r"/shipments$", "rate": 1.0}


@pytest.fixture
def order(world: World) -> Parcels:
    return Parcels.imported(world, 2, 1)


def again(world: World, order: Parcels) -> None:
    """The pause after a failed try is over."""
    Inbox(connect(PAIR).database).put(PAIR, ENTITY, [order.order], source="retry", now=utc_now())
    asyncio.run(sync_shipments.fn(pair=PAIR))


def test_a_parcel_whose_answer_was_lost_is_found_and_not_sent_again(
    world: World, order: Parcels
) -> None:
    note = order.leaves(tracking="AA1")
    world.fault("bigcommerce", {"kind": "lost_answer", "times": 1, **POST})

    sync(world, note)
    assert states(world, order.order) == ["due"]
    world.fault("bigcommerce")
    again(world, order)

    assert order.shipments == [("AA1", [2, 1])]
    assert order.mails == 1
    assert states(world, order.order) == ["done"]
    ledger = Ledger(connect(PAIR).database)
    assert ledger.open_intents(PAIR, ENTITY, [order.order]) == []
    (entry,) = ledger.history(PAIR, ENTITY, order.order)
    assert entry.written_id == str(order.stored.shipments[0].id)
    assert quiet(world, order.order)


def test_a_parcel_that_never_arrived_is_sent_by_the_next_try(world: World, order: Parcels) -> None:
    note = order.leaves(tracking="AA1")
    world.fault("bigcommerce", {"kind": "drop_connection", "times": 1, **POST})

    sync(world, note)
    world.fault("bigcommerce")
    again(world, order)

    assert order.shipments == [("AA1", [2, 1])]
    assert states(world, order.order) == ["done"]
    assert quiet(world, order.order)


def dies() -> None:
    raise KeyboardInterrupt


def test_a_run_that_dies_after_the_parcel_leaves_what_the_next_one_finds(
    world: World, order: Parcels
) -> None:
    note = order.leaves(tracking="AA1")
    status_read = just_before("GET", rf"/orders/{order.order}$", dies, nth=2)

    with status_read, pytest.raises(KeyboardInterrupt):
        sync(world, note)
    assert len(order.shipments) == 1

    again(world, order)

    assert order.shipments == [("AA1", [2, 1])]
    assert states(world, order.order) == ["done"]
    assert quiet(world, order.order)


def test_a_store_that_is_away_for_one_order_does_not_hold_up_another(world: World) -> None:
    orders = [Parcels.imported(world, 1) for _ in range(2)]
    notes = [one.leaves(tracking=f"AA{n}") for n, one in enumerate(orders)]
    path = rf"/orders/{orders[0].order}/shipments$"
    world.fault("bigcommerce", {"kind": "lost_answer", **POST, "path": path, "times": 1})

    sync(world, *notes)

    assert [states(world, one.order) for one in orders] == [["due"], ["done"]]
    world.fault("bigcommerce")
    again(world, orders[0])
    assert [len(one.shipments) for one in orders] == [1, 1]
    assert quiet(world, *notes)


def test_a_status_that_could_not_be_set_is_set_by_the_next_try(
    world: World, order: Parcels
) -> None:
    world.switch("bigcommerce", shipment_moves_status="never")
    note = order.leaves(tracking="AA1")
    world.fault(
        "bigcommerce",
        {"kind": "http_503", "method": "PUT", "path": rf"/orders/{order.order}$", "rate": 1.0},
    )

    sync(world, note)
    assert (order.status, len(order.shipments)) == (9, 1)
    world.fault("bigcommerce")
    again(world, order)

    assert (order.status, len(order.shipments)) == (2, 1)
    assert quiet(world, order.order)


def test_a_parcel_that_staff_sent_between_our_read_and_our_write_is_refused_and_then_adopted(
    world: World, order: Parcels
) -> None:
    note = order.leaves(tracking="AA1")

    def staff_ship() -> None:
        order.shipped_in_store(2, 1, tracking_number="AA1")

    with just_before("POST", rf"/orders/{order.order}/shipments$", staff_ship):
        sync(world, note)
    assert states(world, order.order) == ["dead"]

    sync(world, order.order)

    assert order.shipments == [("AA1", [2, 1])]
    assert states(world, order.order) == ["done"]
