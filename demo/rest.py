"""Has everything come to rest? Nothing under way, nothing due, for a little while."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from cli.display import Progress
from core.errors import TransientError
from demo.controls import Controls
from store.database import Database
from store.inbox import Inbox

LOOK_S = 0.25
QUIET_LOOKS = 4
"""So many looks in a row must find nothing to do."""
BUSY = ("due", "claimed")


@dataclass
class Rest:
    """Waits until both systems and the inbox are quiet, showing how things stand."""

    database: Database
    controls: Controls
    progress: Progress
    check: Callable[[], None]
    """Raises when one of the processes has ended."""
    placed: int = 0

    def wait(self, within_s: float) -> None:
        """Block until it is quiet.

        Raises: TransientError when time is up.
        """
        until = time.monotonic() + within_s
        quiet = 0
        while quiet < QUIET_LOOKS:
            quiet = quiet + 1 if self.is_quiet() else 0
            if time.monotonic() > until:
                raise TransientError(
                    f"There is still work after {within_s:.0f} s: {self.shown()}.",
                    remedy="See the logs under var/demo/log.",
                )
            time.sleep(LOOK_S)

    def pause(self, seconds: float) -> None:
        """Let time pass, as between shoppers, and show how things stand."""
        time.sleep(seconds)
        self.progress.now(self.shown())
        self.check()

    def is_quiet(self) -> bool:
        """Whether nothing is under way or due at this moment."""
        self.progress.now(self.shown())
        self.check()
        counts = self.counts()
        return not any(counts[state] for state in BUSY) and self.controls.undelivered() == 0

    def counts(self) -> Counter[str]:
        """Keys of the inbox by state."""
        counts: Counter[str] = Counter()
        for line in Inbox(self.database).depth():
            counts[line.state] += line.count
        return counts

    def shown(self) -> str:
        """How things stand, for people."""
        counts = self.counts()
        under_way = sum(counts[state] for state in BUSY)
        return (
            f"{self.placed} placed, {counts['done']} settled, {under_way} under way, "
            f"{counts['parked']} wait, {counts['dead']} in quarantine"
        )
