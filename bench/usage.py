"""What a process uses, by the kernel's account: memory and computing time, whatever else runs."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

KB_PER_MB = 1024
SAMPLE_EVERY_S = 0.2
PARENT, USER, SYSTEM = 1, 11, 12
"""Places in /proc/PID/stat behind the command's name; times are in clock ticks."""


def resident_mb(pid: int) -> float:
    """Memory of a process that is in use right now."""
    return int(_status(pid, "VmRSS").removesuffix("kB")) / KB_PER_MB


def peak_mb(pid: int) -> float:
    """The most memory that a process ever had in use."""
    return int(_status(pid, "VmHWM").removesuffix("kB")) / KB_PER_MB


def computed_s(pid: int) -> float:
    """Computing time of a process and all its threads so far."""
    times = _stat(pid)
    return (int(times[USER]) + int(times[SYSTEM])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Family:
    """A process and those that it starts, sampled while they live."""

    pid: int
    child_peak_mb: float = 0.0
    """The most memory that a child ever had in use."""
    child_computed_s: float = 0.0
    together_mb: float = 0.0
    """The most that process and children had in use, what they share counted once."""

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Take samples until the block ends."""
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over,), name="usage", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(SAMPLE_EVERY_S):
            with suppress(OSError, ValueError):  # one that ends meanwhile
                self._sample()

    def _sample(self) -> None:
        children = children_of(self.pid)
        for child in children:
            self.child_peak_mb = max(self.child_peak_mb, peak_mb(child))
            self.child_computed_s = max(self.child_computed_s, computed_s(child))
        together = sum(shared_fairly_mb(one) for one in (self.pid, *children))
        self.together_mb = max(self.together_mb, together)


def children_of(pid: int) -> list[int]:
    """The processes that a process started and that still live."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # one that ends meanwhile
            if int(_stat(int(folder.name))[PARENT]) == pid:
                found.append(int(folder.name))
    return found


def shared_fairly_mb(pid: int) -> float:
    """Memory of a process, where what several share is shared out among them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / KB_PER_MB
    raise ValueError("the kernel does not report Pss")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the command's name."""
    return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()


def _status(pid: int, wanted: str) -> str:
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        name, _, value = line.partition(":")
        if name == wanted:
            return value.strip()
    raise ValueError(f"the kernel does not report {wanted}")
