"""Why a record waits for a person: one refusal, from the validation gate to the quarantine table.

A review case is a refusal of class `review`: both systems differ in a way that only a person can
decide, and what would be done about it is kept with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
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
