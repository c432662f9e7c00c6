"""The deployments under Prefect's own `process` worker, which starts a process for every run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from waiting import eventually

from worker.deployments import WorkPool, WorkPoolName, read_prefect_file
from worker.register import register_deployment, register_work_pool

POOL = "in-processes"
LONG_S = 120.0


def test_a_sweep_in_a_process_of_its_own_brings_the_order(bare: Any) -> None:
    sweep = next(
        one for one in read_prefect_file().deployments if one.entrypoint.endswith("sweep_orders")
    )
    url = bare.services.prefect_api_url
    with temporary_settings({PREFECT_API_URL: url}), get_client(sync_client=True) as client:
        register_work_pool(client, WorkPool(name=POOL, type="process"))
        register_deployment(
            client,
            sweep.model_copy(update={"work_pool": WorkPoolName(name=POOL), "schedules": ()}),
            Path.cwd(),
        )
    bare.processes.start_python(
        "process-worker", "-m", "prefect", "worker", "start", "--pool", POOL,
        environment={**bare.services.environment, "PREFECT_WORKER_QUERY_SECONDS": "1"},
    )  # fmt: skip
    (key,) = bare.place(1)
    deployment = bare.ask("GET", f"/deployments/name/sweep-orders/{sweep.name}")

    run = bare.ask("POST", f"/deployments/{deployment['id']}/create_flow_run", name="by hand")

    path = f"/flow_runs/{run['id']}"
    assert eventually(
        lambda: bare.ask("GET", path)["state_type"] in {"COMPLETED", "FAILED", "CRASHED"},
        within_s=LONG_S,
    )
    assert bare.ask("GET", path)["state_type"] == "COMPLETED"
    assert bare.states([key]) == ["done"]
    bare.check_each_is_there_paid_and_reserved_once([key])
