"""Due keys and the runs that work them off, against a real Prefect server."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from waiting import eventually

from core.times import utc_now
from store.runs import Leases
from worker.drain import Drain
from worker.engine import EVENT_TAG, REMEMBER_S, Engine, Reachability
from worker.execute import RUNNING
from worker.lane import ELSEWHERE_S, LEASE_S, PAUSES_S

pytestmark = pytest.mark.long


def settled(tried: Any, *keys: str) -> Callable[[], bool]:
    return lambda: tried.states(*keys) == {"done"}


def rested(caplog: pytest.LogCaptureFixture) -> list[float]:
    """How long the lane said that it would rest, in seconds."""
    return [float(told) for told in re.findall(r"next try in (\d+) s", caplog.text)]


def test_due_keys_become_one_run_of_their_deployment(deployed: Any) -> None:
    keys = [str(number) for number in range(200)]
    deployed.put(*keys)

    deployed.lane().wake()

    assert eventually(settled(deployed, *keys))
    assert eventually(lambda: deployed.ended() == ["COMPLETED"])
    (run,) = deployed.runs()
    assert run["parameters"] == {"pair": deployed.pair}
    assert {EVENT_TAG, "orders", f"pair:{deployed.pair}"} <= set(run["tags"])


def test_a_drain_finds_new_keys_and_wakes_the_lane_of_their_pair(deployed: Any) -> None:
    drain = Drain(deployed.settings, deployed.database, deployed.stop)
    deployed.put("1")

    drains = threading.Thread(target=drain.run)
    drains.start()
    assert eventually(settled(deployed, "1"))
    deployed.put("2", "3")
    assert eventually(settled(deployed, "2", "3"))
    deployed.stop.set()
    drains.join()

    assert set(deployed.ended()) == {"COMPLETED"}


def test_failed_runs_rest_the_lane_longer_each_time_and_keys_stay_due(
    deployed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    deployed.put("refused-1")
    lane = deployed.lane()

    for failures, pause_s in enumerate(PAUSES_S, start=1):
        lane.wake()
        assert eventually(lambda n=failures: len(rested(caplog)) == n)
        deployed.clock.now += pause_s - 0.01
        lane.wake()  # too early: does nothing
        deployed.clock.now += 0.02

    lane.wake()
    assert eventually(lambda: len(rested(caplog)) == len(PAUSES_S) + 1)
    assert rested(caplog) == [*PAUSES_S, PAUSES_S[-1]]
    assert deployed.ended() == ["FAILED"] * (len(PAUSES_S) + 1)
    assert deployed.states("refused-1") == {"due"}
    assert "Renew it" in deployed.runs()[-1]["state"]["message"]


def test_a_success_makes_the_next_rest_short_again(
    deployed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    lane = deployed.lane()
    deployed.put("refused-1")
    for failures in (1, 2):
        lane.wake()
        assert eventually(lambda n=failures: len(rested(caplog)) == n)
        deployed.clock.now += 1000

    deployed.give_up()
    deployed.put("1")
    lane.wake()
    assert eventually(settled(deployed, "1"))
    deployed.put("refused-2")
    assert eventually(lambda: lane.wake() or len(rested(caplog)) == 3)

    assert rested(caplog) == [PAUSES_S[0], PAUSES_S[1], PAUSES_S[0]]


@pytest.mark.parametrize("key", ["broken", "exits", "cancels"])
def test_a_run_that_crashes_leaves_the_lane_alive(
    deployed: Any, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    deployed.put(key)
    lane = deployed.lane()
    lane.wake()
    assert eventually(lambda: rested(caplog))
    assert deployed.states(key) == {"due"}
    assert deployed.ended() in (["FAILED"], ["CRASHED"])

    deployed.give_up()
    deployed.put("1")
    deployed.clock.now += 1000
    lane.wake()

    assert eventually(settled(deployed, "1"))


def test_a_run_that_somebody_deletes_before_it_begins_leaves_the_lane_alive(
    deployed: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = Engine.create_run

    def create_and_delete(engine: Engine, *args: Any) -> Any:
        run = create(engine, *args)
        monkeypatch.setattr(Engine, "create_run", create)
        deployed.ask(f"/flow_runs/{run.id}", "DELETE")
        return run

    monkeypatch.setattr(Engine, "create_run", create_and_delete)
    deployed.put("1")
    lane = deployed.lane()
    lane.wake()
    assert eventually(lambda: rested(caplog))
    assert deployed.states("1") == {"due"}

    deployed.clock.now += 1000
    lane.wake()

    assert eventually(settled(deployed, "1"))


def test_a_run_that_ends_well_and_settles_nothing_rests_the_lane(
    deployed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    deployed.put("left-over")
    deployed.lane().wake()

    assert eventually(lambda: rested(caplog) == [PAUSES_S[0]])
    assert "left the same keys due" in caplog.text
    assert deployed.ended() == ["COMPLETED"]


def test_a_paused_deployment_keeps_keys_due_until_it_goes_on(
    deployed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    path = f"/deployments/{deployed.deployment['id']}"
    deployed.ask(f"{path}/pause_deployment")
    deployed.put("1")
    lane = deployed.lane()
    lane.wake()
    assert eventually(lambda: "is paused: its keys wait" in caplog.text)
    assert deployed.states("1") == {"due"}
    assert deployed.runs() == []

    deployed.ask(f"{path}/resume_deployment")
    deployed.clock.now += max(REMEMBER_S, ELSEWHERE_S)
    assert eventually(lambda: lane.wake() or deployed.states("1") == {"done"})


def test_a_lease_held_elsewhere_keeps_the_lane_quiet(deployed: Any) -> None:
    leases = Leases(deployed.database)
    lane = deployed.lane()
    assert leases.acquire(lane.name, "another worker", ttl_s=LEASE_S, now=utc_now())
    deployed.put("1")
    lane.wake()
    assert eventually(lambda: lane.rests)
    assert deployed.states("1") == {"due"}
    assert deployed.runs() == []

    leases.release(lane.name, "another worker")
    deployed.clock.now += ELSEWHERE_S
    lane.wake()

    assert eventually(settled(deployed, "1"))


def test_a_lease_is_kept_while_a_run_is_in_hand_and_given_back_after_it(deployed: Any) -> None:
    leases = Leases(deployed.database)
    deployed.put("slow-1")
    lane = deployed.lane()
    lane.wake()
    assert eventually((deployed.folder / "begun").exists)
    assert not leases.acquire(lane.name, "another worker", ttl_s=LEASE_S, now=utc_now())

    (deployed.folder / "go-on").touch()

    assert eventually(
        lambda: leases.acquire(lane.name, "another worker", ttl_s=LEASE_S, now=utc_now())
    )
    assert deployed.states("slow-1") == {"done"}


def test_a_crashed_worker_holds_the_lane_no_longer_than_its_lease(deployed: Any) -> None:
    lane = deployed.lane()
    long_ago = utc_now() - timedelta(seconds=LEASE_S + 1)
    assert Leases(deployed.database).acquire(lane.name, "gone", ttl_s=LEASE_S, now=long_ago)
    deployed.put("1")

    lane.wake()

    assert eventually(settled(deployed, "1"))


def test_a_run_that_a_gone_worker_left_unfinished_is_marked_as_crashed(deployed: Any) -> None:
    engine = Engine(Reachability())
    abandoned = engine.create_run(
        engine.deployment(f"sync-orders/on-event-{deployed.pair}"), deployed.pair, "orders"
    )
    engine.close()
    deployed.put("1")

    deployed.lane().wake()

    assert eventually(settled(deployed, "1"))
    states = {run["id"]: run["state_type"] for run in deployed.runs()}
    assert states.pop(str(abandoned.id)) == "CRASHED"
    assert len(states) == 1


def test_keys_stay_due_while_prefect_is_away_and_are_worked_off_when_it_returns(
    deployed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    deployed.gate.shut()
    lane = deployed.lane()
    deployed.put("1", "2")
    lane.wake()
    assert eventually(lambda: "Prefect does not answer" in caplog.text)
    assert deployed.states("1", "2") == {"due"}

    deployed.gate.open()
    lane.wake()  # too early: the server is asked again after a pause
    deployed.clock.now += 60

    assert eventually(lambda: lane.wake() or deployed.states("1", "2") == {"done"})
    assert "Prefect answers again" in caplog.text
    assert eventually(lambda: deployed.ended() == ["COMPLETED"])


def test_a_run_whose_end_prefect_did_not_hear_of_is_reported_when_it_returns(
    deployed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    deployed.put("slow-1")
    lane = deployed.lane()
    lane.wake()
    assert eventually((deployed.folder / "begun").exists)
    with deployed.without_retries():
        deployed.gate.shut()
        (deployed.folder / "go-on").touch()
        assert eventually(lambda: "Prefect does not answer" in caplog.text)
    assert deployed.ended() == ["RUNNING"]

    deployed.gate.open()
    deployed.clock.now += 60
    deployed.put("1")

    assert eventually(lambda: lane.wake() or deployed.states("1") == {"done"})
    assert eventually(lambda: deployed.ended() == ["CRASHED", "COMPLETED"])


def test_a_deployment_that_is_not_registered_is_named_with_the_remedy(
    tried: Any, caplog: pytest.LogCaptureFixture
) -> None:
    tried.put("1")
    tried.lane().wake()

    assert eventually(lambda: rested(caplog))
    assert f"sync-orders/on-event-{tried.pair} is not registered" in caplog.text
    assert "causeway deploy" in caplog.text
    assert tried.states("1") == {"due"}


def test_what_prefect_refuses_is_told_apart_from_its_absence(
    deployed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    schema = {"type": "object", "properties": {"pair": {"type": "integer"}}}
    deployed.change_deployment(parameter_openapi_schema=schema, parameters={"pair": 1})
    deployed.put("1")

    deployed.lane().wake()

    assert eventually(lambda: rested(caplog))
    assert "Prefect refused" in caplog.text
    assert "does not answer" not in caplog.text
    assert deployed.states("1") == {"due"}


def test_a_run_in_hand_is_stopped_between_its_steps_and_its_keys_stay_due(
    deployed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    deployed.put("slow-1")
    deployed.lane().wake()
    assert eventually((deployed.folder / "begun").exists)

    for run_id in RUNNING.ids():
        assert RUNNING.stop(run_id, because="Enough for today.")

    assert eventually(lambda: rested(caplog))
    (run,) = deployed.runs()
    assert (run["state_type"], run["state"]["message"]) == ("CANCELLED", "Enough for today.")
    assert deployed.states("slow-1") == {"due"}
    assert RUNNING.ids() == []
