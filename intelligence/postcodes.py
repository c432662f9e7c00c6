"""Postcodes as a country writes them, and the repair of those that were only mangled on the way.

A repair never guesses: what a spreadsheet or a form did to the postcode (blanks, hyphens, O for 0,
a lost leading zero) is undone only where exactly one valid postcode comes out, and where the state
or the city has to decide, only if it fits.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import combinations

from intelligence.places import (
    areas_of_postcode,
    fold,
    fold_umlauts,
    gazetteer,
    rules_of,
    united_states,
)

CONFUSED = (str.maketrans("Oo", "00"), str.maketrans("IiLl|", "11111"))
"""Letters that were typed for digits, the commonest first."""
SWAPS = {"O": "0", "0": "O", "I": "1", "1": "I", "L": "1", "S": "5", "5": "S"}
MOST_SWAPS = 2
"""More letters typed for digits than these, and too many postcodes would be possible."""
DIGITS_ONLY = {"US": (5, 9), "DE": (5,), "FR": (5,), "ES": (5,), "IT": (5,), "AU": (4,)}
"""Countries with postcodes of so many digits."""
BRITISH = re.compile(
    r"(?:GIR|[A-Z]{1,2}\d\d?|[A-Z]{1,2}\d[A-HJ-NP-Z])"
    r" \d[ABD-HJLNP-UW-Z]{2}"
)
"""Stricter than the library: the last two letters are none of C, I, K, M, O and V."""
EIRCODE = re.compile(r"(?:D6W|[AC-FHKNPRTV-Y]\d{2}) [\dAC-FHKNPRTV-Y]{4}")
EAST_GERMAN = frozenset({"BB", "SN", "ST", "TH"})
ZERO_AREAS = {
    **{f"DE0{digit}": EAST_GERMAN for digit in range(1, 10)},
    "FR01": frozenset({"84"}), "FR02": frozenset({"32"}), "FR03": frozenset({"84"}),
    "FR04": frozenset({"93"}), "FR05": frozenset({"93"}), "FR06": frozenset({"93"}),
    "FR07": frozenset({"84"}), "FR08": frozenset({"44"}), "FR09": frozenset({"76"}),
}  # fmt: skip
"""Country and first two digits → areas of `places.csv` in which such postcodes lie."""
STRICTER = {"GB": BRITISH, "IE": EIRCODE}
PATTERNS_IN_TEXT = {
    "US": r"\d{5}(?:-?\d{4})?",
    "CA": r"[ABCEGHJ-NPRSTVXY]\d[A-Z][ -]?\d[A-Z]\d",
    "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}",
    "NL": r"\d{4} ?[A-Z]{2}",
    "IE": r"[A-Z]\d[\dW] ?[A-Z\d]{4}",
    "DE": r"\d{5}", "FR": r"\d{5}", "ES": r"\d{5}", "IT": r"\d{5}",
    "AU": r"\d{4}", "NZ": r"\d{4}", "AT": r"\d{4}", "CH": r"\d{4}", "BE": r"\d{4}", "DK": r"\d{4}",
}  # fmt: skip


def is_valid(country: str, postcode: str) -> bool:
    """Whether the country's post writes postcodes so; True where it has no rule."""
    rules = rules_of(country)
    if rules is None or not rules.postal_code_matchers:
        return True
    if country in STRICTER and not STRICTER[country].fullmatch(postcode):
        return False
    return all(pattern.fullmatch(postcode) for pattern in rules.postal_code_matchers)


def normalised(country: str, postcode: str, *, state: str = "", city: str = "") -> str:
    """The postcode as the country writes it, or unchanged where that is not certain.

    In: `country` ISO 3166 alpha-2, `state` its code where the country has states.
    """
    text = re.sub(r"\s+", " ", postcode).strip().upper()
    if not text:
        return ""
    repaired = _repair(country, text, state, city)
    if repaired is None and not is_valid(country, text):
        without = re.sub(rf"^(?:{re.escape(country)}|{re.escape(country[:1])})[ -]", "", text)
        repaired = _repair(country, without, state, city) if without != text else None
    return text if repaired is None else repaired


def _repair(country: str, text: str, state: str, city: str) -> str | None:
    compact = re.sub(r"[^0-9A-Z]", "", text)
    if country == "US":
        return _american(text, state, city)
    if country in DIGITS_ONLY:
        return _digits_only(country, text, state, city)
    written = _spaced(country, compact)
    if written is None:
        return text if is_valid(country, text) else _as_examples(country, compact)
    if is_valid(country, written):
        return written
    found = {
        candidate
        for swapped in _swapped(compact)
        if (candidate := _spaced(country, swapped)) is not None and is_valid(country, candidate)
    }
    return found.pop() if len(found) == 1 else None


def _spaced(country: str, compact: str) -> str | None:
    """The blank where the country writes it; None where it is not ours to place."""
    if country == "CA" and len(compact) == len("H3A1J9"):
        return f"{compact[:3]} {compact[3:]}"
    if country == "GB" and len("W12AB") <= len(compact) <= len("SW1A1AA"):
        return f"{compact[:-3]} {compact[-3:]}"
    if country == "NL" and len(compact) == len("1012AB"):
        return f"{compact[:4]} {compact[4:]}"
    if country == "IE" and len(compact) == len("D02X285"):
        return f"{compact[:3]} {compact[3:]}"
    return None


def _as_examples(country: str, compact: str) -> str | None:
    """The postcode with blanks, hyphens and `LV-` as in the examples of its country."""
    rules = rules_of(country)
    found = set()
    for example in rules.postal_code_examples if rules else ():
        prefix = re.match(r"[A-Z]{2}-(?=\d)", example)
        start = prefix[0] if prefix and compact.isdecimal() else ""
        rest, chars = example[len(start) :], iter(compact)
        if sum(map(str.isalnum, rest)) == len(compact):
            laid = "".join(next(chars) if char.isalnum() else char for char in rest)
            found.add(f"{start}{laid}")
    valid = {one for one in found if is_valid(country, one)}
    return valid.pop() if len(valid) == 1 else None


def _swapped(compact: str) -> list[str]:
    """What the text may have been before letters were typed for digits: fewest swaps only."""
    places = [place for place, char in enumerate(compact) if char in SWAPS]
    for count in range(1, MOST_SWAPS + 1):
        for letters in ("O0", "OI01L", "".join(SWAPS)):
            chosen = [place for place in places if compact[place] in letters]
            made = []
            for some in combinations(chosen, count):
                chars = list(compact)
                for place in some:
                    chars[place] = SWAPS[chars[place]]
                made.append("".join(chars))
            if made:
                return made
    return []


def _digits(text: str) -> str:
    """The digits of a postcode that has nothing else, letters typed for digits undone."""
    for confused in CONFUSED:
        text = text.translate(confused)
    return re.sub(r"[\s.\-]", "", text)


def _digits_only(country: str, text: str, state: str, city: str) -> str | None:
    digits = _digits(text)
    if not digits.isdecimal():
        return None
    length = DIGITS_ONLY[country][0]
    if len(digits) == length:
        return digits
    if len(digits) == length - 1:
        candidate = f"0{digits}"
        if (possible := ZERO_AREAS.get(f"{country}{candidate[:2]}")) is not None:
            key, known = fold(city), gazetteer(country)
            place = known.get(key) or known.get(fold_umlauts(key))
            return candidate if place and place.areas & possible else None
        if state and state in areas_of_postcode(country, candidate):
            return candidate
    return None


def _american(text: str, state: str, city: str) -> str | None:
    digits = _digits(text)
    if not digits.isdecimal():
        return None
    short, long = DIGITS_ONLY["US"]
    if len(digits) == short:
        return digits
    if len(digits) == long:
        return f"{digits[:short]}-{digits[short:]}"
    if len(digits) == short - 1 or (len(digits) == short - 2 and state in {"PR", "VI"}):
        candidate = digits.zfill(short)
        return candidate if _fits(candidate, state, city) else None
    return _lost_digit(digits, state, city) if len(digits) == long - 1 else None


def _lost_digit(digits: str, state: str, city: str) -> str | None:
    """A ZIP+4 of eight digits: the first or the last was lost, whichever fits the place."""
    short = DIGITS_ONLY["US"][0]
    front, back = f"0{digits}", digits[:short]
    fits_front = _fits(front[:short], state, city)
    fits_back = _fits(back, state, city)
    if fits_front == fits_back:
        return None
    return f"{front[:short]}-{front[short:]}" if fits_front else back


def _fits(zip_code: str, state: str, city: str) -> bool:
    found = united_states().zip_code(zip_code)
    if found is None:
        return bool(state) and state in areas_of_postcode("US", zip_code)
    return found.state == state if state else fold(city) in found.folded


@cache
def _at_the_end(country: str) -> re.Pattern[str] | None:
    written = PATTERNS_IN_TEXT.get(country)
    return re.compile(rf"(?:^|[\s,;]+)({written})[\s,;]*$", re.IGNORECASE) if written else None


@cache
def _at_the_start(country: str) -> re.Pattern[str] | None:
    written = PATTERNS_IN_TEXT.get(country)
    if written is None:
        return None
    return re.compile(rf"^(?:[A-Z]{{1,2}}-)?({written})[\s,;]+(?=\D)", re.IGNORECASE)


def split_off(country: str, text: str) -> tuple[str, str] | None:
    """What is left of a text and the valid postcode at its end or start; None if it has none."""
    for pattern in (_at_the_end(country), _at_the_start(country)):
        found = pattern.search(text) if pattern else None
        if found is None:
            continue
        postcode = normalised(country, found[1])
        if is_valid(country, postcode):
            rest = f"{text[: found.start()]} {text[found.end() :]}"
            return rest.strip(" \t,;"), postcode
    return None


def countries_that_write(postcode: str, among: tuple[str, ...]) -> tuple[str, ...]:
    """Those of some countries in which the postcode would be valid."""
    return tuple(country for country in among if is_valid(country, normalised(country, postcode)))
