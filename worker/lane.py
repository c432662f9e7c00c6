"""One lane: the runs that work off the due keys of one pair and entity, one after the other.

A lane has a thread and an event loop of its own. A lease keeps it apart from the same lane in other
workers. A failed run rests the lane, longer each time, and never harms the process: its keys stay
due.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.responses import DeploymentResponse

from core.errors import CausewayError
from core.settings import Settings
from core.times import utc_now
from store.database import Database
from store.inbox import Inbox
from store.runs import Leases
from worker.deployments import on_event_name
from worker.engine import Engine, PrefectAwayError, Reachability, away
from worker.execute import execute, load_flow
from worker.loop import WarmLoop

log = logging.getLogger("causeway.worker")

LEASE_S = 60.0
PAUSES_S = (2.0, 5.0, 15.0, 60.0, 300.0)
"""How long the lane rests after its first, second … run in a row without success."""
ELSEWHERE_S = 5.0
"""How long it rests when another worker holds the lane, or the deployment is paused."""


class Lane:
    """The due keys of one pair and entity."""

    def __init__(  # noqa: PLR0913 - wired once, by Drain
        self,
        settings: Settings,
        database: Database,
        pair: str,
        entity: str,
        *,
        owner: str,
        stop: threading.Event,
        reachability: Reachability,
        clock: Callable[[], float],
    ) -> None:
        self.name = f"lane:{pair}:{entity}"
        self._pair, self._entity = pair, entity
        self._deployment = on_event_name(settings, pair, entity)
        self._gather_s = settings.pair(pair).sync(entity).batch_window_s
        self._inbox, self._leases = Inbox(database), Leases(database)
        self._engine = Engine(reachability, clock=clock)
        self._reachability = reachability
        self._owner, self._stop, self._clock = owner, stop, clock
        self._wanted = threading.Event()
        self._rests_until = 0.0
        self._failures = 0
        self._cleaned = False
        self._paused = False
        self._thread = threading.Thread(target=self._live, name=self.name, daemon=True)
        self._thread.start()

    @property
    def rests(self) -> bool:
        """Whether it takes no work for a while."""
        return self._clock() < self._rests_until

    def wake(self) -> None:
        """Keys are due: work them off, unless the lane is at it or rests."""
        if not self.rests and self._reachability.may_ask():
            self._wanted.set()

    def close(self, timeout_s: float | None = None) -> None:
        """Wait for the run in hand; the lane is not used again."""
        self._wanted.set()
        self._thread.join(timeout_s)

    def _live(self) -> None:
        with WarmLoop() as loop:
            while not self._stop.is_set():
                self._wanted.wait()
                self._stop.wait(self._gather_s)
                self._wanted.clear()
                if not self._stop.is_set():
                    self._turn(loop)
        self._engine.close()

    def _turn(self, loop: WarmLoop) -> None:
        """Work until nothing is due; whatever goes wrong rests the lane."""
        try:
            self._engine.report_now()
            with self._alone() as mine:
                if not mine:
                    self._rest(ELSEWHERE_S)
                    return
                self._work_off(loop)
        except PrefectAwayError:
            return  # said once by Reachability, which also knows when to ask again
        except CausewayError as error:
            self._failed(str(error))
        except Exception as error:
            # The last line of defence of a process that serves every other lane as well.
            log.exception("The lane %s met an error that is not its own", self.name)
            self._failed(type(error).__name__)

    def _work_off(self, loop: WarmLoop) -> None:
        while not self._stop.is_set() and (since := self._due_since()) is not None:
            deployment = self._engine.deployment(self._deployment)
            if self._is_paused(deployment):
                self._rest(ELSEWHERE_S)
                return
            failure = self._run_once(deployment, loop)
            if not failure and self._due_since() == since:
                failure = "the run ended well and left the same keys due"
            if failure:
                self._failed(failure)
                return
            self._failures = 0

    def _run_once(self, deployment: DeploymentResponse, loop: WarmLoop) -> str:
        """One run from its creation to its end; why it failed, or nothing."""
        flow = load_flow(deployment.entrypoint or "")
        if not self._cleaned:
            self._engine.end_abandoned(deployment, self._pair, self._entity)
            self._cleaned = True
        flow_run = self._engine.create_run(deployment, self._pair, self._entity)
        try:
            loop.open_clients()
            state = execute(flow, flow_run, runner=loop.runner)
        except Exception as error:
            loop.close_clients()
            self._unheard(flow_run, error)
            raise
        return _failure(state)

    def _unheard(self, flow_run: FlowRun, error: Exception) -> None:
        """Prefect does not know how this run ended: it is told as soon as it answers."""
        self._engine.report_later(flow_run.id)
        if away(error):
            self._reachability.lost(error)
            raise PrefectAwayError("Prefect stopped answering during a run.") from error

    def _due_since(self) -> datetime | None:
        for waiting in self._inbox.waiting(utc_now()):
            if (waiting.pair, waiting.entity) == (self._pair, self._entity):
                return waiting.oldest_due_since
        return None

    def _is_paused(self, deployment: DeploymentResponse) -> bool:
        if deployment.paused != self._paused:
            self._paused = bool(deployment.paused)
            does = "is paused: its keys wait" if self._paused else "goes on"
            log.warning("The deployment %s %s.", self._deployment, does)
        return self._paused

    def _failed(self, why: str) -> None:
        pause_s = PAUSES_S[min(self._failures, len(PAUSES_S) - 1)]
        self._failures += 1
        self._rest(pause_s)
        log.warning(
            "%s of %s: %s. Keys stay due; next try in %.0f s.",
            self._entity,
            self._pair,
            why.rstrip("."),
            pause_s,
        )

    def _rest(self, pause_s: float) -> None:
        self._rests_until = self._clock() + pause_s

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Hold the lane's lease, and renew it, as long as there is work."""
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
    return f"the run ended {state.name}: {state.message or 'without a word'}"
