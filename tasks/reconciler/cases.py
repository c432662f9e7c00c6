"""What becomes of a record: its outcome, why it waits for a person, and what that person decides.

One refusal serves from the validation gate to the quarantine table. A review case is a refusal of
class `review`: both systems differ in a way that only a person can decide, and what would be done
about it is kept with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from core.errors import RejectedError
from core.frames import frame, records
from core.refusals import REFUSALS, Refusal

REVIEW = "review"
"""Class of a case that a person decides; `release --apply` carries its proposal out."""


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
        "proposed; causeway quarantine discard leaves both as they are."
        if proposal
        else f"Set it right in either system, then: causeway quarantine release {by}. Or leave "
        "both as they are: causeway quarantine discard."
    )
    detail = {"kind": kind, "proposal": dict(proposal)}
    return Refusal(REVIEW, kind, value, reason, remedy, detail)


def rejected(error: RejectedError, remedy: str) -> Refusal:
    """A record whose write was understood and refused. In: what to do if the error says nothing."""
    class_ = error.code if error.code == "money" else "rejected"
    return Refusal(class_, "", error.code, error.message, error.remedy or remedy)


def digest(*parts: object) -> str:
    """A short name of a proposal: the same proposal always has the same one."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:8]


def refusal_rows(refusals: Iterable[tuple[str, Refusal]]) -> pd.DataFrame:
    """REFUSALS of (record key, refusal)."""
    return frame(
        (
            {
                "key": key,
                "class": refusal.class_,
                "field": refusal.field,
                "value": refusal.value,
                "reason": refusal.reason,
                "remedy": refusal.remedy,
            }
            for key, refusal in refusals
        ),
        REFUSALS,
    )


def refusals_by_key(rows: pd.DataFrame) -> dict[str, list[Refusal]]:
    """The refusals of each record, each once. In: REFUSALS."""
    found: dict[str, list[Refusal]] = {}
    for row in records(rows):
        refusal = Refusal(row["class"], row["field"], row["value"], row["reason"], row["remedy"])
        if refusal not in found.setdefault(row["key"], []):
            found[row["key"]].append(refusal)
    return found


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
    """Conditions any of which wakes it, such as `stock:1007` or `payment`."""
    wake_at: datetime | None = None
    """When it is tried again even if no condition comes true, where that moment is known."""
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


def missing(key: str, attempts: int, system: str = "BigCommerce") -> Outcome:
    """A record that an event named and the system does not show.

    A read may be stale right after the event: the record is read a few times before it is given up.
    """
    if attempts < READS_OF_MISSING:
        return retry(key, f"not found in {system} yet")
    return skipped(key, "gone", f"not in {system}")


READS_OF_MISSING = 3
"""How often a record is read that an event named and the system does not show."""
