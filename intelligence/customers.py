"""Whether two customer records are one person: certain, to be reviewed by a person, or not.

Names alone never decide, and neither does what a household shares (address, surname, a phone, a
mailbox): *certain* needs compatible first names and two kinds of evidence. Records are compared as
they are; nothing is learnt from them but how often each first name occurs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rapidfuzz.distance import OSA, JaroWinkler

from intelligence.places import fold, plain_words
from intelligence.table_files import read_table

Zone = Literal["certain", "review", "ignore"]
CERTAIN_SCORE = 80
REVIEW_SCORE = 40
COMMON_NAME = 3
"""A first name that so many records carry is a name of its own, not a slip of another."""
PHONE_DIGITS = 9
"""The last digits of a number, which stay the same with and without a country's prefix."""
SHORTEST_LOCAL = 5
"""A shorter local part (*info*, *ann*) says little about who it is."""
SIMILAR_NAME = 0.8
CLOSE_NAME = 0.9
SIMILAR_STREET = 0.85
ROLES = frozenset(
    {"info", "sales", "admin", "office", "contact", "orders", "accounts", "support", "hello",
     "service", "buchhaltung", "invoices", "mail", "noreply", "no-reply", "webmaster"}
)  # fmt: skip
"""Mailboxes of firms, which many people use."""
DOTLESS = frozenset({"gmail.com", "googlemail.com"})


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as a store knows one; whatever is unknown is empty."""

    id: str
    first_name: str
    last_name: str
    email: str
    phone: str
    street: str
    city: str
    postcode: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A customer with its parts folded for comparison."""

    id: str
    first: str
    last: str
    email: str
    local: str
    """The e-mail address before the @, without tags; empty for what many share."""
    phone: str
    street: str
    letters: str
    """The street without numbers and blanks."""
    number: str
    city: str
    postcode: str


@dataclass(frozen=True, slots=True)
class Match:
    """Two customers that may be one person, and why."""

    first: str
    second: str
    zone: Zone
    score: int
    """0 to 100: how likely it is that they are one person; comparable within one version only."""
    reasons: tuple[str, ...]


def prepare(customer: Customer) -> Prepared:
    """The customer's parts without case, accents, punctuation and formatting."""
    email, local = _email(customer.email)
    first, last = _name(customer.first_name), _name(customer.last_name)
    if first and not last and " " in first:
        first, _, last = first.rpartition(" ")
    street = fold(customer.street)
    return Prepared(
        id=customer.id,
        first=first,
        last=last,
        email=email,
        local=local,
        phone=_phone(customer.phone),
        street=street,
        letters=re.sub(r"[\d\s]", "", street),
        number=_building(street),
        city=fold(customer.city),
        postcode=re.sub(r"[\W_]", "", customer.postcode).casefold(),
    )


@lru_cache(maxsize=65536)
def _name(text: str) -> str:
    return " ".join(re.findall(r"[^\W\d_]+", " ".join(plain_words(text))))


def _email(text: str) -> tuple[str, str]:
    local, at, domain = text.strip().casefold().rpartition("@")
    if not at:
        return "", ""
    local = local.split("+", 1)[0]
    if domain in DOTLESS:
        local, domain = local.replace(".", ""), "gmail.com"
    plain = re.sub(r"[._\-]", "", local)
    is_personal = len(plain) >= SHORTEST_LOCAL and plain not in ROLES
    return f"{local}@{domain}", plain if is_personal else ""


def _phone(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    is_real = len(digits) >= PHONE_DIGITS - 2 and len(set(digits)) > 2  # noqa: PLR2004 - 000…
    return digits[-PHONE_DIGITS:] if is_real else ""


def _building(street: str) -> str:
    """The first number of a street, leading zeros dropped."""
    found = re.search(r"\d+", street)
    return found[0].lstrip("0") if found else ""


@dataclass(frozen=True, slots=True)
class NameCounts:
    """How many of the records at hand carry each first name."""

    counts: Mapping[str, int]

    @classmethod
    def of(cls, customers: Iterable[Prepared]) -> NameCounts:
        """Those of a list of customers."""
        return cls(Counter(customer.first for customer in customers))

    def are_two_names(self, one: str, other: str) -> bool:
        """Whether both are names of their own, so that neither is a slip of the other."""
        known = _given_names()
        return all(
            name in known or self.counts.get(name, 0) >= COMMON_NAME for name in (one, other)
        )


@lru_cache(maxsize=1)
def _given_names() -> frozenset[str]:
    return frozenset(row["name"] for row in read_table("given_names"))


@lru_cache(maxsize=1)
def _nicknames() -> dict[str, frozenset[str]]:
    """Short form → the names that it may stand for."""
    found: dict[str, set[str]] = {}
    for row in read_table("nicknames"):
        found.setdefault(row["short"], set()).add(row["name"])
    return {short: frozenset(names) for short, names in found.items()}


NameLevel = Literal["same", "slip", "nickname", "initial", "similar", "missing", "other"]
STRONG: frozenset[NameLevel] = frozenset({"same", "slip", "nickname"})
"""Levels of first names that a certain match may have."""
NAME_POINTS: dict[NameLevel, int] = {
    "same": 20, "slip": 16, "nickname": 14, "initial": 8, "similar": 8, "missing": 4, "other": -30,
}  # fmt: skip


def compare_first_names(one: str, other: str, counts: NameCounts) -> NameLevel:
    """How two first names agree. `similar` may be a slip or another person's name."""
    if not one or not other:
        return "missing"
    if one.replace(" ", "") == other.replace(" ", "") or _is_part(one, other):
        return "same"
    if min(len(one), len(other)) == 1:
        return "initial" if one[0] == other[0] else "other"
    short, long = sorted((one, other), key=len)
    is_one_slip = OSA.distance(one, other, score_cutoff=1) == 1
    found: NameLevel = "other"
    if long in _nicknames().get(short, ()):
        found = "nickname"
    elif is_one_slip and not counts.are_two_names(one, other):
        found = "slip"
    elif is_one_slip or JaroWinkler.similarity(one, other) >= SIMILAR_NAME:
        found = "similar"
    return found


def _is_part(one: str, other: str) -> bool:
    """Whether one of them has a further name: *Anna* and *Anna Maria*."""
    short, long = sorted((one.split(), other.split()), key=len)
    return len(short) < len(long) and long[: len(short)] == short and len(short[0]) > 1


def compare_last_names(one: str, other: str) -> NameLevel:
    """How two surnames agree; one that is part of a double name counts as the same."""
    if not one or not other:
        return "missing"
    if one == other or set(one.split()) & set(other.split()):
        return "same"
    if OSA.distance(one, other, score_cutoff=1) == 1:
        return "slip"
    if min(len(one), len(other)) == 1 and one[0] == other[0]:
        return "initial"
    return "similar" if JaroWinkler.similarity(one, other) >= CLOSE_NAME else "other"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What two records have in common, part by part."""

    first: NameLevel
    last: NameLevel
    swapped: bool
    email: bool
    mailbox: bool
    """The same local part with another provider, or one slip away."""
    is_weak: bool
    """The mailbox is one slip away, or called like the person, as that of any namesake may be."""
    phone: bool
    phone_slip: bool
    address: bool
    street: bool
    """The same street of the same place, but another building."""
    place: bool
    """The same city or postcode."""
    is_nameless: bool
    """Neither record has a mailbox or a phone: nothing is known that one person alone has."""
    differing: tuple[str, ...]
    """Parts that both records have and that differ: `email`, `phone`, `address`."""


def gather(one: Prepared, other: Prepared, counts: NameCounts) -> Evidence:
    """Compare two records part by part."""
    first = compare_first_names(one.first, other.first, counts)
    last = compare_last_names(one.last, other.last)
    swapped = False
    if first in {"other", "similar", "missing"} and last in {"other", "similar", "missing"}:
        crossed = compare_first_names(one.first, other.last, counts)
        crossed_last = compare_first_names(one.last, other.first, counts)
        levels = {crossed, crossed_last}
        if levels <= {"same", "slip"} and "same" in levels:
            first, last, swapped = crossed, crossed_last, True
    email = bool(one.email) and one.email == other.email
    phone = bool(one.phone) and one.phone == other.phone
    phone_slip = _is_slip(one.phone, other.phone, PHONE_DIGITS - 1)
    mailbox = not email and _same_mailbox(one, other, is_same_name=first == "same")
    place = _same_place(one, other)
    address = _same_address(one, other, place=place)
    has_streets = bool(one.street and other.street)
    known = (
        ("email", one.email and other.email, email or mailbox),
        ("phone", one.phone and other.phone, phone or phone_slip),
        ("address", one.street and other.street, address),
    )
    return Evidence(
        first=first,
        last=last,
        swapped=swapped,
        email=email,
        mailbox=mailbox,
        is_weak=mailbox and (one.local != other.local or _is_named(one)),
        phone=phone,
        phone_slip=phone_slip,
        address=address,
        street=has_streets and place and not address and _same_street(one, other),
        place=place,
        is_nameless=not (one.email or one.phone or other.email or other.phone),
        differing=tuple(name for name, both, same in known if both and not same),
    )


def _is_slip(one: str, other: str, shortest: int) -> bool:
    return (
        min(len(one), len(other)) >= shortest
        and one != other
        and OSA.distance(one, other, score_cutoff=1) == 1
    )


def _same_mailbox(one: Prepared, other: Prepared, *, is_same_name: bool) -> bool:
    if not one.local or not other.local:
        return False
    if one.local != other.local and not _is_slip(one.local, other.local, SHORTEST_LOCAL + 1):
        return False
    # Members of a family have the same initial and surname more often than one thinks.
    initials = {f"{who.first[:1]}{who.last.replace(' ', '')}" for who in (one, other)}
    return is_same_name or not ({one.local, other.local} & initials)


def _mailbox_points(found: Evidence) -> int:
    if not found.mailbox:
        return 0
    return 4 if found.is_weak else 20


def _is_named(who: Prepared) -> bool:
    first, last = who.first.replace(" ", ""), who.last.replace(" ", "")
    return who.local in {first + last, last + first, first[:1] + last, last + first[:1]}


def _same_place(one: Prepared, other: Prepared) -> bool:
    if one.postcode and other.postcode:
        if one.postcode == other.postcode:
            return True
        if _is_slip(one.postcode, other.postcode, 4):
            return True
    if not one.city or not other.city:
        return False
    return one.city == other.city or _is_slip(one.city, other.city, 5)


def _same_address(one: Prepared, other: Prepared, *, place: bool) -> bool:
    if not one.street or not other.street:
        return False
    has_place = (one.city or one.postcode) and (other.city or other.postcode)
    if has_place and not place:
        return False
    if one.street == other.street:
        return True
    if one.number and other.number and not _same_number(one.number, other.number):
        return False
    return _same_street(one, other)


def _same_street(one: Prepared, other: Prepared) -> bool:
    """Whether the street is the same, whatever the building; blanks may be misplaced."""
    words, others = (sorted(re.sub(r"\d+", " ", who.street).split()) for who in (one, other))
    similar = max(
        JaroWinkler.similarity(" ".join(words), " ".join(others)),
        JaroWinkler.similarity(one.street, other.street),
        JaroWinkler.similarity(one.letters, other.letters),
    )
    return similar >= SIMILAR_STREET


def _same_number(one: str, other: str) -> bool:
    return one == other or (
        min(len(one), len(other)) > 1 and OSA.distance(one, other, score_cutoff=1) == 1
    )


def compare(one: Prepared, other: Prepared, counts: NameCounts, *, explain: bool = False) -> Match:
    """Whether two records are one person, with the reasons (of ignored pairs only to `explain`)."""
    found = gather(one, other, counts)
    score = _score(found)
    zone: Zone = "ignore"
    if _is_certain(found):
        zone, score = "certain", max(score, CERTAIN_SCORE)
    else:
        score = min(score, CERTAIN_SCORE - 1)
        if _is_household(found):
            score = min(score, REVIEW_SCORE - 1)
        elif score >= REVIEW_SCORE or _may_be_renamed(found) or _is_same_mailbox(found):
            zone, score = "review", max(score, REVIEW_SCORE)
    reasons = tuple(_reasons(found)) if zone != "ignore" or explain else ()
    return Match(one.id, other.id, zone, max(0, min(100, score)), reasons)


def _is_same_mailbox(found: Evidence) -> bool:
    """One that people of other names, phones and addresses use is shared by a firm."""
    other = found.first == "other" and found.last == "other"
    return found.email and not (other and {"phone", "address"} <= set(found.differing))


def _is_household(found: Evidence) -> bool:
    """People of one family: clearly other first names, and nothing that is personal."""
    return found.first == "other" and not (found.email or found.mailbox or _may_be_renamed(found))


def _may_be_renamed(found: Evidence) -> bool:
    """Records of one surname and address that differ in nothing but their first names.

    Where nobody has a mailbox or a phone, nothing says that these are two people.
    """
    return found.is_nameless and found.address and found.last in STRONG


def _is_certain(found: Evidence) -> bool:
    """Compatible names, and two kinds of evidence (or one, where the full names are the same).

    A family shares phone and address, and father and son may share the name as well: without the
    mailbox these are not enough where each has one of his own.
    """
    if found.first not in STRONG or found.last not in {"same", "slip", "missing"}:
        return False
    if "phone" in found.differing and found.phone_slip:
        return False
    personal = found.email or (found.mailbox and not found.is_weak)
    if personal and (found.phone or found.address):
        return True
    if found.phone and found.address and "email" not in found.differing:
        return True
    is_same_name = found.first == "same" and found.last == "same" and not found.swapped
    has_one = found.email or (found.phone and "email" not in found.differing)
    return is_same_name and has_one and len(found.differing) <= 1


def _score(found: Evidence) -> int:
    points = NAME_POINTS[found.first]
    last = NAME_POINTS[found.last]
    points += last if found.last != "other" else 0 if found.address else -4
    points += 28 if found.email else _mailbox_points(found)
    points += 26 if found.phone else 14 if found.phone_slip else 0
    points += 24 if found.address else 16 if found.street else 8 if found.place else 0
    personal = found.email or (found.mailbox and not found.is_weak)
    has_evidence = personal or found.phone or found.phone_slip or found.address
    return points if has_evidence else points - 4 * len(found.differing)


NAME_REASONS: dict[NameLevel, str] = {
    "same": "the same {part}", "slip": "a {part} one slip away", "nickname": "a short {part}",
    "initial": "an initial for the {part}", "similar": "a similar {part}",
    "missing": "no {part} on one side", "other": "another {part}",
}  # fmt: skip


def _reasons(found: Evidence) -> Iterable[str]:
    yield NAME_REASONS[found.first].format(part="first name")
    yield NAME_REASONS[found.last].format(part="surname")
    if found.swapped:
        yield "first name and surname swapped"
    if found.email:
        yield "the same e-mail address"
    elif found.mailbox:
        yield "the same mailbox name with another provider or one slip"
    if found.phone or found.phone_slip:
        yield "the same phone number" if found.phone else "a phone number one slip away"
    if found.address:
        yield "the same address"
    elif found.place:
        yield "the same city or postcode"
    yield from (
        f"another {'e-mail address' if part == 'email' else part}" for part in found.differing
    )
