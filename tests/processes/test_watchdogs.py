"""What goes wrong in an installation that runs becomes an event in Prefect within a minute."""

from __future__ import annotations

import time
from typing import Any

import pytest
from waiting import eventually

from store.alerts import Alerts

pytestmark = pytest.mark.long

WITHIN_A_MINUTE_S = 60.0


def events(installation: Any, change: str, watchdog: str) -> list[dict[str, Any]]:
    """Events of that watchdog that Prefect knows."""
    wanted = {
        "event": {"name": [f"causeway.alert.{change}"]},
        "resource": {"id": [f"causeway.watchdog.default.{watchdog}"]},
    }
    return list(installation.ask("POST", "/events/filter", filter=wanted)["events"])


def failed_runs(installation: Any) -> int:
    states = {"flow_runs": {"state": {"type": {"any_": ["FAILED", "CRASHED"]}}}}
    return int(installation.ask("POST", "/flow_runs/count", **states))


def test_a_receiver_that_is_killed_is_reported_within_a_minute(whole: Any) -> None:
    whole.processes.kill("receiver")
    began = time.monotonic()

    assert eventually(lambda: events(whole, "opened", "receiver"))
    assert time.monotonic() - began < WITHIN_A_MINUTE_S

    whole.services.start_receiver()
    assert eventually(lambda: events(whole, "closed", "receiver"))


def test_refused_credentials_are_one_alert_and_cost_no_order(whole: Any) -> None:
    whole.faults({"kind": "unauthorized"})
    keys = whole.place(2)

    assert eventually(lambda: events(whole, "opened", "credentials"))
    failed = failed_runs(whole)
    more = whole.place(2)
    assert eventually(lambda: set(whole.states(more)) == {"due"})
    assert failed_runs(whole) == failed
    assert {one.watchdog for one in Alerts(whole.database).list("default")} == {"credentials"}

    whole.faults()
    assert eventually(lambda: whole.are_settled([*keys, *more]))
    assert eventually(lambda: events(whole, "closed", "credentials"))
    assert len(events(whole, "opened", "credentials")) == 1
    whole.check_each_exists_paid_and_reserved_once([*keys, *more])
