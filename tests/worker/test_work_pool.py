"""What is on a real Prefect server after a deploy, and the worker that serves it."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.events.schemas.automations import EventTrigger
from waiting import eventually

from cli.main import run as causeway
from core.errors import ConfigError
from core.settings import load_settings
from core.times import utc_now
from store.alerts import Alert
from store.database import open_database
from store.stock import Catalogue, CataloguedProduct
from tasks.reconciler.audit import DIFFERS
from worker.alerts import BLOCK, FAILED, WATCHDOG, failed_run_alert, register_alerts
from worker.deployments import WorkPool, read_prefect_file
from worker.processes import gets_subprocess
from worker.registration import register_work_pool
from worker.service import Polling, poll
from worker.watch import ScheduledRuns, emit

pytestmark = pytest.mark.long


@pytest.fixture
def poll_every_s() -> float:
    return 0.4


@pytest.fixture
def serving(installation: Any, poll_every_s: float) -> Iterator[threading.Thread]:
    """The worker's polling, more often than it would by itself."""
    often = Polling(poll_every_s, poll_every_s, (poll_every_s,), quiet_attempts=2)
    polls = threading.Thread(target=poll, args=(installation.settings, installation.stop, often))
    polls.start()
    yield polls
    (installation.folder / "go-on").touch()
    installation.gate.open()
    installation.stop.set()
    polls.join()


def is_(installation: Any, run_id: str, state: str) -> Callable[[], bool]:
    return lambda: installation.run(run_id)["state_type"] == state


@pytest.mark.usefixtures("serving")
def test_the_run_button_runs_in_the_worker_s_own_process(deployed: Any) -> None:
    deployed.put("1")

    run_id = deployed.press_run()

    assert eventually(is_(deployed, run_id, "COMPLETED"))
    assert deployed.states("1") == {"done"}
    assert deployed.run(run_id)["infrastructure_pid"].startswith("worker:")
    assert (deployed.folder / "pid").read_text("ascii") == str(os.getpid())


@pytest.mark.usefixtures("serving")
def test_a_deployment_that_asks_for_it_runs_in_a_subprocess(deployed: Any) -> None:
    deployed.change_deployment(tags=["causeway", "own-process"])
    deployed.put("1")

    run_id = deployed.press_run()

    assert eventually(is_(deployed, run_id, "COMPLETED"))
    assert deployed.states("1") == {"done"}
    assert (deployed.folder / "pid").read_text("ascii") != str(os.getpid())


@pytest.mark.parametrize(
    ("products", "expected"), [(0, True), (1, False), (5_000, False), (5_001, True)]
)
def test_only_a_comparison_that_is_not_known_to_be_small_gets_a_subprocess(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, products: int, expected: bool
) -> None:
    monkeypatch.setenv("CAUSEWAY_DATABASE_URL", f"sqlite:///{tmp_path / 'causeway.db'}")
    known = [CataloguedProduct(str(one), f"sku-{one}", True, "LIVE") for one in range(products)]
    with closing(open_database(load_settings().database_url)) as database:
        Catalogue(database).put("default", known, now=utc_now())

    assert gets_subprocess(["causeway", "own-process"], "default") is expected
    assert not gets_subprocess(["causeway"], "default")


@pytest.mark.usefixtures("serving")
def test_a_subprocess_that_is_killed_leaves_its_run_crashed(deployed: Any) -> None:
    deployed.change_deployment(tags=["causeway", "own-process"])
    deployed.put("slow-1")
    run_id = deployed.press_run()
    assert eventually((deployed.folder / "begun").exists)

    os.kill(int((deployed.folder / "pid").read_text("ascii")), signal.SIGKILL)

    assert eventually(is_(deployed, run_id, "CRASHED"))


@pytest.mark.usefixtures("serving")
def test_a_work_pool_that_is_made_later_is_served_then(
    installation: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert eventually(lambda: "was `causeway deploy` run?" in caplog.text)

    installation.deploy()

    assert eventually(is_(installation, installation.press_run(), "COMPLETED"))


@pytest.mark.usefixtures("serving")
@pytest.mark.parametrize("tags", [["causeway"], ["causeway", "own-process"]])
def test_a_run_cancelled_in_prefect_stops_between_its_steps_and_its_keys_stay_due(
    deployed: Any, tags: list[str]
) -> None:
    deployed.change_deployment(tags=tags)
    deployed.put("slow-1")
    run_id = deployed.press_run()
    assert eventually((deployed.folder / "begun").exists)

    deployed.ask(f"/flow_runs/{run_id}/set_state", state={"type": "CANCELLING"})

    assert eventually(is_(deployed, run_id, "CANCELLED"))
    assert deployed.states("slow-1") == {"due"}


@pytest.mark.usefixtures("serving")
def test_a_run_that_crashes_leaves_the_pool_served(deployed: Any) -> None:
    deployed.put("exits")
    assert eventually(is_(deployed, deployed.press_run(), "CRASHED"))

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


@pytest.mark.parametrize("poll_every_s", [0.05])
def test_the_pool_is_served_again_after_prefect_was_away_for_long(
    deployed: Any,
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
    poll_every_s: float,
) -> None:
    with deployed.without_retries():
        polls = request.getfixturevalue("serving")
        assert eventually(lambda: deployed.heartbeats() == 1)
        deployed.gate.break_down()
        assert eventually(lambda: "cannot be served" in caplog.text)

        deployed.gate.open()

        assert eventually(lambda: deployed.heartbeats() == 2)
        assert polls.is_alive()


OF_THE_SERVER = {"id", "created", "updated", "status", "deployment_id", "last_polled"}
EXPECT = "expect"
"""Where the names of events stand in any sequence."""


def lasting(record: Any) -> Any:
    """A record of Prefect's without what the server itself makes up and changes."""
    if isinstance(record, dict):
        return {
            k: sorted(v) if k == EXPECT else lasting(v)
            for k, v in record.items()
            if k not in OF_THE_SERVER
        }
    return [lasting(item) for item in record] if isinstance(record, list) else record


def automations(installation: Any) -> list[dict[str, Any]]:
    return list(installation.ask("/automations/filter"))


def test_causeway_deploy_puts_on_the_server_what_prefect_yaml_says(
    installation: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in installation.environment.items():
        monkeypatch.setenv(name, value)
    wanted = {f"{one.entrypoint} {one.name}": one for one in read_prefect_file().deployments}

    assert causeway(["deploy"]) == 0

    answer = installation.ask(
        "/deployments/filter", deployments={"tags": {"all_": [f"pair:{installation.pair}"]}}
    )
    found = {f"{one['entrypoint']} {one['name']}": one for one in answer}
    assert set(found) == set(wanted)
    for name, deployment in found.items():
        assert deployment["tags"] == [*wanted[name].tags, f"pair:{installation.pair}"]
        assert deployment["global_concurrency_limit"]["limit"] == 1
        assert deployment["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
        assert deployment["concurrency_options"]["grace_period_seconds"] == 120
        assert deployment["parameters"] == {**wanted[name].parameters, "pair": installation.pair}
        assert deployment["enforce_parameter_schema"] is True
        assert "pair" in deployment["parameter_openapi_schema"]["properties"]
        assert deployment["work_pool_name"] == installation.pair
        assert deployment["description"] == wanted[name].description
        assert [one["slug"] for one in deployment["schedules"]] == [
            one.slug for one in wanted[name].schedules
        ]
    (often,) = found["flows.orders.sweep_orders every-5-minutes"]["schedules"]
    assert (often["active"], often["schedule"]["interval"]) == (True, 300)
    (nightly,) = found["flows.orders.audit_orders nightly"]["schedules"]
    assert nightly["schedule"]["cron"] == "30 2 * * *"
    assert nightly["schedule"]["timezone"] == "Europe/London"
    assert found["flows.orders.sync_orders on-event"]["schedules"] == []
    assert installation.ask(f"/work_pools/{installation.pair}", "GET")["type"] == "warm"
    assert "sync-orders/on-event" in capsys.readouterr().out


def test_registering_twice_changes_nothing(deployed: Any) -> None:
    before, pool = deployed.deployments(), deployed.ask(f"/work_pools/{deployed.pair}", "GET")

    done = deployed.deploy()

    after = deployed.deployments()
    assert [item.done for item in done[:3]] == ["kept", "updated", "updated"]
    assert lasting(after) == lasting(before)
    assert [after[name]["id"] for name in before] == [one["id"] for one in before.values()]
    assert lasting(deployed.ask(f"/work_pools/{deployed.pair}", "GET")) == lasting(pool)


def test_what_an_operator_paused_stays_paused(deployed: Any) -> None:
    found = deployed.deployments()
    nightly, on_event = found["nightly"]["id"], found["on-event"]["id"]
    (schedule,) = found["nightly"]["schedules"]
    deployed.ask(f"/deployments/{nightly}/schedules/{schedule['id']}", "PATCH", active=False)
    deployed.ask(f"/deployments/{on_event}/pause_deployment")

    deployed.deploy()

    found = deployed.deployments()
    assert [one["active"] for one in found["nightly"]["schedules"]] == [False]
    assert found["nightly"]["paused"] is False
    assert found["on-event"]["paused"] is True


def test_deployments_of_a_pair_that_is_configured_no_more_are_removed(installation: Any) -> None:
    gone = f"gone-{installation.pair}"
    pairs = installation.settings.pairs
    installation.deploy({**pairs, gone: pairs[installation.pair].model_copy(update={"name": gone})})
    assert set(installation.deployments(gone)) == {"on-event", "nightly"}

    done = installation.deploy()

    assert [item.done for item in done].count("removed") == 2
    assert installation.deployments(gone) == {}
    assert set(installation.deployments()) == {"on-event", "nightly"}


def test_a_work_pool_that_exists_keeps_its_type(installation: Any) -> None:
    installation.ask("/work_pools/", name=installation.pair, type="process")

    done = installation.deploy()

    assert installation.ask(f"/work_pools/{installation.pair}", "GET")["type"] == "process"
    assert done[0].done == "kept: it is of type process, prefect.yaml says warm"


def test_a_type_that_no_package_brings_is_refused_with_a_remedy(installation: Any) -> None:
    with installation.prefect() as client, pytest.raises(ConfigError, match="'quantum'") as caught:
        register_work_pool(client, WorkPool(name=installation.pair, type="quantum"))

    assert "Install the Prefect package" in caught.value.remedy


def test_without_a_notification_block_there_is_no_alert_and_deploying_says_how_to_get_one(
    installation: Any,
) -> None:
    with installation.prefect() as client:
        both = register_alerts(client)

    assert automations(installation) == []
    assert [(alert.kind, alert.name) for alert in both] == [("alert", FAILED), ("alert", WATCHDOG)]
    assert all(f"make a notification block named {BLOCK}" in alert.done for alert in both)


@pytest.fixture
def messages(installation: Any) -> Iterator[list[dict[str, Any]]]:
    """What an operator's chat channel receives, by a notification block they made."""
    received: list[dict[str, Any]] = []

    class Channel(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            received.append(json.loads(self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Channel) as channel:
        threading.Thread(target=channel.serve_forever).start()
        block = CustomWebhookNotificationBlock(
            name="channel",
            url=f"http://127.0.0.1:{channel.server_port}/",
            json_data={"subject": "{{subject}}", "body": "{{body}}"},
        )
        block_id = block.save(BLOCK)
        yield received
        installation.ask(f"/block_documents/{block_id}", "DELETE")
        with installation.prefect() as client:
            register_alerts(client)
        channel.shutdown()


@pytest.mark.usefixtures("messages")
def test_alerts_are_reconciled_by_name(installation: Any) -> None:
    with installation.prefect() as client:
        assert [item.done for item in register_alerts(client)] == ["created", "created"]
        both = automations(installation)
        assert {alert["name"] for alert in both} == {FAILED, WATCHDOG}

        assert [item.done for item in register_alerts(client)] == ["updated", "updated"]
        assert lasting(automations(installation)) == lasting(both)

        again = {name: both[0][name] for name in ("name", "trigger", "actions")}
        installation.ask("/automations/", **again)
        assert len(automations(installation)) == 3
        register_alerts(client)
        assert lasting(automations(installation)) == lasting(both)


@pytest.mark.usefixtures("messages")
def test_an_alert_that_an_operator_switched_off_stays_off(installation: Any) -> None:
    with installation.prefect() as client:
        register_alerts(client)
        for alert in automations(installation):
            installation.ask(f"/automations/{alert['id']}", "PATCH", enabled=False)

        register_alerts(client)

    assert [alert["enabled"] for alert in automations(installation)] == [False, False]


def test_a_schedule_that_completes_no_run_is_found_by_prefect_s_own_record(deployed: Any) -> None:
    now, name = utc_now(), f"sync-orders/nightly-{deployed.pair}"
    runs = ScheduledRuns(began_at=now)

    def overdue_in(days: float) -> list[str]:
        runs.ask(utc_now() + timedelta(days=days))
        return [one.subject for one in runs.overdue(deployed.pair)]

    assert overdue_in(1.5) == []
    assert overdue_in(2.5) == [name]


def test_an_audit_that_differs_is_an_event_that_alerts() -> None:
    trigger = failed_run_alert(uuid4()).trigger
    assert isinstance(trigger, EventTrigger)
    assert f"prefect.flow-run.{DIFFERS}" in trigger.expect


@pytest.mark.usefixtures("events")
def test_what_a_watchdog_finds_reaches_whoever_is_to_know(
    installation: Any, messages: list[dict[str, Any]]
) -> None:
    with installation.prefect() as client:
        register_alerts(client)
    now = utc_now()
    hooks = "the subscription to store/order/* was switched off"
    alert = Alert("hooks", "orders", hooks, "See.", opened_at=now, seen_at=now)

    def is_received() -> bool:
        """The server may not know an automation yet that was just made."""
        emit("opened", "demo", alert)
        return bool(messages)

    assert eventually(is_received)
    assert messages[0] == {"subject": "Causeway: hooks (demo)", "body": f"{hooks}.\nSee."}


def test_a_run_that_fails_is_reported_with_its_reason_and_remedy(
    installation: Any, messages: list[dict[str, Any]]
) -> None:
    installation.deploy()
    installation.put("refused-1")

    installation.consumer().notify()

    assert eventually(lambda: messages)
    assert messages[0]["subject"] == "Causeway: sync-orders Failed"
    assert "Renew it" in messages[0]["body"]
