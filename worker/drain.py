"""The inbox worked off: due keys become one visible run of their deployment, executed right here.

The receiver only writes keys. This loop looks for them many times a second and wakes the lane of
their pair and entity (`lane.py`); a lane creates a run of `sync-<entity>/on-event` on the Prefect
server and executes it in its own thread until nothing is due.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from core.errors import CausewayError
from core.settings import Settings
from core.times import utc_now
from store.database import Database
from store.inbox import Inbox
from store.notifications import InboxListener
from store.runs import Leases
from worker.engine import Reachability
from worker.lane import Lane

log = logging.getLogger("causeway.worker")

LONGEST_WAIT_S = 1.0
"""The inbox is looked at this often even if nothing woke us: parked keys wake by the clock."""
STORE_AWAY_S = 5.0


@dataclass
class Drain:
    """Starts runs for due keys until it is told to stop."""

    settings: Settings
    database: Database
    stop: threading.Event
    clock: Callable[[], float] = time.monotonic
    owner: str = field(default_factory=lambda: f"worker-{uuid.uuid4().hex[:12]}")
    _lanes: dict[tuple[str, str], Lane] = field(default_factory=dict)

    def run(self) -> None:
        """Block until stopped, then until the runs in hand have ended."""
        reachability = Reachability(clock=self.clock)
        watch = InboxListener(self.database, poll_interval_s=self.settings.worker.poll_interval_s)
        inbox = Inbox(self.database)
        while not self.stop.is_set():
            try:
                for waiting in inbox.waiting(utc_now()):
                    self._lane(waiting.pair, waiting.entity, reachability).wake()
                watch.wait(LONGEST_WAIT_S, self.stop)
            except CausewayError as error:
                log.warning("The inbox cannot be read: %s", error)
                self.stop.wait(STORE_AWAY_S)
        for lane in self._lanes.values():
            lane.close()

    def let_go(self) -> None:
        """Give up the lanes of threads that still wait for Prefect. For a process that ends.

        Raises: StoreUnavailableError.
        """
        leases = Leases(self.database)
        for lane in self._lanes.values():
            leases.release(lane.name, self.owner)

    def _lane(self, pair: str, entity: str, reachability: Reachability) -> Lane:
        found = self._lanes.get((pair, entity))
        if found is None:
            found = Lane(
                self.settings,
                self.database,
                pair,
                entity,
                owner=self.owner,
                stop=self.stop,
                reachability=reachability,
                clock=self.clock,
            )
            self._lanes[pair, entity] = found
        return found
