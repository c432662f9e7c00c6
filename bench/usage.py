"""What a process uses, as the kernel tells: memory and computing time, whatever else runs."""

from __future__ import annotations

import os
from pathlib import Path

KB_PER_MB = 1024
USER, SYSTEM = 11, 12
"""Places in /proc/PID/stat behind the command's name, in clock ticks."""


def resident_mb(pid: int) -> float:
    """Memory of a process that is in use right now."""
    return int(_status(pid, "VmRSS").removesuffix("kB")) / KB_PER_MB


def peak_mb(pid: int) -> float:
    """The most memory that a process ever had in use."""
    return int(_status(pid, "VmHWM").removesuffix("kB")) / KB_PER_MB


def computed_s(pid: int) -> float:
    """Computing time of a process and all its threads so far."""
    behind_name = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    ticks = int(behind_name[USER]) + int(behind_name[SYSTEM])
    return ticks / os.sysconf("SC_CLK_TCK")


def _status(pid: int, wanted: str) -> str:
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        name, _, value = line.partition(":")
        if name == wanted:
            return value.strip()
    raise ValueError(f"the kernel does not tell {wanted}")
