"""Which value of Brightpearl a value of the store becomes: suggestions for rows of lookup tables.

Statuses, payment methods, tax classes, shipping methods, carriers and price lists are compared by
their names; SKUs by their identifiers and the names of the products.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz

from intelligence.field_words import words_of
from intelligence.products import Candidate, Item, match_identifiers, normalise_sku, rank
from intelligence.table_files import read_table

SAME_NAME, SAME_IDENTIFIER, SAME_MEANING, REMEMBERED = 1.0, 0.95, 0.85, 1.2
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


def suggest_skus(
    wanted: Sequence[Item],
    here: Sequence[Item],
    over: Sequence[Item],
    *,
    confirmed: Mapping[str, str] | None = None,
    top: int = 3,
) -> Mapping[str, list[ValueSuggestion]]:
    """SKUs of the other catalogue for some that it lacks, by key, best first.

    In: `here` the whole catalogue that `wanted` is of, so that an identifier which stands on two
    products proves nothing; `confirmed` SKUs that people confirmed before, with the other one.
    What was confirmed comes first, then an equal identifier, then what is alike.
    """
    remembered = {normalise_sku(sku): other for sku, other in (confirmed or {}).items()}
    links = {(one.left, one.right): one.reason for one in match_identifiers(here, over).links}
    ranked = rank(wanted, over, top=top)
    found: dict[str, list[ValueSuggestion]] = {}
    for item in wanted:
        likely = {one.key: one for one in ranked[item.key]}
        suggestions = []
        for other in over:
            if not other.sku:
                continue
            score, reason = 0.0, ""
            if remembered.get(normalise_sku(item.sku)) == other.sku:
                score, reason = REMEMBERED, f"confirmed before for {item.sku}"
            elif normalise_sku(other.sku) == normalise_sku(item.sku):
                score, reason = SAME_NAME, "the same letters and digits"
            elif (item.key, other.key) in links:
                score, reason = SAME_IDENTIFIER, links[item.key, other.key]
            elif other.key in likely:
                score, reason = _alike(item, other, likely[other.key])
            if score >= LEAST_SCORE:
                suggestions.append(ValueSuggestion(other.sku, other.name, round(score, 3), reason))
        found[item.key] = sorted(suggestions, key=lambda one: (-one.score, one.value))[:top]
    return found


def _alike(item: Item, other: Item, candidate: Candidate) -> tuple[float, str]:
    likeness = fuzz.ratio(normalise_sku(item.sku), normalise_sku(other.sku)) / 100
    score = 0.6 * max(0.0, min(candidate.score, 1.0)) + 0.4 * likeness
    return score, "; ".join(candidate.reasons) or f"SKUs alike ({likeness:.0%})"


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
