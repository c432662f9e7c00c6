"""What a pair's runs share: one store, one account, our database, and what is cached between runs.

A process keeps one `Connections` per pair: HTTP connections, budgets and caches stay warm.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self, TypeVar, cast

from cachetools import LRUCache

from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl.client import Brightpearl
from connectors.budget import Priority
from core import crash_points
from core.settings import Pair, Settings, load_settings
from core.times import utc_now
from mappings.bundle import Bundle, load_bundle
from store.activity import Requests
from store.database import Database, database_of
from store.versions import Versions
from tasks.reconciler.capacity import Capacity

T = TypeVar("T")
VERSION_AGE_S = 86_400.0
"""How long a published version is at hand; it never changes."""
SYSTEMS = ("bigcommerce", "brightpearl")
MOST_CACHED = 64
"""Names in the cache of a pair: reference data, time zone, costs …"""


class Cache:
    """Values that are read rarely, each with its own longest age. Safe between threads."""

    def __init__(self) -> None:
        self._values: LRUCache[str, tuple[float, Any]] = LRUCache(MOST_CACHED)
        self._lock = threading.Lock()

    def get(self, name: str, read: Callable[[], T], *, max_age_s: float) -> T:
        """The value of a name, read anew when the one at hand is older than `max_age_s`."""
        with self._lock:
            read_at, found = self._values.get(name, (0.0, None))
        if found is not None and time.monotonic() - read_at < max_age_s:
            return cast("T", found)
        started_at, value = time.monotonic(), read()
        with self._lock:
            self._values[name] = (started_at, value)
        return value


class RequestCounts:
    """How many requests of a process are kept already. Safe between threads."""

    def __init__(self) -> None:
        self._kept: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take_new(self, sent: Counter[str]) -> dict[str, int]:
        """Those that were sent since the last time."""
        with self._lock:
            new = sent - self._kept
            self._kept |= sent
        return dict(new)


@dataclass(frozen=True)
class Connections:
    """One pair, connected."""

    settings: Settings
    pair: Pair
    database: Database
    bigcommerce: BigCommerce
    brightpearl: Brightpearl
    clock: Callable[[], datetime] = utc_now
    """The time, aware UTC."""
    cache: Cache = field(default_factory=Cache)
    capacity: Capacity = field(default_factory=Capacity)
    counted: RequestCounts = field(default_factory=RequestCounts)

    def at(self, priority: Priority) -> Self:
        """The same pair, whose requests have this priority."""
        return replace(
            self,
            bigcommerce=self.bigcommerce.at(priority),
            brightpearl=self.brightpearl.at(priority),
        )

    def requests(self) -> Counter[str]:
        """Requests of this process: `bigcommerce`, `brightpearl`, `throttled`, `failed`."""
        store, account = self.bigcommerce.usage(), self.brightpearl.usage()
        return Counter(
            bigcommerce=store.sent,
            brightpearl=account.sent,
            throttled=store.throttled + account.throttled,
            failed=store.failed + account.failed,
        )

    def keep_requests(self) -> None:
        """Add what was sent since the last time to the requests of this hour.

        Raises: StoreUnavailableError.
        """
        sent = Counter({name: self.requests()[name] for name in SYSTEMS})
        Requests(self.database).add(self.pair.name, self.clock(), self.counted.take_new(sent))


_open: dict[str, Connections] = {}
_opening = threading.Lock()
"""Two threads that connect at once get the same connections, budget and observations."""


def connect(pair_name: str, *, clock: Callable[[], datetime] = utc_now) -> Connections:
    """The connections of a pair, opened once per process.

    Raises: ConfigError when the pair is not configured; StoreUnavailableError.
    """
    with _opening:
        if pair_name not in _open:
            _open[pair_name] = _connected(pair_name, clock)
        return _open[pair_name]


def _connected(pair_name: str, clock: Callable[[], datetime]) -> Connections:
    settings = load_settings()
    crash_points.arm(settings.testing.crash_at)
    pair = settings.pair(pair_name)
    reads, writes = settings.worker.reads_at_once, settings.worker.writes_at_once
    return Connections(
        settings=settings,
        pair=pair,
        database=database_of(settings),
        bigcommerce=BigCommerce(pair.bigcommerce, reads_at_once=reads, writes_at_once=writes),
        brightpearl=Brightpearl(pair.brightpearl, reads_at_once=reads, writes_at_once=writes),
        clock=clock,
    )


def refusal(pair_name: str) -> str:
    """Why a system refuses the credentials of a pair, as far as this process has seen; or ""."""
    found = _open.get(pair_name)
    if found is None:
        return ""
    return found.bigcommerce.observed.refusal or found.brightpearl.observed.refusal


def disconnect() -> None:
    """Close every connection; the next `connect` reads the settings anew."""
    while _open:
        _, connections = _open.popitem()
        connections.bigcommerce.close()
        connections.brightpearl.close()
        connections.database.close()


def current_bundle(connections: Connections) -> Bundle:
    """The mappings in force: the newest published version, else the files of the installation.

    Raises: MappingError naming file, line and field when they do not load.
    """
    versions, pair = Versions(connections.database), connections.pair.name
    number = versions.newest(pair)
    published = number and connections.cache.get(
        f"mappings {number}", lambda: versions.get(pair, number), max_age_s=VERSION_AGE_S
    )
    if not published:
        return load_bundle(connections.settings.mappings_path)
    return Bundle.from_files(published.files, version=str(number))
