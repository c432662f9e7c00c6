"""Every step that a mapping file may name. README.md lists them for people."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pycountry
from pydantic import Field, field_validator

from core import ids
from core.money import decimal
from core.times import local_date
from mappings.rules import Context, JoiningStep, Lack, ValueStep, step
from mappings.shapes import KNOWN
from mappings.tables import as_cell, comparable, lack_of_row, plain, row_to_add
from mappings.tax_codes import TABLE as TAX_CODES
from mappings.tax_codes import tax_codes

if TYPE_CHECKING:  # core.frames imports pandas, which checking a mapping file does not need
    from core.frames import Kind

OTHER_COUNTRIES = {"XK": "XKX", "UK": "GBR", "EL": "GRC"}
"""Codes in use that ISO 3166-1 does not list: Kosovo, and those of the European Union."""
BACKWARDS = "value"
ALPHA_3 = 3
"""Letters of an ISO 3166-1 alpha-3 code."""


def one_line(text: str) -> str:
    """The text trimmed, its line breaks and control characters as single spaces."""
    if text.isprintable():
        return " ".join(text.split())
    return " ".join("".join(c if ord(c) >= ord(" ") else " " for c in text).split())


MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
DATE = re.compile(
    rf"[,;:(\[|\u2013\u2014-]\s*[^,;:(\[|\u2013\u2014]*?("
    rf"\d\s*(st|nd|rd|th|\.)?\s*({MONTHS})|\b({MONTHS})[a-z]*\.?\s+\d|"
    r"\b(\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}([./]\d{2,4})?)\b|"
    r"\b(mon|tues|wednes|thurs|fri|satur|sun)day\b|\btoday\b|\btomorrow\b).*",
    re.IGNORECASE | re.DOTALL,
)
"""What carriers put behind a method: a separator, and a day from there on."""


@lru_cache(maxsize=1024)
def undated(text: str) -> str:
    """The text without the day of delivery that carriers add to it; all of it where none is."""
    return DATE.sub("", text).strip() or text


@lru_cache(maxsize=1024)
def alpha3(text: str) -> str:
    """The ISO 3166-1 alpha-3 code that a text names or is; blank if it is none."""
    code = text.strip()
    if other := OTHER_COUNTRIES.get(code.upper()):
        return other
    if len(code) == ALPHA_3 and code.isascii() and code.isalpha() and code.isupper():
        return code
    country = pycountry.countries.get(alpha_2=code.upper())
    return str(country.alpha_3) if country else ""


@lru_cache(maxsize=1024)
def alpha2(text: str) -> str:
    """The ISO 3166-1 alpha-2 code of an alpha-3 code; blank if it is none."""
    country = pycountry.countries.get(alpha_3=text.strip().upper())
    others = (two for two, three in OTHER_COUNTRIES.items() if three == text.strip().upper())
    return str(country.alpha_2) if country else next(others, "")


@lru_cache(maxsize=1024)
def state_name(text: str, country_iso3: str) -> str:
    """The name that the code of a state or province stands for; any other text as it is."""
    code = f"{alpha2(country_iso3)}-{text.upper()}"
    found = (one.name for one in pycountry.subdivisions if one.code == code)
    return str(next(found, text))


@step("lookup")
class Lookup(ValueStep):
    """Value for value, by a table. An amount is compared as a number, a text whatever its case."""

    takes: ClassVar[frozenset[Kind]] = frozenset({"text", "money"})
    short: ClassVar[str | None] = "table"

    table: str
    otherwise: Literal["missing", "keep"] = "missing"
    """What happens to a value without a row."""
    take: str = ""
    """The table's column that is taken, where `becomes` is not; `value` reads the table backwards:
    of several rows with the same `becomes`, the first one."""
    dated: bool = False
    """Whether a value without a row is looked up without the date that is behind it."""

    def of(self, value: str | Decimal, context: Context) -> str:
        if self.take == BACKWARDS:
            wanted = comparable(plain(value))
            rows = context.tables[self.table].rows
            return next((row.value for row in rows if comparable(row.becomes) == wanted), "")
        found = context.tables[self.table].get(value, self.take)
        if self.table == TAX_CODES and isinstance(value, Decimal):  # of a place that is not known
            found = tax_codes(context.tables[self.table]).code("", "", value) or None
        if found is None and self.dated:
            found = context.tables[self.table].get(undated(str(value)), self.take)
        if found is None:
            return plain(value) if self.otherwise == "keep" else ""
        return found

    def named(self, value: str, context: Context) -> str:
        return undated(value) if self.dated else value

    def reason(self, value: str) -> str:
        if self.otherwise == "keep":
            return ""
        return lack_of_row(value, self.table)

    def remedy(self, value: str, becomes: str) -> str:
        return row_to_add(value, becomes, self.table)


@step("find")
class Find(Lookup):
    """By a table or the step's own `marks`, what a clause of the text says, whatever its case.

    A clause is what stands between separators or ends: `not unused` is no `unused`. Clauses that
    contradict each other say nothing.
    """

    marks: dict[str, str] = Field(default={})

    def of(self, value: str | Decimal, context: Context) -> str:
        listed = {row.value: row.becomes for row in context.tables[self.table].rows}
        becomes = {comparable(mark): to for mark, to in {**self.marks, **listed}.items()}
        clauses = map(comparable, re.split(r"[.,;|()\r\n]+", str(value)))
        found = {becomes[clause] for clause in clauses if clause in becomes}
        if not found:
            return str(value) if self.otherwise == "keep" else ""
        return found.pop() if len(found) == 1 else ""

    def reason(self, value: str) -> str:
        return f"no clause of {value!r} is in mappings/tables/{self.table}.csv"


@step("shop_price")
class ShopPrice(JoiningStep):
    """A price without tax as shoppers are to see it: with tax where a table says so, rounded.

    `taxes` says the percentage that is added, by price list; `rounding` by currency to multiples of
    what a price is rounded (half up), and what is taken off then: `0.01`, `0.05`, `1-0.01`.
    """

    takes: ClassVar[frozenset[Kind]] = frozenset({"text", "money"})
    gives: ClassVar[Kind] = "money"

    taxes: str
    rounding: str

    def columns(self) -> frozenset[str]:
        return frozenset({"net", "price_list_id", "currency"})

    def of(self, values: Mapping[str, Any], context: Context) -> Decimal | None:
        percent = context.tables[self.taxes].get(values["price_list_id"])
        rule = context.tables[self.rounding].get(values["currency"])
        if values["net"] is None or percent is None or rule is None:
            return None
        multiple, _, less = rule.partition("-")
        price = values["net"] * (1 + Decimal(percent) / 100)
        rounded = (price / Decimal(multiple)).quantize(Decimal(1), ROUND_HALF_UP) * Decimal(
            multiple
        )
        return max(rounded - Decimal(less or 0), Decimal(0)) if price else Decimal(0)

    def lack(self, values: Mapping[str, Any], context: Context) -> Lack | None:
        for table, column, becomes in (
            (self.taxes, "price_list_id", "percent of tax that is added"),
            (self.rounding, "currency", "what prices are multiples of, such as 0.01"),
        ):
            if context.tables[table].get(values[column]) is None:
                return Lack(table, column, becomes)
        return None


@step("most_specific")
class MostSpecific(JoiningStep):
    """The tax code of a place, a tax class and a rate, by the most specific row of a table."""

    takes: ClassVar[frozenset[Kind]] = frozenset({"text", "money"})
    short: ClassVar[str | None] = "table"

    table: str

    def columns(self) -> frozenset[str]:
        return frozenset({"tax_place", "tax_class", "rate_percent"})

    def of(self, values: Mapping[str, Any], context: Context) -> str:
        place, tax_class = values["tax_place"] or "", values["tax_class"] or ""
        rate, codes = values["rate_percent"], tax_codes(context.tables[self.table])
        return "" if rate is None else codes.code(place, tax_class, rate)

    def reason(self, value: str) -> str:
        return f"{value} has no row in mappings/tables/{self.table}.csv for where it is taxed"

    def remedy(self, value: str, becomes: str) -> str:
        return f"Add `<country>:{as_cell(value)},<{becomes}>` to mappings/tables/{self.table}.csv"


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
        return context.known[self.what].get(ids.sku_key(value), "")

    def reason(self, value: str) -> str:
        return f"{value!r} is not among Brightpearl's {self.what}"

    def remedy(self, value: str, becomes: str) -> str:
        return f"Create {value!r} among Brightpearl's {self.what}"


@step("constant")
class Constant(JoiningStep):
    """The same text in every row."""

    short: ClassVar[str | None] = "value"

    value: str = Field(min_length=1)

    def of(self, values: Mapping[str, Any], context: Context) -> str:
        return self.value

    def named(self, value: str, context: Context) -> str:
        return value or self.value


@step("coalesce")
class Coalesce(ValueStep):
    """The text where there is none."""

    fills: ClassVar[bool] = True
    short: ClassVar[str | None] = "value"

    value: str = Field(min_length=1)

    def of(self, value: str, context: Context) -> str:
        return value or self.value


class TextStep(ValueStep):
    """One text becomes another, by nothing but itself."""

    change: ClassVar[Callable[[str], str]]

    def of(self, value: str, context: Context) -> str:
        return type(self).change(value)


@step("trim")
class Trim(TextStep):
    """Without the spaces at either end."""

    change: ClassVar[Callable[[str], str]] = str.strip


@step("one_line")
class OneLine(TextStep):
    """Trimmed, line breaks and control characters as single spaces."""

    change: ClassVar[Callable[[str], str]] = one_line


@step("clip")
class Clip(ValueStep):
    """At most so many characters."""

    short: ClassVar[str | None] = "length"

    length: int = Field(ge=1)

    def of(self, value: str, context: Context) -> str:
        return value if len(value) <= self.length else value[: self.length].rstrip()


@step("upper")
class Upper(TextStep):
    """In capitals."""

    change: ClassVar[Callable[[str], str]] = str.upper


@step("lower")
class Lower(TextStep):
    """In small letters."""

    change: ClassVar[Callable[[str], str]] = str.lower


@step("flag")
class Flag(ValueStep):
    """One text for true, another for false."""

    takes: ClassVar[frozenset[Kind]] = frozenset({"flag"})

    when_true: str
    when_false: str

    def of(self, value: bool, context: Context) -> str:  # noqa: FBT001 - a column's value
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
        zone = context.zone if self.zone == "store" else self.zone
        return local_date(value, zone).isoformat()


@step("country_alpha3")
class CountryAlpha3(TextStep):
    """ISO 3166-1 alpha-3 code of an alpha-2 code; three capital letters stay as they are."""

    change: ClassVar[Callable[[str], str]] = alpha3

    def reason(self, value: str) -> str:
        return f"{value!r} is not an ISO 3166-1 country code"


@step("country_alpha2")
class CountryAlpha2(TextStep):
    """ISO 3166-1 alpha-2 code of an alpha-3 code; nothing for any other text."""

    change: ClassVar[Callable[[str], str]] = alpha2

    def reason(self, value: str) -> str:
        return f"{value!r} is not an ISO 3166-1 country code"


@step("state_name")
class StateName(JoiningStep):
    """The name of a state or province that is given by its code; any other text as it is."""

    state: str
    country: str

    def columns(self) -> frozenset[str]:
        return frozenset({self.state, self.country})

    def of(self, values: Mapping[str, Any], context: Context) -> str:
        del context
        return state_name(one_line(values[self.state] or ""), values[self.country] or "")


@step("number")
class Number(ValueStep):
    """The amount that a text names."""

    gives: ClassVar[Kind | None] = "money"

    def of(self, value: str, context: Context) -> Decimal | None:
        try:
            return decimal(value.strip())
        except ValueError:
            return None

    def reason(self, value: str) -> str:
        return f"{value!r} is not a number"


@step("money")
class Money(ValueStep):
    """The amount rounded to so many places, halves away from zero."""

    takes: ClassVar[frozenset[Kind]] = frozenset({"money"})
    gives: ClassVar[Kind | None] = "money"
    short: ClassVar[str | None] = "places"

    places: int = Field(default=2, ge=0, le=6)

    def of(self, value: Decimal, context: Context) -> Decimal | None:
        try:
            return value.quantize(Decimal(1).scaleb(-self.places), rounding=ROUND_HALF_UP)
        except InvalidOperation:
            return None

    def reason(self, value: str) -> str:
        return f"{value} cannot be an amount of money"


@step("external_ref")
class ExternalRef(TextStep):
    """The reference under which Brightpearl keeps an order, as `core.ids` makes it."""

    change: ClassVar[Callable[[str], str]] = ids.external_ref


@step("listed")
class Listed(ValueStep):
    """The first of the things that a text lists, or the others; each counts once.

    Any of the `separators` is between them, or a line break.
    """

    short: ClassVar[str | None] = "take"

    take: Literal["first", "others"]
    separators: str = Field(default=",;|", min_length=1)

    def of(self, value: str, context: Context) -> str:
        parts = re.split(rf"[{re.escape(self.separators)}\r\n]+", value)
        things = list(dict.fromkeys(part.strip() for part in parts if part.strip()))
        return "".join(things[:1]) if self.take == "first" else ", ".join(things[1:])


@step("join")
class Join(JoiningStep):
    """The columns' texts behind each other, missing ones left out."""

    short: ClassVar[str | None] = "between"

    between: str = " "

    def of(self, values: Mapping[str, Any], context: Context) -> str:
        return self.between.join(value for value in values.values() if value)


@step("labelled")
class Labelled(JoiningStep):
    """Each of the columns that has a value, behind its label, on lines of its own."""

    labels: dict[str, str] = Field(min_length=1)
    """What to write before the value, by column."""

    def columns(self) -> frozenset[str]:
        return frozenset(self.labels)

    def of(self, values: Mapping[str, Any], context: Context) -> str:
        texts = ((label, values[name]) for name, label in self.labels.items() if values[name])
        return "\n".join(f"{label} {text}" for label, text in texts)


@step("answer")
class Answer(ValueStep):
    """The answer to one question of the checkout, out of lines `question: answer`."""

    short: ClassVar[str | None] = "question"

    question: str = Field(min_length=1)

    def of(self, value: str, context: Context) -> str:
        answers = (line.partition(":") for line in value.splitlines())
        wanted = comparable(self.question)
        return next((found.strip() for name, _, found in answers if comparable(name) == wanted), "")


@step("first_filled")
class FirstFilled(JoiningStep):
    """The first of the columns that has a value."""

    takes: ClassVar[frozenset[Kind]] = frozenset({"text", "money", "time"})
    gives: ClassVar[Kind | None] = None

    def of(self, values: Mapping[str, Any], context: Context) -> Any:  # noqa: ANN401
        return next((value for value in values.values() if value not in ("", None)), None)


@step("template")
class Template(JoiningStep):
    """A text with columns in it: `BC-{order_id}`; `{value}` is the field's only column.

    Where one of the columns is missing, so is the text.
    """

    takes: ClassVar[frozenset[Kind]] = frozenset({"text", "money", "count"})
    short: ClassVar[str | None] = "text"

    text: str

    @field_validator("text")
    @classmethod
    def _is_plain(cls, text: str) -> str:
        try:
            parts = list(string.Formatter().parse(text))
        except ValueError as error:
            raise ValueError(f"is not a template: {error}") from error
        for _, name, form, conversion in parts:
            if name is not None and (not name.isidentifier() or form or conversion):
                raise ValueError("may hold only plain names in braces, such as {order_id}")
        return text

    def columns(self) -> frozenset[str]:
        return frozenset(name for _, name in _pieces(self.text) if name)

    def of(self, values: Mapping[str, Any], context: Context) -> str:
        single = next(iter(values.values())) if len(values) == 1 else None
        texts: list[str] = []
        for literal, name in _pieces(self.text):
            texts.append(literal)
            if name:
                value = plain(single if name == "value" else values[name])
                if not value:
                    return ""
                texts.append(value)
        return "".join(texts)


@step("account_rate")
class AccountRate(JoiningStep):
    """The exchange rate, if it is against the account's currency; else nothing.

    BigCommerce gives the rate against the store's currency. Where the account keeps its books in
    another one, that rate must not reach it: Brightpearl then uses its own.
    """

    takes: ClassVar[frozenset[Kind]] = frozenset({"text", "money"})
    gives: ClassVar[Kind | None] = "money"

    rate: str
    against: str
    """Columns: the rate, and the currency it is against."""

    def columns(self) -> frozenset[str]:
        return frozenset({self.rate, self.against})

    def of(self, values: Mapping[str, Any], context: Context) -> Decimal | None:
        if context.account_currency in ("", values[self.against]):
            rate: Decimal | None = values[self.rate]
            return rate
        return None


@lru_cache(maxsize=1024)
def _pieces(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((literal, name or "") for literal, name, _, _ in string.Formatter().parse(text))
