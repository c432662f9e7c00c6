"""The watchdogs of the worker: what begins to be wrong becomes an alert, and an event in Prefect.

One worker of an installation watches, whoever holds the lease. Nothing that goes wrong here stops
it, or the process.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    DeploymentFilterTags,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import DeploymentSchedule, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.client.schemas.sorting import FlowRunSort
from prefect.events import emit_event
from prefect.exceptions import PrefectException

from core.defects import log_defect
from core.errors import CausewayError
from core.settings import Settings
from core.times import utc_now
from store.alerts import LAST_WATCHED, Alert, Alerts, Finding
from store.database import Database
from store.runs import Cursors, Leases
from tasks.reconciler.connections import connect
from tasks.watchdogs import Watchdogs, refused
from worker.deployments import TAG

log = logging.getLogger("causeway.worker")

LEASE = "watchdogs"
LEASE_S = 60.0
RUNS_EVERY = timedelta(seconds=30)
"""How often Prefect is asked for the last runs."""
TWICE = 2
"""A schedule whose runs have not completed for so many times its interval is overdue."""
DAILY = timedelta(days=1)
MOST_DEPLOYMENTS = 200
OPENED, CLOSED = "causeway.alert.opened", "causeway.alert.closed"
"""Events in Prefect; `worker/alerts.py` ties a notification to the first."""
Emit = Callable[[Literal["opened", "closed"], str, Alert], None]


def emit(change: Literal["opened", "closed"], pair: str, alert: Alert) -> None:
    """Report the beginning or the end of an alert to Prefect."""
    resource = f"causeway.watchdog.{pair}.{alert.watchdog}"
    emit_event(
        event=OPENED if change == "opened" else CLOSED,
        resource={
            "prefect.resource.id": resource,
            "prefect.resource.name": f"{alert.watchdog} of {pair}",
            "causeway.subject": alert.subject,
        },
        payload={
            "pair": pair,
            "watchdog": alert.watchdog,
            "subject": alert.subject,
            "text": alert.text,
            "remedy": alert.remedy,
            "opened_at": alert.opened_at.isoformat(),
        },
    )


@dataclass
class Watch:
    """Examines every pair until it is stopped."""

    settings: Settings
    database: Database
    owner: str
    stop: threading.Event
    emit: Emit = emit
    clock: Callable[[], datetime] = utc_now
    runs: ScheduledRuns | None = None
    _watchdogs: dict[str, Watchdogs] = field(default_factory=dict)

    def run(self) -> None:
        """Block until stopped."""
        if self.runs is not None:
            asking = threading.Thread(
                target=self.runs.run, args=(self.stop,), name="watch-runs", daemon=True
            )
            asking.start()
        while not self.stop.wait(self.settings.watchdogs.every_s):
            try:
                self.watch()
            except CausewayError as error:
                log.warning("The watchdogs could not examine everything: %s", error)
            except Exception as error:  # noqa: BLE001 - it ends no process that serves the inbox
                log_defect(log, "The watchdogs", error)

    def watch(self) -> None:
        """Examine every pair once, if no other worker does.

        Raises: StoreUnavailableError.
        """
        now = self.clock()
        for pair in sorted(self.settings.pairs):
            connect(pair).keep_requests()
        if not Leases(self.database).acquire(LEASE, self.owner, ttl_s=LEASE_S, now=now):
            return
        for pair in sorted(self.settings.pairs):
            found = self._of(pair, now).watch(now)
            if not refused(found):
                found += self.runs.overdue(pair) if self.runs else ()
            changed = Alerts(self.database).keep(pair, found, now=now)
            Cursors(self.database).set(pair, LAST_WATCHED, now)
            for alert in changed.opened:
                log.warning("Found by %s: %s. %s", _who(alert, pair), alert.text, alert.remedy)
                self.emit("opened", pair, alert)
            for alert in changed.closed:
                log.info("No longer found by %s: %s.", _who(alert, pair), alert.text)
                self.emit("closed", pair, alert)

    def release_lease(self) -> None:
        """Let another worker watch at once. For a process that ends.

        Raises: StoreUnavailableError.
        """
        Leases(self.database).release(LEASE, self.owner)

    def _of(self, pair: str, now: datetime) -> Watchdogs:
        if pair not in self._watchdogs:
            self._watchdogs[pair] = Watchdogs.of(connect(pair), now)
        return self._watchdogs[pair]


@dataclass
class ScheduledRuns:
    """Which schedules have not completed a run for too long, by Prefect's own record."""

    began_at: datetime
    """What was missed while no worker ran is not counted."""
    open_client: Callable[[], SyncPrefectClient] = field(
        default=lambda: get_client(sync_client=True)
    )
    _without_prefect: Sequence[Finding] = ()
    _overdue: Mapping[str, Sequence[Finding]] = field(default_factory=dict)

    def overdue(self, pair: str) -> Sequence[Finding]:
        """The schedules of a pair, as they were found last."""
        return (*self._overdue.get(pair, ()), *self._without_prefect)

    def run(self, stop: threading.Event) -> None:
        """Ask again and again until stopped: a busy server may take a minute to answer."""
        while not stop.wait(RUNS_EVERY.total_seconds()):
            self.ask(utc_now())

    def ask(self, now: datetime) -> None:
        """Ask for the last runs; what was found last stays while Prefect does not answer."""
        try:
            with self.open_client() as client:
                self._overdue = _by_pair(self._find(client, now))
        except (httpx.HTTPError, PrefectException, RuntimeError) as error:
            self._without_prefect = (_without_prefect(error),)
        else:
            self._without_prefect = ()

    def _find(self, client: SyncPrefectClient, now: datetime) -> Iterator[tuple[str, Finding]]:
        deployments = client.read_deployments(
            deployment_filter=DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG])),
            limit=MOST_DEPLOYMENTS,
        )
        for deployment in deployments:
            if deployment.paused or (every := shortest(deployment.schedules)) is None:
                continue
            since = max(self.began_at, deployment.updated or self.began_at)
            if now - since <= TWICE * every:
                continue
            ended_at = _last_completed(client, deployment)
            since = max(since, ended_at) if ended_at else since
            if now - since > TWICE * every:
                flow = client.read_flow(deployment.flow_id).name
                pair = str((deployment.parameters or {}).get("pair", "default"))
                yield pair, _overdue(f"{flow}/{deployment.name}", now - since, every)


def shortest(schedules: Sequence[DeploymentSchedule]) -> timedelta | None:
    """The shortest interval of the active schedules; None where there is none, or a rare one.

    What runs by the clock is taken for daily, unless it is for some days alone.
    """
    found = []
    for one in schedules:
        match one.schedule if one.active else None:
            case IntervalSchedule(interval=interval):
                found.append(interval)
            case CronSchedule(cron=cron) if cron.split()[2:] == ["*", "*", "*"]:
                found.append(DAILY)
    return min(found, default=None)


def _last_completed(client: SyncPrefectClient, deployment: DeploymentResponse) -> datetime | None:
    runs = client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id])),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.COMPLETED]))
        ),
        sort=FlowRunSort.END_TIME_DESC,
        limit=1,
    )
    return runs[0].end_time if runs else None


def _by_pair(found: Iterator[tuple[str, Finding]]) -> dict[str, list[Finding]]:
    by_pair: dict[str, list[Finding]] = {}
    for pair, finding in found:
        by_pair.setdefault(pair, []).append(finding)
    return by_pair


def _overdue(name: str, for_: timedelta, every: timedelta) -> Finding:
    minutes, usual = for_.total_seconds() / 60, every.total_seconds() / 60
    return Finding(
        "schedule",
        name,
        f"{name} has completed no run for {minutes:.0f} minutes, although it is to run every "
        f"{usual:.0f}",
        "See its last runs in Prefect: one that hangs holds its slot until it is cancelled.",
    )


def _who(alert: Alert, pair: str) -> str:
    return f"the watchdog {alert.watchdog} for {pair}"


def _without_prefect(error: Exception) -> Finding:
    return Finding(
        "prefect",
        "prefect",
        f"Prefect's server does not answer ({type(error).__name__}): nothing runs by schedule, and "
        "keys wait",
        "Start it again. Webhooks are kept meanwhile.",
    )
