"""Model numbers inside product names: letters with digits that are neither a size nor a measure."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

SHORTEST, SHORTEST_DIGITS, SHORTEST_IDENTIFIER = 4, 5, 6

_TOKEN = re.compile(r"[a-z0-9][a-z0-9\-/.]*")
_MEASURE = re.compile(
    r"\d+(?:[.,]\d+)?(?:"
    r"[kmgt]b|[kmg]?hz|watts?|volts?|mah|[mcku]?m|ft|in|inch|inches|oz|lbs?|kg|ml|mp|"
    r"btu|cu|pcs?|pk|pack|ct|dpi|rpm|[km]bps|bit|st|nd|rd|th|yr|hr|min|way|users?|ports?|"
    r"discs?|sheets?|[wvgluxpik]"
    r")"
)


def read_model_numbers(text: str) -> frozenset[str]:
    """Model numbers in a name, in lower case without punctuation."""
    found: set[str] = set()
    for token in _TOKEN.findall(text.lower()):
        for part in {token, *token.split("/")}:
            joined = re.sub(r"[^a-z0-9]", "", part)
            if _MEASURE.fullmatch(part) or _MEASURE.fullmatch(joined):
                continue
            has_digit = any(one.isdigit() for one in joined)
            has_letter = any(one.isalpha() for one in joined)
            if has_digit and len(joined) >= (SHORTEST if has_letter else SHORTEST_DIGITS):
                found.add(joined)
    return frozenset(found)


def read_part_numbers(text: str) -> frozenset[str]:
    """The model numbers that are long and mixed enough to name one product of one maker."""
    return frozenset(
        one
        for one in read_model_numbers(text)
        if len(one) >= SHORTEST_IDENTIFIER
        and sum(character.isdigit() for character in one) > 1
        and any(character.isalpha() for character in one)
    )


def overlap(left: AbstractSet[str], right: AbstractSet[str]) -> float:
    """1 where one number is on both sides, less where one begins or ends the other, else 0."""
    if left & right:
        return 1.0
    best = 0.0
    for one in left:
        for other in right:
            shorter, longer = sorted((one, other), key=len)
            if longer.startswith(shorter) or longer.endswith(shorter):
                best = max(best, 0.5 + 0.5 * len(shorter) / len(longer))
    return best
