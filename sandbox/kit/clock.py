"""The sandbox clock: real time plus an offset, or a moment that stands still."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """Time as both sandboxes see it. Thread-safe enough: each operation is one assignment."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._frozen: datetime | None = None
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """Aware UTC."""
        return self._frozen or datetime.now(UTC) + self._offset

    def monotonic_ms(self) -> int:
        """Milliseconds by this clock; only differences mean something."""
        return int(self.now().timestamp() * 1000)

    def advance(self, seconds: float) -> None:
        """Jump ahead, and wake whoever waits for a moment."""
        step = timedelta(seconds=seconds)
        if self._frozen is None:
            self._offset += step
        else:
            self._frozen += step
        for listener in self._listeners:
            listener()

    def freeze(self, at: datetime) -> None:
        """Stand still at a moment (aware) until `advance`."""
        self._frozen = at.astimezone(UTC)
        for listener in self._listeners:
            listener()

    def on_jump(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each jump; from the thread that jumped."""
        self._listeners.append(listener)
