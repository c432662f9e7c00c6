"""C12: parcels, tracking numbers, notes that come back, back orders, mails to the shopper."""

from __future__ import annotations

import pytest
from parcels import ENTITY, PAIR, Parcels, quiet, skus, states, sync
from world import World

from store.quarantine import Quarantine
from tasks.reconciler.connections import connect, disconnect

pytestmark = pytest.mark.long


@pytest.fixture
def order(world: World) -> Parcels:
    """Four units of one product, of which some lie in each warehouse."""
    parcels = Parcels.imported(world, 4)
    world.brightpearl("stock", sku=skus(world)[0], warehouse_id=3, on_hand=9)
    return parcels


def grace(monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    monkeypatch.setenv("CAUSEWAY_SHIPMENTS__UNSHIPPED_GRACE_MINUTES", str(minutes))
    disconnect()


def test_one_and_two_and_one_from_two_warehouses_are_three_shipments_of_four_units(
    world: World, order: Parcels
) -> None:
    first = order.leaves(1, tracking="AA1")
    sync(world, first)
    assert order.status == 3
    second = order.leaves(2, tracking="BB2; BB3", warehouse_id=3)
    third = order.leaves(1)
    sync(world, second, third)
    order.note(third, tracking="CC4")
    sync(world, third)

    assert order.shipments == [("AA1", [1]), ("BB2", [2]), ("CC4", [1])]
    assert order.stored.shipments[1].comments == "Further tracking numbers: BB3"
    assert order.status == 2
    assert order.mails == 3
    assert quiet(world, first, second, third)
    assert quiet(world, order.order)


def test_a_note_taken_back_by_mistake_and_sent_again_changes_nothing(
    world: World, order: Parcels
) -> None:
    note = order.leaves(tracking="AA1")
    sync(world, note)
    order.note(note, unship=True)

    sync(world, note)

    assert order.shipments == [("AA1", [4])]
    assert states(world, order.order) == ["parked"]
    order.note(note, stage="shipped")
    sync(world, note)
    assert states(world, order.order) == ["done"]
    assert order.shipments == [("AA1", [4])]
    assert order.mails == 1
    assert quiet(world, note)


def test_a_note_that_stays_taken_back_takes_its_shipment_back_after_the_grace(
    world: World, order: Parcels, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = order.leaves(1, tracking="AA1")
    sync(world, note)
    order.note(note, unship=True)
    sync(world, note)
    assert order.shipments == [("AA1", [1])]

    grace(monkeypatch, 0)
    sync(world, order.order)

    assert order.shipments == []
    assert order.status == 9
    assert states(world, order.order) == ["done"]
    assert quiet(world, note)
    assert quiet(world, order.order)


def test_a_note_made_anew_stands_for_the_one_that_is_gone(world: World, order: Parcels) -> None:
    world.switch("brightpearl", unshipping="remake")
    note = order.leaves(tracking="AA1")
    sync(world, note)
    order.note(note, unship=True)
    sync(world, note)
    (new,) = world.sandbox.account.goods_out
    order.note(f"note-{new}", stage="shipped", tracking="AA2")

    sync(world, f"note-{new}")

    assert note != f"note-{new}"
    assert order.shipments == [("AA2", [4])]
    assert order.mails == 1
    assert states(world, order.order) == ["done"]
    assert quiet(world, f"note-{new}", note)


def test_a_note_sent_again_with_other_units_replaces_its_shipment(
    world: World, order: Parcels
) -> None:
    whole = order.leaves(tracking="AA1")
    sync(world, whole)
    order.note(whole, unship=True)
    order.note(whole, destroy=True)
    parts = [order.leaves(3, tracking="BB1"), order.leaves(1, tracking="BB2")]

    sync(world, whole, *parts)

    assert order.shipments == [("BB1", [3]), ("BB2", [1])]
    assert order.status == 2
    assert quiet(world, whole, *parts)
    assert quiet(world, order.order)


@pytest.mark.parametrize("rows", ["keep_ref", "cloned", "bare"])
def test_units_moved_to_a_back_order_still_reach_the_store(
    world: World, order: Parcels, rows: str
) -> None:
    world.switch("brightpearl", back_order_rows=rows)
    first = order.leaves(1, tracking="AA1")
    sync(world, first)
    answer = world.brightpearl(
        "backorder", order_id=order.sales_order.id, rows={str(order.line_ids[0]): 2}
    )
    second = order.leaves(1, tracking="AA2")
    late = world.brightpearl("ship", order_id=answer["back_order_id"], tracking="BO1")
    third = f"note-{late['goods_out_note_id']}"

    sync(world, third, second)

    assert sorted(order.shipments) == [("AA1", [1]), ("AA2", [1]), ("BO1", [2])]
    assert order.status == 2
    assert quiet(world, first, second, third)
    assert quiet(world, order.order)


def test_units_beyond_what_was_ordered_wait_for_a_person_with_what_is_proposed(
    world: World, order: Parcels
) -> None:
    order.shipped_in_store(3, tracking_number="BY HAND")
    note = order.leaves(tracking="AA1")

    sync(world, note)

    (case,) = Quarantine(connect(PAIR).database).list(pair=PAIR, entity=ENTITY)
    assert (case.key, case.class_, case.field) == (order.order, "review", "excess")
    assert case.detail["proposal"]["ship"] == {str(order.line_ids[0]): 1}
    assert "release --apply" in case.remedy
    assert order.shipments == [("BY HAND", [3])]
    assert states(world, note, order.order) == ["done", "dead"]
    assert quiet(world, note)
