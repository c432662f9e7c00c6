"""Runs of processes that ended: a worker ends them in Prefect, which frees their slots."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core.process_identity import ProcessIdentity, identity_of, this_process
from core.times import utc_now
from worker.abandoned import BEGINS_WITHIN, AbandonedWork
from worker.warm import place_of

pytestmark = pytest.mark.long


@pytest.fixture
def ended() -> ProcessIdentity:
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: S603 - our own
        return identity_of(process.pid)


@pytest.fixture
def slow_clock() -> timedelta:
    return BEGINS_WITHIN + timedelta(seconds=1)


def abandoned(deployed: Any, later: timedelta = timedelta()) -> AbandonedWork:
    return AbandonedWork(
        deployed.database,
        deployed.server(),
        deployed.pair,
        deployed.stop,
        now=lambda: utc_now() + later,
    )


def begun(deployed: Any, process: ProcessIdentity | None, state: str = "RUNNING") -> str:
    """A run that a worker has taken."""
    run_id = deployed.press_run()
    for one in ("PENDING", state):
        deployed.ask(f"/flow_runs/{run_id}/set_state", state={"type": one}, force=True)
    if process is not None:
        place = place_of(UUID(run_id), process)
        deployed.ask(f"/flow_runs/{run_id}", "PATCH", infrastructure_pid=place)
    return str(run_id)


def state(deployed: Any, run_id: str) -> str:
    return str(deployed.run(run_id)["state_type"])


@pytest.mark.parametrize("left", ["RUNNING", "PENDING", "CANCELLING"])
def test_the_run_of_a_process_that_ended_is_crashed_and_its_slot_is_free(
    deployed: Any, ended: ProcessIdentity, left: str
) -> None:
    deployed.change_deployment(concurrency_limit=1)
    first = begun(deployed, ended, left)

    assert abandoned(deployed).end_runs() == 1

    assert state(deployed, first) == "CRASHED"
    second = deployed.press_run()
    answer = deployed.ask(f"/flow_runs/{second}/set_state", state={"type": "PENDING"})
    assert answer["status"] == "ACCEPT"


def test_runs_of_living_processes_and_of_other_kinds_of_workers_go_on(deployed: Any) -> None:
    own, other = begun(deployed, this_process()), begun(deployed, None)
    deployed.ask(f"/flow_runs/{other}", "PATCH", infrastructure_pid="machine:4711")

    assert abandoned(deployed, timedelta(hours=1)).end_runs() == 0

    assert [state(deployed, one) for one in (own, other)] == ["RUNNING", "RUNNING"]


def test_a_run_that_was_taken_and_never_begins_is_ended_after_a_while(
    deployed: Any, slow_clock: timedelta
) -> None:
    taken = begun(deployed, None, "PENDING")
    assert abandoned(deployed).end_runs() == 0

    assert abandoned(deployed, slow_clock).end_runs() == 1

    assert state(deployed, taken) == "CRASHED"


def test_a_run_that_a_living_worker_made_for_itself_goes_on(
    deployed: Any, slow_clock: timedelta
) -> None:
    server = deployed.server()
    deployment = server.deployment(f"sync-orders/on-event-{deployed.pair}")
    made = server.create_run(deployment, deployed.pair, "orders")

    assert abandoned(deployed, slow_clock).end_runs() == 0

    assert state(deployed, str(made.id)) == "PENDING"
    server.end(made.id, "the test is over")


def test_nothing_is_ended_while_prefect_is_away(deployed: Any, ended: ProcessIdentity) -> None:
    left = begun(deployed, ended)
    deployed.gate.shut()

    assert abandoned(deployed).end_runs() == 0

    deployed.gate.open()
    assert state(deployed, left) == "RUNNING"
    assert abandoned(deployed).end_runs() == 1
