"""Steps from one value to one value. README.md lists all steps for people."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pycountry
from pydantic import Field, field_validator

from core import ids
from core.money import decimal
from core.times import local_date
from mappings.context import Context
from mappings.shapes import KNOWN
from mappings.steps import ValueStep, plain, step

if TYPE_CHECKING:  # core.frames imports pandas, which checking a mapping file does not need
    from core.frames import Kind

ALPHA_3 = 3
"""Letters of an ISO 3166-1 alpha-3 code."""


@step("lookup")
class Lookup(ValueStep):
    """Value for value, by a table. An amount is compared as a number, a text whatever its case."""

    takes: ClassVar[frozenset[Kind]] = frozenset({"text", "money"})
    short: ClassVar[str | None] = "table"

    table: str
    column: str = ""
    """Only this one of the field's columns is looked up; empty: all of them."""
    otherwise: Literal["missing", "keep"] = "missing"
    """What happens to a value without a row."""

    def of(self, value: str | Decimal, context: Context) -> str:
        """Give the table's right side."""
        found = context.tables[self.table].get(value)
        if found is None:
            return plain(value) if self.otherwise == "keep" else ""
        return found

    def reason(self, value: str) -> str:
        """Name value and table; a table that keeps what it does not know loses nothing."""
        if self.otherwise == "keep":
            return ""
        return f"{value!r} has no row in mappings/tables/{self.table}.csv"

    def remedy(self, value: str, becomes: str) -> str:
        """Give the row to add, but for its right side."""
        return f"Add `{_cell(value)},<{becomes}>` to mappings/tables/{self.table}.csv"


@step("known")
class Known(ValueStep):
    """Value for value, by what the account itself knows."""

    short: ClassVar[str | None] = "what"

    what: str

    @field_validator("what")
    @classmethod
    def _is_known(cls, what: str) -> str:
        if what not in KNOWN:
            raise ValueError(f"is not one of {', '.join(KNOWN)}")
        return what

    def of(self, value: str, context: Context) -> str:
        """Give the account's id of it."""
        return context.known[self.what].get(ids.sku_key(value), "")

    def reason(self, value: str) -> str:
        """Name the value."""
        return f"{value!r} is not among Brightpearl's {self.what}"

    def remedy(self, value: str, becomes: str) -> str:  # noqa: ARG002 - the account gives the id
        """Say what is to be created."""
        return f"Create {value!r} among Brightpearl's {self.what}"


@step("constant")
class Constant(ValueStep):
    """The same text in every row."""

    fills: ClassVar[bool] = True
    short: ClassVar[str | None] = "value"

    value: str = Field(min_length=1)

    def of(self, value: object, context: Context) -> str:  # noqa: ARG002 - whatever they are
        """Give the text."""
        return self.value


@step("coalesce")
class Coalesce(ValueStep):
    """The text where there is none."""

    fills: ClassVar[bool] = True
    short: ClassVar[str | None] = "value"

    value: str = Field(min_length=1)

    def of(self, value: str, context: Context) -> str:  # noqa: ARG002 - needs no facts
        """Give the value, or the text in its place."""
        return value or self.value


@step("trim")
class Trim(ValueStep):
    """Without the spaces at either end."""

    def of(self, value: str, context: Context) -> str:  # noqa: ARG002 - needs no facts
        """Give the trimmed text."""
        return value.strip()


@step("one_line")
class OneLine(ValueStep):
    """Trimmed, line breaks and control characters as single spaces."""

    def of(self, value: str, context: Context) -> str:  # noqa: ARG002 - needs no facts
        """Give the text on one line."""
        if value.isprintable():
            return " ".join(value.split())
        return " ".join("".join(c if ord(c) >= ord(" ") else " " for c in value).split())


@step("clip")
class Clip(ValueStep):
    """At most so many characters."""

    short: ClassVar[str | None] = "length"

    length: int = Field(ge=1)

    def of(self, value: str, context: Context) -> str:  # noqa: ARG002 - needs no facts
        """Give the beginning of the text."""
        return value if len(value) <= self.length else value[: self.length].rstrip()


@step("upper")
class Upper(ValueStep):
    """In capitals."""

    def of(self, value: str, context: Context) -> str:  # noqa: ARG002 - needs no facts
        """Give the text in capitals."""
        return value.upper()


@step("lower")
class Lower(ValueStep):
    """In small letters."""

    def of(self, value: str, context: Context) -> str:  # noqa: ARG002 - needs no facts
        """Give the text in small letters."""
        return value.lower()


@step("flag")
class Flag(ValueStep):
    """One text for true, another for false."""

    takes: ClassVar[frozenset[Kind]] = frozenset({"flag"})

    when_true: str
    when_false: str

    def of(self, value: bool, context: Context) -> str:  # noqa: ARG002, FBT001 - a column's value
        """Give the text of the flag."""
        return self.when_true if value else self.when_false


@step("local_date")
class LocalDate(ValueStep):
    """The ISO day of a moment in a time zone: the store's, or a named one."""

    takes: ClassVar[frozenset[Kind]] = frozenset({"time"})
    short: ClassVar[str | None] = "zone"

    zone: str = "store"

    @field_validator("zone")
    @classmethod
    def _exists(cls, zone: str) -> str:
        if zone != "store":
            try:
                ZoneInfo(zone)
            except (ZoneInfoNotFoundError, ValueError) as error:
                raise ValueError("is neither `store` nor an IANA time zone") from error
        return zone

    def of(self, value: datetime, context: Context) -> str:
        """Give the day."""
        zone = context.zone if self.zone == "store" else self.zone
        return local_date(value, zone).isoformat()


@step("country_alpha3")
class CountryAlpha3(ValueStep):
    """ISO 3166-1 alpha-3 code of an alpha-2 code; three capital letters stay as they are."""

    def of(self, value: str, context: Context) -> str:  # noqa: ARG002 - needs no facts
        """Give the code."""
        return _alpha3(value.strip())

    def reason(self, value: str) -> str:
        """Name the value."""
        return f"{value!r} is not an ISO 3166-1 country code"


@step("number")
class Number(ValueStep):
    """The amount that a text tells."""

    gives: ClassVar[Kind | None] = "money"

    def of(self, value: str, context: Context) -> Decimal | None:  # noqa: ARG002 - needs no facts
        """Give the exact number."""
        try:
            return decimal(value.strip())
        except ValueError:
            return None

    def reason(self, value: str) -> str:
        """Name the value."""
        return f"{value!r} is not a number"


@step("money")
class Money(ValueStep):
    """The amount rounded to so many places, halves away from zero."""

    takes: ClassVar[frozenset[Kind]] = frozenset({"money"})
    gives: ClassVar[Kind | None] = "money"
    short: ClassVar[str | None] = "places"

    places: int = Field(default=2, ge=0, le=6)

    def of(self, value: Decimal, context: Context) -> Decimal | None:  # noqa: ARG002
        """Give the rounded amount; None for one beyond what a Decimal can hold to the cent."""
        try:
            return value.quantize(Decimal(1).scaleb(-self.places), rounding=ROUND_HALF_UP)
        except InvalidOperation:
            return None

    def reason(self, value: str) -> str:
        """Name the value."""
        return f"{value} cannot be an amount of money"


@step("external_ref")
class ExternalRef(ValueStep):
    """The reference under which Brightpearl keeps an order; other rooms make it the same way."""

    def of(self, value: str, context: Context) -> str:  # noqa: ARG002 - needs no facts
        """Give the reference."""
        return ids.external_ref(value)


@lru_cache(maxsize=1024)
def _alpha3(code: str) -> str:
    if len(code) == ALPHA_3 and code.isascii() and code.isalpha() and code.isupper():
        return code
    country = pycountry.countries.get(alpha_2=code.upper())
    return str(country.alpha_3) if country else ""


def _cell(value: str) -> str:
    """The value as a table's cell, quoted where CSV needs it."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([value])
    return line.getvalue()
