"""What a run did, in numbers a person can read: kept in our tables, shown as Prefect artifact."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from core.refusals import PERHAPS, Refusal, list_command, sentence
from core.words import counted

SHOWN_GROUPS = 50
"""Things to do in an artifact; the rest is counted, and `causeway quarantine list` has all."""
SHOWN_RECORDS = 20
"""Records named under each of them."""
COMMANDS = re.compile(r"(?:[,.;]? then|\. In one step): (?=causeway )")
"""Stands before each command that ends a remedy."""
AS_OUTCOMES = {"again": "to be tried again"}
"""Outcomes whose names do not read well after a number."""

Links = Mapping[str, Sequence[tuple[str, str]]]
"""By record: where people see it, as name and address."""


REFUSED = "refused"
"""Outcome of records that wait for a person."""
TRIAGE = "triage"
"""Where class and queue of a case stand in its detail (`triage.py`)."""
NOBODY_YET: tuple[str, float | None] = ("", None)
"""Who gets what nobody classified: the settings switch it off."""
WHY = ("class", "value", "reason", "remedy")
"""Why keys wait for a person; those that wait for the same are released together."""


@dataclass
class Report:
    """The counts of one run. Never personal data: it is stored and shown."""

    flow: str
    pair: str
    started_at: datetime
    is_dry: bool = False
    mapping_version: str = ""
    batches: int = 0
    keys: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    """Outcome of keys and kinds of writes: created, completed, unchanged, parked, refused …"""
    refused: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    """Keys by WHY."""
    refused_records: dict[tuple[str, str, str, str], list[str]] = field(default_factory=dict)
    """The first keys by WHY."""
    routes: dict[tuple[str, str, str, str], tuple[str, float]] = field(default_factory=dict)
    """Who gets them and within how many hours, by WHY; of several records the soonest."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """What became of each key, once: their sum is the number of keys that were asked for."""
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
            refused_records={why: [*keys] for why, keys in self.refused_records.items()},
            routes=self.routes.copy(),
            outcomes=self.outcomes.copy(),
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

    def refuse(self, key: str, refusals: Iterable[Refusal]) -> None:
        """Count why a record waits for a person."""
        for one in refusals:
            why = (one.class_, one.value, one.reason, one.remedy)
            self.refused[why] += 1
            named = self.refused_records.setdefault(why, [])
            if len(named) < SHOWN_RECORDS:
                named.append(key)
            if found := one.detail.get(TRIAGE):
                to = (found["queue"], found["act_within_h"])
                self.routes[why] = min(self.routes.get(why, to), to, key=itemgetter(1))

    @property
    def title(self) -> str:
        """What ran, in a few words: `sync-orders default: 97 keys`."""
        keys = counted(self.keys, "key") if self.keys else "nothing due"
        return f"{self.flow} {self.pair}: {keys}{', dry run' if self.is_dry else ''}"

    @property
    def summary(self) -> str:
        """What became of the records: `44 created, 4 refused`."""
        if not self.outcomes.total():
            return "Nothing was due."
        return f"Nothing was written: {said(self.outcomes)}" if self.is_dry else said(self.outcomes)

    def to_json(self) -> dict[str, Any]:
        """The report as one JSON document."""
        return {
            "flow": self.flow,
            "pair": self.pair,
            "dry_run": self.is_dry,
            "started_at": self.started_at.isoformat(),
            "seconds": round(self.seconds, 3),
            "mapping_version": self.mapping_version,
            "batches": self.batches,
            "keys": self.keys,
            "counts": dict(self.counts),
            "outcomes": dict(+self.outcomes),
            "refused": [
                {
                    **dict(zip(WHY, why, strict=True)),
                    "records": count,
                    "keys": self.refused_records.get(why, []),
                    "queue": self.routes.get(why, NOBODY_YET)[0],
                    "act_within_h": self.routes.get(why, NOBODY_YET)[1],
                }
                for why, count in self.refused.most_common()
            ],
            "requests": dict(self.requests),
            "notes": dict(self.notes),
            "preview": self.preview,
            "records": self.records,
            "error": self.error,
        }

    def to_markdown(self, links: Links = MappingProxyType({})) -> str:
        """The report as the artifact that stands in Prefect's UI."""
        mapping = f" with mappings {self.mapping_version}" if self.mapping_version else ""
        parts = [
            f"# {self.flow} · {self.pair}",
            f"**{text(self.summary)}**",
            f"{counted(self.keys, 'key')} in {counted(self.batches, 'batch', 'batches')}, "
            f"{self.seconds:.1f} s{mapping}. "
            f"Started {self.started_at:%Y-%m-%d %H:%M:%S} UTC.",
        ]
        if self.error:
            parts.append(f"**Stopped:** {text(self.error)}")
        if self.refused:
            parts.append("## What a person must do")
            parts.extend(self._to_do(links))
        if self.notes:
            parts.append("## Noticed")
            parts.extend(
                f"- {text(note)} ({counted(count, 'time')})" for note, count in self.notes.items()
            )
        if self.preview:
            columns = list(self.preview[0])
            rows = [tuple(line.get(name, "") for name in columns) for line in self.preview]
            parts.extend(["## What would be done", table(columns, rows[:200])])
        if self.counts:
            parts.extend(["## Counts", table(["what", "count"], sorted(self.counts.items()))])
        if self.requests:
            parts.append("## Requests")
            parts.append(table(["what", "count"], sorted(self.requests.items())))
        return "\n\n".join(parts) + "\n"

    def _to_do(self, links: Links) -> Iterator[str]:
        """By what is to be done: which records wait for it, why, and the command that follows."""
        groups: dict[str, list[tuple[str, str, str, str]]] = {}
        for why, _ in self.refused.most_common():
            groups.setdefault(why[-1], []).append(why)
        for remedy, reasons in list(groups.items())[:SHOWN_GROUPS]:
            count = sum(self.refused[why] for why in reasons)
            what, _, meant = remedy.partition(PERHAPS)
            action, *commands = COMMANDS.split(what)
            yield f"### {counted(count, 'record')}: {text(action)}"
            routes = [self.routes[why] for why in reasons if why in self.routes]
            if routes:
                queue, hours = min(routes, key=itemgetter(1))
                yield f"For **{text(queue)}**, within {hours:g} h."
            class_, value, *_ = reasons[0]
            for command in commands or [list_command(class_, value)]:
                yield f"```\n{command.removesuffix('.')}\n```"
            if meant:
                yield text(f"{PERHAPS}{meant}")
            rows = [
                (
                    key,
                    f"{sentence(reason)} ({' '.join(filter(None, (class_, value)))})",
                    " · ".join(f"[{name}]({url})" for name, url in links.get(key, ())),
                )
                for class_, value, reason, _ in reasons
                for key in self.refused_records.get((class_, value, reason, remedy), ())
            ]
            yield table(["record", "what happened", "see"], rows[:SHOWN_RECORDS])
            if count > len(rows[:SHOWN_RECORDS]):
                yield f"… and {count - len(rows[:SHOWN_RECORDS])} more of them."
        if (hidden := len(groups) - SHOWN_GROUPS) > 0:
            yield f"… and {hidden} more: `causeway quarantine list`."


def said(outcomes: Mapping[str, int]) -> str:
    """Outcomes as people say them, those that need a person last."""
    ordered = sorted(outcomes.items(), key=lambda one: one[0] == REFUSED)
    return ", ".join(f"{count} {AS_OUTCOMES.get(what, what)}" for what, count in ordered if count)


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
    return text(value).replace("|", "\\|")


def text(value: object) -> str:
    """Text that shows as it is: no markup, and `<` as `<`, also between backquotes."""
    parts = " ".join(str(value).split()).split("`")
    if len(parts) % 2 == 0:  # a backquote without a second one begins no code
        parts[-2:] = [f"{parts[-2]}\\`{parts[-1]}"]
    # Between backquotes nothing is markup, and Prefect shows an entity there letter by letter.
    return "`".join(
        part if is_code % 2 else part.replace("<", "&lt;") for is_code, part in enumerate(parts)
    )
