"""Numbers of payment cards in texts that people type: all but their last four digits is left out.

Such a number is a run of digits, whatever blanks, dots and dashes stand between them, with the
first digits and the length of a kind of card, whose check digit is right (ISO/IEC 7812: Luhn).
A telephone number that begins with `+` is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

SHORTEST, LONGEST = 13, 19
"""Digits of a card's number."""
LONGER_THAN_PHONES = 16
"""Digits that no telephone number has (E.164)."""
MASK = "•••• "
"""Stands before the last four digits."""
MASKED = re.compile(rf"{MASK}\d{{4}}(?!\d)")
_RUN = re.compile(r"(?<![\w+])\d(?:[\s.\u2010-\u2015-]{0,3}\d){12,}(?!\w)")
_GROUP = re.compile(r"\d+")
_KINDS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}"  # Visa
    r"|(?:5[1-5]|2[2-7])\d{14}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[689]\d)\d{11,16}"  # Diners Club
    r"|35\d{14,17}"  # JCB
    r"|(?:6\d|50|5[6-8])\d{11,17}"  # Discover, UnionPay, Maestro
)


def masked(text: str, *, shortest: int = SHORTEST) -> str:
    """The text, with `•••• 1111` in place of each card's number of at least so many digits."""
    if len(text) < shortest:
        return text
    return _RUN.sub(lambda run: _masked_run(run[0], shortest), text)


def has_card(text: str) -> bool:
    """Whether a card's number stands in the text."""
    return masked(text) != text


def places_of_cards(document: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Where cards' numbers stand in a document, as its values or names, such as `data.card`."""
    left = [("", document)]
    while left:
        place, value = left.pop()
        match value:
            case Mapping():
                left += [(f"{place}.{masked(name)}".lstrip("."), of) for name, of in value.items()]
                yield from (f"a name in {place or 'it'}" for name in value if has_card(name))
            case list():
                left += [(place, one) for one in value]
            case str() | int() | float():
                if has_card(str(value)):
                    yield place


def _masked_run(run: str, shortest: int) -> str:
    """Digits in groups, among which a card's number may be a few that follow each other."""
    groups = list(_GROUP.finditer(run))
    parts: list[str] = []
    written = first = 0
    while first < len(groups):
        last, digits = first, ""
        for position, group in enumerate(groups[first : first + LONGEST], first + 1):
            digits += group[0]
            if len(digits) >= shortest and _is_card(digits):
                last, four = position, digits[-4:]
        if last > first:
            parts += [run[written : groups[first].start()], MASK, four]
            written = groups[last - 1].end()
        first = max(last, first + 1)
    return "".join([*parts, run[written:]])


def _is_card(digits: str) -> bool:
    if not _KINDS.fullmatch(digits):
        return False
    odd, even = digits[-1::-2], digits[-2::-2]
    doubled = (2 * int(one) for one in even)
    return (sum(map(int, odd)) + sum(one // 10 + one % 10 for one in doubled)) % 10 == 0
