"""Which product here is which product over in the other catalogue.

Identifiers decide: an equal normalised SKU, a GTIN with a right check digit, or a manufacturer part
number of the same brand, each on one product a side only. Where they are silent or disagree nothing
is linked, and text similarity ranks candidates for a person.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np
from rapidfuzz.distance import OSA

from intelligence.model_numbers import overlap, read_model_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

GTIN_LENGTHS = (8, 12, 13, 14)
SHORTEST_PART_NUMBER = 4
CANDIDATES = 40
"""Rows of the other catalogue that are compared closely, by similarity of characters."""
ROWS_AT_ONCE = 500
NEAREST, SHORTEST_SKU = 3, 5

# Tuned on the train and validation pairs of the labelled catalogues (docs/suggestions.md).
WORDS, CHARACTERS, DETAILS = 0.25, 0.75, 0.2
SAME_MODEL, OTHER_MODEL, OTHER_PART_NUMBER, OTHER_GTIN = 0.6, 0.15, 0.5, 1.0
PRICE, UNKNOWN_PRICE, WIDEST_PRICE = 0.1, 0.4, 1.5
RECIPROCITY = 0.8


@dataclass(frozen=True, slots=True)
class Item:
    """One product or variant of a catalogue; what is not known is empty."""

    key: str
    name: str = ""
    sku: str = ""
    gtin: str = ""
    """EAN, UPC, ISBN-13 or GTIN-14, as written."""
    mpn: str = ""
    brand: str = ""
    details: str = ""
    """A description, or whatever else is written about it."""
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """Two products that carry the same identifier."""

    left: str
    right: str
    reason: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Products whose identifiers contradict each other: for a person."""

    left: str
    right: str
    reason: str


@dataclass(frozen=True, slots=True)
class Identified:
    """What identifiers say about two catalogues."""

    links: Sequence[Link]
    disagreements: Sequence[Disagreement]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product that may be the same one; `score` orders candidates and is no probability."""

    key: str
    score: float
    reasons: Sequence[str] = field(default=())


_SMALLER = {"kg": (1000, "g"), "g": (1, "g"), "l": (1000, "ml"), "cl": (10, "ml"), "ml": (1, "ml")}
_MEASURE = re.compile(r"(?<![\d.,])(\d+(?:[.,]\d+)?) ?(kg|g|cl|ml|l)\b")
_SIZES = {
    "extra small": "xs",
    "small": "s",
    "medium": "m",
    "large": "l",
    "extra large": "xl",
    "extra extra large": "xxl",
    "2xl": "xxl",
    "3xl": "xxxl",
}
_SIZE = re.compile("|".join(rf"\b{one}\b" for one in sorted(_SIZES, key=len, reverse=True)))


def normalise_sku(text: str) -> str:
    """Capital letters and digits only: `ab-1 0` and `AB10` are one SKU."""
    return re.sub(r"[\W_]+", "", text.upper())


def normalise_gtin(text: str) -> str | None:
    """Fourteen digits, or None where the length or the check digit is wrong.

    A UPC that lost its leading zero (11 digits) is completed if the check digit then fits.
    Source: GS1 General Specifications, the modulo-10 check digit.
    """
    digits = re.sub(r"[\s-]+", "", text)
    if not digits.isascii() or not digits.isdecimal() or not int(digits or "0"):
        return None
    if len(digits) not in {*GTIN_LENGTHS, 11}:
        return None
    padded = digits.zfill(14)
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(padded))
    return padded if total % 10 == 0 else None


def nearest_skus(sku: str, known: Iterable[str], *, top: int = NEAREST) -> list[tuple[str, str]]:
    """SKUs of `known` that an unknown one may mean, the likeliest first, each with its reason.

    The same letters and digits come first, then one slip (a character more, less, other, or two
    swapped), then what only has something before or behind it. Short ones are not guessed at.
    """
    wanted = normalise_sku(sku)
    if not wanted:
        return []
    found: list[tuple[int, int, str, str]] = []
    for one in known:
        other = normalise_sku(one)
        gap = abs(len(other) - len(wanted))
        is_long = min(len(other), len(wanted)) >= SHORTEST_SKU
        if other == wanted:
            found.append((0, gap, one, "the same letters and digits"))
        elif is_long and gap <= 1 and OSA.distance(wanted, other, score_cutoff=1) == 1:
            found.append((1, gap, one, "one slip away"))
        elif is_long and (
            wanted.startswith(other)
            or wanted.endswith(other)
            or other.startswith(wanted)
            or other.endswith(wanted)
        ):
            found.append((2, gap, one, "the same but for something before or behind it"))
    return [(one, reason) for _, _, one, reason in sorted(found)[:top]]


def match_identifiers(left: Sequence[Item], right: Sequence[Item]) -> Identified:
    """Links that identifiers prove, and pairs on which they disagree.

    An identifier that stands on two products of one side proves nothing, and so does a pair
    where another identifier differs.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for name, read in IDENTIFIERS.items():
        here, over = _unique(left, read), _unique(right, read)
        for value in here.keys() & over.keys():
            pair = here[value].key, over[value].key
            found.setdefault(pair, []).append(f"the same {name} {value}")
    lefts = {item.key: item for item in left}
    rights = {item.key: item for item in right}
    partners: dict[str, set[str]] = defaultdict(set)
    for one, other in found:
        partners["l" + one].add(other)
        partners["r" + other].add(one)
    links: list[Link] = []
    disagreements: list[Disagreement] = []
    for (one, other), reasons in sorted(found.items()):
        differing = contradictions(lefts[one], rights[other])
        if len(partners["l" + one]) > 1 or len(partners["r" + other]) > 1:
            differing = [*differing, "another product carries one of these identifiers"]
        if differing:
            reason = f"{' and '.join(reasons)}, but {' and '.join(differing)}"
            disagreements.append(Disagreement(one, other, reason))
        else:
            links.append(Link(one, other, " and ".join(reasons)))
    return Identified(links, disagreements)


def rank(
    left: Sequence[Item], right: Sequence[Item], *, top: int = 3
) -> Mapping[str, Sequence[Candidate]]:
    """The likeliest products of `right` for each of `left`, best first.

    Both catalogues are compared as wholes: a candidate that suits another product of `left` better
    sinks. Memory grows with the rows of `left` times `CANDIDATES`, time with both sizes.
    """
    if not left or not right:
        return {item.key: () for item in left}
    texts = _Texts(left, right)
    scored = list(_scores(left, right, texts))
    best = _two_best(scored)
    answer: dict[str, Sequence[Candidate]] = {}
    for row, item in enumerate(left):
        final = []
        for column, score in scored[row].items():
            (first, holder), (second, _) = best[column]
            rival = second if holder == row else first
            final.append((score - RECIPROCITY * max(0.0, rival - score), -column))
        final.sort(reverse=True)
        answer[item.key] = [
            Candidate(right[-negative].key, round(score, 4), _reasons(item, right[-negative]))
            for score, negative in final[:top]
        ]
    return answer


def _part_number(item: Item) -> str | None:
    part = normalise_sku(item.mpn)
    usable = len(part) >= SHORTEST_PART_NUMBER and any(one.isdigit() for one in part)
    return part if usable else None


IDENTIFIERS: Mapping[str, Callable[[Item], str | None]] = {
    "SKU": lambda item: normalise_sku(item.sku) or None,
    "GTIN": lambda item: normalise_gtin(item.gtin),
    "manufacturer part number": _part_number,
}


def _unique(items: Iterable[Item], read: Callable[[Item], str | None]) -> dict[str, Item]:
    values = [(read(item), item) for item in items]
    counts = Counter(value for value, _ in values if value)
    return {value: item for value, item in values if value and counts[value] == 1}


def contradictions(left: Item, right: Item) -> list[str]:
    """Why two products can hardly be the same one, by identifiers that both have; in words."""
    reasons = []
    gtins = normalise_gtin(left.gtin), normalise_gtin(right.gtin)
    if all(gtins) and gtins[0] != gtins[1]:
        reasons.append("their GTINs differ")
    parts = _part_number(left), _part_number(right)
    if all(parts) and parts[0] != parts[1]:
        reasons.append("their manufacturer part numbers differ")
    brands = normalise_sku(left.brand), normalise_sku(right.brand)
    if all(brands) and not (brands[0] in brands[1] or brands[1] in brands[0]):
        reasons.append("their brands differ")
    return reasons


class _Texts:
    """What is compared of two catalogues: vectors of characters and words, and model numbers."""

    def __init__(self, left: Sequence[Item], right: Sequence[Item]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - slow

        def fit(texts: list[str], **how: object) -> tuple[Any, Any]:
            try:
                rows = TfidfVectorizer(sublinear_tf=True, dtype=np.float32, **how)
                vectors = rows.fit_transform(texts)
            except ValueError:  # no text has a single word of that kind
                from scipy.sparse import csr_matrix  # noqa: PLC0415 - the same

                vectors = csr_matrix((len(texts), 1), dtype=np.float32)
            return vectors[: len(left)], vectors[len(left) :]

        names = [
            in_one_measure(f"{_extra_brand(one)}{one.name} {one.mpn}".lower())
            for one in (*left, *right)
        ]
        details = [
            f"{text} {one.details}" for text, one in zip(names, (*left, *right), strict=True)
        ]
        word = r"[a-z0-9]+"
        self.characters = fit(names, analyzer="char_wb", ngram_range=(3, 4))
        self.words = fit(names, token_pattern=word)
        self.details = fit(details, token_pattern=word)
        models = [read_model_numbers(text) for text in names]
        self.left_models, self.right_models = models[: len(left)], models[len(left) :]
        joined = [re.sub(r"[^a-z0-9]", "", text) for text in names]
        self.left_joined, self.right_joined = joined[: len(left)], joined[len(left) :]

    def models(self, row: int, column: int) -> float | None:
        """How far model numbers agree, 0 to 1; None where a side has none."""
        here, over = self.left_models[row], self.right_models[column]
        shared = overlap(here, over)
        if shared < 1 and (
            any(
                len(one) > SHORTEST_PART_NUMBER and one in self.right_joined[column] for one in here
            )
            or any(len(one) > SHORTEST_PART_NUMBER and one in self.left_joined[row] for one in over)
        ):
            return 1.0
        return shared if shared or (here and over) else None


def in_one_measure(name: str) -> str:
    """A lower-case name whose weights are in grams, volumes in millilitres, sizes as letters."""

    def smaller(found: re.Match[str]) -> str:
        factor, unit = _SMALLER[found[2]]
        return f"{float(found[1].replace(',', '.')) * factor:g}{unit}"

    name = _MEASURE.sub(smaller, name)
    return _SIZE.sub(lambda found: _SIZES[found[0]], name)


def _extra_brand(item: Item) -> str:
    return "" if item.brand.lower() in item.name.lower() else f"{item.brand} "


def _scores(
    left: Sequence[Item], right: Sequence[Item], texts: _Texts
) -> Iterator[dict[int, float]]:
    holders: dict[str, list[int]] = defaultdict(list)
    for column, models in enumerate(texts.right_models):
        for model in models:
            holders[model].append(column)
    prices = np.array([_log_price(item) for item in right])
    for start in range(0, len(left), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        alike = [_product(pair, part) for pair in (texts.characters, texts.words, texts.details)]
        mixed = CHARACTERS * alike[0] + WORDS * alike[1] + DETAILS * alike[2]
        count = min(CANDIDATES, len(right))
        nearest = np.argpartition(-mixed, count - 1, axis=1)[:, :count]
        for offset, columns in enumerate(nearest):
            row = start + offset
            chosen = set(columns.tolist())
            for model in texts.left_models[row]:
                chosen.update(holders[model][:CANDIDATES])
            price = _log_price(left[row])
            yield {
                column: float(mixed[offset, column])
                + _adjusted(left[row], right[column], texts.models(row, column))
                - PRICE * _price_gap(price, prices[column])
                for column in sorted(chosen)
            }


def _product(pair: tuple[Any, Any], part: slice) -> NDArray[np.float32]:
    dense: NDArray[np.float32] = (pair[0][part] @ pair[1].T).toarray()
    return dense


def _adjusted(left: Item, right: Item, models: float | None) -> float:
    gtins = normalise_gtin(left.gtin), normalise_gtin(right.gtin)
    if all(gtins) and gtins[0] != gtins[1]:
        return -OTHER_GTIN
    if models:
        return SAME_MODEL * models
    if _part_number(left) and _part_number(right):
        return -OTHER_PART_NUMBER
    return 0.0 if models is None else -OTHER_MODEL


def _log_price(item: Item) -> float:
    return log(item.price) if item.price is not None and item.price > 0 else float("nan")


def _price_gap(here: float, over: float) -> float:
    gap = abs(here - over)
    return min(gap, WIDEST_PRICE) if gap == gap else UNKNOWN_PRICE  # noqa: PLR0124 - not a number


def _two_best(
    scored: Sequence[Mapping[int, float]],
) -> Mapping[int, tuple[tuple[float, int], tuple[float, int]]]:
    nobody = (float("-inf"), -1)
    best: dict[int, tuple[tuple[float, int], tuple[float, int]]] = {}
    for row, scores in enumerate(scored):
        for column, score in scores.items():
            first, second = best.get(column, (nobody, nobody))
            if score > first[0]:
                best[column] = (score, row), first
            elif score > second[0]:
                best[column] = first, (score, row)
    return best


def _reasons(left: Item, right: Item) -> list[str]:
    shared = read_model_numbers(f"{left.name} {left.mpn}".lower()) & read_model_numbers(
        f"{right.name} {right.mpn}".lower()
    )
    reasons = [f"model number {one.upper()} on both" for one in sorted(shared)]
    reasons += contradictions(left, right)
    words = set(re.findall(r"[a-z0-9]+", left.name.lower()))
    common = sorted(words & set(re.findall(r"[a-z0-9]+", right.name.lower())))
    if common:
        reasons.append(f"{len(common)} of {len(words)} words of the name are the same")
    return reasons
