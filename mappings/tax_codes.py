"""The table of tax codes: which code a row has by its place, tax class and rate.

A key is `PLACE:CLASS:RATE`; parts may be left out from the left, and `*` stands for any: `20`,
`GB:20`, `US-NY:8.875`, `GB:Zero rate:0`, `US:*`. A place is a country of ISO 3166-1, or a region of
it: a code of ISO 3166-2, or the state's own text.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import pycountry

from core.money import decimal
from mappings.files import Problem
from mappings.tables import ANY, Table, comparable, plain

TABLE = "tax_codes"
MOST_PARTS = 3
BY_REGION = frozenset({"US", "CA"})
"""Countries whose regions, counties and cities have tax rates of their own, many of them near each
other: a rate is never taken from amounts there, and a missing row is asked for by region."""


class TaxKey(NamedTuple):
    """What a row of the table is about, in the form in which it is compared."""

    place: str
    """`GB`, `US-NY`; empty: any."""
    tax_class: str
    """Empty: any."""
    rate: Decimal | None
    """Percent; None: any."""


def read_key(text: str) -> TaxKey:
    """The key that a table's value states.

    Raises: ValueError saying what is wrong with it.
    """
    *scope, rate = (part.strip() for part in text.split(":"))
    if len(scope) >= MOST_PARTS:  # a class may have a colon in it
        scope = [scope[0], ":".join(scope[1:])]
    place, tax_class = [ANY, ANY, *scope][-2:] if len(scope) != 1 else [scope[0], ANY]
    country, _, region = place.partition("-")
    code = country.strip().upper()
    if place != ANY and not (pycountry.countries.get(alpha_2=code) or code == "XK"):
        hint = f"; of a tax class write `*:{text}`" if len(scope) == 1 else ""
        raise ValueError(f"{country!r} is no country code of ISO 3166-1{hint}")
    try:
        percent = None if rate == ANY else Decimal(plain(decimal(rate)))
    except ValueError:
        raise ValueError(f"{rate!r} is not a number") from None
    return TaxKey(
        "" if place == ANY else tax_place(code, region),
        "" if tax_class == ANY else comparable(tax_class),
        percent,
    )


@lru_cache(maxsize=1024)
def tax_place(country_iso2: str, state: str) -> str:
    """A country, with the region that the state's text names: `GB`, `US-NY`."""
    country, text = country_iso2.strip().upper(), _unaccented(state)
    if not country or not text:
        return country
    return _regions(country).get(text, f"{country}-{text.replace(':', ' ')}")


def named_place(place: str) -> str:
    """The place under which a missing row is asked for: region or country, never a typed text."""
    country = place.partition("-")[0]
    is_region = country in BY_REGION and place in _regions(country).values()
    return place if is_region else country


class TaxCodes:
    """The table's rows, of which the most specific one counts: by place, then class, then rate."""

    def __init__(self, table: Table) -> None:
        self._codes: dict[TaxKey, str] = {}
        self._by_place: defaultdict[str, list[TaxKey]] = defaultdict(list)
        for row in table.rows:
            try:
                key = read_key(row.value)
            except ValueError:
                continue  # `tax_code_problems` names it
            self._codes.setdefault(key, row.becomes)
            self._by_place[key.place].append(key)

    def code(self, place: str, tax_class: str, rate: Decimal) -> str:
        """The tax code; empty where no row is about it."""
        keys = product(_around(place), (comparable(tax_class), ""), (rate, None))
        found = (self._codes.get(TaxKey(*key), "") for key in keys)
        return next(filter(None, found), "")

    def rates(self, place: str) -> list[Decimal]:
        """Percent that rows of the place, or of what is around it, are about."""
        found = dict.fromkeys(key.rate for key in self._of(place))
        return [rate for rate in found if rate is not None]

    def needs_tax_rows(self, place: str, rate: Decimal) -> bool:
        """Whether a rate that explains some amounts is not enough to know the code.

        Another rate may explain them as well, which the table does not list, or the code depends
        on the tax class.
        """
        if rate and place.partition("-")[0] in BY_REGION:
            return True
        return any(
            (key.tax_class and key.rate in (rate, None)) or (key.place and key.rate is None)
            for key in self._of(place)
        )

    def _of(self, place: str) -> Iterator[TaxKey]:
        return (key for one in _around(place) for key in self._by_place.get(one, ()))


@lru_cache(maxsize=4)
def tax_codes(table: Table) -> TaxCodes:
    """The table read once, however many batches use it."""
    return TaxCodes(table)


def tax_code_problems(table: Table) -> Iterator[Problem]:
    """What is wrong with the table's keys."""
    seen: dict[TaxKey, int] = {}
    for row in table.rows:
        try:
            earlier = seen.setdefault(read_key(row.value), row.line)
        except ValueError as wrong:
            yield Problem(table.file, row.line, "value", str(wrong))
            continue
        if earlier != row.line:
            text = f"{row.value!r} is already in line {earlier}"
            yield Problem(table.file, row.line, "value", text)


def key_text(place: str, rate: Decimal) -> str:
    """The key under which a missing row is asked for: `FR:20`; the rate alone without a place."""
    return ":".join(filter(None, (named_place(place), plain(rate))))


def _around(place: str) -> tuple[str, ...]:
    """The place itself, its country, and any: the most specific first."""
    return tuple(dict.fromkeys((place, place.partition("-")[0], "")))


@lru_cache(maxsize=64)
def _regions(country: str) -> Mapping[str, str]:
    """Codes of a country's regions by their names, and by the codes' own last part."""
    found = pycountry.subdivisions.get(country_code=country) or ()  # type: ignore[no-untyped-call]
    by_name = {_unaccented(region.name): region.code for region in found}
    return by_name | {region.code.partition("-")[2].casefold(): region.code for region in found}


def _unaccented(text: str) -> str:
    plainer = unicodedata.normalize("NFKD", text)
    return comparable("".join(c for c in plainer if not unicodedata.combining(c)))
