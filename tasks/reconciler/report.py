"""What a run did, in numbers a person can read: kept in our tables, shown as Prefect artifact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

SHOWN_REFUSALS = 50
"""Lines of refusals in an artifact; the rest is counted, and `causeway quarantine list` has all."""


REFUSED = ("class", "value", "reason", "remedy")
"""Why keys wait for a person; those that wait for the same are released together."""


@dataclass
class Report:
    """The counts of one run. Never personal data: it is stored and shown."""

    flow: str
    pair: str
    started_at: datetime
    mapping_version: str = ""
    batches: int = 0
    keys: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    """Outcome of keys and kinds of writes: created, completed, unchanged, parked, refused …"""
    refused: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    """Keys by REFUSED."""
    requests: Counter[str] = field(default_factory=Counter)
    """`bigcommerce`, `brightpearl`, `throttled`, `failed`."""
    notes: Counter[str] = field(default_factory=Counter)
    preview: list[dict[str, str]] = field(default_factory=list)
    records: dict[str, str] = field(default_factory=dict)
    """The record behind each key that called it by another system's id."""
    error: str = ""
    ended_at: datetime | None = None

    def copy(self) -> Report:
        """The same figures, which stay as they are."""
        return replace(
            self,
            counts=self.counts.copy(),
            refused=self.refused.copy(),
            notes=self.notes.copy(),
            preview=self.preview.copy(),
            records=self.records.copy(),
        )

    @property
    def seconds(self) -> float:
        """How long the run took so far, or in all."""
        return ((self.ended_at or self.started_at) - self.started_at).total_seconds()

    @property
    def says_something(self) -> bool:
        """Whether anything was found, written or refused: an echo of our own write says nothing."""
        said = {what for what, count in self.counts.items() if count} - {"unchanged"}
        return bool(said or self.refused or self.notes or self.preview or self.error)

    def to_json(self) -> dict[str, Any]:
        """The report as one JSON document."""
        return {
            "flow": self.flow,
            "pair": self.pair,
            "started_at": self.started_at.isoformat(),
            "seconds": round(self.seconds, 3),
            "mapping_version": self.mapping_version,
            "batches": self.batches,
            "keys": self.keys,
            "counts": dict(self.counts),
            "refused": [
                {**dict(zip(REFUSED, why, strict=True)), "records": count}
                for why, count in self.refused.most_common()
            ],
            "requests": dict(self.requests),
            "notes": dict(self.notes),
            "preview": self.preview,
            "records": self.records,
            "error": self.error,
        }

    def to_markdown(self) -> str:
        """The report as the artifact that stands in Prefect's UI."""
        mapping = f" with mappings {self.mapping_version}" if self.mapping_version else ""
        parts = [
            f"# {self.flow} · {self.pair}",
            f"{self.keys} keys in {self.batches} batches, {self.seconds:.1f} s{mapping}. "
            f"Started {self.started_at:%Y-%m-%d %H:%M:%S} UTC.",
        ]
        if self.error:
            parts.append(f"**Stopped:** {_cell(self.error)}")
        if self.counts:
            parts.append(table(["what", "count"], sorted(self.counts.items())))
        if self.refused:
            parts.append("## Waiting for a person")
            parts.append(self._refusals())
        if self.notes:
            parts.append("## Noticed")
            parts.extend(f"- {_cell(note)} ({count} times)" for note, count in self.notes.items())
        if self.preview:
            columns = list(self.preview[0])
            rows = [tuple(line.get(name, "") for name in columns) for line in self.preview]
            parts.extend(["## What would be done", table(columns, rows[:200])])
        if self.requests:
            parts.append("## Requests")
            parts.append(table(["what", "count"], sorted(self.requests.items())))
        return "\n\n".join(parts) + "\n"

    def _refusals(self) -> str:
        rows = [
            (class_, value, count, reason, remedy)
            for (class_, value, reason, remedy), count in self.refused.most_common(SHOWN_REFUSALS)
        ]
        shown = table(["class", "value", "records", "what happened", "what to do"], rows)
        hidden = len(self.refused) - len(rows)
        more = f"\n\n… and {hidden} more: `causeway quarantine list`." if hidden > 0 else ""
        return shown + more


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table that reads well as text, too."""
    lines = [[_cell(value) for value in row] for row in (columns, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |"
        for line in lines
    )


def _cell(value: object) -> str:
    """Text that cannot break a Markdown table or smuggle markup into it."""
    text = str(value).replace("|", "\\|").replace("<", "&lt;")
    return " ".join(text.split())
