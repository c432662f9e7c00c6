"""Schedules and the Run button: the worker serves a work pool of a real Prefect server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from waiting import eventually

from worker import serve, warm

POOL_QUERY_S = 0.1
LONG_S = 90.0


@pytest.fixture
def serving(tried: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Thread]:
    """The worker's polling, more often than it would by itself."""
    monkeypatch.setattr(serve, "POLL_EVERY_S", POOL_QUERY_S)
    monkeypatch.setattr(serve, "POLL_AGAIN_S", (POOL_QUERY_S,))
    monkeypatch.setattr(serve, "PATIENT_FOR", 2)
    monkeypatch.setattr(warm, "ASK_EVERY_S", POOL_QUERY_S)
    polls = threading.Thread(target=serve.poll, args=(tried.settings, tried.stop))
    polls.start()
    yield polls
    (tried.folder / "go-on").touch()
    tried.gate.open()
    tried.stop.set()
    polls.join()


def is_(tried: Any, run_id: str, state: str) -> Callable[[], bool]:
    return lambda: tried.run(run_id)["state_type"] == state


@pytest.mark.usefixtures("serving")
def test_the_run_button_runs_in_the_worker_s_own_process(deployed: Any) -> None:
    deployed.put("1")

    run_id = deployed.press_run()

    assert eventually(is_(deployed, run_id, "COMPLETED"))
    assert deployed.states("1") == {"done"}
    assert deployed.run(run_id)["infrastructure_pid"].startswith("thread:")


@pytest.mark.usefixtures("serving")
def test_a_work_pool_that_is_made_later_is_served_then(
    tried: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert eventually(lambda: "was `causeway deploy` run?" in caplog.text)

    tried.deploy()

    assert eventually(is_(tried, tried.press_run(), "COMPLETED"))


@pytest.mark.usefixtures("serving")
def test_a_run_cancelled_in_prefect_stops_between_its_steps_and_its_keys_stay_due(
    deployed: Any,
) -> None:
    deployed.put("slow-1")
    run_id = deployed.press_run()
    assert eventually((deployed.folder / "begun").exists)

    deployed.ask(f"/flow_runs/{run_id}/set_state", state={"type": "CANCELLING"})

    assert eventually(is_(deployed, run_id, "CANCELLED"))
    assert deployed.states("slow-1") == {"due"}


@pytest.mark.usefixtures("serving")
@pytest.mark.parametrize("key", ["broken", "exits", "cancels"])
def test_a_run_that_crashes_leaves_the_pool_served(deployed: Any, key: str) -> None:
    deployed.put(key)
    run_id = deployed.press_run()
    assert eventually(lambda: deployed.run(run_id)["state_type"] in {"FAILED", "CRASHED"})

    deployed.give_up()

    assert eventually(is_(deployed, deployed.press_run(), "COMPLETED"))


@pytest.mark.usefixtures("serving")
def test_a_deployment_of_another_version_crashes_its_run_and_leaves_the_pool_served(
    deployed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    entrypoint = deployed.deployment["entrypoint"]
    deployed.change_deployment(entrypoint="flows.of_tomorrow.sync_orders")
    run_id = deployed.press_run()
    assert eventually(is_(deployed, run_id, "CRASHED"))
    assert "is not a flow of this installation" in caplog.text

    deployed.change_deployment(entrypoint=entrypoint)

    assert eventually(is_(deployed, deployed.press_run(), "COMPLETED"))


def test_the_pool_is_served_again_after_prefect_was_away_for_long(
    deployed: Any, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> None:
    with deployed.without_retries():
        polls = request.getfixturevalue("serving")
        assert eventually(lambda: deployed.heartbeats() == 1)
        deployed.gate.shut()
        assert eventually(lambda: "cannot be served" in caplog.text, within_s=LONG_S)

        deployed.gate.open()

        assert eventually(lambda: deployed.heartbeats() == 2)
        assert polls.is_alive()
