"""Sweeps keep their cursors by the other side's clock, as far as its answers say what it is."""

from __future__ import annotations

from typing import Any

import pytest
from parcels import PAIR, Parcels, lines, sync
from refunding import credits_of, imported
from sweeping import sweep_refunds, sweep_shipments
from world import World

from core.times import utc_now
from store.runs import Cursors
from tasks.reconciler.connections import connect

AHEAD_S = 1200


def cursor_lag_s(name: str) -> float:
    """How far a cursor is behind our own clock."""
    at = Cursors(connect(PAIR).database).get(PAIR, name)
    assert at is not None
    return (utc_now() - at).total_seconds()


def shipped_since_the_last_sweep(world: World, ahead_s: float) -> tuple[dict[str, Any], Parcels]:
    """A note that leaves after a sweep, and what the next sweep finds."""
    if ahead_s:
        world.sandbox.clock.advance(ahead_s)
    parcels = Parcels.imported(world, 2)
    sweep_shipments()
    parcels.leaves(tracking="AA1")
    return sweep_shipments(), parcels


@pytest.mark.parametrize(
    ("is_dated", "ahead_s"), [(True, 0), (True, AHEAD_S), (True, -AHEAD_S), (False, 0)]
)
def test_a_shipment_is_found_by_the_next_sweep(
    world: World, *, is_dated: bool, ahead_s: float
) -> None:
    world.switch("brightpearl", date_header=is_dated)

    found, parcels = shipped_since_the_last_sweep(world, ahead_s)

    assert found["changed"] == 1
    assert parcels.shipments == [("AA1", [2])]


@pytest.mark.parametrize("is_dated", [True, False])
def test_a_credit_by_staff_is_found_by_the_next_sweep(world: World, *, is_dated: bool) -> None:
    world.switch("brightpearl", date_header=is_dated)
    key = imported(world)
    sweep_refunds()
    world.brightpearl("credit", external_ref=f"BC-{key}", rows=[lines(world, 1)[0]])

    found = sweep_refunds()

    assert found["changed"] == 1
    assert len(credits_of(world)) == 1


@pytest.mark.parametrize(("is_dated", "behind_s"), [(True, AHEAD_S), (False, 0)])
def test_the_cursor_is_their_moment_or_ours_where_they_say_none(
    world: World, *, is_dated: bool, behind_s: float
) -> None:
    world.switch("brightpearl", date_header=is_dated)
    world.sandbox.clock.advance(-AHEAD_S)
    overlap_s = 60 * connect(PAIR).pair.sync("shipments").sweep_overlap_minutes

    sweep_shipments()

    assert cursor_lag_s("goods-swept") == pytest.approx(overlap_s + behind_s, abs=60)


def test_a_sweep_that_finds_the_same_again_writes_nothing(world: World) -> None:
    _, parcels = shipped_since_the_last_sweep(world, AHEAD_S)
    sync(world)
    world.forget_requests()

    sweep_shipments()

    assert world.writes() == 0
    assert parcels.shipments == [("AA1", [2])]
