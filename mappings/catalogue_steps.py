"""Steps for products: HTML made harmless, tables by line, flags out of texts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import nh3

from mappings.rules import TEXTS, Context, ValueStep, step
from mappings.steps import Lookup, TextStep
from mappings.tables import row_to_add

if TYPE_CHECKING:  # core.frames imports pandas, which checking a mapping file does not need
    from core.frames import Kind


def clean_html(text: str) -> str:
    """The text as HTML without scripts, event handlers and dangerous addresses."""
    return nh3.clean(text).strip() if "<" in text or "&" in text else text.strip()


@step("clean_html")
class CleanHtml(TextStep):
    """HTML without scripts, event handlers, styles and dangerous addresses."""

    change: ClassVar[Callable[[str], str]] = clean_html


@step("equals")
class Equals(ValueStep):
    """Whether the value is this text, in any case; a missing one is not."""

    gives: ClassVar[Kind | None] = "flag"
    fills: ClassVar[bool] = True
    short: ClassVar[str | None] = "text"

    text: str

    def of(self, value: Any, context: Context) -> bool:  # noqa: ANN401 - a text or nothing
        return str(value or "").casefold() == self.text.casefold()


@step("lookup_lines")
class LookupLines(Lookup):
    """Each line by a table, trimmed; a line whose row says nothing is left out."""

    takes: ClassVar[frozenset[Kind]] = TEXTS

    otherwise: Literal["missing", "keep"] = "keep"
    """What happens where a line has no row: all of the value is missing, or the line is kept."""

    def of(self, value: str | Decimal, context: Context) -> str:
        found: list[str] = []
        for line in filter(None, map(str.strip, str(value).splitlines())):
            becomes = context.tables[self.table].get(line)
            if becomes is None and self.otherwise == "missing":
                return ""
            found.append(line if becomes is None else becomes)
        return "\n".join(sorted(dict.fromkeys(filter(None, found))))


@step("known_lines")
class KnownLines(ValueStep):
    """Brightpearl's own ids, a line for each; one line that it lacks makes all of it missing."""

    short: ClassVar[str | None] = "known"

    known: Literal["brands", "categories"]

    def of(self, value: str, context: Context) -> str:
        known = context.known[self.known]
        found = [known.get(line.casefold(), "") for line in value.splitlines()]
        return "\n".join(found) if all(found) else ""

    def named(self, value: str, context: Context) -> str:
        """The first line that Brightpearl lacks, as the store calls it."""
        table, known = context.tables.get(f"account_{self.known}"), context.known[self.known]
        for line in filter(None, map(str.strip, value.splitlines())):
            becomes = table.get(line) if table else None
            name = line if becomes is None else becomes
            if name and name.casefold() not in known:
                return line
        return value

    def reason(self, value: str) -> str:
        return f"{value!r} is not among the {self.known} of Brightpearl"

    def remedy(self, value: str, becomes: str) -> str:
        del becomes
        row = row_to_add(value, "name in Brightpearl", f"account_{self.known}")
        return (
            f"Create it in Brightpearl, or {row[0].lower()}{row[1:]}, and the way back to "
            f"{self.known}.csv if the store is to go on calling it so"
        )
