"""Due keys and the runs that process them, against a real Prefect server."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from waiting import eventually

from core.times import utc_now
from store.inbox import Parked
from store.runs import Leases
from worker.consumers import ELSEWHERE_S, LEASE_S, PAUSES_S, InboxConsumer
from worker.execution import ACTIVE_RUNS
from worker.prefect_server import EVENT_TAG, REMEMBER_S, PrefectServer

pytestmark = pytest.mark.long


def settled(installation: Any, *keys: str) -> Callable[[], bool]:
    return lambda: installation.states(*keys) == {"done"}


def pauses(caplog: pytest.LogCaptureFixture) -> list[float]:
    """How long the consumer said that it would pause, in seconds."""
    return [float(pause_s) for pause_s in re.findall(r"next try in (\d+) s", caplog.text)]


def test_due_keys_become_one_run_of_their_deployment(deployed: Any) -> None:
    keys = [str(number) for number in range(200)]
    deployed.put(*keys)

    deployed.consumer().notify()

    assert eventually(settled(deployed, *keys))
    assert eventually(lambda: deployed.ended() == ["COMPLETED"])
    (run,) = deployed.runs()
    assert run["parameters"] == {"pair": deployed.pair}
    assert {EVENT_TAG, "orders", f"pair:{deployed.pair}"} <= set(run["tags"])


def test_new_keys_are_found_and_start_runs_of_their_pair_and_entity(deployed: Any) -> None:
    consumer = InboxConsumer(deployed.settings, deployed.database, deployed.stop)
    deployed.put("1")

    consuming = threading.Thread(target=consumer.run)
    consuming.start()
    assert eventually(settled(deployed, "1"))
    deployed.put("2", "3")
    assert eventually(settled(deployed, "2", "3"))
    deployed.stop.set()
    consuming.join()

    assert set(deployed.ended()) == {"COMPLETED"}


def test_a_key_whose_condition_comes_true_is_worked_off_at_once(deployed: Any) -> None:
    """Long before it would wake by the clock."""
    now, inbox = utc_now(), deployed.inbox
    deployed.put("1")
    inbox.claim(deployed.pair, "orders", owner="a", limit=1, lease_s=60, now=now)
    later = now + timedelta(days=1)
    parked = Parked("1", ("stock:1007",), later, later, "waits for stock")
    inbox.settle(deployed.pair, "orders", "a", [parked], now=now)
    consumer = InboxConsumer(deployed.settings, deployed.database, deployed.stop)
    consuming = threading.Thread(target=consumer.run)
    consuming.start()

    inbox.wake(deployed.pair, ["stock:1007"], now=utc_now())

    assert eventually(settled(deployed, "1"))
    deployed.stop.set()
    consuming.join()


def test_failed_runs_pause_the_consumer_longer_each_time_and_keys_stay_due(
    deployed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    deployed.put("refused-1")
    consumer = deployed.consumer()

    for failures, pause_s in enumerate(PAUSES_S, start=1):
        consumer.notify()
        assert eventually(lambda n=failures: len(pauses(caplog)) == n)
        deployed.clock.now += pause_s - 0.01
        consumer.notify()  # too early: does nothing
        deployed.clock.now += 0.02

    consumer.notify()
    assert eventually(lambda: len(pauses(caplog)) == len(PAUSES_S) + 1)
    assert pauses(caplog) == [*PAUSES_S, PAUSES_S[-1]]
    assert deployed.ended() == ["FAILED"] * (len(PAUSES_S) + 1)
    assert deployed.states("refused-1") == {"due"}
    assert "Renew it" in deployed.runs()[-1]["state"]["message"]


def test_a_success_makes_the_next_pause_short_again(
    deployed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    consumer = deployed.consumer()
    deployed.put("refused-1")
    for failures in (1, 2):
        consumer.notify()
        assert eventually(lambda n=failures: len(pauses(caplog)) == n)
        deployed.clock.now += 1000

    deployed.give_up()
    deployed.put("1")
    consumer.notify()
    assert eventually(settled(deployed, "1"))
    deployed.put("refused-2")
    assert eventually(lambda: consumer.notify() or len(pauses(caplog)) == 3)

    assert pauses(caplog) == [PAUSES_S[0], PAUSES_S[1], PAUSES_S[0]]


@pytest.mark.parametrize("key", ["broken", "exits", "cancels"])
def test_a_run_that_crashes_leaves_the_consumer_alive(
    deployed: Any, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    deployed.put(key)
    consumer = deployed.consumer()
    consumer.notify()
    assert eventually(lambda: pauses(caplog))
    assert deployed.states(key) == {"due"}
    assert deployed.ended() in (["FAILED"], ["CRASHED"])

    deployed.give_up()
    deployed.put("1")
    deployed.clock.now += 1000
    consumer.notify()

    assert eventually(settled(deployed, "1"))


def test_a_run_that_somebody_deletes_before_it_begins_leaves_the_consumer_alive(
    deployed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    class Deleting(PrefectServer):
        """Somebody deletes the first run as soon as it was created."""

        has_deleted = False

        def create_run(self, *args: Any) -> Any:
            run = super().create_run(*args)
            if not self.has_deleted:
                deployed.ask(f"/flow_runs/{run.id}", "DELETE")
            self.has_deleted = True
            return run

    deployed.put("1")
    consumer = deployed.consumer(deployed.server(Deleting))
    consumer.notify()
    assert eventually(lambda: pauses(caplog))
    assert deployed.states("1") == {"due"}

    deployed.clock.now += 1000
    consumer.notify()

    assert eventually(settled(deployed, "1"))


def test_a_run_that_ends_well_and_settles_nothing_pauses_the_consumer(
    deployed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    deployed.put("left-over")
    deployed.consumer().notify()

    assert eventually(lambda: pauses(caplog) == [PAUSES_S[0]])
    assert "left the same keys due" in caplog.text
    assert deployed.ended() == ["COMPLETED"]


def test_a_paused_deployment_keeps_keys_due_until_it_goes_on(
    deployed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    path = f"/deployments/{deployed.deployment['id']}"
    deployed.ask(f"{path}/pause_deployment")
    deployed.put("1")
    consumer = deployed.consumer()
    consumer.notify()
    assert eventually(lambda: "is paused: its keys wait" in caplog.text)
    assert deployed.states("1") == {"due"}
    assert deployed.runs() == []

    deployed.ask(f"{path}/resume_deployment")
    deployed.clock.now += max(REMEMBER_S, ELSEWHERE_S)
    assert eventually(lambda: consumer.notify() or deployed.states("1") == {"done"})


def test_a_lease_held_elsewhere_pauses_the_consumer(deployed: Any) -> None:
    leases = Leases(deployed.database)
    consumer = deployed.consumer()
    assert leases.acquire(consumer.name, "another worker", ttl_s=LEASE_S, now=utc_now())
    deployed.put("1")
    consumer.notify()
    assert eventually(lambda: consumer.is_pausing)
    assert deployed.states("1") == {"due"}
    assert deployed.runs() == []

    leases.release(consumer.name, "another worker")
    deployed.clock.now += ELSEWHERE_S
    consumer.notify()

    assert eventually(settled(deployed, "1"))


def test_a_lease_is_kept_while_a_run_is_in_hand_and_given_back_after_it(deployed: Any) -> None:
    leases = Leases(deployed.database)
    deployed.put("slow-1")
    consumer = deployed.consumer()
    consumer.notify()
    assert eventually((deployed.folder / "begun").exists)
    assert not leases.acquire(consumer.name, "another worker", ttl_s=LEASE_S, now=utc_now())

    (deployed.folder / "go-on").touch()

    assert eventually(
        lambda: leases.acquire(consumer.name, "another worker", ttl_s=LEASE_S, now=utc_now())
    )
    assert deployed.states("slow-1") == {"done"}


def test_a_crashed_worker_keeps_others_out_no_longer_than_its_lease(deployed: Any) -> None:
    consumer = deployed.consumer()
    long_ago = utc_now() - timedelta(seconds=LEASE_S + 1)
    assert Leases(deployed.database).acquire(consumer.name, "gone", ttl_s=LEASE_S, now=long_ago)
    deployed.put("1")

    consumer.notify()

    assert eventually(settled(deployed, "1"))


def test_a_run_that_a_gone_worker_left_unfinished_is_marked_as_crashed(deployed: Any) -> None:
    server = deployed.server()
    abandoned = server.create_run(
        server.deployment(f"sync-orders/on-event-{deployed.pair}"), deployed.pair, "orders"
    )
    server.close()
    deployed.put("1")

    deployed.consumer().notify()

    assert eventually(settled(deployed, "1"))
    states = {run["id"]: run["state_type"] for run in deployed.runs()}
    assert states.pop(str(abandoned.id)) == "CRASHED"
    assert len(states) == 1


def test_keys_stay_due_while_prefect_is_away_and_are_worked_off_when_it_returns(
    deployed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    deployed.gate.shut()
    consumer = deployed.consumer()
    deployed.put("1", "2")
    consumer.notify()
    assert eventually(lambda: "Prefect does not answer" in caplog.text)
    assert deployed.states("1", "2") == {"due"}

    deployed.gate.open()
    consumer.notify()  # too early: the server is asked again after a pause
    deployed.clock.now += 60

    assert eventually(lambda: consumer.notify() or deployed.states("1", "2") == {"done"})
    assert "Prefect answers again" in caplog.text
    assert eventually(lambda: deployed.ended() == ["COMPLETED"])


def test_a_run_whose_end_prefect_does_not_know_is_reported_when_it_returns(
    deployed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    deployed.put("slow-1")
    consumer = deployed.consumer()
    consumer.notify()
    assert eventually((deployed.folder / "begun").exists)
    with deployed.without_retries():
        deployed.gate.shut()
        (deployed.folder / "go-on").touch()
        assert eventually(lambda: "Prefect does not answer" in caplog.text)
    assert deployed.ended() == ["RUNNING"]

    deployed.gate.open()
    deployed.clock.now += 60
    deployed.put("1")

    assert eventually(lambda: consumer.notify() or deployed.states("1") == {"done"})
    assert eventually(lambda: deployed.ended() == ["CRASHED", "COMPLETED"])


def test_a_deployment_that_is_not_registered_is_named_with_the_remedy(
    installation: Any, caplog: pytest.LogCaptureFixture
) -> None:
    installation.put("1")
    installation.consumer().notify()

    assert eventually(lambda: pauses(caplog))
    assert f"sync-orders/on-event-{installation.pair} is not registered" in caplog.text
    assert "causeway deploy" in caplog.text
    assert installation.states("1") == {"due"}


def test_what_prefect_refuses_is_not_mistaken_for_its_absence(
    deployed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    schema = {"type": "object", "properties": {"pair": {"type": "integer"}}}
    deployed.change_deployment(parameter_openapi_schema=schema, parameters={"pair": 1})
    deployed.put("1")

    deployed.consumer().notify()

    assert eventually(lambda: pauses(caplog))
    assert "Prefect refused" in caplog.text
    assert "does not answer" not in caplog.text
    assert deployed.states("1") == {"due"}


def test_a_run_in_hand_is_stopped_between_its_steps_and_its_keys_stay_due(
    deployed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    deployed.put("slow-1")
    deployed.consumer().notify()
    assert eventually((deployed.folder / "begun").exists)

    for run_id in ACTIVE_RUNS.ids():
        assert ACTIVE_RUNS.stop(run_id, because="Enough for today.")

    assert eventually(lambda: pauses(caplog))
    (run,) = deployed.runs()
    assert (run["state_type"], run["state"]["message"]) == ("CANCELLED", "Enough for today.")
    assert deployed.states("slow-1") == {"due"}
    assert ACTIVE_RUNS.ids() == []
