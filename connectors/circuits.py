"""Circuit breakers: a part of a system that fails for a while is left alone, probed, and resumed.

One circuit per endpoint (method and path without ids), and one for the system as a whole; one
record that fails by itself opens neither. Requests of an open circuit are not sent. When its pause
is over, one request goes through as a probe: if it is answered, all others follow; if not, the next
pause is longer. See docs/decisions/0018.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from core.errors import PausedError

FAILURES = 5
"""So many in a row, without one success between them …"""
OUTAGE_S = 10.0
"""… over at least so long are an outage: shorter ones are what retries are for."""
PAUSE_S, LONGEST_PAUSE_S = 5.0, 60.0
"""Before the first probe; doubled after each that fails."""
WHOLE = ""
"""Names the circuit of a whole system."""
_IDS = re.compile(r"(?<=/)(?!v\d/)[^/]*\d[^/]*")
"""Parts of a path that hold an id, or a set of ids."""
_RECORD = re.compile(r"(?<=/)\d+(?=/|$)")
"""The part of a path that is the id of one record."""

Report = Callable[[bool | None], None]
"""Takes whether a request failed; None where that says nothing of an outage, as a throttled one."""


@dataclass(frozen=True)
class Pause:
    """A part of a system that is left alone."""

    endpoint: str
    """Empty for the whole system."""
    for_s: float
    """How long it has failed."""
    probe_in_s: float
    """Seconds until the next probe."""


@dataclass
class Circuit:
    """One endpoint: how often it has failed in a row, and since when it is left alone."""

    failures: int = 0
    failing: set[str] = field(default_factory=set)
    """What failed since the last success: paths, which separate records from an outage."""
    failing_since: float = 0.0
    pause_s: float = 0.0
    """The pause after the next failed probe; zero while the circuit is closed."""
    paused_until: float = 0.0
    is_probing: bool = False

    @property
    def is_open(self) -> bool:
        """Whether requests are held back."""
        return self.pause_s > 0

    def wait_s(self, now: float) -> float | None:
        """None when a request may be sent, else how long until that is worth asking again."""
        if not self.is_open:
            return None
        if now < self.paused_until:
            return self.paused_until - now
        return PAUSE_S if self.is_probing else None

    def succeed(self) -> None:
        """An answer came: all is well."""
        self.failures, self.pause_s, self.is_probing = 0, 0.0, False
        self.failing.clear()

    def fail(self, now: float, path: str, *, is_of_record: bool) -> None:
        """A request failed. A record that fails by itself, time after time, is no outage."""
        self.failing_since = self.failing_since if self.failures else now
        self.failures += 1
        if len(self.failing) < FAILURES:
            self.failing.add(path)
        is_of_one = is_of_record and len(self.failing) == 1
        is_long = self.failures >= FAILURES and now - self.failing_since >= OUTAGE_S
        is_outage = is_long and not is_of_one
        if self.is_probing or (is_outage and not self.is_open):
            self.pause_s = min(LONGEST_PAUSE_S, 2 * self.pause_s or PAUSE_S)
            self.paused_until = now + self.pause_s
        self.is_probing = False


@dataclass
class Circuits:
    """The circuits of one account; thread-safe. `clock` gives seconds that only grow."""

    system: str
    clock: Callable[[], float] = time.monotonic
    _circuits: dict[str, Circuit] = field(default_factory=lambda: {WHOLE: Circuit()})
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def request(self, method: str, path: str) -> Iterator[Report]:
        """One request; the caller reports how it ended, else it counts as failed.

        Raises: PausedError when it must not be sent now.
        """
        name = endpoint(method, path)
        with self._lock:
            both = [self._circuits[WHOLE], self._circuits.setdefault(name, Circuit())]
            self._enter(name, both)
        reported = False

        def report(failed: bool | None) -> None:  # noqa: FBT001 - a callback's fact
            nonlocal reported
            reported = True
            with self._lock:
                self._learn(both, path, failed=failed)

        try:
            yield report
        finally:
            if not reported:
                report(True)  # noqa: FBT003 - the one fact

    def pauses(self) -> list[Pause]:
        """What is left alone right now."""
        with self._lock:
            now = self.clock()
            return [
                Pause(name, now - one.failing_since, max(0.0, one.paused_until - now))
                for name, one in self._circuits.items()
                if one.is_open
            ]

    def _enter(self, name: str, both: list[Circuit]) -> None:
        now = self.clock()
        for part, one in zip((self.system, f"{self.system}'s {name}"), both, strict=True):
            if (wait_s := one.wait_s(now)) is not None:
                raise PausedError(
                    f"{part} has failed for {now - one.failing_since:.0f} s and is left alone; "
                    f"it is probed again in {wait_s:.0f} s.",
                    retry_after_s=wait_s,
                )
        for one in both:
            one.is_probing = one.is_open

    def _learn(self, both: list[Circuit], path: str, *, failed: bool | None) -> None:
        is_of_record = bool(_RECORD.search(path))
        for one in both:
            if failed:
                one.fail(self.clock(), path, is_of_record=is_of_record)
            elif failed is None:
                one.is_probing = False
            else:
                one.succeed()


def endpoint(method: str, path: str) -> str:
    """Method and path without ids, such as `PUT /order-service/order/*/status`."""
    return f"{method} {_IDS.sub('*', path)}"
