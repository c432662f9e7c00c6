"""Processes that work on what is due and may be killed, forked from one that has all imported.

`python forked.py` reads one JSON object per line: the entities to sync, and the crash point that is
armed. For each it forks a process that does what a worker does at its start and then with its keys,
and answers how that process ended: 0, or the signal that killed it below zero.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SUPPORT = Path(__file__).parent


@dataclass
class Workers:
    """Short-lived workers, one after the other."""

    process: subprocess.Popen[str]

    def live(self, *entities: str, crash_at: str = "", sweep: str = "") -> int:
        """One worker from its start to its end; how it ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        life = {"entities": entities, "crash_at": crash_at, "sweep": sweep}
        self.process.stdin.write(f"{json.dumps(life)}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def workers() -> Iterator[Workers]:
    """Workers with the settings of the environment."""
    path = os.pathsep.join([str(SUPPORT), str(SUPPORT.parents[1])])
    with subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, str(SUPPORT / "forked.py")],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Workers(process)
        process.kill()


def main() -> None:
    """Serve one line after the other."""
    from core.engines import silence_telemetry  # noqa: PLC0415 - tests import this module as well
    from expectations.check import warm  # noqa: PLC0415 - the same
    from flows.registry import ENTITIES  # noqa: PLC0415 - the same

    silence_telemetry()
    warm()
    for line in sys.stdin:
        life = json.loads(line)
        pid = os.fork()
        if not pid:
            _live(ENTITIES, life)
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _live(entities: Any, life: dict[str, Any]) -> None:
    """Be one worker, and end the process."""
    from core.times import utc_now  # noqa: PLC0415 - only the parent imports it early
    from store.takeover import take_over  # noqa: PLC0415 - the same
    from tasks.reconciler.connections import connect  # noqa: PLC0415 - the same

    os.environ["CAUSEWAY_TESTING__CRASH_AT"] = life["crash_at"]
    try:
        take_over(connect("default").database, now=utc_now())
        if life["sweep"]:
            asyncio.run(entities[life["sweep"]].sweep.fn("default"))
        for entity in life["entities"]:
            asyncio.run(entities[entity].sync.fn("default"))
    except BaseException:  # noqa: BLE001 - the end of this process
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
