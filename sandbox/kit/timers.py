"""What is to happen later, by the sandbox clock."""

import asyncio
import contextlib
import heapq
import threading
from collections.abc import Callable
from datetime import datetime
from itertools import count

from sandbox.kit.clock import Clock

LOOK_S = 1.0

Act = Callable[[datetime], None]
"""Done at the moment it was due, which is given."""


class Timers:
    """Acts that wait for their moment, earliest first.

    Whoever looks at the system calls `run_due` first, so that nothing due is missing. `run` does
    it for systems at which nobody looks, so that webhooks go out by themselves.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[tuple[datetime, int, Act]] = []
        self._sequence = count()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        clock.on_jump(self._ring)

    def at(self, moment: datetime, act: Act) -> None:
        """Do it then."""
        with self._lock:
            heapq.heappush(self._waiting, (moment, next(self._sequence), act))
        self._ring()

    def run_due(self) -> None:
        """Do everything that is due by now."""
        while (due := self._next_due()) is not None:
            moment, act = due
            act(moment)

    def _next_due(self) -> tuple[datetime, Act] | None:
        now = self._clock.now()
        with self._lock:
            if self._waiting and self._waiting[0][0] <= now:
                moment, _, act = heapq.heappop(self._waiting)
                return moment, act
        return None

    async def run(self) -> None:
        """Do things as they fall due, until cancelled."""
        self._loop = asyncio.get_running_loop()
        try:
            while True:
                self.run_due()
                await self._wait()
        finally:
            self._loop = None

    async def _wait(self) -> None:
        rest = LOOK_S
        if self._waiting:
            rest = min(rest, (self._waiting[0][0] - self._clock.now()).total_seconds())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), max(rest, 0))
        self._wake.clear()

    def _ring(self) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake.set)
