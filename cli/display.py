"""What a person sees: tables, and progress while something takes its time.

Tables are part of a command's text. Progress goes to stderr: on a terminal a line that keeps
changing, with a bar where the total is known; elsewhere a plain line every few seconds.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from types import TracebackType
from typing import Literal, Self

from rich.box import Box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from core.times import to_iso

PLAIN = Box("    \n    \n -  \n    \n    \n    \n    \n    \n", ascii=True)
"""A table's lines: one of hyphens below the headings, for scripts read tables as well."""
UNBROKEN = 10_000
"""Width of a table that is not shown on a terminal."""
PLAIN_EVERY_S = 5.0
"""How often a line is printed where there is no terminal."""


def table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Collection[str] = ()
) -> str:
    """Rows below their headings, aligned; numbers, and columns named in `right`, to the right.

    On a terminal long cells are folded into its width; elsewhere a row is a line.
    """
    shown = Table(
        box=PLAIN, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold"
    )
    for place, name in enumerate(columns):
        is_numeric = bool(rows) and all(_is_number(row[place]) for row in rows)
        justify: Literal["left", "right"] = "right" if is_numeric or name in right else "left"
        shown.add_column(name, justify=justify, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(_text(value)) for value in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=UNBROKEN)
    with console.capture() as captured:
        console.print(shown)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


class Progress:
    """Steps with the time since the start, and between them the progress of the current one."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._started_at = time.monotonic()
        self._printed_at = 0.0
        self._bars: Bars | None = None
        self._task = TaskID(0)

    def __enter__(self) -> Self:
        """Show a changing line, if there is a terminal."""
        if self._console.is_terminal:
            self._bars = Bars(
                SpinnerColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=20),
                console=self._console,
                transient=True,
            )
            self._task = self._bars.add_task("starting", total=None)
            self._bars.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._started_at

    def step(self, text: str) -> None:
        """Print that something is done, or begins: it stays on the screen."""
        self._console.print(f"[dim]{self.seconds:6.1f} s[/dim]  {escape(text)}", soft_wrap=True)
        self._printed_at = time.monotonic()

    def now(self, text: str, *, done: int = 0, total: int | None = None) -> None:
        """Show the progress at this moment."""
        if self._bars is not None:
            self._bars.update(self._task, description=escape(text), completed=done, total=total)
        elif time.monotonic() - self._printed_at >= PLAIN_EVERY_S:
            self.step(text)


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return to_iso(value)
    return " ".join(str(value).split())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
