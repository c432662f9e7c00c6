"""Three-way merge by field owner: what each side is to write so that both agree. Pure.

`base` is what both sides last agreed on. A field that one side changed travels to the other. Where
both changed it to different values, the field's owner wins; without an owner it is a conflict that
a person decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Owner = Literal["bigcommerce", "brightpearl", ""]
"""Whose value wins where both sides changed a field; "" where a person decides."""


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
        else:
            conflicts.append(Conflict(name, agreed, ours, theirs))
    return Merged(to_bigcommerce, to_brightpearl, tuple(conflicts))
