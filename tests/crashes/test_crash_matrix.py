"""A worker is killed wherever state moves, for every entity: nothing is lost, nothing is doubled.

What is right in the end is said by both sandboxes' own state, and by the ledger.
"""

from __future__ import annotations

import signal
from random import Random

import pytest
from crashing import WORK, make_due, unsettled, wrong
from forked import Workers
from world import World

from core.crash_points import POINTS, parse
from flows.registry import ENTITIES

LIVES = 6
OF_A_WORKER = {"swept", "run-created"}
"""Points that are reached outside of a sync."""
KILLED = -signal.SIGKILL
SHORT = [("orders", "after-request"), ("shipments", "after-intent"), ("stock", "before-settle")]
"""What is tried in every run of the tests."""
TWICE = ("after-request", "after-outcome")
"""Points at which the second of two writes matters as well: the first one is there by then."""
ABSENT = {
    ("stock", "after-phase"): "its adjustments are one request for all, without phases",
    ("stock", "after-request#2"): "the same",
    ("stock", "after-outcome#2"): "the same",
}
"""Points that an entity's sync has not."""
MATRIX = [
    pytest.param(entity, f"{point}/{entity}{time}", id=f"{entity}-{point}{time}")
    for entity in WORK
    for point in POINTS
    for time in (("", "#2") if point in TWICE else ("",))
    if point not in OF_A_WORKER and (entity, f"{point}{time}") not in ABSENT
]


def check_recovers(world: World, killed: Workers, entity: str, crash_at: str) -> None:
    work = WORK[entity](world)
    make_due(world, entity, work.keys)
    assert killed.live(entity, crash_at=crash_at) == KILLED, f"{crash_at} was not reached"

    # What the killed one held is worked on at once; what it parked or put off, a little later.
    assert killed.live(entity) == 0
    for _ in range(LIVES):
        if not (left := unsettled(entity, work.records)):
            break
        make_due(world, entity, list(left))
        assert killed.live(entity) == 0
    assert unsettled(entity, work.records) == {}
    assert wrong(world, entity, work) == []
    world.forget_requests()
    make_due(world, entity, work.records)
    assert killed.live(entity) == 0
    assert world.writes() == 0


@pytest.mark.long
@pytest.mark.parametrize(("entity", "point"), SHORT)
def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(
    world: World, killed: Workers, entity: str, point: str
) -> None:
    check_recovers(world, killed, entity, f"{point}/{entity}")


@pytest.mark.long
@pytest.mark.parametrize("point", [one for one in POINTS if one not in OF_A_WORKER])
def test_a_worker_of_an_entity_that_is_drawn_for_each_point_loses_and_doubles_nothing(
    world: World, killed: Workers, draw: Random, point: str
) -> None:
    entities = [entity for entity in WORK if (entity, point) not in ABSENT]
    entity = draw.choice(entities)
    check_recovers(world, killed, entity, f"{point}/{entity}")


@pytest.mark.crashes
@pytest.mark.long
@pytest.mark.parametrize(("entity", "crash_at"), MATRIX)
def test_a_worker_killed_wherever_state_moves_loses_and_doubles_nothing(
    world: World, killed: Workers, entity: str, crash_at: str
) -> None:
    check_recovers(world, killed, entity, crash_at)


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_entity_has_work_to_be_killed_at(entity: str) -> None:
    assert entity in WORK


@pytest.mark.parametrize("point", POINTS)
def test_every_point_can_be_armed(point: str) -> None:
    assert parse(f"raise:{point}/orders/1007#2").point == point
