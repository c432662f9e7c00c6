"""What people do in the store by hand stands, and where it contradicts a note a person decides."""

from __future__ import annotations

from typing import Any

import pytest
from parcels import ENTITY, PAIR, Parcels, quiet, states, sync
from world import World

from core.times import utc_now
from store.quarantine import Entry, Quarantine
from tasks.reconciler.connections import connect

pytestmark = pytest.mark.long


@pytest.fixture
def order(world: World) -> Parcels:
    return Parcels.imported(world, 2, 1)


def cases(order: Parcels) -> list[Entry]:
    found = Quarantine(connect(PAIR).database).list(pair=PAIR, entity=ENTITY)
    return [entry for entry in found if entry.key == order.order]


def approve(order: Parcels) -> None:
    """A person releases what is proposed, as `quarantine release --apply` does."""
    ids = [case.id for case in cases(order)]
    Quarantine(connect(PAIR).database).approve(ids, now=utc_now())


def discard(order: Parcels) -> None:
    ids = [case.id for case in cases(order)]
    Quarantine(connect(PAIR).database).discard(ids, "as it is", now=utc_now())


@pytest.mark.parametrize("entered", ["AA1", " aa 1", ""])
def test_a_shipment_that_staff_made_of_the_same_parcel_is_taken_for_it(
    world: World, order: Parcels, entered: str
) -> None:
    order.shipped_in_store(2, 1, tracking_number=entered)
    note = order.leaves(tracking="AA1")

    report = sync(world, note)

    assert report["counts"].get("wrote: create shipment", 0) == 0
    assert order.shipments == [(entered or "AA1", [2, 1])]
    assert order.mails == 1
    assert quiet(world, note)
    assert quiet(world, order.order)


def test_another_parcel_of_the_same_units_is_shipped_as_well_as_that_of_staff(world: World) -> None:
    order = Parcels.imported(world, 2)
    order.shipped_in_store(1, tracking_number="BY HAND")
    note = order.leaves(1, tracking="AA1")

    sync(world, note)

    assert order.shipments == [("BY HAND", [1]), ("AA1", [1])]
    assert quiet(world, note)


def test_what_is_proposed_for_units_too_many_is_shipped_once_a_person_says_so(
    world: World, order: Parcels
) -> None:
    order.shipped_in_store(1, 1, tracking_number="BY HAND")
    note = order.leaves(tracking="AA1")
    sync(world, note)
    approve(order)

    sync(world)

    assert order.shipments == [("BY HAND", [1, 1]), ("AA1", [1, 0])]
    assert cases(order) == []
    assert states(world, order.order) == ["done"]
    assert quiet(world, note)
    assert quiet(world, order.order)


def test_a_case_that_was_discarded_is_not_opened_again(world: World, order: Parcels) -> None:
    order.shipped_in_store(1, 1, tracking_number="BY HAND")
    note = order.leaves(tracking="AA1")
    sync(world, note)
    discard(order)

    assert quiet(world, order.order, note)
    assert cases(order) == []
    assert states(world, order.order) == ["done"]


def test_a_shipment_that_staff_deleted_is_made_anew_only_if_a_person_says_so(
    world: World, order: Parcels
) -> None:
    note = order.leaves(tracking="AA1")
    sync(world, note)
    world.http.delete(world.control("bigcommerce", f"orders/{order.order}/shipments"))

    sync(world, order.order)

    (case,) = cases(order)
    assert (case.field, order.shipments) == ("deleted", [])
    approve(order)
    sync(world)
    assert order.shipments == [("AA1", [2, 1])]
    assert quiet(world, order.order)


def test_a_number_that_staff_corrected_is_replaced_only_if_a_person_says_so(
    world: World, order: Parcels
) -> None:
    note = order.leaves(tracking="AA1")
    sync(world, note)
    (shipment,) = order.stored.shipments
    url = f"{world.sandbox.bigcommerce_url}/stores/sandbox/v2/orders/{order.order}"
    world.http.put(
        f"{url}/shipments/{shipment.id}",
        headers={"X-Auth-Token": "sandbox-access-token"},
        json={"tracking_number": "CORRECTED"},
    )
    assert quiet(world, order.order)
    order.note(note, tracking="AA2")

    sync(world, note)

    (case,) = cases(order)
    assert (case.field, order.shipments) == ("tracking", [("CORRECTED", [2, 1])])
    assert "CORRECTED" in case.reason
    approve(order)
    sync(world)
    assert order.shipments == [("AA2", [2, 1])]
    assert order.mails == 1
    assert quiet(world, note)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"status_id": 5}, "cancelled"), ({"status_id": 4}, "refunded")],
)
def test_goods_that_left_for_an_order_that_is_over_are_a_case(
    world: World, order: Parcels, change: dict[str, Any], said: str
) -> None:
    note = order.leaves(tracking="AA1")
    world.bigcommerce("edit", order_id=int(order.order), **change)

    sync(world, note)

    (case,) = cases(order)
    assert (case.field, order.shipments) == ("closed", [])
    assert said in case.reason
    assert quiet(world, note)
    approve(order)
    sync(world)
    assert order.shipments == [("AA1", [2, 1])]


@pytest.mark.parametrize("before", [10, 14])
def test_a_status_that_the_table_keeps_is_put_back_after_the_store_moved_it(
    world: World, order: Parcels, before: int
) -> None:
    world.bigcommerce("edit", order_id=int(order.order), status_id=before)
    note = order.leaves(1, tracking="AA1")

    sync(world, note)

    assert order.status == before
    assert quiet(world, note)


def test_a_store_that_leaves_the_status_alone_gets_it_set(world: World, order: Parcels) -> None:
    world.switch("bigcommerce", shipment_moves_status="never")
    note = order.leaves(1, tracking="AA1")

    sync(world, note)
    assert order.status == 3
    rest = order.leaves(tracking="AA2")
    sync(world, rest)

    assert order.status == 2
    assert quiet(world, note, rest)


def test_a_preview_shows_what_would_be_shipped_and_writes_nothing(
    world: World, order: Parcels
) -> None:
    note = order.leaves(tracking="AA1")
    world.forget_requests()

    report = order.preview(note)

    (line,) = report["preview"]
    assert (line["record"], line["outcome"]) == (order.order, "shipped")
    assert "3 units" in line["writes"]
    assert world.writes() == 0
    assert order.shipments == []
