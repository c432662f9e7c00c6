"""Who may connect and how much of what they send is read, before anybody is authenticated.

The receiver needs no proxy in front of it to survive the open internet: what a sender may hold of
it (connections, headers, time, attempts) is bounded here, as a proxy's defaults would.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from cachetools import TTLCache
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

log = logging.getLogger("causeway.receiver")

LARGEST_HEAD = 16 * 1024
"""Bytes of the request line and all headers; BigCommerce and Brightpearl send less than two KB."""
HEAD_WITHIN_S = 10.0
"""From the connection, or from the first byte of a later request, to the end of its headers."""
MOST_CONNECTIONS = 1000
SPARE_FILES = 100
"""Open files that the process needs for anything but connections."""
MOST_REFUSALS, REFUSALS_WITHIN_S = 60, 60.0
"""After so many refused deliveries of one source, each within a minute of the last, no more are
read until a minute has passed without one; those that show our secret are always read."""
MOST_SOURCES = 10_000
"""Sources whose refusals are counted at once."""
LOGGED_EVERY_S = 60.0
"""How often one kind of trouble is logged, however often it happens."""


class RareWarnings:
    """Warnings of which each kind is written once a minute, with how often it happened."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counted: Counter[str] = Counter()
        self._written_at: dict[str, float] = {}

    def add(self, what: str, remedy: str) -> None:
        """One more of these."""
        self._counted[what] += 1
        now = self._clock()
        if now - self._written_at.get(what, -LOGGED_EVERY_S) < LOGGED_EVERY_S:
            return
        log.warning("%s (%d times since the last line). %s", what, self._counted[what], remedy)
        self._written_at[what] = now
        del self._counted[what]


class Refusals:
    """How many deliveries of each source were refused lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._counted: TTLCache[str, int] = TTLCache(MOST_SOURCES, REFUSALS_WITHIN_S, clock)

    def add(self, source: str) -> None:
        """One more; forgotten a minute after the last."""
        self._counted[source] = self._counted.get(source, 0) + 1

    def are_too_many(self, source: str) -> bool:
        """Whether nothing more of this source is read for now."""
        return self._counted.get(source, 0) >= MOST_REFUSALS


class HeadTooLargeError(Exception):
    """A request line and headers that no sender needs."""


@dataclass
class Doors:
    """The connections of a receiver."""

    most_connections: int = MOST_CONNECTIONS
    head_within_s: float = HEAD_WITHIN_S
    connections: dict[BoundedProtocol, None] = field(default_factory=dict)
    """Open ones; those that were used last come last."""
    by_source: Counter[str] = field(default_factory=Counter)
    warnings: RareWarnings = field(default_factory=RareWarnings)

    def protocol(self) -> type[BoundedProtocol]:
        """The class of connections that these doors count, for uvicorn."""
        return type("Connection", (BoundedProtocol,), {"doors": self})

    def enter(self, connection: BoundedProtocol) -> None:
        """Count a new connection; where there are too many, one that waits for nothing is closed.

        It is one of the source that holds most of them, the one whose last request is the oldest.
        """
        self.connections[connection] = None
        self.by_source[connection.source] += 1
        if len(self.connections) <= self.most_connections:
            return
        self.warnings.add(
            f"More than {self.most_connections} connections at once: for each new one, the one "
            "that has been idle for longest is closed",
            "If the senders are genuine, raise the limit of open files (ulimit -n).",
        )
        greediest, _ = self.by_source.most_common(1)[0]
        idle = (one for one in self.connections if one.is_idle and one.source == greediest)
        next(idle, next(iter(self.connections))).abort()

    def use(self, connection: BoundedProtocol) -> None:
        """Note that a request has come in."""
        if connection in self.connections:
            self.connections[connection] = self.connections.pop(connection)

    def leave(self, connection: BoundedProtocol) -> None:
        """Forget a connection."""
        if connection in self.connections:
            del self.connections[connection]
            self.by_source[connection.source] -= 1
            if not self.by_source[connection.source]:
                del self.by_source[connection.source]


def doors_of_process() -> Doors:
    """Doors for as many connections as this process may have open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + SPARE_FILES
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
        soft = min(wanted, hard)
    return Doors(most_connections=max(1, min(MOST_CONNECTIONS, soft - SPARE_FILES)))


class BoundedProtocol(HttpToolsProtocol):
    """HTTP on one connection, as uvicorn parses it, of which only so much is read."""

    doors: Doors
    source = ""
    """The sender's address."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection, and wait for its first request for so long."""
        super().connection_made(transport)
        self.source = self.client[0] if self.client else ""
        self._head_size = 0
        self._is_in_head = True
        self._deadline = self.loop.call_later(self.doors.head_within_s, self._refuse_slow)
        self.doors.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._deadline.cancel()
        self.doors.leave(self)
        super().connection_lost(exc)

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def abort(self) -> None:
        """Close the connection at once."""
        self.doors.leave(self)
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head grows beyond what any sender needs."""
        if self._is_in_head:
            self._head_size += len(data)
        super().data_received(data)
        is_open = self.parser is not None and not self.transport.is_closing()
        if is_open and self._is_in_head and self._head_size > LARGEST_HEAD:
            self.send_400_response("Request header fields too large.")

    def on_message_begin(self) -> None:
        """Give the head of a request so much time from its first byte."""
        super().on_message_begin()
        self._is_in_head = True
        self._head_size = 0
        self._deadline.cancel()
        self._deadline = self.loop.call_later(self.doors.head_within_s, self._refuse_slow)

    def on_headers_complete(self) -> None:
        """Hand the request to the application.

        Raises: HeadTooLargeError, which the parser turns into an answer of 400.
        """
        self._deadline.cancel()
        self._is_in_head = False
        if len(self.url) + sum(map(len, sum(self.headers, ()))) > LARGEST_HEAD:
            raise HeadTooLargeError
        self.doors.use(self)
        super().on_headers_complete()

    def _refuse_slow(self) -> None:
        if self._head_size:
            self.doors.warnings.add(
                f"A request without the end of its headers within {self.doors.head_within_s:g} s",
                "Nothing needs to be done: the connection is closed.",
            )
        self.abort()
