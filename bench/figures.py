"""What a benchmark says: figures with a bar, as a table for people and a document for scripts."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cli.display import table
from core.times import to_iso

KB_PER_GB = 1024 * 1024


@dataclass(frozen=True)
class Bar:
    """What a figure has to reach."""

    limit: float
    is_ceiling: bool = True

    def is_met(self, value: float) -> bool:
        """Whether the figure reaches it."""
        return value <= self.limit if self.is_ceiling else value >= self.limit

    def __str__(self) -> str:
        """Read as `≤ 1.25`."""
        return f"{'≤' if self.is_ceiling else '≥'} {self.limit:g}"


def at_most(limit: float) -> Bar:
    """The bar of a figure that should be small."""
    return Bar(limit)


def at_least(limit: float) -> Bar:
    """The bar of a figure that should be large."""
    return Bar(limit, is_ceiling=False)


@dataclass(frozen=True)
class Figure:
    """One measured number."""

    name: str
    value: float
    unit: str
    how: str
    """How it was measured, with the numbers that went in."""
    bar: Bar | None = None
    """None for a figure that only explains another."""

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None without one."""
        return None if self.bar is None else self.bar.is_met(self.value)

    def to_json(self) -> dict[str, Any]:
        """As written to `var/bench.json`."""
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "bar": None if self.bar is None else str(self.bar),
            "met": self.met,
            "how": self.how,
        }

    @property
    def shown(self) -> str:
        """Value and unit, for people."""
        return f"{_short(self.value)} {self.unit}".rstrip()

    @property
    def verdict(self) -> str:
        """Whether the bar is met, for people."""
        return {None: "", True: "met", False: "MISSED"}[self.met]


def to_text(figures: Sequence[Figure]) -> str:
    """A table of figures."""
    rows = [(one.name, one.shown, one.bar or "", one.verdict) for one in figures]
    return table(["what", "figure", "bar", ""], rows, right=("figure",))


def missed(figures: Sequence[Figure]) -> list[Figure]:
    """Those whose bar is not met."""
    return [figure for figure in figures if figure.met is False]


def to_json(
    figures: Mapping[str, Sequence[Figure]],
    *,
    at: datetime,
    where: Mapping[str, Any],
    is_quick: bool,
    stopped: Mapping[str, str],
) -> dict[str, Any]:
    """The document: figures by measurement, on what `machine`, and why one gave none."""
    every = [figure for group in figures.values() for figure in group]
    return {
        "date": to_iso(at),
        "machine": dict(where),
        "quick": is_quick,
        "all_met": not stopped and not missed(every),
        "figures": [
            {"measurement": name, **figure.to_json()}
            for name, group in figures.items()
            for figure in group
        ],
        "stopped": dict(stopped),
    }


def write(document: Mapping[str, Any], path: Path) -> None:
    """Write the document, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
    unfinished.replace(path)


def machine() -> dict[str, Any]:
    """What is measured on, and how busy it is right now."""
    memory_kb = _first(Path("/proc/meminfo"), "MemTotal").removesuffix("kB").strip() or "0"
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _first(Path("/proc/cpuinfo"), "model name") or platform.machine(),
        "memory_gb": round(int(memory_kb) / KB_PER_GB, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _first(file: Path, name: str) -> str:
    """The first value of that name in a file of `name: value` lines."""
    for line in file.read_text("utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def _short(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004 - digits
