"""Processes that are killed, and the database that is away, drawn; each comes back after a while.

A process is killed as a crash kills it, with SIGKILL, and started again as a supervisor would. A
PostgreSQL server is such a process; a SQLite database is locked instead.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from random import Random

from sqlalchemy.engine import make_url

from demo.installation import Installation
from demo.postgresql import PostgresServer

WORKER, RECEIVER, PREFECT, DATABASE = "worker", "receiver", "prefect", "database"
BOTH = f"{WORKER} and {PREFECT}"
TARGETS = (WORKER, WORKER, RECEIVER, PREFECT, BOTH, DATABASE)
PARTS: Mapping[str, Sequence[str]] = {
    WORKER: (WORKER,),
    RECEIVER: (RECEIVER,),
    PREFECT: (PREFECT,),
    BOTH: (WORKER, PREFECT),
    DATABASE: (DATABASE,),
}
AWAY_S = (0.5, 6.0)
"""For how long what was killed stays away."""
READY_WITHIN_S = 300.0


@dataclass
class Kills:
    """What is down right now, and what was killed so far."""

    installation: Installation
    chance: Random
    postgresql: PostgresServer | None = None
    """The server that holds the installation's database; None where that is a file of SQLite."""
    counts: Counter[str] = field(default_factory=Counter)
    _down: dict[str, float] = field(default_factory=dict)
    """Processes that are down, with the moment at which they are started again."""
    _locks: list[threading.Thread] = field(default_factory=list)

    def strike(self, target: str = "") -> str:
        """Kill something that runs; gives what, or nothing where it is down already."""
        wanted = target or self.chance.choice(TARGETS)
        away_s = self.chance.uniform(*AWAY_S)
        if wanted == DATABASE and self.postgresql is None:
            self._lock_database(away_s)
            return wanted
        if self._down and DATABASE in {wanted, *self._down}:
            return ""  # a process that starts without its database ends, which is another subject
        names = [name for name in PARTS[wanted] if name not in self._down]
        for name in names:
            self._kill(name)
            self.counts[name] += 1
            self._down[name] = time.monotonic() + away_s
        return wanted if names else ""

    def mend(self, *, at_once: bool = False) -> None:
        """Start again what was away long enough, or everything."""
        now = time.monotonic()
        for name, since in list(self._down.items()):
            if at_once or now >= since:
                self._starts()[name]()
                del self._down[name]

    def mend_all(self) -> None:
        """Everything runs.

        Raises: ProcessError when something does not start.
        """
        self.mend(at_once=True)
        for lock in self._locks:
            lock.join()
        self.installation.processes.wait_ready(within_s=READY_WITHIN_S)

    def _starts(self) -> Mapping[str, Callable[[], object]]:
        services = self.installation.services
        database = {} if self.postgresql is None else {DATABASE: self.postgresql.start}
        return {
            WORKER: services.start_worker,
            RECEIVER: services.start_receiver,
            PREFECT: services.start_prefect,
            **database,
        }

    def _kill(self, name: str) -> None:
        if name == DATABASE and self.postgresql is not None:
            self.installation.processes.wait_ready(within_s=READY_WITHIN_S)
            self.postgresql.kill()
            return
        self._keep_log(name)
        self.installation.processes.kill(name)

    def _keep_log(self, name: str) -> None:
        """A process that is started again would write over its predecessor's log."""
        log = self.installation.processes.log(name)
        shutil.copyfile(log, log.with_suffix(f".{self.counts[name] + 1}.log"))

    def _lock_database(self, seconds: float) -> None:
        """Nobody can write for a while, as when a disk hangs or another program holds the file."""
        path = make_url(self.installation.settings.database_url).database or ""
        lock = threading.Thread(target=_hold, args=(path, seconds), name="locked", daemon=True)
        lock.start()
        self._locks.append(lock)
        self.counts[DATABASE] += 1


def _hold(path: str, seconds: float) -> None:
    wait_s = seconds + READY_WITHIN_S
    with closing(sqlite3.connect(path, timeout=wait_s, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")
