"""What becomes of a record: its outcome, why it waits for a person, and what that person decides.

One refusal serves from the validation gate to the quarantine table. A review case is a refusal of
class `review`: both systems differ in a way that only a person can decide, and what would be done
about it is kept with it.

What came true releases the quarantined records that waited for it, without a person: a product that
exists now, or a row that a table has now. Parked ones name their conditions, see `Inbox.wake`.
"""

from __future__ import annotations

import csv
import hashlib
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from core.errors import RejectedError
from core.frames import frame
from core.ids import sku_key
from core.refusals import DISCARD, PERHAPS, REFUSALS, Refusal, release_remedy, sentence
from mappings.bundle import Bundle
from mappings.files import NAMED, with_paths
from mappings.tables import ANY, Table, comparable
from store.database import Database
from store.quarantine import Quarantine

CATALOGUE = "catalogue:all"
"""The key of cases about a run as a whole."""
REVIEW = "review"
"""Class of a case that a person decides; `release --apply` carries its proposal out."""
SKU = "sku"
"""Class of refusals that name a SKU which Brightpearl lacks, or has twice."""
UNEXPECTED = "unexpected"
"""Class of records that our own code failed for."""
FAILING = "failing"
"""Class of records that failed by themselves for so long that they are not tried again."""
RETRIED_AFTER: Mapping[str, Sequence[timedelta]] = {
    "rejected": [timedelta(hours=hours) for hours in (1, 4, 12, 24, 72, 168)],
    FAILING: [timedelta(hours=hours) for hours in (4, 12, 24)],
    UNEXPECTED: [timedelta(hours=hours) for hours in (24, 72, 168)],
}
"""By class of cases that may go through by themselves: how long one rests after it was refused for
the first, second … time. What all others need, an event or a person brings."""
OF_ONE_RECORD = frozenset({REVIEW, "document", "money", UNEXPECTED, FAILING})
"""Classes whose values no table and no product can set right."""


@dataclass(frozen=True)
class Decisions:
    """What people decided about the review cases of a batch: (record key, value of the case)."""

    approved: Collection[tuple[str, str]] = frozenset()
    """Proposals that may be carried out."""
    discarded: Collection[tuple[str, str]] = frozenset()
    """Differences that are left as they are."""

    def approves(self, key: str, case: Refusal) -> bool:
        """Whether a person approved what the case proposes."""
        return (key, case.value) in self.approved

    def undecided(self, key: str, cases: Iterable[Refusal]) -> tuple[Refusal, ...]:
        """The cases that nobody decided yet."""
        decided = {*self.approved, *self.discarded}
        return tuple(case for case in cases if (key, case.value) not in decided)


def review(kind: str, name: str, reason: str, proposal: Mapping[str, Any]) -> Refusal:
    """A case for a person: what is proposed, and how it is carried out or left.

    `name` is short for the proposal: the same one is never opened again once it was discarded, and
    `--apply` only carries it out while both sides still call for it. An empty proposal is one that
    only a person can carry out.
    """
    value = f"{kind} {name}"
    by = f"--class {REVIEW} --value '{value}'"
    remedy = (
        f"Compare both systems. causeway quarantine release --apply {by} carries out what is "
        f"proposed; {DISCARD} leaves both as they are."
        if proposal
        else f"Set it right in either system, then: causeway quarantine release {by}. Or leave "
        f"both as they are: {DISCARD}."
    )
    detail = {"kind": kind, "proposal": dict(proposal)}
    return Refusal(REVIEW, kind, value, reason, remedy, detail)


def refusal_by_value(class_: str, field: str, value: str, reason: str, action: str) -> Refusal:
    """A refusal that all records with the value share, and what then releases them together."""
    return Refusal(class_, field, value, reason, release_remedy(action, class_, value=value))


def rejected(error: RejectedError, action: str, key: str) -> Refusal:
    """A record whose write was understood and refused; it is released by its key.

    In: what to do if the error does not say it.
    """
    class_ = error.code if error.code == "money" else "rejected"
    remedy = release_remedy((error.remedy or action).rstrip("."), class_, key=key)
    return Refusal(class_, "", error.code, error.message, remedy)


def ends_processes(times: int) -> Refusal:
    """A record whose processes ended, time after time, while they worked on it alone."""
    value = "the process ended"
    action = "Find in the worker's log or the system's why it ended: memory, say"
    return Refusal(
        UNEXPECTED,
        "",
        value,
        f"{times} times in a row the process that worked on this record ended before it was done",
        release_remedy(action, UNEXPECTED, value=value),
        {"interruptions": times},
    )


def given_up(key: str, reason: str, times: int, failing_for: timedelta) -> Refusal:
    """A record that failed again and again although others went through."""
    hours = failing_for.total_seconds() / 3600
    return Refusal(
        FAILING,
        "",
        "failed again and again",
        f"{sentence(reason)} It has failed {times} times in {hours:.0f} hours",
        release_remedy("See why it fails, or ask the system's support", FAILING, key=key),
    )


def digest(*parts: object) -> str:
    """A short name of a proposal: the same proposal always has the same one."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:8]


def refusal_rows(refusals: Iterable[tuple[str, Refusal]]) -> pd.DataFrame:
    """REFUSALS of (record key, refusal)."""
    rows = (
        (key, why.class_, why.field, why.value, why.reason, why.remedy) for key, why in refusals
    )
    return frame((dict(zip(REFUSALS, row, strict=True)) for row in rows), REFUSALS)


def refusals_by_key(rows: pd.DataFrame) -> dict[str, list[Refusal]]:
    """The refusals of each record, each once. In: REFUSALS."""
    found: dict[str, list[Refusal]] = {}
    for key, *why in rows[list(REFUSALS)].itertuples(index=False, name=None):
        refusal = Refusal(*why)
        if refusal not in found.setdefault(key, []):
            found[key].append(refusal)
    return found


PUBLISH = "causeway mappings publish"
TABLE_ROW = re.compile(r"[Aa]dd `([^`]+),<([^>`]+)>` to (?:[^`]*?/)?tables/(\w+)\.csv")
"""The row that a remedy asks for: value, what stands for the other value, table."""
RETRY = "again"
"""Result of a record that is tried again soon: nobody has to do anything."""


@dataclass(frozen=True)
class Outcome:
    """One record at the end of its way through a run."""

    key: str
    result: str
    """What the report counts: created, completed, amended, unchanged, held, rejected, again …"""
    reason: str = ""
    refusals: tuple[Refusal, ...] = ()
    """Why it waits for a person."""
    waits_for: tuple[str, ...] = ()
    """Conditions any of which wakes it, such as `stock:1007@2` or `payment`."""
    wake_at: datetime | None = None
    """When it is tried again even if no condition comes true, where that moment is known."""
    is_kept: bool = False
    """Whether it waits for as long as it takes; else it expires in the end."""
    is_skipped: bool = False
    """Whether both sides were not compared: then its open cases stay open."""

    @property
    def is_retried(self) -> bool:
        """Whether it is tried again soon."""
        return self.result == RETRY


def retry(key: str, reason: str) -> Outcome:
    """A record that cannot be worked on right now."""
    return Outcome(key, RETRY, reason, is_skipped=True)


def skipped(key: str, result: str, reason: str = "") -> Outcome:
    """A record that needs nothing, or that cannot be synced now, as far as one side says."""
    return Outcome(key, result, reason, is_skipped=True)


def parked(key: str, reason: str, *conditions: str) -> Outcome:
    """A record that waits for something to happen."""
    return Outcome(key, "parked", reason, waits_for=conditions, is_skipped=True)


def with_command(why: Refusal, version: str, folder: Path | None) -> Refusal:
    """The refusal whose remedy also names the commands that put a change of the mappings in force.

    In: the version in force, and the folder of the installation's own files. Where a version was
    published, what is changed in the files has to be, too.
    """
    if not NAMED.search(why.remedy) or "causeway mappings" in why.remedy:
        return why
    remedy = _published_first(why.remedy) if version.isdecimal() else why.remedy
    row = TABLE_ROW.search(why.remedy)
    cells = next(csv.reader([row[1]])) if row else []
    if row and len(cells) == 1:  # the command fills the second column, not one behind it
        value = shlex.quote(cells[0])
        remedy = f"{remedy.rstrip('.')}. In one step: causeway mappings add {row[3]} {value} "
        remedy += f"'<{row[2]}>'."
    return replace(why, remedy=with_paths(remedy, folder))


def _published_first(remedy: str) -> str:
    """The remedy with the publication after the change of a file, before what follows from it."""
    *_, last = NAMED.finditer(remedy)
    action, then, rest = remedy[last.end() :].partition(", then: ")
    if not then and "causeway " in action:  # it is to be compared, not to be changed
        return remedy
    return f"{remedy[: last.end()]}{action.rstrip('.')}, then: {PUBLISH}{then}{rest}"


def with_nearest(why: Refusal, catalogued: Collection[str]) -> Refusal:
    """The refusal of an unknown SKU, whose remedy also names what may be meant. Pure.

    In: the SKUs, as compared, of all live products. A suggestion: nothing follows from it.
    """
    if why.class_ != SKU or sku_key(why.value) in catalogued:
        return why
    from intelligence.products import nearest_skus  # noqa: PLC0415 - few batches need it

    nearest = nearest_skus(why.value, catalogued)
    if not nearest:
        return why
    return _with_meant(why, dict(nearest))


def with_alike(why: Refusal, tables: Mapping[str, Table]) -> Refusal:
    """The refusal of a value that a table lacks, whose remedy also names rows that are like it.

    Pure. A suggestion: nothing follows from it.
    """
    row = TABLE_ROW.search(why.remedy)
    if row is None or row[3] not in tables or not re.search("[^\\W\\d]", why.value):
        return why
    from intelligence.lookups import suggest_value  # noqa: PLC0415 - few batches need it

    becomes = {one.value: one.becomes for one in tables[row[3]].rows if one.value != ANY}
    meant: dict[str, str] = {}
    for one in suggest_value(row[3], why.value, {value: value for value in becomes}):
        meant.setdefault(becomes[one.value], f"as {one.value}: {one.reason}")
    return _with_meant(why, meant)


def _with_meant(why: Refusal, meant: Mapping[str, str]) -> Refusal:
    """In: the reason by what may be meant."""
    if not meant:
        return why
    said = "; ".join(f"{name} ({reason})" for name, reason in meant.items())
    remedy = f"{why.remedy.rstrip('.')}.{PERHAPS}{said}."
    return replace(why, remedy=remedy, detail={**why.detail, "nearest": dict(meant)})


def release_skus(database: Database, pair: str, skus: Iterable[str], now: datetime) -> int:
    """Release what waits for products of these SKUs; how many records."""
    known = {sku_key(sku) for sku in skus}

    def is_met(class_: str, value: str) -> bool:
        return class_ == SKU and sku_key(value) in known

    return _release(database, pair, now, is_met)


def release_mapped(
    database: Database, pair: str, before: Bundle, after: Bundle, now: datetime
) -> int:
    """Release what waits for rows that a new version of the tables has; how many records."""
    new = {
        comparable(row.value)
        for name, table in after.tables.items()
        for row in table.rows
        if name not in before.tables or before.tables[name].get(row.value) != row.becomes
    }

    def is_met(class_: str, value: str) -> bool:
        return class_ not in OF_ONE_RECORD and comparable(value) in new

    return _release(database, pair, now, is_met)


def _release(
    database: Database, pair: str, now: datetime, is_met: Callable[[str, str], bool]
) -> int:
    quarantine = Quarantine(database)
    met = [
        (group.class_, group.value)
        for group in quarantine.summary(pair)
        if is_met(group.class_, group.value)
    ]
    return len(quarantine.release(pair, ids=quarantine.ids(pair, met), now=now)) if met else 0
