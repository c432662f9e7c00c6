"""A worker is killed wherever state moves, for every entity: nothing is lost, nothing is doubled.

What is right in the end is said by both sandboxes' own state, and by the ledger.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from crashing import WORK, make_due, unsettled, wrong
from forked import Workers, workers
from world import World
from worlds import opened

from core.crash_points import POINTS, parse
from flows.registry import ENTITIES
from tasks.reconciler.connections import disconnect

LIVES = 6
OF_A_WORKER = {"swept", "run-created"}
"""Points that are reached outside of a sync."""
KILLED = -signal.SIGKILL
SHORT = [("orders", "after-request"), ("shipments", "after-intent"), ("stock", "before-settle")]
"""What is tried in every run of the tests."""
MATRIX = [
    pytest.param(entity, f"{point}/{entity}{time}", id=f"{entity}-{point}{time}")
    for entity in WORK
    for point in POINTS
    if point not in OF_A_WORKER
    for time in (("", "#2") if point in {"after-request", "after-outcome"} else ("",))
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("crashes")) as both, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUSEWAY_ORDERS__AMENDMENT_CAP", "1000")  # edited orders need no person
        disconnect()
        yield both


@pytest.fixture(scope="module")
def killed(world: World) -> Iterator[Workers]:
    with workers() as found:
        yield found


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


@pytest.mark.parametrize(("entity", "point"), SHORT)
def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(
    world: World, killed: Workers, entity: str, point: str
) -> None:
    check_recovers(world, killed, entity, f"{point}/{entity}")


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
