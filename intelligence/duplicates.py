"""Duplicates among many customers: which pairs are worth comparing, and which groups may merge."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from intelligence.customers import (
    Customer,
    Match,
    NameCounts,
    Prepared,
    compare,
    compare_first_names,
    prepare,
)

LARGEST_BLOCK = 40
"""A key that more records share says nothing about who they are."""
VOWELS = re.compile(r"(?<=.)[aeiouy]")
DOUBLED = re.compile(r"(.)\1+")
SOUNDS = str.maketrans("zckqvdbgj", "sskkftppk")


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What was found among some customers."""

    matches: tuple[Match, ...]
    """Pairs of the zones certain and review, the highest score first."""
    groups: tuple[tuple[str, ...], ...]
    """Customers who are certainly one person each; every two of a group have compatible names."""

    def of_zone(self, zone: str) -> list[Match]:
        """The pairs of one zone."""
        return [match for match in self.matches if match.zone == zone]


def sound(name: str) -> str:
    """What a name roughly sounds like: its consonants, alike ones the same."""
    return VOWELS.sub("", DOUBLED.sub(r"\1", name.replace("ph", "f").translate(SOUNDS)))


def blocking_keys(who: Prepared) -> Iterator[tuple[str, ...]]:
    """Records that share one of these are compared: many kinds, so that few slips hide a pair."""
    yield from _contact_keys(who)
    yield from _name_keys(who)
    yield from _address_keys(who)


def _contact_keys(who: Prepared) -> Iterator[tuple[str, ...]]:
    if who.email:
        yield "email", who.email
    if who.local:
        yield "mailbox", who.local
        yield "mailbox start", who.local[:6], who.last[:3] or who.first[:3]
    if who.phone:
        yield "phone", who.phone
        yield "phone start", who.phone[:6], who.first[:1]


def _name_keys(who: Prepared) -> Iterator[tuple[str, ...]]:
    if who.first and who.last:
        low, high = sorted((sound(who.first), sound(who.last)))
        yield "names", low, high, who.postcode[:3] or who.city[:3]
        yield "all names", *sorted((who.first, who.last))
    if who.first and who.number:
        yield "names and number", *sorted((who.first[:2], who.last[:2])), who.number
    if who.first and who.postcode:
        yield "first name and postcode", who.first[:3], who.postcode
    if who.postcode:
        yield "surname and postcode", sound(who.last), who.postcode


def _address_keys(who: Prepared) -> Iterator[tuple[str, ...]]:
    if who.number and who.postcode:
        yield "number and postcode", who.number, who.postcode
    if who.letters:
        yield "letters", who.letters[:7], who.city[:3]
        yield "letters and number", who.letters[:4], who.number, who.postcode[:2]
    street = re.sub(r"\d+", " ", who.street).split()
    if street:
        longest = max(street, key=len)
        yield "street", who.number, longest[:5], who.first[:1]
        yield "street and city", longest[:5], who.city[:4], sound(who.last)[:3]


def candidate_pairs(customers: list[Prepared]) -> set[tuple[int, int]]:
    """Places in the list of pairs that share a key."""
    blocks: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, who in enumerate(customers):
        for key in set(blocking_keys(who)):
            blocks[key].append(place)
    pairs: set[tuple[int, int]] = set()
    for members in blocks.values():
        if 1 < len(members) <= LARGEST_BLOCK:
            pairs.update(combinations(members, 2))
    return pairs


def find_duplicates(customers: Iterable[Customer]) -> Duplicates:
    """The pairs that are certainly or possibly one person, and the groups that may be merged.

    A certain pair whose group would join people of incompatible first names goes to review.
    """
    prepared = [prepare(customer) for customer in customers]
    counts = NameCounts.of(prepared)
    matches = [
        match
        for one, other in candidate_pairs(prepared)
        if (match := compare(prepared[one], prepared[other], counts)).zone != "ignore"
    ]
    by_id = {who.id: who for who in prepared}
    groups, refused = _groups(matches, by_id, counts)
    kept = [replace(match, zone="review") if match in refused else match for match in matches]
    kept.sort(key=lambda match: (-match.score, match.first, match.second))
    return Duplicates(tuple(kept), groups)


def _groups(
    matches: list[Match], by_id: dict[str, Prepared], counts: NameCounts
) -> tuple[tuple[tuple[str, ...], ...], set[Match]]:
    """Groups that certain pairs make, and the pairs that would have joined two people."""
    member_of: dict[str, list[str]] = {}
    refused: set[Match] = set()
    certain = [match for match in matches if match.zone == "certain"]
    certain.sort(key=lambda match: (-match.score, match.first, match.second))
    for match in certain:
        ones = member_of.setdefault(match.first, [match.first])
        others = member_of.setdefault(match.second, [match.second])
        if ones is others:
            continue
        if all(_may_be_one(by_id[one], by_id[other], counts) for one in ones for other in others):
            ones.extend(others)
            member_of.update(dict.fromkeys(others, ones))
        else:
            refused.add(match)
    groups = {id(group): tuple(sorted(group)) for group in member_of.values() if len(group) > 1}
    return tuple(sorted(groups.values())), refused


def _may_be_one(one: Prepared, other: Prepared, counts: NameCounts) -> bool:
    """Whether first names exclude that two members of a group are one person."""
    straight = compare_first_names(one.first, other.first, counts)
    crossed = compare_first_names(one.first, other.last, counts)
    return straight not in {"other", "similar"} or crossed in {"same", "slip"}
