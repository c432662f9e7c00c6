"""An installation for one measurement: real processes, both sandboxes, empty databases."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import httpx

from agreement.verdict import Verdict
from bench.plan import Bench
from cli.processes import Processes
from cli.services import Ports, Services, sandbox_environment
from cli.webhooks import ensure_webhooks
from core.errors import ContractError, TransientError
from core.settings import load_settings
from core.times import utc_now
from demo.controls import Controls
from demo.play import Play
from demo.rest import Rest
from demo.stage import ASKED_AGAIN, ENDED, LOOK_S, PAIR, Options, Stage
from store.database import open_database
from store.inbox import Inbox

System = Literal["bigcommerce", "brightpearl"]
READS = ("GET ", "HEAD ", "OPTIONS ")
ENTITY = "orders"
PAGE = 200
"""Of Prefect's API."""


@dataclass(frozen=True)
class Counted:
    """Requests that one sandbox counted itself."""

    total: int
    throttled: int
    by_request: Mapping[str, int]

    @property
    def writes(self) -> int:
        """Those that may have changed something."""
        return sum(
            count for request, count in self.by_request.items() if not request.startswith(READS)
        )

    def most(self, count: int = 8) -> str:
        """The commonest requests, for people."""
        ranked = sorted(self.by_request.items(), key=lambda item: -item[1])
        return ", ".join(f"{number} x {request}" for request, number in ranked[:count])


@dataclass(frozen=True)
class House:
    """One installation that runs, and what a measurement does with it."""

    stage: Stage
    play: Play

    @property
    def controls(self) -> Controls:
        """What shoppers and staff do."""
        return self.stage.controls

    @property
    def worker(self) -> int:
        """The worker's process id."""
        return self.stage.processes["worker"].pid

    def due(self, keys: Iterable[str], *, source: str = "operator") -> None:
        """Keys that may need work, all at once."""
        Inbox(self.stage.database).put(PAIR, ENTITY, keys, source=source, now=utc_now())

    def settle(self, within_s: float) -> None:
        """Block until nothing is under way or due.

        Raises: TransientError when time is up; ProcessError when a part has ended.
        """
        self.play.rest.wait(within_s)

    def verdict(self) -> Verdict:
        """Both sides, compared."""
        return self.play.verdict()

    def counted(self, system: System) -> Counted:
        """Requests since `forget_requests`."""
        told = answered(getattr(self.controls, system).get("/_sandbox/requests"))
        by_request = {name: int(row["count"]) for name, row in told["requests"].items()}
        return Counted(int(told["total"]), int(told["throttled"]), by_request)

    def state(self, system: System, *only: str) -> dict[str, Any]:
        """Parts of a sandbox's state."""
        only_these = {"only": ",".join(only)}
        told: dict[str, Any] = answered(
            getattr(self.controls, system).get("/_sandbox/state", params=only_these)
        )
        return told

    def switch(self, system: System, **switches: object) -> None:
        """Set what a sandbox is otherwise told at its start."""
        answered(getattr(self.controls, system).put("/_sandbox/switches", json=switches))

    def restock(self, units: int) -> list[str]:
        """Give both systems this much of everything that has stock; the SKUs."""
        variants = self.state("bigcommerce", "variants")["variants"].values()
        skus = [variant["sku"] for variant in variants if variant["available"] > 0]
        sent = [{"sku": sku, "on_hand": units} for sku in skus]
        for client in (self.controls.bigcommerce, self.controls.brightpearl):
            answered(client.post("/_sandbox/stock", json=sent))
        return skus

    def pause_schedules(self) -> None:
        """Nothing runs by the clock from here on; what is due, or run by hand, still does.

        Raises: TransientError when Prefect does not pause a schedule.
        """
        with httpx.Client(base_url=self.stage.services.prefect_api_url, timeout=30) as prefect:
            for deployment in _asked(prefect.post, "/deployments/filter", json={}):
                for schedule in deployment["schedules"]:
                    path = f"/deployments/{deployment['id']}/schedules/{schedule['id']}"
                    _asked(prefect.patch, path, json={"active": False})

    def run(self, deployment: str, within_s: float, begun: threading.Event | None = None) -> float:
        """Press Prefect's Run button, such as of `reconcile-stock/nightly`; seconds that it took.

        `begun` is set when its flow begins. The worker takes it up; the seconds are from its
        beginning there to its end, as Prefect has them.

        Raises: TransientError when it does not end well in time.
        """
        with httpx.Client(base_url=self.stage.services.prefect_api_url, timeout=30) as prefect:
            found = _asked(prefect.get, f"/deployments/name/{deployment}")
            made = _asked(prefect.post, f"/deployments/{found['id']}/create_flow_run", json={})
            until = time.monotonic() + within_s
            while made["state_type"] not in ENDED and time.monotonic() < until:
                time.sleep(LOOK_S)
                self.stage.processes.check()
                made = _asked(prefect.get, f"/flow_runs/{made['id']}")
                if begun is not None and made["start_time"]:
                    begun.set()
        if made["state_type"] != "COMPLETED":
            raise TransientError(
                f"{deployment} did not end well within {within_s:.0f} s: it is "
                f"{made['state_type'].lower()}. {(made.get('state') or {}).get('message') or ''}"
            )
        began, ended = (datetime.fromisoformat(made[name]) for name in ("start_time", "end_time"))
        return (ended - began).total_seconds()

    def steps(self, name: str) -> list[dict[str, Any]]:
        """Everything that Prefect knows of the steps of a name, in any order.

        Raises: TransientError when Prefect does not say.
        """
        found: list[dict[str, Any]] = []
        with httpx.Client(base_url=self.stage.services.prefect_api_url, timeout=30) as prefect:
            while True:
                wanted = {
                    "task_runs": {"name": {"like_": name}},
                    "limit": PAGE,
                    "offset": len(found),
                    "sort": "ID_DESC",
                }
                page = _asked(prefect.post, "/task_runs/filter", json=wanted)
                found += page
                if len(page) < PAGE:
                    return found

    def runs(self, flow: str = "sync-orders") -> int:
        """Runs of a flow that Prefect knows.

        Raises: TransientError when Prefect does not say.
        """
        url = f"{self.stage.services.prefect_api_url}/flow_runs/count"
        answer = httpx.post(url, json={"flows": {"name": {"any_": [flow]}}}, timeout=30)
        if answer.is_error:
            raise TransientError(f"Prefect answers {answer.status_code} to a count of runs.")
        return int(answer.json())


@contextmanager
def house(  # noqa: PLR0913 - what an installation can differ in
    bench: Bench,
    name: str,
    *,
    limits: str = "off",
    days: Sequence[Path] = (),
    is_subscribed: bool = True,
    skus: int | None = None,
) -> Iterator[House]:
    """Start everything in a folder that is emptied first; stop it when the block ends.

    Without subscriptions no webhook comes: only what a measurement makes due is worked on.

    Raises: CausewayError when something does not start.
    """
    folder = bench.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    options = Options(orders=tuple(days), limits=limits, skus=skus)
    with Processes(folder / "log") as processes:
        ports = Ports.free()
        told = sandbox_environment(folder, ports)
        services = Services.of(processes, folder, ports, told)
        bench.progress.step(f"{name}: starting an installation of its own")
        services.start_all(with_sandboxes=True, sandbox_options=options.of_sandbox())
        settings = load_settings(told)
        if is_subscribed:
            ensure_webhooks(settings)
        urls = [f"http://127.0.0.1:{port}" for port in (ports.bigcommerce, ports.brightpearl)]
        with Controls(*urls) as controls:
            database = open_database(settings.database_url)
            stage = Stage(options, settings, database, controls, services)
            rest = Rest(database, controls, bench.progress, processes.check)
            bench.progress.step(f"{name}: all parts are up")
            yield House(stage, Play(stage, bench.progress, rest))
            database.close()


def _asked(call: Callable[..., httpx.Response], path: str, **told: object) -> Any:  # noqa: ANN401 - Prefect's JSON
    """Prefect's answer; on SQLite it is unavailable for a moment now and then, and asked again.

    Raises: TransientError when it does not answer well.
    """
    for _ in range(ASKED_AGAIN):
        with suppress(httpx.TimeoutException):
            answer = call(path, **told)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
        time.sleep(LOOK_S)
    else:
        raise TransientError(f"Prefect is unavailable at {path}.")
    if answer.is_error:
        raise TransientError(f"Prefect answers {answer.status_code} at {path}.")
    return answer.json() if answer.content else None


def answered(answer: httpx.Response) -> Any:  # noqa: ANN401 - the sandbox's JSON
    """What a sandbox says.

    Raises: ContractError when it does not do as it was told.
    """
    if answer.is_error:
        raise ContractError(
            f"The sandbox answers {answer.status_code} to {answer.request.url.path}: "
            f"{answer.text[:300]}"
        )
    return answer.json()
