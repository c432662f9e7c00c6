"""Webhooks really sent: queued, tried again by schedule, and unreliable on request."""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any, Protocol

import httpx

from sandbox.kit.clock import POLL_S, Alarm, Clock

TIMEOUT_S = 5.0
AT_ONCE = 20
LOG_SIZE = 5000
SOON_S = 1.0
"""What is due within this time counts as under way."""
SETTLED_POLL_S = 0.005


@dataclass(frozen=True, slots=True)
class Message:
    """One webhook call. `headers` are made anew for each try, at its moment."""

    id: str
    about: str
    """Its scope or event, for the log."""
    method: str
    url: str
    body: bytes
    headers: Callable[[datetime], Mapping[str, str]]


@dataclass(slots=True)
class DeliverySwitches:
    """How unreliable delivery is. Rates from 0 to 1."""

    duplicate_rate: float = 0.0
    loss_rate: float = 0.0
    reorder_rate: float = 0.0
    reorder_s: float = 0.3
    """A message that loses its place comes up to this much later."""
    delay_s: float = 0.0
    retry_time_scale: float = 1.0
    """Waits between tries are multiplied by this: 0.01 makes a minute 0.6 seconds."""


class Policy(Protocol):
    """A vendor's rules about deliveries."""

    def hold_s(self, message: Message) -> float | None:
        """Seconds before this message may be tried at all; 0 for now, None for never."""
        ...

    def settle(self, message: Message, tries: int, status: int | None) -> float | None:
        """The outcome of a try (None: no answer); seconds until the next one, or None to stop."""
        ...


@dataclass(frozen=True, slots=True)
class Try:
    """One try as it went. `status` is None when no answer came."""

    at: str
    id: str
    about: str
    url: str
    number: int
    status: int | None


@dataclass(order=True, slots=True)
class _Queued:
    due: datetime
    sequence: int
    message: Message = field(compare=False)
    tries: int = field(default=0, compare=False)


class Deliveries:
    """The sender of one system. `put` from any thread; `run` is the loop that sends."""

    def __init__(self, clock: Clock, policy: Policy, seed: int = 0) -> None:
        self.switches = DeliverySwitches()
        self.log: deque[Try] = deque(maxlen=LOG_SIZE)
        self._clock = clock
        self._policy = policy
        self._random = Random(seed)  # noqa: S311 - reproducible, not secret
        self._sequence = count()
        self._fresh: deque[_Queued] = deque()
        self._queue: list[_Queued] = []
        self._in_flight = 0
        self._alarm = Alarm()
        clock.on_jump(self._alarm.ring)

    def put(self, message: Message) -> None:
        """Send it soon, unless the switches lose it."""
        switches = self.switches
        if self._struck(switches.loss_rate):
            return
        self._enqueue(message)
        if self._struck(switches.duplicate_rate):
            self._enqueue(message)
        self._alarm.ring()

    def waiting(self) -> int:
        """Messages not settled yet: queued, waiting for their next try, or under way."""
        return len(self._fresh) + len(self._queue) + self._in_flight

    async def settled(self, timeout_s: float) -> bool:
        """Wait until nothing is under way or due soon; whether that came in time."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while not self._is_settled():
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(SETTLED_POLL_S)
        return True

    def _is_settled(self) -> bool:
        if self._fresh or self._in_flight:
            return False
        soon = self._clock.now() + timedelta(seconds=SOON_S)
        return not self._queue or self._queue[0].due > soon

    def document(self) -> dict[str, Any]:
        """Switches, what waits, and the latest tries."""
        return {
            "switches": asdict(self.switches),
            "waiting": self.waiting(),
            "tries": [asdict(item) for item in self.log],
        }

    async def run(self) -> None:
        """Send until cancelled."""
        limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
        slots = asyncio.Semaphore(AT_ONCE)
        with self._alarm.attached():
            async with (
                httpx.AsyncClient(limits=limits, timeout=TIMEOUT_S, trust_env=False) as client,
                asyncio.TaskGroup() as group,
            ):
                while True:
                    await self._wait()
                    while (item := self._next_due()) is not None:
                        self._in_flight += 1
                        await slots.acquire()
                        group.create_task(self._send(client, item, slots))

    def _struck(self, rate: float) -> bool:
        return rate > 0 and self._random.random() < rate

    def _enqueue(self, message: Message) -> None:
        wait = self.switches.delay_s
        if self._struck(self.switches.reorder_rate):
            wait += self._random.uniform(0, self.switches.reorder_s)
        due = self._clock.now() + timedelta(seconds=wait)
        self._fresh.append(_Queued(due, next(self._sequence), message))

    async def _wait(self) -> None:
        """Until something may be due."""
        if self._fresh:
            return
        rest_s = POLL_S
        if self._queue:
            rest_s = (self._queue[0].due - self._clock.now()).total_seconds()
        if rest_s > 0:
            await self._alarm.wait(rest_s)

    def _next_due(self) -> _Queued | None:
        while self._fresh:
            heapq.heappush(self._queue, self._fresh.popleft())
        if self._queue and self._queue[0].due <= self._clock.now():
            return heapq.heappop(self._queue)
        return None

    async def _send(
        self, client: httpx.AsyncClient, item: _Queued, slots: asyncio.Semaphore
    ) -> None:
        try:
            held = self._policy.hold_s(item.message)
            if held is None:
                return
            if held > 0:
                self._retry(item, held)
                return
            item.tries += 1
            status = await self._post(client, item)
            wait = self._policy.settle(item.message, item.tries, status)
            if wait is not None:
                self._retry(item, wait * self.switches.retry_time_scale)
        finally:
            self._in_flight -= 1
            slots.release()

    def _retry(self, item: _Queued, wait_s: float) -> None:
        item.due = self._clock.now() + timedelta(seconds=wait_s)
        heapq.heappush(self._queue, item)
        self._alarm.ring()

    async def _post(self, client: httpx.AsyncClient, item: _Queued) -> int | None:
        message, now = item.message, self._clock.now()
        try:
            answer = await client.request(
                message.method, message.url, content=message.body, headers=message.headers(now)
            )
            status: int | None = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            status = None
        self.log.append(
            Try(now.isoformat(), message.id, message.about, message.url, item.tries, status)
        )
        return status
