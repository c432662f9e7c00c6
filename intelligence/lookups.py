"""Which value of Brightpearl a value of the store becomes: suggestions for rows of lookup tables.

Statuses, payment methods, tax classes, shipping methods, carriers and price lists are compared by
their names; SKUs by their identifiers and the names of the products.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz

from intelligence.field_names import words_of
from intelligence.products import Item, normalise_sku, rank
from intelligence.table_files import read_table

SAME_NAME, SAME_MEANING, REMEMBERED = 1.0, 0.85, 1.2
LEAST_SCORE = 0.55
"""Score below which no value is suggested."""

# Lookup table of the mappings → whose synonyms are read for it.
KINDS: Mapping[str, str] = {
    "order_status": "statuses",
    "pickup_status": "statuses",
    "payment_methods": "payment_methods",
    "shipping_methods": "shipping_methods",
    "shipment_methods": "shipping_methods",
    "carriers": "carriers",
    "shipping_providers": "carriers",
    "tax_codes": "tax_classes",
}


@dataclass(frozen=True, slots=True)
class ValueSuggestion:
    """A value that the table may give, with its score (0 to 1.2) and the reason in words."""

    value: str
    label: str
    score: float
    reason: str


def suggest_value(
    table: str,
    label: str,
    options: Mapping[str, str],
    *,
    confirmed: Mapping[str, str] | None = None,
    top: int = 3,
) -> list[ValueSuggestion]:
    """The likeliest of `options` (value → its name) for a value named `label`, best first.

    `confirmed` are names that were confirmed for this table before, with their values. Nothing
    below `LEAST_SCORE` is suggested.
    """
    remembered = {_plain(name): value for name, value in (confirmed or {}).items()}
    known = remembered.get(_plain(label))
    groups = _groups(KINDS.get(table, ""), label)
    found = []
    for value, name in options.items():
        likeness = fuzz.token_sort_ratio(_plain(label), _plain(name)) / 100
        shared = groups & _groups(KINDS.get(table, ""), name)
        if value == known:
            score, reason = REMEMBERED, f"confirmed before for {label}"
        elif _plain(label) == _plain(name):
            score, reason = SAME_NAME, "the same name"
        elif shared:
            score = SAME_MEANING + (SAME_NAME - SAME_MEANING) * likeness
            reason = f"both are names for {', '.join(sorted(shared)).replace('_', ' ')}"
        else:
            score, reason = likeness * SAME_MEANING, f"their names are alike ({likeness:.0%})"
        if score >= LEAST_SCORE:
            found.append(ValueSuggestion(value, name, round(score, 3), reason))
    return sorted(found, key=lambda one: (-one.score, one.value))[:top]


def suggest_sku(
    sku: str, name: str, catalogue: Sequence[Item], top: int = 3
) -> list[ValueSuggestion]:
    """SKUs of the other catalogue for one that it lacks: equal when normalised, else alike."""
    same = [one for one in catalogue if normalise_sku(one.sku) == normalise_sku(sku)]
    found = [
        ValueSuggestion(one.sku, one.name, SAME_NAME, "the same letters and digits")
        for one in same
        if one.sku
    ]
    ranked = rank([Item("0", f"{name} {sku}", sku=sku)], catalogue, top=top)["0"]
    by_key = {one.key: one for one in catalogue}
    for candidate in ranked:
        item = by_key[candidate.key]
        if item in same or not item.sku or candidate.score <= 0:
            continue
        likeness = fuzz.ratio(normalise_sku(sku), normalise_sku(item.sku)) / 100
        score = min(0.6 * min(candidate.score, 1.0) + 0.4 * likeness, 1.0)
        if score >= LEAST_SCORE:
            reason = "; ".join(candidate.reasons) or f"SKUs alike ({likeness:.0%})"
            found.append(ValueSuggestion(item.sku, item.name, round(score, 3), reason))
    return sorted(found, key=lambda one: (-one.score, one.value))[:top]


def _plain(text: str) -> str:
    return " ".join(words_of(text))


def _groups(kind: str, label: str) -> frozenset[str]:
    """The groups of synonyms that the name belongs to, by the longest phrase in it."""
    text = f" {_plain(label)} "
    hits = [
        (len(phrase), group)
        for group, phrases in _synonyms(kind)
        for phrase in phrases
        if f" {phrase} " in text
    ]
    longest = max((length for length, _ in hits), default=0)
    return frozenset(group for length, group in hits if length == longest)


@cache
def _synonyms(kind: str) -> Sequence[tuple[str, Sequence[str]]]:
    return [
        (row["group"], [_plain(phrase) for phrase in row["phrases"].split("|")])
        for row in read_table("value_synonyms")
        if row["table"] == kind
    ]
