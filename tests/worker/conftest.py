"""A real Prefect server, and for each test a pair, a work pool and a deployment of its own."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import prefect.context
import pytest
from gate import Gate
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events.clients import NullEventsClient, PrefectEventsClient
from prefect.events.worker import EventsWorker
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_CLIENT_MAX_RETRIES,
    PREFECT_LOGGING_TO_API_ENABLED,
    temporary_settings,
)
from waiting import WITHIN_S, eventually

from cli.deploy import register_all
from cli.processes import Processes
from cli.services import Ports, Services
from core.settings import Pair, Settings, load_settings
from core.times import utc_now
from store.database import Database, open_database
from store.inbox import Dead, Inbox
from worker.consumers import EntityConsumer
from worker.prefect_server import PrefectServer, Reachability
from worker.registration import Registered

FLOWS = Path(__file__).with_name("deployed_flows.py")
SETTINGS = {
    "api_url": PREFECT_API_URL,
    "retries": PREFECT_CLIENT_MAX_RETRIES,
    "logs": PREFECT_LOGGING_TO_API_ENABLED,
}
SETTINGS_OF_PAIR = {
    "CAUSEWAY_BIGCOMMERCE__API_URL": "http://127.0.0.1:9",
    "CAUSEWAY_BIGCOMMERCE__STORE_HASH": "sandbox",
    "CAUSEWAY_BIGCOMMERCE__ACCESS_TOKEN": "t",
    "CAUSEWAY_BIGCOMMERCE__CLIENT_SECRET": "s",
    "CAUSEWAY_BRIGHTPEARL__API_URL": "http://127.0.0.1:9",
    "CAUSEWAY_BRIGHTPEARL__ACCOUNT": "sandbox",
    "CAUSEWAY_BRIGHTPEARL__APP_REF": "a",
    "CAUSEWAY_BRIGHTPEARL__ACCOUNT_TOKEN": "t",
}
PREFECT_FILE = """
work_pools: [{{name: causeway, type: warm}}]
deployments:
  - name: on-event
    entrypoint: {entrypoint}
    tags: [causeway, orders]
    parameters: {{pair: default}}
    work_pool: {{name: causeway}}
  - name: nightly
    entrypoint: {entrypoint}
    tags: [causeway, orders]
    parameters: {{pair: default}}
    schedules: [{{slug: nightly, cron: "30 2 * * *", timezone: Europe/London}}]
    concurrency_limit: {{limit: 1, collision_strategy: CANCEL_NEW, grace_period_seconds: 120}}
    work_pool: {{name: causeway}}
"""


@dataclass
class Clock:
    """Moves only when a test moves it."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Installation:
    """One installation without processes of its own, as a worker finds it."""

    pair: str
    environment: dict[str, str]
    settings: Settings
    database: Database
    http: httpx.Client
    gate: Gate
    folder: Path
    clock: Clock = field(default_factory=Clock)
    consumers: list[EntityConsumer] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    seen: set[str] = field(default_factory=set)

    @property
    def inbox(self) -> Inbox:
        return Inbox(self.database)

    def put(self, *keys: str) -> None:
        """Webhooks name these keys."""
        self.inbox.put(self.pair, "orders", keys, source="webhook", now=utc_now())

    def states(self, *keys: str) -> set[str]:
        return set(self.inbox.states(self.pair, "orders", keys).values())

    @staticmethod
    def prefect() -> SyncPrefectClient:
        return get_client(sync_client=True)

    def give_up(self) -> None:
        """A person gives up what is due."""
        whose = (self.pair, "orders")
        claims = self.inbox.claim(*whose, owner="person", limit=500, lease_s=60, now=utc_now())
        outcomes = [Dead(claim.key, "given up") for claim in claims]
        self.inbox.settle(*whose, "person", outcomes, now=utc_now())

    def deploy(self, pairs: dict[str, Pair] | None = None) -> list[Registered]:
        """What `causeway deploy` does, with flows of the tests, for our pair or for more."""
        file = self.folder / "prefect.yaml"
        file.write_text(PREFECT_FILE.format(entrypoint=f"{FLOWS}:sync_orders"), encoding="utf-8")
        settings = self.settings.model_copy(update={"pairs": pairs or self.settings.pairs})
        return register_all(settings, file)

    def consumer(self, server: PrefectServer | None = None) -> EntityConsumer:
        """The consumer of the pair's orders in one more worker."""
        found = EntityConsumer(
            self.settings,
            self.database,
            self.pair,
            "orders",
            owner=f"worker-{len(self.consumers)}",
            stop=self.stop,
            server=server or self.server(),
            clock=self.clock,
        )
        self.consumers.append(found)
        return found

    def server(self, kind: type[PrefectServer] = PrefectServer) -> PrefectServer:
        """The Prefect server, as a consumer asks it."""
        return kind(Reachability(clock=self.clock), clock=self.clock)

    @contextmanager
    def without_retries(self) -> Iterator[None]:
        """Prefect's client gives up at once, not after a minute."""
        with prefect_settings(retries=0):
            yield

    def close(self) -> None:
        """End the consumers, as a worker does when it is stopped."""
        (self.folder / "go-on").touch()
        self.stop.set()
        for consumer in self.consumers:
            consumer.close()

    def ask(self, path: str, method: str = "POST", **body: Any) -> Any:
        """Prefect's answer; on SQLite it is unavailable for a moment now and then."""
        answers: list[httpx.Response] = []

        def is_answered() -> bool:
            answers.append(self.http.request(method, path, json=body or None))
            return answers[-1].status_code != httpx.codes.SERVICE_UNAVAILABLE

        assert eventually(is_answered)
        assert answers[-1].is_success, answers[-1].text
        return answers[-1].json() if answers[-1].content else None

    @property
    def deployment(self) -> dict[str, Any]:
        return dict(self.ask(f"/deployments/name/sync-orders/on-event-{self.pair}", "GET"))

    def deployments(self, pair: str = "") -> dict[str, dict[str, Any]]:
        """The deployments of a pair, by default the own one, by trigger such as `on-event`."""
        wanted = {"tags": {"all_": [f"pair:{pair or self.pair}"]}}
        found = self.ask("/deployments/filter", deployments=wanted)
        return {one["name"].removesuffix(f"-{pair or self.pair}"): one for one in found}

    def change_deployment(self, **fields: Any) -> None:
        """What somebody changes in Prefect's UI, or another version of Causeway deployed."""
        self.ask(f"/deployments/{self.deployment['id']}", "PATCH", **fields)

    def press_run(self) -> str:
        """The Run button of Prefect's UI; the run's id."""
        body = {"state": {"type": "SCHEDULED"}, "parameters": {"pair": self.pair}}
        path = f"/deployments/{self.deployment['id']}/create_flow_run"
        return str(self.ask(path, **body)["id"])

    def heartbeats(self) -> int:
        """How many different signs of life of a worker of the pool were seen so far."""
        workers = self.ask(f"/work_pools/{self.pair}/workers/filter")
        self.seen.update(worker["last_heartbeat_time"] for worker in workers)
        return len(self.seen)

    def runs(self) -> list[dict[str, Any]]:
        """The runs of the deployment, the oldest first."""
        of_deployment = {"deployments": {"id": {"any_": [self.deployment["id"]]}}}
        found = self.ask(
            "/flow_runs/filter", limit=200, sort="EXPECTED_START_TIME_ASC", **of_deployment
        )
        return list(found)

    def run(self, run_id: str) -> dict[str, Any]:
        return dict(self.ask(f"/flow_runs/{run_id}", "GET"))

    def ended(self) -> list[str]:
        """The states of the runs."""
        return [run["state_type"] for run in self.runs()]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A Prefect server of the tests' own."""
    folder = tmp_path_factory.mktemp("prefect-server")
    with Processes(folder / "log") as processes:
        unscheduled = {"PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false"}
        services = Services.of(processes, folder, Ports.free(), unscheduled)
        services.start_prefect()
        processes.wait_ready(within_s=WITHIN_S)
        yield services


@contextmanager
def prefect_settings(**settings: Any) -> Iterator[None]:
    """Settings of Prefect's for all threads, also for those that begin meanwhile."""
    with temporary_settings({SETTINGS[name]: value for name, value in settings.items()}):
        before = prefect.context.GLOBAL_SETTINGS_CONTEXT
        prefect.context.GLOBAL_SETTINGS_CONTEXT = prefect.context.get_settings_context()
        try:
            yield
        finally:
            prefect.context.GLOBAL_SETTINGS_CONTEXT = before


@pytest.fixture
def no_events() -> Iterator[None]:
    """Events are sent by a queue of the process, which would outlive the tests' server."""
    EventsWorker.set_client_override(NullEventsClient)
    yield
    EventsWorker.set_client_override(None)


@pytest.fixture
def installation(
    server: Services, no_events: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    """A pair without deployments; what the worker asks Prefect goes through a gate."""
    pair = f"p{uuid.uuid4().hex[:8]}"
    database_url = f"sqlite:///{tmp_path}/causeway.db"
    monkeypatch.setenv("CAUSEWAY_DATABASE_URL", database_url)
    monkeypatch.setenv("FLOWS_FOLDER", str(tmp_path))
    environment = {**SETTINGS_OF_PAIR, "CAUSEWAY_PAIR": pair, "CAUSEWAY_WORKER__WORK_POOL": pair}
    settings = load_settings({**environment, "CAUSEWAY_DATABASE_URL": database_url})
    settings = settings.model_copy(update={"default_pair": "default"})
    with (
        Gate(server.ports.prefect) as gate,
        httpx.Client(base_url=server.prefect_api_url, timeout=WITHIN_S) as http,
        prefect_settings(api_url=f"http://127.0.0.1:{gate.port}/api", logs=False),
    ):
        monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{gate.port}/api")
        found = Installation(
            pair, environment, settings, open_database(database_url), http, gate, tmp_path
        )
        yield found
        gate.open()
        found.close()
        found.database.close()


@pytest.fixture
def events(installation: Installation, server: Services) -> Iterator[None]:
    """Events of this process reach the server, all before the test ends."""
    EventsWorker.set_client_override(PrefectEventsClient, api_url=server.prefect_api_url)
    yield
    EventsWorker.drain_all(timeout=WITHIN_S)
    EventsWorker.set_client_override(NullEventsClient)


@pytest.fixture
def deployed(installation: Installation) -> Installation:
    """The same with its deployment on the server."""
    installation.deploy()
    return installation
