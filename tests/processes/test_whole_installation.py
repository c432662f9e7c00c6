"""Everything as real processes: what a crash, a stop and an outage leave behind."""

from __future__ import annotations

import logging
import signal
import time
from functools import partial
from typing import Any

import httpx
import pytest
from gate import Gate
from waiting import WITHIN_S, eventually

pytestmark = pytest.mark.long

log = logging.getLogger(__name__)
ORDERS = 31
TAKEN_OVER_WITHIN_S = 15.0
ENDED_WITHIN_S = 30.0
"""On a machine that does other things as well; docs/performance.md has what was measured."""
SLOWLY = {"kind": "slow", "ms": 500, "path": "multi-message"}
"""Ten writes travel in a message, three messages at once: a batch takes a while."""


@pytest.fixture(autouse=True)
def undisturbed(whole: Any) -> Any:
    """Brightpearl answers at once again after each test."""
    yield
    whole.faults()


def test_orders_arrive_by_webhook(whole: Any) -> None:
    keys = whole.place(3)

    assert eventually(lambda: whole.are_settled(keys))

    whole.check_each_exists_paid_and_reserved_once(keys)


def test_a_worker_killed_in_mid_batch_twice_leaves_each_order_once_paid_once_and_reserved_once(
    whole: Any,
) -> None:
    """Killed while orders are being created, and again while they are being paid for."""
    before = whole.counts()
    whole.faults(SLOWLY)
    keys = whole.place(ORDERS)
    for kind in ("sales_orders", "payments"):
        assert eventually(partial(whole.has_more, kind, before))
        whole.processes.kill("worker")
        assert "claimed" in whole.states(keys)
        whole.start_worker()
    whole.faults()

    assert eventually(lambda: whole.are_settled(keys))

    whole.check_each_exists_paid_and_reserved_once(keys)


def test_a_restarted_worker_works_at_once_on_what_the_killed_one_held(whole: Any) -> None:
    whole.faults(SLOWLY)
    keys = whole.place(ORDERS)
    assert eventually(lambda: "claimed" in whole.states(keys))
    whole.processes.kill("worker")
    whole.faults()
    held = whole.owners()

    whole.start_worker()
    began = time.monotonic()
    assert eventually(lambda: (whole.owners() - held) or whole.are_settled(keys))

    took_s = time.monotonic() - began
    log.info("worked on again %.1f s after the worker was ready", took_s)
    assert took_s < TAKEN_OVER_WITHIN_S
    assert eventually(lambda: whole.are_settled(keys))
    whole.check_each_exists_paid_and_reserved_once(keys)


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_a_sweep_whose_worker_and_server_ended_together_holds_up_no_later_one(
    whole: Any, how: str
) -> None:
    deployment = whole.ask("GET", "/deployments/name/sweep-orders/every-5-minutes")["id"]
    create = f"/deployments/{deployment}/create_flow_run"
    whole.faults({**SLOWLY, "ms": 3000})
    whole.controls.deliver(loss_rate=1)
    keys = whole.place(ORDERS)
    run = whole.ask("POST", create, state={"type": "SCHEDULED"})["id"]
    assert eventually(lambda: "claimed" in whole.states(keys))
    if how == "killed":
        whole.processes.kill("worker")
        whole.processes.kill("prefect")
    else:
        whole.processes["prefect"].signal_group(signal.SIGTERM)
        whole.processes.stop("worker")
        whole.processes.stop("prefect")
    whole.faults()
    whole.controls.deliver(loss_rate=0)

    whole.start_worker()
    whole.start_prefect()
    began = time.monotonic()
    assert eventually(lambda: whole.state_of(run) in {"CRASHED", "CANCELLED"})
    took_s = time.monotonic() - began
    log.info("the dead sweep was ended %.1f s after Prefect answered again", took_s)
    later = whole.ask("POST", create, state={"type": "SCHEDULED"})["id"]

    assert eventually(lambda: whole.state_of(later) in {"COMPLETED", "CANCELLED", "FAILED"})
    assert whole.state_of(later) == "COMPLETED"
    assert took_s < ENDED_WITHIN_S
    assert eventually(lambda: whole.are_settled(keys))
    whole.check_each_exists_paid_and_reserved_once(keys)


def test_a_worker_that_is_stopped_ends_its_step_and_gives_its_keys_back(whole: Any) -> None:
    before = whole.counts()
    whole.faults(SLOWLY)
    keys = whole.place(ORDERS)
    assert eventually(lambda: whole.has_more("sales_orders", before))

    assert whole.processes.stop("worker") == 0

    assert whole.logged("worker", "causeway.worker - stopped\n") == 1
    assert "claimed" not in whole.states(keys)
    assert whole.leases() == []
    whole.faults()
    whole.start_worker()
    assert eventually(lambda: whole.are_settled(keys))
    whole.check_each_exists_paid_and_reserved_once(keys)


def test_while_prefect_is_away_webhooks_are_answered_200_and_worked_off_when_it_returns(
    whole: Any,
) -> None:
    worker = whole.processes["worker"].pid
    whole.processes.stop("prefect")
    keys = whole.place(3)
    assert eventually(lambda: "" not in whole.states(keys))
    assert set(whole.states(keys)) == {"due"}
    receiver = f"http://127.0.0.1:{whole.services.ports.receiver}"
    event = {
        "scope": "store/order/updated",
        "producer": "stores/sandbox",
        "data": {"type": "order", "id": int(keys[0])},
    }
    secret = {"X-Causeway-Secret": "sandbox-webhook-secret"}
    answer = httpx.post(
        f"{receiver}/webhooks/bigcommerce/default", json=event, headers=secret, timeout=WITHIN_S
    )
    assert answer.status_code == 200

    whole.start_prefect()

    assert eventually(lambda: whole.are_settled(keys))
    whole.check_each_exists_paid_and_reserved_once(keys)
    assert whole.processes["worker"].pid == worker


def test_a_worker_is_stopped_in_time_though_prefect_is_away(whole: Any) -> None:
    with Gate(whole.services.ports.prefect) as gate:
        whole.start_another_worker("second-worker", gate.port)
        gate.shut()

        assert whole.processes.stop("second-worker") == 0


def test_a_sweep_brings_an_order_under_prefect_s_own_process_worker(whole: Any) -> None:
    """A process for each run, by the shipped deployment; no other worker is awake."""
    pool = "in-processes"
    deployment = whole.register_in_processes("sweep_orders", pool)
    whole.start_process_worker(pool)
    whole.controls.deliver(loss_rate=1)
    with whole.worker_held():
        keys = whole.place(1)
        run = whole.ask("POST", f"/deployments/{deployment}/create_flow_run", name="by hand")
        path = f"/flow_runs/{run['id']}"
        assert eventually(
            lambda: whole.ask("GET", path)["state_type"] in {"COMPLETED", "FAILED", "CRASHED"},
        )
        ended = whole.ask("GET", path)
    whole.controls.deliver(loss_rate=0)
    whole.processes.stop(pool)  # how Prefect's own worker ends on a busy machine is its matter

    assert (ended["state_type"], ended["work_pool_name"]) == ("COMPLETED", pool)
    assert whole.are_settled(keys)
    whole.check_each_exists_paid_and_reserved_once(keys)
