"""What a worker that died left behind: claims and leases in our database, runs in Prefect.

A run whose process has ended stays Running in Prefect for ever and keeps its deployment's only
slot, so that every later run of the schedule is cancelled. A worker ends such runs as soon as it
starts and Prefect answers, and checks again at times: a subprocess may have been killed as well.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prefect.client.schemas.objects import FlowRun

from core.errors import CausewayError
from core.process_identity import is_gone, parse_identity
from core.times import utc_now
from store.database import Database
from store.takeover import take_over
from worker.prefect_server import PROCESS_LABEL, PrefectServer, PrefectUnavailableError
from worker.warm import process_of_place

log = logging.getLogger("causeway.worker")

FIRST_FOR_S = 60.0
OFTEN_S, SELDOM_S = 5.0, 60.0
"""How often it checks for runs without a process: soon after the start, and later."""
CLAIMS_EVERY_S = 5.0
BEGINS_WITHIN = timedelta(seconds=20)
"""A run that this kind of worker has taken begins within milliseconds; one that has not for so long
was taken by a worker that died. Should it live after all, Prefect does not let the run begin."""
BECAUSE = "The process that executed this run ended without saying so; its keys are due again."


@dataclass
class AbandonedWork:
    """Frees what processes held that have ended, until it is stopped."""

    database: Database
    server: PrefectServer
    work_pool: str
    stop: threading.Event
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = utc_now
    _claims_at: float = field(default=float("-inf"))

    def free_claims(self) -> None:
        """Take over claims and leases, unless that was done a moment ago.

        Raises: StoreUnavailableError.
        """
        if self.clock() < self._claims_at:
            return
        self._claims_at = self.clock() + CLAIMS_EVERY_S
        if taken := take_over(self.database, now=self.now()):
            log.warning(
                "%d keys and %d leases of a process that ended are free again.",
                taken.keys,
                taken.leases,
            )

    def end_runs_until_stopped(self) -> None:
        """End the runs of processes that have ended, again and again."""
        began = self.clock()
        while not self.stop.is_set():
            if self.server.reachability.may_ask():
                self.end_runs()
            is_new = self.clock() - began < FIRST_FOR_S or not self.server.reachability.answers
            self.stop.wait(OFTEN_S if is_new else SELDOM_S)
        self.server.close()

    def end_runs(self) -> int:
        """Mark the runs of processes that have ended as crashed, which frees their slots.

        Gives how many; none where Prefect does not answer.
        """
        try:
            ended = [run for run in self.server.unfinished_runs() if self._is_abandoned(run)]
            for run in ended:
                self.server.end(run.id, BECAUSE)
                log.warning("%s was left unfinished by a process that ended.", run.name)
        except PrefectUnavailableError:
            return 0
        except CausewayError as error:
            log.warning("Runs of processes that ended cannot be ended: %s", error)
            return 0
        return len(ended)

    def _is_abandoned(self, run: FlowRun) -> bool:
        place = process_of_place(run.infrastructure_pid or "")
        owner = place or str(run.labels.get(PROCESS_LABEL, ""))
        if owner:
            identity = parse_identity(owner)
            return identity is not None and is_gone(identity)
        if run.state is None or run.infrastructure_pid or run.work_pool_name != self.work_pool:
            return False
        is_old = run.state.timestamp < self.now() - BEGINS_WITHIN
        return run.state.is_pending() and is_old and self.server.is_warm(self.work_pool)
