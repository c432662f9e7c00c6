"""What a person sees while a demo works: one line that changes, or a line now and then."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status

PLAIN_EVERY_S = 5.0
"""How often a line is printed where nobody watches a terminal."""


class Progress:
    """Steps with their duration, and within a step a line that keeps changing."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._started_at = time.monotonic()
        self._status: Status | None = None
        self._said_at = 0.0

    def __enter__(self) -> Self:
        """Start the clock."""
        if self._console.is_terminal:
            self._status = self._console.status("starting")
            self._status.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        if self._status is not None:
            self._status.stop()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._started_at

    def step(self, text: str) -> None:
        """Something is done, or begins: it stays on the screen."""
        self._console.print(f"[dim]{self.seconds:6.1f} s[/dim]  {escape(text)}", soft_wrap=True)
        self._said_at = time.monotonic()

    def now(self, text: str) -> None:
        """How things stand at this moment."""
        if self._status is not None:
            self._status.update(f"{self.seconds:6.1f} s  {escape(text)}")
        elif time.monotonic() - self._said_at >= PLAIN_EVERY_S:
            self.step(text)
            sys.stderr.flush()
