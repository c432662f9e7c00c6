"""What both systems last agreed on about a record, and the three-way merge over it.

Who changed what is found by comparing each side with what was agreed on, never by comparing times:
a side that still reads like it was not touched. Of fields that both sides changed, the owner wins;
without an owner it is a conflict that a person decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from mappings.rules import Owner
from store.links import Link


class Agreed(BaseModel):
    """One record as it stood on both sides when they last agreed."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def of(cls, link: Link | None) -> Self:
        """What the link keeps; nothing of a record that is not linked."""
        return cls.model_validate(link.detail if link else {})

    def detail(self) -> dict[str, Any]:
        """As the link keeps it."""
        return self.model_dump(mode="json", exclude_defaults=True)


def fingerprint(parts: Iterable[str]) -> str:
    """A record's content as one short text: equal exactly where the content is. Order matters."""
    return hashlib.sha256("\x1e".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Conflict:
    """A field that both sides changed, and that nobody owns."""

    name: str
    base: Any
    bigcommerce: Any
    brightpearl: Any


@dataclass(frozen=True)
class Merged:
    """What each side is to take over from the other."""

    for_bigcommerce: Mapping[str, Any] = field(default_factory=dict)
    for_brightpearl: Mapping[str, Any] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()


def merge(
    base: Mapping[str, Any],
    bigcommerce: Mapping[str, Any],
    brightpearl: Mapping[str, Any],
    owners: Mapping[str, Owner],
) -> Merged:
    """The fields of `owners`, merged. A field that `base` lacks counts as changed on both sides."""
    to_bigcommerce: dict[str, Any] = {}
    to_brightpearl: dict[str, Any] = {}
    conflicts: list[Conflict] = []
    for name, owner in owners.items():
        ours, theirs = bigcommerce.get(name), brightpearl.get(name)
        if ours == theirs:
            continue
        is_known = name in base
        agreed = base.get(name)
        winner: Owner = owner
        if is_known and ours == agreed:
            winner = "brightpearl"
        elif is_known and theirs == agreed:
            winner = "bigcommerce"
        if winner == "bigcommerce":
            to_brightpearl[name] = ours
        elif winner == "brightpearl":
            to_bigcommerce[name] = theirs
        elif winner == "last agreed" and is_known:
            to_bigcommerce[name] = to_brightpearl[name] = agreed
        else:
            conflicts.append(Conflict(name, agreed, ours, theirs))
    return Merged(to_bigcommerce, to_brightpearl, tuple(conflicts))
