"""What was asked for, and where a benchmark keeps its files."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.display import Progress
from core.errors import TransientError

FOLDER = Path("var/bench")
REAL_DAYS = Path("data/online-retail")
"""Within the folder of shared material."""


@dataclass(frozen=True)
class Bench:
    """One run of the benchmarks."""

    progress: Progress
    is_quick: bool = False
    days: tuple[Path, ...] = ()
    """Real orders, a file a day; none: orders are generated."""
    folder: Path = FOLDER

    def pick(self, full: int, quick: int) -> int:
        """A size; the smaller one where a quick answer is wanted."""
        return quick if self.is_quick else full

    @property
    def origin(self) -> str:
        """Where orders come from, for people."""
        if self.days:
            return f"real orders of {len(self.days)} days"
        return "generated orders, for no files of real ones were named"


def real_days(orders: Sequence[Path], shared: Path | None) -> tuple[Path, ...]:
    """The files named, else those of the shared material, else none."""
    if orders or shared is None:
        return tuple(orders)
    return tuple(sorted((shared / REAL_DAYS).glob("*.csv")))


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder: two benchmarks at once would measure each other.

    Raises: TransientError when another one holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TransientError(
                f"Another benchmark is running in {folder.absolute()}.",
                remedy="Stop it, or wait.",
            ) from error
        yield
