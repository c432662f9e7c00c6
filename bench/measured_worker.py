"""`causeway worker`, with the computing time of its validations kept in a file.

Suites are checked in one place, `expectations.check.check`. It is timed from outside here, by the
computing time of the thread that calls it, so that the worker itself carries no measuring.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from cli.main import run
from core.engines import silence_telemetry

FILE = "CAUSEWAY_BENCH_VALIDATION_FILE"
"""Where the total is kept, in the environment of the worker."""

P = ParamSpec("P")
R = TypeVar("R")


class Timer:
    """Computing time of a function in all threads, kept in a file as seconds."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._seconds = 0.0
        self._write()

    def timed(self, function: Callable[P, R]) -> Callable[P, R]:
        """The same function, timed."""

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            began = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                with self._lock:
                    self._seconds += time.thread_time() - began
                    self._write()

        return call

    def _write(self) -> None:
        unfinished = self._file.with_suffix(".part")
        unfinished.write_text(repr(self._seconds), "utf-8")
        unfinished.replace(self._file)


def validated_s(file: Path) -> float:
    """Computing time of validations so far, in seconds."""
    return float(file.read_text("utf-8"))


def main() -> int:
    """Run the worker."""
    silence_telemetry()
    import expectations.check  # noqa: PLC0415 - takes seconds; a reader of the file needs none

    timer = Timer(Path(os.environ[FILE]))
    expectations.check.check = timer.timed(expectations.check.check)
    return run(["worker"])


if __name__ == "__main__":
    raise SystemExit(main())
