"""An installation of its own on loopback: both sandboxes, Prefect, the receiver and the worker.

The demo plays on one, and each benchmark measures one. What runs is what `causeway up` runs.
"""

from __future__ import annotations

import fcntl
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

import httpx

from agreement.verdict import Sides, Verdict, judge
from cli.display import Progress
from cli.processes import Processes
from cli.services import Ports, Services, sandbox_environment
from cli.webhooks import ensure_webhooks
from core.errors import TransientError
from core.settings import Settings, load_settings
from core.times import utc_now
from demo.controls import Controls
from mappings.bundle import load_bundle
from store.database import Database, open_database
from store.inbox import Inbox
from store.quarantine import Quarantine
from store.statistics import depths
from tasks.bigcommerce.orders import importable_statuses

PAIR = "default"
ENTITY = "orders"
BUSY = ("due", "claimed")
POLL_S = 0.25
IDLE_POLLS = 2
"""So many reads in a row must find nothing to do."""
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
UNAVAILABLE_TRIES = 40
PAGE = 200
"""Of Prefect's API."""


@dataclass(frozen=True)
class Options:
    """How an installation is set up."""

    orders: tuple[Path, ...] = ()
    """Real orders, in Online Retail's format; none is placed before somebody says so."""
    limits: str = "documented"
    seed: int = 1
    skus: int | None = None
    """How large a catalogue is made where there are no files."""
    is_subscribed: bool = True
    """Whether webhooks come; without, only what is made due is worked on."""
    wants_usual_ports: bool = False
    worker: tuple[str, ...] = ()
    """What is run in place of the worker, such as one that measures itself."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Settings besides those of the sandboxes' pair."""

    @property
    def of_sandbox(self) -> tuple[str, ...]:
        """The same for `python -m sandbox`."""
        files = ("--orders", *map(str, self.orders), "--orders-unplaced") if self.orders else ()
        size = () if self.skus is None else ("--skus", str(self.skus))
        return (
            "--limits", self.limits, "--seed", str(self.seed), "--own-orders", "0", *files, *size,
        )  # fmt: skip


class Prefect:
    """The HTTP API of a Prefect server."""

    def __init__(self, api_url: str) -> None:
        self.api_url = api_url

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Its answer; on SQLite it is unavailable for a moment now and then, and asked again.

        Raises: TransientError when it does not answer well.
        """
        for _ in range(UNAVAILABLE_TRIES):
            with suppress(httpx.TimeoutException):
                answer = httpx.request(method, f"{self.api_url}{path}", json=body, timeout=30)
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    break
            time.sleep(POLL_S)
        else:
            raise TransientError(f"Prefect is unavailable at {path}.")
        if answer.is_error:
            raise TransientError(f"Prefect answers {answer.status_code} to {method} {path}.")
        return answer.json() if answer.content else None

    def count_runs(self, flow: str) -> int:
        """Runs of a flow."""
        body = {"flows": {"name": {"any_": [flow]}}}
        return int(self.ask("POST", "/flow_runs/count", body))

    def steps(self, name: str) -> list[dict[str, Any]]:
        """Everything it knows of the steps whose names hold `name`, in any order."""
        found: list[dict[str, Any]] = []
        while True:
            wanted = {
                "task_runs": {"name": {"like_": name}},
                "limit": PAGE,
                "offset": len(found),
                "sort": "ID_DESC",
            }
            page = self.ask("POST", "/task_runs/filter", wanted)
            found += page
            if len(page) < PAGE:
                return found

    def pause_schedules(self) -> None:
        """Run nothing by the clock from here on; what is due, or run by hand, still runs."""
        for deployment in self.ask("POST", "/deployments/filter", {}):
            for schedule in deployment["schedules"]:
                path = f"/deployments/{deployment['id']}/schedules/{schedule['id']}"
                self.ask("PATCH", path, {"active": False})


@dataclass
class Installation:
    """One installation that runs."""

    options: Options
    settings: Settings
    database: Database
    controls: Controls
    services: Services
    progress: Progress
    began_at: datetime = field(default_factory=utc_now)
    placed: int = 0
    """Orders placed so far, for people."""
    not_timed: set[str] = field(default_factory=set)
    """Orders that had to wait on purpose: they say nothing about speed."""

    @property
    def processes(self) -> Processes:
        """What runs."""
        return self.services.processes

    @property
    def prefect(self) -> Prefect:
        """Its Prefect server."""
        return Prefect(self.services.prefect_api_url)

    def wait_idle(self, within_s: float, *entities: str) -> None:
        """Block until nothing is under way or due, of these entities or of all, for a little while.

        Raises: TransientError when time is up; ProcessError when a process has ended.
        """
        until = time.monotonic() + within_s
        idle = 0
        while idle < IDLE_POLLS:
            idle = idle + 1 if self.is_idle(*entities) else 0
            if time.monotonic() > until:
                raise TransientError(
                    f"There is still work after {within_s:.0f} s: {self.counts_text()}.",
                    remedy=f"See the logs under {self.services.folder / 'log'}.",
                )
            time.sleep(POLL_S)

    def pause(self, seconds: float) -> None:
        """Let time pass, as between shoppers, and show the progress.

        Raises: ProcessError when a process has ended.
        """
        time.sleep(seconds)
        self.check()

    def is_idle(self, *entities: str) -> bool:
        """Whether nothing is under way or due at this moment, of these entities or of all."""
        self.check()
        counts = self.counts(*entities)
        return not any(counts[state] for state in BUSY) and self.controls.undelivered() == 0

    def check(self) -> None:
        """Show the progress.

        Raises: ProcessError when a process has ended.
        """
        self.progress.now(self.counts_text())
        self.processes.check()

    def counts(self, *entities: str) -> Counter[str]:
        """Keys of the inbox by state, of these entities or of all."""
        counts: Counter[str] = Counter()
        for line in depths(self.database):
            if not entities or line.entity in entities:
                counts[line.state] += line.count
        return counts

    def counts_text(self) -> str:
        """The inbox, for people."""
        counts = self.counts()
        under_way = sum(counts[state] for state in BUSY)
        return (
            f"{self.placed} orders placed; keys of all records: {counts['done']} settled, "
            f"{under_way} under way, {counts['parked']} waiting, {counts['dead']} in quarantine"
        )

    def run(
        self,
        deployment: str,
        within_s: float,
        *,
        begun: Event | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> float:
        """Press Prefect's Run button of a deployment, such as `reconcile-stock/weekly`.

        Gives the seconds that the run took by Prefect's record; `begun` is set when it begins.

        Raises: TransientError when it does not complete in time.
        """
        found = self.prefect.ask("GET", f"/deployments/name/{deployment}")
        body = {"parameters": {**found["parameters"], **(parameters or {})}}
        path = f"/deployments/{found['id']}/create_flow_run"
        made = self.prefect.ask("POST", path, body)
        until = time.monotonic() + within_s
        while made["state_type"] not in ENDED and time.monotonic() < until:
            time.sleep(POLL_S)
            self.processes.check()
            made = self.prefect.ask("GET", f"/flow_runs/{made['id']}")
            if begun is not None and made["start_time"]:
                begun.set()
        if made["state_type"] != "COMPLETED":
            message = (made.get("state") or {}).get("message") or ""
            raise TransientError(
                f"{deployment} did not complete within {within_s:.0f} s: it is "
                f"{made['state_type'].lower()}. {message}".rstrip()
            )
        began, ended = (datetime.fromisoformat(made[name]) for name in ("start_time", "end_time"))
        return (ended - began).total_seconds()

    def verdict(self) -> Verdict:
        """Whether both systems agree, judged from the sandboxes' own state."""
        store, account = self.controls.states()
        on_sale, levels = self.controls.levels()
        sides = Sides(
            store,
            account,
            on_sale,
            levels,
            parked=Inbox(self.database).reasons(PAIR, ENTITY, "parked").keys(),
            quarantined=Quarantine(self.database).keys(PAIR, ENTITY),
            not_timed=self.not_timed,
        )
        orders, files = self.settings.pair().orders, load_bundle(self.settings.mappings_path)
        importable = importable_statuses(orders, files)
        return judge(sides, importable=importable, since=self.began_at)


@contextmanager
def start_installation(
    folder: Path, options: Options, progress: Progress
) -> Iterator[Installation]:
    """Start everything, the slow parts at the same time; stop it when the block ends.

    Raises: CausewayError when something does not start.
    """
    with Processes(folder / "log") as processes:
        # The usual ports are only worth having where a person stays to use them.
        usual = {"prefect": 4200, "receiver": 8100, "bigcommerce": 8101, "brightpearl": 8102}
        ports = Ports.free(**usual) if options.wants_usual_ports else Ports.free()
        environment = {**sandbox_environment(folder, ports), **options.environment}
        services = Services.of(processes, folder, ports, environment)
        if options.worker:
            services = replace(services, worker=options.worker)
        services.start_all(with_sandboxes=True, sandbox_options=options.of_sandbox)
        settings = load_settings(environment)
        if options.is_subscribed:
            ensure_webhooks(settings)
        database = open_database(settings.database_url)
        urls = [f"http://127.0.0.1:{port}" for port in (ports.bigcommerce, ports.brightpearl)]
        with Controls(*urls) as controls:
            yield Installation(options, settings, database, controls, services, progress)
        database.close()


@contextmanager
def exclusive(folder: Path, what: str) -> Iterator[None]:
    """Hold a folder: a second one would take the first one's database away, or its time.

    Raises: TransientError when another one holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TransientError(
                f"Another {what} is running in {folder.absolute()}.", remedy="Stop it, or wait."
            ) from error
        yield
