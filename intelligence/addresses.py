"""Addresses checked for form and consistency, and written as their country writes them.

A verdict never says *deliverable*: it says whether an address is complete, whether its parts agree,
and what it may have meant. The original is kept, each change is listed, and only what a table of
rules calls blocking may ever hold an order.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Literal

from intelligence.places import (
    areas,
    areas_of_postcode,
    countries,
    fold,
    fold_umlauts,
    gazetteer,
    is_place,
    postcodes_of_area,
    rules_of,
    similar_places,
    united_states,
)
from intelligence.postcodes import countries_that_write, is_valid, normalised, split_off
from intelligence.table_files import read_table

Level = Literal["block", "advise", "note"]
FAR_KM = 6.0
"""A city whose nearest ZIP code is further away than this is not the one of the address."""
MOST_PASSES = 4
"""Each pass repairs what the one before uncovered; two are nearly always enough."""
CHECKED_COUNTRIES = ("US", "CA", "GB", "NL", "IE", "DE", "FR", "AU", "NZ")
"""Countries whose places and postcodes are known well enough to say that an address is of one."""
STATE_COUNTRIES = ("US", "CA", "AU")
"""Countries whose states are written as codes; elsewhere states are names that vary too much."""
INVISIBLE = re.compile(r"[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060\ufeff]")
BLANKS = re.compile(r"\s+")
PO_BOX = re.compile(
    r"\b(?:p\.?\s*o\.?\s*box|post\s*(?:office)?\s*box|postfach|bo[iî]te\s*postale|postbus"
    r"|apartado|locked\s+bag|private\s+bag|casella\s+postale|gpo\s+box)\b\s*\d*"
    r"|\b[bc]\.?p\.?\s*\d{2,6}\b",
    re.IGNORECASE,
)
MILITARY = re.compile(r"\b(?:apo|fpo|dpo)\b", re.IGNORECASE)
MILITARY_STATES = frozenset({"AA", "AE", "AP"})


@dataclass(frozen=True, slots=True)
class Address:
    """An address in parts; `country` is an ISO 3166 code or a name, `state` a code or a name."""

    street: str
    city: str
    state: str
    postcode: str
    country: str


@dataclass(frozen=True, slots=True)
class Change:
    """One part that is written otherwise than it came."""

    part: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with an address, or worth knowing, in words."""

    code: str
    level: Level
    part: str
    message: str
    suggestion: str = ""
    """What the part may have meant; empty where nothing can be said."""


@dataclass(frozen=True, slots=True)
class AddressVerdict:
    """What was found out about one address."""

    original: Address
    address: Address
    """The original with its changes."""
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]

    @property
    def is_flagged(self) -> bool:
        """Whether a person should read it; notes alone are no reason."""
        return any(finding.level != "note" for finding in self.findings)

    @property
    def is_blocking(self) -> bool:
        """Whether a rule says that nothing should be sent there before a person has read it."""
        return any(finding.level == "block" for finding in self.findings)


@dataclass(frozen=True, slots=True)
class AddressRules:
    """How grave each finding is; `levels` overrides the table `address_rules`.

    Its keys are codes of findings, or a code and a country: `po_box`, `postcode_missing:NZ`.
    """

    levels: dict[str, Level] = field(default_factory=dict)

    def level(self, code: str, country: str) -> Level:
        """What a finding of that code does in an address of that country."""
        shipped = _shipped_levels()
        named = f"{code}:{country}"
        return self.levels.get(named) or self.levels.get(code) or shipped.get(named, shipped[code])


@cache
def _shipped_levels() -> dict[str, Level]:
    known: tuple[Level, ...] = ("block", "advise", "note")
    return {
        f"{row['code']}:{row['country']}" if row["country"] else row["code"]: next(
            level for level in known if level == row["level"]
        )
        for row in read_table("address_rules")
    }


STANDARD = AddressRules()


def check_address(original: Address, rules: AddressRules = STANDARD) -> AddressVerdict:
    """The verdict on one address. Pure; the same address always gives the same.

    The address of a verdict has no further changes: checked again, it stays as it is.
    """
    address = normalise_address(original)
    found = _findings(original, address)
    return AddressVerdict(
        original=original,
        address=address,
        changes=tuple(
            Change(part.name, before, after)
            for part in fields(Address)
            if (before := getattr(original, part.name)) != (after := getattr(address, part.name))
        ),
        findings=tuple(
            Finding(code, rules.level(code, address.country), part, message, suggestion)
            for code, part, message, suggestion in found
        ),
    )


def normalise_address(address: Address) -> Address:
    """The address as its country writes it; whatever is not certain stays as it is."""
    for _ in range(MOST_PASSES):
        repaired = _repair(address)
        if repaired == address:
            break
        address = repaired
    return address


def _repair(address: Address) -> Address:
    country = _country(_clean(address.country))
    parts = {part.name: _clean(getattr(address, part.name)) for part in fields(Address)}
    cleaned = replace(Address(**parts), country=country)
    for name in ("street", "city"):
        cleaned = replace(cleaned, **{name: getattr(cleaned, name).strip(" ,;")})
    cleaned = replace(cleaned, state=_state(country, cleaned.state))
    if not (cleaned.city or cleaned.postcode) and cleaned.street:
        cleaned = _split_line(cleaned)
    elif not cleaned.postcode and (split := split_off(country, cleaned.city)) and split[0]:
        cleaned = replace(cleaned, city=split[0], postcode=split[1])
    postcode = normalised(country, cleaned.postcode, state=cleaned.state, city=cleaned.city)
    return replace(cleaned, postcode=postcode)


def _clean(text: str) -> str:
    """Text in one line without invisible characters and doubled blanks."""
    visible = INVISIBLE.sub(" ", unicodedata.normalize("NFC", text))
    return BLANKS.sub(" ", visible).strip()


def _country(text: str) -> str:
    known = countries()
    return known.get(text.casefold()) or known.get(fold(text)) or text.upper()


def _state(country: str, state: str) -> str:
    if country not in STATE_COUNTRIES:
        return state
    known = areas(country)
    return known.get(state.casefold().strip(" .")) or known.get(fold(state)) or state


def _split_line(address: Address) -> Address:
    """A whole address that stands in the street: its parts, read from the end."""
    split = split_off(address.country, address.street)
    if split is None or not split[0]:
        return address
    line, postcode = split
    state = address.state
    if address.country in STATE_COUNTRIES and not state:
        line, state = _split_state(address.country, line)
    before, comma, city = line.rpartition(",")
    if not comma:
        before, city = _split_city(address.country, line, postcode)
    before, city = before.strip(" ,;"), city.strip(" ,;")
    if not before or not city or not re.search(r"[^\W\d_]", city):
        return address
    return replace(address, street=before, city=city, state=state, postcode=postcode)


def _split_state(country: str, line: str) -> tuple[str, str]:
    known = areas(country)
    words = re.split(r"[\s,]+", line)
    for count in (1, 2, 3):
        tail = " ".join(words[-count:])
        code = known.get(tail.casefold()) or known.get(fold(tail))
        if code and count < len(words):
            rest = re.search(r"[\s,]+".join(map(re.escape, words[-count:])) + r"[\s,]*$", line)
            return (line[: rest.start()].strip(" ,;"), code) if rest else (line, "")
    return line, ""


def _split_city(country: str, line: str, postcode: str) -> tuple[str, str]:
    """Street and city of a line without commas, where the city at its end is known."""
    words = line.split()
    zip_code = united_states().zip_code(postcode[:5]) if country == "US" else None
    for count in range(min(4, len(words) - 1), 0, -1):
        city = " ".join(words[-count:])
        known = fold(city) in zip_code.folded if zip_code else fold(city) in gazetteer(country)
        if known:
            return " ".join(words[:-count]), city
    return "", ""


Found = Iterator[tuple[str, str, str, str]]
"""Code, part, message and suggestion of each finding."""


def _findings(original: Address, address: Address) -> list[tuple[str, str, str, str]]:
    if rules_of(address.country) is None:
        return [("country_unknown", "country", "The country is not known.", "")]
    mismatch = _other_country(address)
    found = [*_kinds(address), *_moved(original, address)]
    if mismatch:
        message = f"The address is not of {address.country}; it fits {mismatch}."
        return [*found, ("country_mismatch", "country", message, mismatch)]
    return [*found, *_missing(address), *_contradictions(address)]


def _kinds(address: Address) -> Found:
    if PO_BOX.search(address.street):
        yield "po_box", "street", "It is a post office box: no courier delivers there.", ""
    is_military = address.country == "US" and address.state in MILITARY_STATES
    if is_military or (address.country == "US" and MILITARY.search(address.city)):
        yield "military", "city", "It is a military post office: few couriers deliver there.", ""


def _moved(original: Address, address: Address) -> Found:
    if not original.city.strip() and address.city:
        message = "The whole address stood in the street."
        yield "one_line", "street", message, f"{address.city} {address.postcode}"
    elif original.city.strip() and not original.postcode.strip() and address.postcode:
        yield "postcode_in_city", "city", "The postcode stood in the city.", address.postcode


def _missing(address: Address) -> Found:
    rules = rules_of(address.country)
    required = rules.required_fields if rules else set()
    zip_code = united_states().zip_code(address.postcode[:5]) if address.country == "US" else None
    if not address.street:
        yield "street_missing", "street", "There is no street.", ""
    if not address.city and "city" in required:
        guess = zip_code.city if zip_code else ""
        yield "city_missing", "city", "There is no city.", guess
    if not address.postcode and "postal_code" in required:
        yield "postcode_missing", "postcode", "There is no postcode.", ""
    if not address.state and address.country in STATE_COUNTRIES:
        possible = areas_of_postcode(address.country, address.postcode)
        guess = next(iter(possible)) if len(possible) == 1 else ""
        yield "state_missing", "state", "There is no state or province.", guess


def _contradictions(address: Address) -> Found:
    if address.postcode and not is_valid(address.country, address.postcode):
        code = "eircode_format" if address.country == "IE" else "postcode_format"
        message = f"{address.country} does not write postcodes so."
        yield code, "postcode", message, _completed(address)
        yield from _misspelt(address)
        return
    known = areas(address.country)
    has_state = address.country in STATE_COUNTRIES and address.state
    if has_state and address.state not in known.values():
        if _state(address.country, address.city) in known.values():
            message = "City and state seem to be swapped."
            yield "city_state_swapped", "city", message, f"{address.state}, {address.city}"
        else:
            possible = sorted(areas_of_postcode(address.country, address.postcode))
            guess = possible[0] if len(possible) == 1 else ""
            yield "state_unknown", "state", "The state or province is not known.", guess
        return
    if has_state and address.postcode:
        found = [*_state_against_postcode(address)]
        yield from found
        if found:
            return
    if address.country == "US":
        yield from _american_city(address)
    else:
        yield from _misspelt(address)


def _completed(address: Address) -> str:
    """The postcode with the zero in front that it may have lost."""
    candidate = f"0{address.postcode}"
    return candidate if is_valid(address.country, candidate) else ""


def _state_against_postcode(address: Address) -> Found:
    """State and postcode that exclude each other."""
    patterns = postcodes_of_area(address.country, address.state)
    possible = areas_of_postcode(address.country, address.postcode)
    fits = any(pattern.match(address.postcode) for pattern in patterns)
    if address.state in possible or (fits and not possible) or not (patterns or possible):
        return
    message = f"The postcode is not of {address.state}."
    if not possible:
        yield "postcode_unknown", "postcode", "There is no such postcode.", ""
        return
    if _city_fits(address, address.state, possible):
        yield "postcode_of_other_state", "postcode", message, ""
    else:
        guess = next(iter(possible)) if len(possible) == 1 else ""
        yield "state_of_other_postcode", "state", message, guess


def _city_fits(address: Address, state: str, others: Iterable[str]) -> bool:
    """Whether the city lies in the state, and not in one of the others."""
    city = fold(address.city)
    if address.country == "US":
        zip_code = united_states().zip_code(address.postcode[:5])
        of_zip = zip_code is not None and city in zip_code.folded
        return not of_zip and city in united_states().cities(state)
    place = gazetteer(address.country).get(city)
    near = place.area if place else ""
    return near == state and near not in others


def _american_city(address: Address) -> Found:
    """A ZIP code that does not exist, or not in this city; a city that is misspelt."""
    if not address.postcode or not address.city:
        return
    us = united_states()
    zip_code = us.zip_code(address.postcode[:5])
    if zip_code is None:
        yield "postcode_unknown", "postcode", "There is no such ZIP code.", ""
        yield from _misspelt(address)
        return
    city = fold(address.city)
    if city in zip_code.folded or any(city in name.split() for name in zip_code.folded):
        return
    far = us.km_between(zip_code, zip_code.state, city)
    if far is None:
        yield from _misspelt(address)
    elif far > FAR_KM:
        message = f"{address.city} is {far:.0f} km from where the ZIP code lies."
        yield "city_far_from_postcode", "city", message, zip_code.city


def _misspelt(address: Address) -> Found:
    city = address.city
    state = address.state if address.country in STATE_COUNTRIES else ""
    similar = similar_places(address.country, city, state) if city else ()
    if similar and not is_place(address.country, city):
        message = f"No place called {city} is known; {similar[0]} is."
        yield "city_spelling", "city", message, similar[0]


def _other_country(address: Address) -> str:
    """The country that the address is of, where it cannot be of the one it names."""
    country, postcode, state = address.country, address.postcode, address.state
    if not postcode or country not in CHECKED_COUNTRIES:
        return ""
    others = tuple(other for other in CHECKED_COUNTRIES if other != country)
    fits_here = is_valid(country, postcode)
    city = fold(address.city)
    for other in countries_that_write(postcode, others):
        code = _state(other, state) if state else ""
        in_state = code and code in areas_of_postcode(other, normalised(other, postcode))
        if in_state and (not fits_here or not _is_area(country, state)):
            return other
        if not fits_here and (other in {"GB", "CA", "NL", "IE"} or _is_city(other, city, postcode)):
            return other
        if (
            fits_here
            and not _is_city(country, city, postcode)
            and _is_city(other, city, postcode)
            and not is_place(country, address.city)
        ):
            return other
    return ""


def _is_area(country: str, state: str) -> bool:
    return country in STATE_COUNTRIES and _state(country, state) in areas(country).values()


def _is_city(country: str, city: str, postcode: str) -> bool:
    if country == "US":
        zip_code = united_states().zip_code(postcode[:5])
        return zip_code is not None and city in zip_code.folded
    return city in gazetteer(country) or fold_umlauts(city) in gazetteer(country)
