"""What a measurement measures: an installation of its own, with empty databases.

Real processes throughout; requests, orders and moments are those that the sandboxes count.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agreement.verdict import Verdict
from cli.display import Progress
from core.times import utc_now
from demo.controls import SYSTEMS, Controls, Counted, System
from demo.installation import PAIR, Installation, Options, start_installation
from store.inbox import Inbox

FOLDER = Path("var/bench")
REAL_DAYS = Path("data/online-retail")
"""Within the folder of shared material."""
POLL_S = 0.05


@dataclass(frozen=True)
class Bench:
    """One run of the benchmarks: what was asked for."""

    progress: Progress
    is_quick: bool = False
    days: tuple[Path, ...] = ()
    """Real orders, a file a day; none: orders are generated."""
    folder: Path = FOLDER
    seed: str = ""
    """Other random lives are drawn by it than those by which versions are compared."""

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


@dataclass(frozen=True)
class Environment:
    """An installation that runs, and what a measurement does with it."""

    installation: Installation

    @property
    def controls(self) -> Controls:
        """What shoppers and staff do."""
        return self.installation.controls

    @property
    def worker(self) -> int:
        """The worker's process id."""
        return self.installation.processes["worker"].pid

    def enqueue(
        self, keys: Iterable[str], *, entity: str = "orders", source: str = "operator"
    ) -> None:
        """Make keys due, all at once."""
        Inbox(self.installation.database).put(PAIR, entity, keys, source=source, now=utc_now())

    def work_off(
        self, keys: Iterable[str], within_s: float, *, entity: str = "orders"
    ) -> Mapping[System, Counted]:
        """Make keys due, all at once, and wait until all is idle; the requests it took.

        Raises: TransientError when time is up; ProcessError when a process has ended.
        """
        self.controls.reset_requests()
        self.enqueue(keys, entity=entity)
        self.wait_idle(within_s)
        return {system: self.controls.counted(system) for system in SYSTEMS}

    def wait_idle(self, within_s: float, *entities: str) -> None:
        """Block until nothing is under way or due, of these entities or of all.

        Raises: TransientError when time is up; ProcessError when a process has ended.
        """
        self.installation.wait_idle(within_s, *entities)

    def run(
        self, deployment: str, within_s: float, *, parameters: dict[str, Any] | None = None
    ) -> float:
        """Press Prefect's Run button, such as of `reconcile-stock/weekly`; seconds it took."""
        return self.installation.run(deployment, within_s, parameters=parameters)

    def seconds_until(
        self, edit: Callable[[], object], is_seen: Callable[[], bool], within_s: float
    ) -> float:
        """Seconds from a person's edit until the other side shows it, or `within_s` passed.

        Nothing is under way any more then. Raises: as above.
        """
        began = time.monotonic()
        edit()
        while not is_seen() and time.monotonic() - began < within_s:
            time.sleep(POLL_S)
        took = time.monotonic() - began
        self.wait_idle(within_s)
        return took

    def runs(self, flow: str = "sync-orders") -> int:
        """Runs of a flow that Prefect knows."""
        return self.installation.prefect.count_runs(flow)

    def pause_schedules(self) -> None:
        """Nothing runs by the clock from here on; what is due, or run by hand, still does."""
        self.installation.prefect.pause_schedules()

    def verdict(self) -> Verdict:
        """Whether both systems agree."""
        return self.installation.verdict()


@contextmanager
def environment(  # noqa: PLR0913 - what installations differ in
    bench: Bench,
    name: str,
    *,
    limits: str = "off",
    days: Sequence[Path] = (),
    is_subscribed: bool = True,
    skus: int | None = None,
    worker: tuple[str, ...] = (),
    settings: Mapping[str, str] | None = None,
) -> Iterator[Environment]:
    """Start everything in a folder that is emptied first; stop it when the block ends.

    Without subscriptions no webhook comes: only what a measurement makes due is worked on.

    Raises: CausewayError when something does not start.
    """
    folder = bench.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    options = Options(
        tuple(days),
        limits,
        skus=skus,
        is_subscribed=is_subscribed,
        worker=worker,
        environment=settings or {},
    )
    bench.progress.step(f"{name}: starting an installation of its own")
    with start_installation(folder, options, bench.progress) as installation:
        bench.progress.step(f"{name}: all parts are up")
        yield Environment(installation)
