"""What becomes of the records of a batch, whichever sync they belong to."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

REVIEW = "review"
"""Class of a case that a person decides: the proposed plan is stored, `release --apply` does it."""


@dataclass(frozen=True)
class Aside:
    """A record that goes no further in this run."""

    kind: Literal["parked", "again", "unchanged", "not imported", "not ours", "gone"]
    reason: str
    condition: str = "status"
    """What a parked one waits for."""


@dataclass(frozen=True)
class Obstacle:
    """Why a record waits for a person, and what that person can do."""

    class_: str
    field: str
    value: str
    reason: str
    remedy: str
    detail: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Of a review case: the proposed plan, in words and numbers, without personal data."""


@dataclass(frozen=True)
class Outcome:
    """One record after the writes."""

    key: str
    """The record's id in BigCommerce."""
    result: str
    """What the report counts: created, completed, amended, unchanged, held, rejected, again …"""
    reason: str = ""
    obstacles: tuple[Obstacle, ...] = ()
    waits_for: str = ""
    """The condition it is parked for although the writes are done, such as `stock`."""
    wake_at: datetime | None = None
    """When it is looked at again, where that moment is known."""


def review(kind: str, name: str, reason: str, proposal: Mapping[str, Any]) -> Obstacle:
    """A case for a person: what is proposed, and how it is carried out or left.

    `name` is short for the proposal: the same one is never opened again once it was discarded, and
    `--apply` only carries it out while both sides still call for it. An empty proposal is one that
    only a person can carry out.
    """
    value = f"{kind} {name}"
    by = f"--class {REVIEW} --value '{value}'"
    remedy = (
        f"Look at both systems. causeway quarantine release --apply {by} carries out what is "
        "proposed; causeway quarantine discard leaves both as they are."
        if proposal
        else f"Set it right in either system, then: causeway quarantine release {by}. Or leave "
        "both as they are: causeway quarantine discard."
    )
    detail = {"kind": kind, "proposal": dict(proposal)}
    return Obstacle(REVIEW, kind, value, reason, remedy, detail)
