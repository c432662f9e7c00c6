"""An installation as it runs: Prefect, receiver, worker and both sandboxes as child processes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from sqlalchemy import select
from waiting import WITHIN_S, eventually

from agreement.differences import differences
from agreement.records import read_orders
from agreement.stock import reservation_of
from cli.processes import Processes
from cli.services import Ports, Services, sandbox_environment
from cli.webhooks import ensure_webhooks
from core.settings import Settings, load_settings
from demo.controls import Controls
from store.database import Database, open_database
from store.inbox import Inbox
from store.tables import inbox, leases
from worker.deployments import WorkPool, WorkPoolName, read_prefect_file
from worker.registration import register_deployment, register_work_pool
from worker.watch import LEASE as WATCHDOGS

PAIR = ("default", "orders")
UNSCHEDULED = {"PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false"}
"""Nothing runs by the clock: what tests see, they caused."""
SANDBOX = ("--limits", "off", "--own-orders", "0")


@dataclass
class Installation:
    """What runs, and what people and tests do with it."""

    services: Services
    settings: Settings
    database: Database
    controls: Controls
    prefect: httpx.Client

    @property
    def processes(self) -> Processes:
        return self.services.processes

    def place(self, count: int) -> list[str]:
        """So many shoppers order and pay; the orders' ids."""
        skus = self.controls.skus()
        return self.controls.place(
            [
                {
                    "email": f"shopper-{number}@example.com",
                    "guest": True,
                    "payment": "captured",
                    "lines": [{"sku": sku, "quantity": 1} for sku in skus[number % 3 :][:2]],
                }
                for number in range(count)
            ]
        )

    def states(self, keys: list[str]) -> list[str]:
        """The states of the keys; nothing for one that the inbox does not know."""
        found = Inbox(self.database).states(*PAIR, keys)
        return [found.get(key, "") for key in keys]

    def are_settled(self, keys: list[str]) -> bool:
        return set(self.states(keys)) == {"done"}

    def faults(self, *rules: dict[str, Any]) -> None:
        """How Brightpearl misbehaves from now on."""
        self.controls.call("brightpearl", "PUT", "faults", list(rules))

    def counts(self) -> dict[str, int]:
        """How many records of each kind Brightpearl has."""
        return dict(self.controls.state("brightpearl", "counts")["counts"])

    def has_more(self, kind: str, before: dict[str, int]) -> bool:
        return self.counts()[kind] > before[kind]

    def check_each_exists_paid_and_reserved_once(self, keys: list[str]) -> None:
        store, account = self.controls.states()
        for records in read_orders(store, account, keys).values():
            assert len(records.sales) == 1
            assert list(differences(records)) == []
            reservation = reservation_of(records, account)
            assert (reservation.units, reservation.reserved) == (2, 2)
        receipts = [one["transaction_ref"] for one in account["payments"].values()]
        assert len(receipts) == len(set(receipts))
        emails = [one["emails"]["PRI"] for one in account["contacts"].values()]
        shoppers = [email for email in emails if email.startswith("shopper-")]
        assert len(shoppers) == len(set(shoppers))

    def owners(self) -> set[str]:
        """Who holds keys."""
        with self.database.read() as connection:
            held = select(inbox.c.owner).where(inbox.c.owner.is_not(None)).distinct()
            return set(connection.scalars(held))

    def state_of(self, run_id: str) -> str:
        """What Prefect says of a run."""
        return str(self.ask("GET", f"/flow_runs/{run_id}")["state_type"])

    def leases(self) -> list[str]:
        """Leases that a worker holds."""
        with self.database.read() as connection:
            return list(connection.scalars(leases.select().with_only_columns(leases.c.name)))

    def logged(self, name: str, text: str) -> int:
        """How often a process has logged this since it was started."""
        return self.processes.log(name).read_text(encoding="utf-8").count(text)

    def start_worker(self) -> None:
        self.services.start_worker()
        self.processes.wait_ready("worker", within_s=WITHIN_S)

    def start_another_worker(self, name: str, prefect_port: int) -> None:
        """A second worker, which finds Prefect at that port."""
        environment = self.services.environment
        self.processes.start_python(
            name, "-m", "cli.main", "worker",
            environment={**environment, "PREFECT_API_URL": f"http://127.0.0.1:{prefect_port}/api"},
            ready=lambda: bool(self.logged(name, "started!")),
        )  # fmt: skip
        self.processes.wait_ready(name, within_s=WITHIN_S)

    @contextmanager
    def worker_held(self) -> Iterator[None]:
        """The worker does nothing for a while; it holds no lease of an entity and so no key."""
        assert eventually(lambda: set(self.leases()) <= {WATCHDOGS})
        worker = self.processes["worker"]
        worker.signal_group(signal.SIGSTOP)
        yield
        worker.signal_group(signal.SIGCONT)

    def register_in_processes(self, flow: str, pool: str) -> str:
        """A flow's shipped deployment once more, in a pool of type `process`; its id."""
        shipped = next(
            one for one in read_prefect_file().deployments if one.entrypoint.endswith(flow)
        )
        url = self.services.prefect_api_url
        changes = {"name": pool, "work_pool": WorkPoolName(name=pool)}
        with temporary_settings({PREFECT_API_URL: url}), get_client(sync_client=True) as client:
            register_work_pool(client, WorkPool(name=pool, type="process"))
            done = register_deployment(client, shipped.model_copy(update=changes), Path.cwd())
        return str(self.ask("GET", f"/deployments/name/{done.name}")["id"])

    def start_process_worker(self, pool: str) -> None:
        """Prefect's own worker, which asks for runs every second."""
        self.processes.start_python(
            pool, "-m", "prefect", "worker", "start", "--pool", pool,
            environment={**self.services.environment, "PREFECT_WORKER_QUERY_SECONDS": "1"},
        )  # fmt: skip

    def start_prefect(self) -> None:
        self.services.start_prefect()
        self.processes.wait_ready("prefect", within_s=WITHIN_S)

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """Prefect's answer; on SQLite it is unavailable for a moment now and then."""
        answers: list[httpx.Response] = []

        def is_answered() -> bool:
            answers.append(self.prefect.request(method, path, json=body or None))
            return answers[-1].status_code != httpx.codes.SERVICE_UNAVAILABLE

        assert eventually(is_answered)
        assert answers[-1].is_success, answers[-1].text
        return answers[-1].json() if answers[-1].content else None


@contextmanager
def started(folder: Path) -> Iterator[Installation]:
    """Both sandboxes and a Prefect server; the other processes are still to be started."""
    ports = Ports.free()
    environment = sandbox_environment(folder, ports)
    settings = load_settings(environment)
    with ExitStack() as stack:
        processes = stack.enter_context(Processes(folder / "log"))
        services = Services.of(processes, folder, ports, environment).on(**UNSCHEDULED)
        services.start_sandboxes(*SANDBOX)
        services.start_prefect()
        store, account = (f"http://127.0.0.1:{n}" for n in (ports.bigcommerce, ports.brightpearl))
        controls = stack.enter_context(Controls(store, account))
        prefect = stack.enter_context(
            httpx.Client(base_url=services.prefect_api_url, timeout=WITHIN_S)
        )
        database = open_database(settings.database_url)
        stack.callback(database.close)
        yield Installation(services, settings, database, controls, prefect)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation in which everything runs and is subscribed to each other."""
    with started(tmp_path_factory.mktemp("whole")) as installation:
        services, processes = installation.services, installation.processes
        services.start_receiver()
        services.start_deploy()
        processes.wait_ready("prefect", within_s=WITHIN_S)
        # Not earlier: a worker that polls holds a deploy up, and itself, in Prefect's SQLite.
        services.start_worker()
        processes.wait_ended("deploy", within_s=WITHIN_S)
        processes.wait_ready(within_s=WITHIN_S)
        ensure_webhooks(installation.settings)
        yield installation
