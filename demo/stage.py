"""Everything a demo needs, started beside each other on loopback and stopped again."""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from cli.display import Progress
from cli.processes import Processes
from cli.services import Ports, Services, sandbox_environment
from cli.webhooks import ensure_webhooks
from core.errors import TransientError
from core.settings import Settings, load_settings
from demo.controls import Controls
from store.database import Database, open_database

PAIR = "default"
FOLDER = Path("var/demo")
RUN_WITHIN_S = 120.0
LOOK_S = 0.25
ASKED_AGAIN = 40
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line."""

    orders: tuple[Path, ...] = ()
    keep: bool = False
    limits: str = "documented"
    seed: int = 1
    skus: int | None = None
    """How large a catalogue is made where there are no files."""

    def of_sandbox(self) -> tuple[str, ...]:
        """The same for `python -m sandbox`: nothing is placed before the demo begins."""
        files = ("--orders", *map(str, self.orders), "--orders-unplaced") if self.orders else ()
        size = () if self.skus is None else ("--skus", str(self.skus))
        return (
            "--limits", self.limits, "--seed", str(self.seed), "--own-orders", "0", *files, *size,
        )  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """A stage that is set: sandboxes, Prefect, receiver and worker, subscribed to each other."""

    options: Options
    settings: Settings
    database: Database
    controls: Controls
    services: Services

    @property
    def processes(self) -> Processes:
        """What runs."""
        return self.services.processes

    def run_now(self, flow: str, **parameters: object) -> None:
        """Press Prefect's Run button for a flow's deployment and wait for the end.

        Raises: TransientError when it does not complete.
        """
        url = self.services.prefect_api_url
        with httpx.Client(base_url=url, timeout=30) as prefect:
            wanted = {"flows": {"name": {"any_": [flow]}}}
            deployment = _ask(prefect, "POST", "/deployments/filter", wanted)[0]
            path = f"/deployments/{deployment['id']}/create_flow_run"
            told = {"parameters": {**deployment["parameters"], **parameters}}
            run = _ask(prefect, "POST", path, told)
            until = time.monotonic() + RUN_WITHIN_S
            while run["state_type"] not in ENDED and time.monotonic() < until:
                time.sleep(LOOK_S)
                run = _ask(prefect, "GET", f"/flow_runs/{run['id']}")
        if run["state_type"] != "COMPLETED":
            raise TransientError(f"The run of {flow} is {run['state_type'].lower()}; see {url}.")


def _ask(prefect: httpx.Client, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - Prefect's JSON
    """Prefect's answer; on SQLite it is unavailable for a moment now and then, and asked again."""
    for _ in range(ASKED_AGAIN):
        answer = prefect.request(method, path, json=body)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
        time.sleep(LOOK_S)
    if answer.is_error:
        raise TransientError(f"Prefect answers {answer.status_code} to {method} {path}.")
    return answer.json()


@contextmanager
def set_up(options: Options, progress: Progress) -> Iterator[Stage]:
    """Start everything, the slow parts beside each other; stop it when the block ends.

    Raises: CausewayError when something does not start.
    """
    with _alone_in(FOLDER), Processes(FOLDER / "log") as processes:
        shutil.rmtree(FOLDER / "prefect", ignore_errors=True)
        # The usual ports are only worth having where a person stays to look.
        usual = {"prefect": 4200, "receiver": 8100, "bigcommerce": 8101, "brightpearl": 8102}
        ports = Ports.free(**usual) if options.keep else Ports.free()
        told = sandbox_environment(FOLDER, ports)
        settings = load_settings(told)
        services = Services.of(processes, FOLDER, ports, told)
        progress.step("starting both sandboxes, Prefect, the receiver and the worker")
        services.start_all(with_sandboxes=True, sandbox_options=options.of_sandbox())
        hooks = ensure_webhooks(settings)
        progress.step(f"all are up, {len(hooks)} webhook subscriptions stand")
        store = f"http://127.0.0.1:{ports.bigcommerce}"
        account = f"http://127.0.0.1:{ports.brightpearl}"
        with Controls(store, account) as controls:
            yield Stage(options, settings, open_database(settings.database_url), controls, services)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder: a second demo would take this one's database away.

    Raises: TransientError when another one holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TransientError(
                f"Another demo is running in {folder.absolute()}.", remedy="Stop it, or wait."
            ) from error
        yield
