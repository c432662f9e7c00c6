"""The sandbox clock, and acts that wait for their moment by it."""

import asyncio
import contextlib
import heapq
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

POLL_S = 1.0
"""How long a loop sleeps at most, since the clock may be moved."""

Act = Callable[[datetime], None]
"""Done at the moment it was due, which is given."""


class Clock:
    """Real time plus an offset, or a moment that does not pass.

    Thread-safe enough: each operation is one assignment.
    """

    def __init__(self) -> None:
        self._offset = timedelta()
        self._frozen: datetime | None = None
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """Aware UTC."""
        return self._frozen or datetime.now(UTC) + self._offset

    def advance(self, seconds: float) -> None:
        """Jump ahead, and wake those who wait for a moment."""
        step = timedelta(seconds=seconds)
        if self._frozen is None:
            self._offset += step
        else:
            self._frozen += step
        self._wake_listeners()

    def freeze(self, at: datetime) -> None:
        """Stop at a moment (aware) until `advance`."""
        self._frozen = at.astimezone(UTC)
        self._wake_listeners()

    def on_jump(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each jump; from the thread that jumped."""
        self._listeners.append(listener)

    def _wake_listeners(self) -> None:
        for listener in self._listeners:
            listener()


class Alarm:
    """Wakes the event loop that waits on it, from any thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """The running loop is woken until the block ends."""
        self._loop = asyncio.get_running_loop()
        try:
            yield
        finally:
            self._loop = None

    def ring(self) -> None:
        """Wake the loop, if one is attached."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._event.set)

    async def wait(self, seconds: float) -> None:
        """Until the alarm rings, or so many seconds have passed (`POLL_S` at most)."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), max(0.0, min(seconds, POLL_S)))
        self._event.clear()


class Timers:
    """Acts that wait for their moment, earliest first; those of one moment as they were added.

    A read of the system calls `run_due` first, so that nothing due is missing. `run` does it for
    systems without readers, so that webhooks go out by themselves.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[tuple[datetime, int, Act]] = []
        self._sequence = count()
        self._lock = threading.Lock()
        self._alarm = Alarm()
        clock.on_jump(self._alarm.ring)

    def at(self, moment: datetime, act: Act) -> None:
        """Do it then."""
        with self._lock:
            heapq.heappush(self._waiting, (moment, next(self._sequence), act))
        self._alarm.ring()

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
        with self._alarm.attached():
            while True:
                self.run_due()
                rest_s = POLL_S
                if self._waiting:
                    rest_s = (self._waiting[0][0] - self._clock.now()).total_seconds()
                await self._alarm.wait(rest_s)
