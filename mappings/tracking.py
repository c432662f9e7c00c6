"""Tracking numbers and links, as people write them into the reference of a goods note.

The table `tracking_references` says what stands between two numbers, and what stands for none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from mappings.rules import Context, step
from mappings.steps import Lookup, one_line
from mappings.tables import Table, comparable

LONGEST_NUMBER = 50
LONGEST_LINK = 500
"""Characters that BigCommerce takes. Source: REST Management API, Orders V2, shipments."""
BLANK = "blank"
"""What the table calls a blank, which it cannot hold."""
SURE = 8
"""Characters of a word with a digit that is a number by itself."""
_LINK = re.compile(
    r"(?:https?://|www\.)[^\s;|]+?(?=,?(?:[\s;|]|$|,https?://|,www\.))", re.IGNORECASE
)
"""A comma belongs to a link, unless the link ends with it or another one follows."""


@dataclass(frozen=True)
class Tracking:
    """What a reference says. Everything that has no place of its own is among the others."""

    number: str
    link: str
    others: Sequence[str]


def read_tracking(text: str, table: Table) -> Tracking:
    """The first number and the first link that fit into their fields, and all others. Pure."""
    found = _LINK.findall(text)
    links = [one if "://" in one else f"https://{one}" for one in found]
    numbers = list(_numbers(_LINK.sub("\n", text), table))
    number = next((one for one in numbers if len(one) <= LONGEST_NUMBER), "")
    link = next((one for one in links if len(one) <= LONGEST_LINK), "")
    others = dict.fromkeys(one for one in (*numbers, *links) if one not in {number, link})
    return Tracking(number, link, tuple(others))


def _numbers(text: str, table: Table) -> Iterator[str]:
    rows = [(row.value, comparable(row.becomes)) for row in table.rows]
    marks = {value.casefold() for value, kind in rows if kind == "separator"}
    none = {comparable(value) for value, kind in rows if kind == "placeholder"}
    between = "|".join(["[\r\n]", *(re.escape(one) for one in marks - {BLANK})])
    # A placeholder may contain a separator, as N/A does: it goes first.
    places = "|".join(re.escape(one) for one in sorted(none, key=len, reverse=True))
    if places:
        whole = rf"(^|{between})\s*(?:{places})\s*(?=$|{between})"
        text = re.sub(whole, r"\1", text, flags=re.IGNORECASE)
    for part in re.split(between, text, flags=re.IGNORECASE):
        words = [one for one in one_line(part).split(" ") if one and comparable(one) not in none]
        if BLANK in marks and _stand_alone(words):
            yield from words
        elif words:
            yield " ".join(words)


def _stand_alone(words: Sequence[str]) -> bool:
    """Whether each word is a number: carriers also print one number in groups.

    Each is long, or all are built alike and not of digits only.
    """
    shapes = {re.sub(r"[A-Z]", "A", re.sub(r"\d", "9", one.upper())) for one in words}
    is_alike = len(shapes) == 1 and not all(one.isdecimal() for one in words)
    return is_alike or all(len(one) >= SURE and re.search(r"\d", one) for one in words)


@step("tracking")
class ReadTracking(Lookup):
    """Of what a text says: the first `number`, the first `link`, or the `others`."""

    short: ClassVar[str | None] = None

    take: Literal["number", "link", "others"]

    def of(self, value: object, context: Context) -> str:
        """What is taken; several texts are listed with commas."""
        found = read_tracking(str(value), context.tables[self.table])
        match self.take:
            case "number":
                return found.number
            case "link":
                return found.link
            case _:
                return ", ".join(found.others)
