"""The inbox is processed: due keys become one visible run of their deployment, executed right here.

The receiver only writes keys. `InboxConsumer` listens for them and notifies the `EntityConsumer` of
their pair and entity, which creates a run of `sync-<entity>/on-event` on the Prefect server and
executes it in a thread and an event loop of its own until nothing is due.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.responses import DeploymentResponse

from core.crash_points import reached
from core.defects import log_defect
from core.errors import CausewayError
from core.process_identity import new_name, owned_by, this_process
from core.settings import Settings
from core.times import utc_now
from store.database import Database
from store.inbox import Inbox
from store.notifications import InboxListener
from store.runs import Leases
from tasks.reconciler.connections import refusal
from worker.abandoned import AbandonedWork
from worker.deployments import on_event_name
from worker.execution import RunLoop, execute, load_flow
from worker.prefect_server import (
    PrefectServer,
    PrefectUnavailableError,
    Reachability,
    is_unavailable,
)

log = logging.getLogger("causeway.worker")

LONGEST_WAIT_S = 1.0
"""The inbox is read this often even without a notification: parked keys wake by the clock."""
STORE_UNAVAILABLE_S = 5.0
"""How long the consumer pauses when the database does not answer."""
LEASE_S = 60.0
PAUSES_S = (2.0, 5.0, 15.0, 60.0, 300.0)
"""How long an entity pauses after its first, second … run in a row without success."""
ELSEWHERE_S = 5.0
"""How long it pauses when another worker holds the lease, or the deployment is paused."""


@dataclass
class InboxConsumer:
    """Starts runs for due keys until it is stopped."""

    settings: Settings
    database: Database
    stop: threading.Event
    clock: Callable[[], float] = time.monotonic
    owner: str = field(default_factory=lambda: owned_by(this_process(), new_name("worker")))
    _consumers: dict[tuple[str, str], EntityConsumer] = field(default_factory=dict)

    def run(self) -> None:
        """Block until stopped, then until the runs in hand have ended."""
        reachability = Reachability(clock=self.clock)
        listener = InboxListener(
            self.database, poll_interval_s=self.settings.worker.poll_interval_s
        )
        inbox = Inbox(self.database)
        abandoned = AbandonedWork(
            self.database,
            PrefectServer(reachability, clock=self.clock),
            self.settings.worker.work_pool,
            self.stop,
            clock=self.clock,
        )
        threading.Thread(
            target=abandoned.end_runs_until_stopped, name="end-abandoned-runs", daemon=True
        ).start()
        while not self.stop.is_set():
            try:
                abandoned.free_claims()
                for waiting in inbox.waiting(utc_now(), with_backfill=False):
                    self._consumer(waiting.pair, waiting.entity, reachability).notify()
                listener.wait(LONGEST_WAIT_S, self.stop)
            except CausewayError as error:
                log.warning("The inbox cannot be read: %s", error)
                self.stop.wait(STORE_UNAVAILABLE_S)
        for consumer in self._consumers.values():
            consumer.close()

    def release_leases(self) -> None:
        """Give back the leases of threads that still wait for Prefect. For a process that ends.

        Raises: StoreUnavailableError.
        """
        leases = Leases(self.database)
        for consumer in self._consumers.values():
            leases.release(consumer.name, self.owner)

    def _consumer(self, pair: str, entity: str, reachability: Reachability) -> EntityConsumer:
        found = self._consumers.get((pair, entity))
        if found is None:
            found = EntityConsumer(
                self.settings,
                self.database,
                pair,
                entity,
                owner=self.owner,
                stop=self.stop,
                server=PrefectServer(reachability, clock=self.clock),
                clock=self.clock,
            )
            self._consumers[pair, entity] = found
        return found


class EntityConsumer:
    """The runs that process the due keys of one pair and entity, one after the other.

    A lease keeps other workers from doing the same. After a failed run it pauses, longer each
    time; that never harms the process, and the keys stay due.
    """

    def __init__(  # noqa: PLR0913 - wired once, by InboxConsumer
        self,
        settings: Settings,
        database: Database,
        pair: str,
        entity: str,
        *,
        owner: str,
        stop: threading.Event,
        server: PrefectServer,
        clock: Callable[[], float],
    ) -> None:
        self.name = f"consumer:{pair}:{entity}"
        """Of its lease and of its thread."""
        self._pair, self._entity = pair, entity
        self._deployment = on_event_name(settings, pair, entity)
        self._batch_window_s = settings.pair(pair).sync(entity).batch_window_s
        self._inbox, self._leases = Inbox(database), Leases(database)
        self._server = server
        self._owner, self._stop, self._clock = owner, stop, clock
        self._notified = threading.Event()
        self._paused_until = 0.0
        self._failures = 0
        self._cleaned = False
        self._is_deployment_paused = False
        self._thread = threading.Thread(target=self._consume, name=self.name, daemon=True)
        self._thread.start()

    @property
    def is_pausing(self) -> bool:
        """Whether it takes no work for a while."""
        return self._clock() < self._paused_until

    def notify(self) -> None:
        """Keys are due: process them, unless it is doing so or pauses."""
        if not self.is_pausing and self._server.reachability.may_ask():
            self._notified.set()

    def close(self, timeout_s: float | None = None) -> None:
        """Wait for the run in hand; the consumer is not used again."""
        self._notified.set()
        self._thread.join(timeout_s)

    def _consume(self) -> None:
        with RunLoop() as loop:
            while not self._stop.is_set():
                self._notified.wait()
                self._stop.wait(self._batch_window_s)
                self._notified.clear()
                if not self._stop.is_set():
                    self._drain(loop)
        self._server.close()

    def _drain(self, loop: RunLoop) -> None:
        """Work until nothing is due; whatever goes wrong makes it pause."""
        try:
            self._server.report_now()
            with self._lease() as is_held:
                if not is_held:
                    self._pause(ELSEWHERE_S)
                    return
                self._run_until_empty(loop)
        except PrefectUnavailableError:
            return  # said once by Reachability, which also knows when to ask again
        except CausewayError as error:
            self._failed(str(error))
        except Exception as error:  # noqa: BLE001 - it ends no process that serves other entities
            log_defect(log, f"{self._entity} of {self._pair}", error)
            self._failed(type(error).__name__)

    def _run_until_empty(self, loop: RunLoop) -> None:
        while not self._stop.is_set() and (since := self._due_since()) is not None:
            if refusal(self._pair):
                self._pause(ELSEWHERE_S)  # said once, by the watchdog that asks again
                return
            deployment = self._server.deployment(self._deployment)
            if self._is_paused(deployment):
                self._pause(ELSEWHERE_S)
                return
            failure = self._run_once(deployment, loop)
            if not failure and self._due_since() == since:
                failure = "the run ended well and left the same keys due"
            if failure:
                self._failed(failure)
                return
            self._failures = 0

    def _run_once(self, deployment: DeploymentResponse, loop: RunLoop) -> str:
        """One run from its creation to its end; why it failed, or nothing."""
        flow = load_flow(deployment.entrypoint or "")
        if not self._cleaned:
            self._server.end_abandoned(deployment, self._pair, self._entity)
            self._cleaned = True
        flow_run = self._server.create_run(deployment, self._pair, self._entity)
        reached("run-created", self._entity)
        try:
            loop.open_clients()
            state = execute(flow, flow_run, runner=loop.runner)
        except Exception as error:  # whatever it was, Prefect is to know how its run ended
            loop.close_clients()
            self._report_later(flow_run, error)
            raise
        return _failure(state)

    def _report_later(self, flow_run: FlowRun, error: Exception) -> None:
        """Prefect does not know how this run ended: that is reported as soon as it answers."""
        self._server.report_later(flow_run.id)
        if is_unavailable(error):
            self._server.reachability.lost(error)
            raise PrefectUnavailableError("Prefect stopped answering during a run.") from error

    def _due_since(self) -> datetime | None:
        for waiting in self._inbox.waiting(utc_now(), with_backfill=False):
            if (waiting.pair, waiting.entity) == (self._pair, self._entity):
                return waiting.oldest_due_since
        return None

    def _is_paused(self, deployment: DeploymentResponse) -> bool:
        if deployment.paused != self._is_deployment_paused:
            self._is_deployment_paused = bool(deployment.paused)
            does = "is paused: its keys wait" if deployment.paused else "goes on"
            log.warning("The deployment %s %s.", self._deployment, does)
        return self._is_deployment_paused

    def _failed(self, why: str) -> None:
        pause_s = PAUSES_S[min(self._failures, len(PAUSES_S) - 1)]
        self._failures += 1
        self._pause(pause_s)
        log.warning(
            "%s of %s: %s. Keys stay due; next try in %.0f s.",
            self._entity,
            self._pair,
            why.rstrip("."),
            pause_s,
        )

    def _pause(self, pause_s: float) -> None:
        self._paused_until = self._clock() + pause_s

    @contextmanager
    def _lease(self) -> Iterator[bool]:
        """Hold the lease, and renew it, as long as there is work; whether it could be taken."""
        if not self._leases.acquire(self.name, self._owner, ttl_s=LEASE_S, now=utc_now()):
            yield False
            return
        over = threading.Event()
        renewing = threading.Thread(
            target=self._renew_until, args=(over,), name=f"renew-{self.name}", daemon=True
        )
        renewing.start()
        try:
            yield True
        finally:
            over.set()
            renewing.join()
            self._leases.release(self.name, self._owner)

    def _renew_until(self, over: threading.Event) -> None:
        while not over.wait(LEASE_S / 4):
            try:
                self._leases.renew(self.name, self._owner, ttl_s=LEASE_S, now=utc_now())
            except CausewayError as error:
                log.warning("The lease of %s could not be renewed: %s", self.name, error)


def _failure(state: State[object]) -> str:
    """Why a run that reported this state was no success; nothing when it was one."""
    if state.is_completed():
        return ""
    return f"the run ended {state.name}: {state.message or 'without a message'}"
