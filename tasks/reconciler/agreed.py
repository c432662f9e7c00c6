"""What both systems last agreed on about a record, and the three-way merge over it.

Who changed what is found by comparing each side with what was agreed on, never by comparing times:
a side that still reads like it was not touched. Of fields that both sides changed, the owner wins;
without an owner it is a conflict that a person decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from mappings.rules import Owner
from store.links import Link

Value = str | Sequence[str]
Values = Mapping[str, Value]
"""Fields of a record by name: texts, and what consists of several."""


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


def hash_of(name: str, value: Value) -> str:
    """A field's value as a link keeps it where it is personal."""
    return fingerprint([name, *([value] if isinstance(value, str) else value)])


class AgreedHashes(Agreed):
    """One record whose fields are kept as hashes: they are personal, and only compared."""

    hashes: dict[str, str] = {}
    """The hash of each field's value, by name."""
    in_store: dict[str, str] = {}
    """The hash of what the store reads in its place, where that is not the same: it wants names of
    states, and a first name of everybody."""

    def has(self, name: str, value: Value) -> bool:
        """Whether a value is the one that both sides last agreed on."""
        return self.hashes.get(name) == hash_of(name, value)

    def changed(self, name: str, value: Value, *, in_store: bool) -> str:
        """The hash of a value that one side changed since; "" for one that it did not.

        A blank does not count as a change where nothing was ever agreed on.
        """
        found = hash_of(name, value)
        known = self.hashes.get(name, "" if any(value) else found)
        return "" if found == (self.in_store.get(name, known) if in_store else known) else found

    def differing(self, store: Values, account: Values) -> list[str]:
        """Fields that do not read as agreed, and not the same on both sides."""
        return [
            name
            for name, value in store.items()
            if value != account[name]
            and (
                self.changed(name, value, in_store=True)
                or self.changed(name, account[name], in_store=False)
            )
        ]

    def merge(self, store: Values, account: Values, owners: Mapping[str, Owner]) -> Merged:
        """Both sides merged, the fields of `owners`. A blank wins over nothing never agreed on.

        Values that were agreed on cannot be put back.
        """
        owned = without_last_agreed(owners)
        return merge(
            dict.fromkeys(owned, ""),
            {name: self.changed(name, store[name], in_store=True) for name in owned},
            {name: self.changed(name, account[name], in_store=False) for name in owned},
            owned,
        )

    def with_values(self, values: Values, read_back: Values) -> Self:
        """With what both agree on now. In: what the store reads back of those it was written."""
        kept = {name: one for name, one in self.in_store.items() if name not in values}
        other = {n: hash_of(n, one) for n, one in read_back.items() if one != values.get(n, one)}
        hashes = {name: hash_of(name, one) for name, one in values.items()}
        update = {"hashes": {**self.hashes, **hashes}, "in_store": {**kept, **other}}
        return self.model_copy(update=update)


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


def without_last_agreed(owners: Mapping[str, Owner]) -> dict[str, Owner]:
    """Owners of fields whose agreed values are not kept as they were, and cannot be put back.

    What both last agreed on would win where it could; here a person decides.
    """
    return {name: "" if owner == "last agreed" else owner for name, owner in owners.items()}


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
