"""The way of a goods note, through every real part, and always twice."""

from __future__ import annotations

from parcels import Parcels, quiet, states, sync
from world import World


def test_a_note_that_left_is_one_shipment_with_its_tracking_and_one_mail(world: World) -> None:
    order = Parcels.imported(world, 2, 1)
    note = order.leaves(tracking="RM123456789GB")

    report = sync(world, note)

    assert order.shipments == [("RM123456789GB", [2, 1])]
    assert order.status == 2
    assert order.mails == 1
    assert report["counts"]["shipped"] == 1
    assert states(world, note, order.order) == ["done", "done"]
    assert quiet(world, note)
    assert quiet(world, order.order)
    assert len(order.shipments) == 1
