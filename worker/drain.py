"""The inbox worked off: due keys become one visible run of their deployment, executed right here.

The receiver only writes keys. This loop looks for them many times a second, creates a run of
`sync-<entity>/on-event` on the Prefect server, and executes it in a thread of this process; the run
drains the inbox until nothing is due. One run per pair and entity at a time, held apart from other
workers by a lease. Without a reachable Prefect server keys simply wait.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound
from prefect.states import Pending
from store.database import Database
from store.inbox import Inbox, Waiting
from store.leases import Leases
from store.wake import Watch

from core.errors import CausewayError
from core.settings import Settings
from core.times import utc_now
from worker.execute import execute, load_flow

log = logging.getLogger("causeway.worker")

LONGEST_WAIT_S = 5.0
"""The inbox is looked at this often even if nothing woke us: parked keys wake by the clock."""
LEASE_S = 60.0
PAUSES_S = (2.0, 5.0, 15.0, 60.0, 300.0)
"""How long a lane rests after its first, second … failed run."""

LaneName = tuple[str, str]
"""Pair and entity."""


@dataclass
class _Lane:
    """What one pair and entity is doing."""

    thread: threading.Thread | None = None
    failures: int = 0
    rests_until: float = 0.0

    def is_free(self, now: float) -> bool:
        busy = self.thread is not None and self.thread.is_alive()
        return not busy and now >= self.rests_until


@dataclass
class Drain:
    """Starts runs for due keys until it is told to stop."""

    settings: Settings
    database: Database
    stop: threading.Event
    clock: Callable[[], float] = time.monotonic
    _lanes: dict[LaneName, _Lane] = field(default_factory=dict)
    _deployments: dict[str, tuple[UUID, str]] = field(default_factory=dict)
    _owner: str = field(default_factory=lambda: f"worker-{uuid.uuid4().hex[:12]}")

    def run(self) -> None:
        """Block until stopped; then wait for the runs in hand."""
        watch = Watch(self.database, look_every_s=self.settings.worker.look_every_s)
        inbox = Inbox(self.database)
        while not self.stop.is_set():
            try:
                for waiting in inbox.waiting(utc_now()):
                    self._start(waiting)
                watch.wait(LONGEST_WAIT_S, self.stop)
            except CausewayError as error:
                log.warning("The inbox cannot be read: %s", error)
                self.stop.wait(LONGEST_WAIT_S)
        for lane in self._lanes.values():
            if lane.thread is not None:
                lane.thread.join()

    def _start(self, waiting: Waiting) -> None:
        name = (waiting.pair, waiting.entity)
        lane = self._lanes.setdefault(name, _Lane())
        if not lane.is_free(self.clock()):
            return
        lane.thread = threading.Thread(
            target=self._work_off, args=(name, lane), name=f"drain-{'-'.join(name)}"
        )
        lane.thread.start()

    def _work_off(self, name: LaneName, lane: _Lane) -> None:
        """One run, from creation to its end; a failure rests the lane, never the loop."""
        try:
            with self._alone(name) as mine:
                if not mine:
                    lane.rests_until = self.clock() + PAUSES_S[0]
                    return
                flow_run, entrypoint = self._create_run(*name)
                state = execute(load_flow(entrypoint), flow_run)
                failure = "" if state.is_completed() else str(state.message or state.name)
        except httpx.HTTPError as error:
            failure = f"Prefect cannot be reached ({type(error).__name__}); keys wait"
        except (CausewayError, ObjectNotFound) as error:
            failure = str(error)
        if failure:
            pause = PAUSES_S[min(lane.failures, len(PAUSES_S) - 1)]
            lane.failures += 1
            lane.rests_until = self.clock() + pause
            log.warning("%s of %s: %s. Next try in %.0f s.", name[1], name[0], failure, pause)
        else:
            lane.failures = 0

    def _create_run(self, pair: str, entity: str) -> tuple[FlowRun, str]:
        """A run of the entity's deployment: visible in the UI, executed by whoever made it.

        Created as Pending, so that no polling worker takes it.
        """
        name = f"sync-{entity}/on-event"
        with get_client(sync_client=True) as client:
            if name not in self._deployments:
                deployment = client.read_deployment_by_name(name)
                self._deployments[name] = (deployment.id, deployment.entrypoint or "")
            deployment_id, entrypoint = self._deployments[name]
            try:
                flow_run = client.create_flow_run_from_deployment(
                    deployment_id, parameters={"pair": pair}, state=Pending(), tags=[pair, entity]
                )
            except ObjectNotFound:
                del self._deployments[name]
                raise
        return flow_run, entrypoint

    @contextmanager
    def _alone(self, name: LaneName) -> Iterator[bool]:
        """Hold the lane's lease, and renew it, as long as the run lives."""
        leases = Leases(self.database)
        lease = f"lane:{name[0]}:{name[1]}"
        if not leases.acquire(lease, self._owner, ttl_s=LEASE_S, now=utc_now()):
            yield False
            return
        over = threading.Event()

        def renew() -> None:
            while not over.wait(LEASE_S / 3):
                leases.renew(lease, self._owner, ttl_s=LEASE_S, now=utc_now())

        threading.Thread(target=renew, name=f"lease-{lease}", daemon=True).start()
        try:
            yield True
        finally:
            over.set()
            leases.release(lease, self._owner)
