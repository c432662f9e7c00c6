"""What both systems last agreed on about a record, and the three-way merge over it.

Who changed what is found by comparing each side with what was agreed on, never by comparing times:
a side that still reads like it was not touched. Of fields that both sides changed, the owner wins;
without an owner it is a conflict that a person decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from core.refusals import Refusal
from mappings.rules import Owner
from store.links import Link
from tasks.reconciler.cases import Decisions, digest, review

SHOWN = 200
"""Characters of a value that a reason shows."""

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
        merged = merge(
            dict.fromkeys(owned, ""),
            {name: self.changed(name, store[name], in_store=True) for name in owned},
            {name: self.changed(name, account[name], in_store=False) for name in owned},
            owned,
        )
        return merged.with_values(store, account)

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

    def case(
        self, key: str, takes: Owner, *, of: str = "", why: str = "nobody owns it", shows: bool
    ) -> Refusal:
        """The case of a record's field, which both values stand with until it is decided.

        In: the side whose value it proposes, "" where only a person can write it; how the part of
        the record is called; whether the reason may show the values.
        """
        sides = (self.bigcommerce, self.brightpearl)
        values = [one if isinstance(one, Sequence) else str(one) for one in sides]
        shown = (str(value)[:SHOWN] for value in values)
        both = ": BigCommerce has {!r}, Brightpearl {!r}".format(*shown) if shows else ""
        name = f"{of}{self.name}"
        case = review(
            name,
            digest(key, *values),
            f"{name.replace('_', ' ')} differs, and {why}{both}",
            {"field": name, "takes": takes} if takes else {},
        )
        named = dict(zip(("bigcommerce", "brightpearl"), values, strict=True))
        return replace(case, detail={**case.detail, "values": named})


@dataclass(frozen=True)
class Merged:
    """What each side is to take over from the other."""

    for_bigcommerce: Mapping[str, Any] = field(default_factory=dict)
    for_brightpearl: Mapping[str, Any] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()

    def with_values(self, store: Mapping[str, Any], account: Mapping[str, Any]) -> Merged:
        """The same with the values of both sides, where something else was compared."""
        return Merged(
            {name: account[name] for name in self.for_bigcommerce},
            {name: store[name] for name in self.for_brightpearl},
            tuple(
                replace(one, bigcommerce=store[one.name], brightpearl=account[one.name])
                for one in self.conflicts
            ),
        )

    def decided(self, takes: Owner, names: Collection[str]) -> Merged:
        """The same where people decided that these fields take the values of one side."""
        for_store, for_account = dict(self.for_bigcommerce), dict(self.for_brightpearl)
        for one in self.conflicts:
            if one.name in names and takes == "brightpearl":
                for_store[one.name] = one.brightpearl
            elif one.name in names:
                for_account[one.name] = one.bigcommerce
        left = tuple(one for one in self.conflicts if one.name not in names)
        return Merged(for_store, for_account, left)


def resolve(  # noqa: PLR0913 - a record, and what was decided about it
    merged: Merged, key: str, takes: Owner, decisions: Decisions, *, of: str = "", shows: bool
) -> tuple[Merged, dict[str, Refusal]]:
    """What was merged, with the conflicts that a person decided; cases of the others, by field.

    In: as of `Conflict.case`.
    """
    cases = {one.name: one.case(key, takes, of=of, shows=shows) for one in merged.conflicts}
    decided = {name for name, why in cases.items() if decisions.approves(key, why)}
    left = {name: why for name, why in cases.items() if name not in decided}
    return merged.decided(takes, decided), left


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
