"""What the name of a field says: its words, whose it is, and what it means by the synonyms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache

from intelligence.table_files import read_table

LEAST_OVERLAP = 0.66
"""Overlap of words below which two names have nothing in common."""
INEXACT = 0.72
OF_NO_TARGET = 0.985
"""Synonyms that stand for nothing in Brightpearl win only where they fit better."""

_SPLIT = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)|[\W_]+")
_SHORTENED = """
qty=quantity amt=amount addr=address desc=description tel=telephone cust=customer prod=product
ref=reference curr=currency pct=percent img=image inv=inventory org=organisation
organization=organisation fulfilment=fulfillment firstname=first+name lastname=last+name
fullname=full+name zipcode=zip+code postcode=post+code createdat=created+at updatedat=updated+at
ordernumber=order+number taxvat=tax+vat countrycode=country+code companyname=company+name
"""
_SHORT: Mapping[str, str] = dict(pair.replace("+", " ").split("=") for pair in _SHORTENED.split())
_ENTITIES: Mapping[str, AbstractSet[str]] = {
    "order": frozenset({"order", "orders", "sale", "sales"}),
    "contact": frozenset({"customer", "customers", "contact", "client", "account", "user"}),
    "product": frozenset(
        {"product", "products", "item", "variant", "variants", "article", "goods"}
    ),
}
_WRAPPERS = frozenset({"amount", "value", "money", "set", "shop", "presentment"})
"""Words of a field whose meaning is its parent's."""
_PARTS = frozenset({"tenders", "payments", "transactions", "items", "lines", "refunds"})
"""Parents that are lists of records: their amount is not what they are."""
_PLAIN = frozenset(
    {"addresses", "address", "default", "data", "attributes", "extension", "details"}
)
"""Words of a parent that say nothing about its field."""


@dataclass(frozen=True, slots=True)
class Name:
    """The path of a field, taken to pieces."""

    words: tuple[str, ...]
    leaf: tuple[str, ...]
    context: str
    """`billing`, `delivery`, `row`, `payment`, `customer`, or empty for the record itself."""
    readings: tuple[tuple[frozenset[str], float], ...]
    """Sets of words that the name may be read as, with the weight of each reading."""


def words_of(text: str) -> tuple[str, ...]:
    """Lower-case words of a name: `billTo.addr1` is bill, to, address, 1."""
    parts = [part.lower() for part in _SPLIT.split(text) if part]
    return tuple(word for part in parts for word in _SHORT.get(part, part).split())


def read_name(path: str, entity: str) -> Name:
    """The pieces of a path such as `shipping_addresses.first_name`."""
    parents, _, last = path.rpartition(".")
    while parents and set(words_of(last)) <= _WRAPPERS:  # `total_money.amount`
        above, _, parent = parents.rpartition(".")
        kept = [word for word in words_of(parent) if word not in _WRAPPERS]
        if not kept and above:
            parents, last = above, parent
        elif kept and (above or len(kept) > 1 or kept[0] not in _PARTS):
            parents, last = above, " ".join(kept)
        else:
            break
    words, leaf = words_of(f"{parents}.{last}"), words_of(last)
    context, used = _context(words_of(parents), leaf, entity)
    of_entity = _ENTITIES.get(entity, frozenset())

    def without(of: Sequence[str], *leave_out: AbstractSet[str]) -> frozenset[str]:
        left = frozenset(word for word in of if not any(word in one for one in leave_out))
        return left or frozenset(of)

    readings: dict[frozenset[str], float] = {}
    for reading, weight in (
        (frozenset(words), 1.0),
        (without(words[-len(leaf) - 1 :], used - set(leaf)), 0.99),
        (without(words, used), 1.0),
        (without(words, used, of_entity), 0.99),
        (without(words, used, of_entity, _PLAIN - set(leaf)), 0.98),
        (frozenset(leaf), 0.98),
        (without(leaf, used), 0.97),
        (without(leaf, of_entity), 0.96),
        (without(leaf, used, of_entity), 0.96),
    ):
        readings[reading] = max(weight, readings.get(reading, 0.0))
    return Name(words, leaf, context, tuple(readings.items()))


def means_exactly(name: Name, concept: str) -> bool:
    """Whether the whole name, which begins with a context, is a synonym: fulfillment status."""
    whole = frozenset(name.words)
    return len(whole) > 1 and any(
        one == concept and whole in phrases for one, _, phrases in _synonyms()
    )


def meanings(name: Name) -> Mapping[str, float]:
    """Concept → how well the name fits one of its synonyms, 0 to 1."""
    found: dict[str, float] = {}
    for concept, has_target, phrases in _synonyms():
        best = 0.0
        for phrase in phrases:
            for reading, weight in name.readings:
                if phrase.isdisjoint(reading):
                    continue
                best = max(best, weight * _fit(phrase, reading))
        if best:
            found[concept] = best if has_target else best * OF_NO_TARGET
    return found


def overlap(left: AbstractSet[str], right: AbstractSet[str]) -> float:
    """Shared words by all words, 0 to 1."""
    return 2 * len(left & right) / (len(left) + len(right)) if left or right else 0.0


@cache
def has_target(concept: str) -> bool:
    """Whether anything in Brightpearl stands for the concept."""
    return any(one == concept and yes for one, yes, _ in _synonyms())


def _fit(phrase: frozenset[str], reading: frozenset[str]) -> float:
    """Near 1 for the same words, more so for more of them; less for some of them."""
    if phrase == reading:
        return 0.9 + min(len(phrase), 4) / 40
    shared = overlap(phrase, reading)
    return INEXACT * shared if shared >= LEAST_OVERLAP else 0.0


def _context(
    parents: Sequence[str], leaf: Sequence[str], entity: str
) -> tuple[str, AbstractSet[str]]:
    """The context that the parents name, else the one that the name itself begins with."""
    for words in (parents, leaf[:-1]):
        text = f" {' '.join(words)} "
        hits = [
            (text.rindex(f" {phrase} "), context, phrase)
            for context, phrases in _contexts()
            for phrase in phrases
            if f" {phrase} " in text
        ]
        of_entity = _ENTITIES.get(entity, frozenset())
        hits = [hit for hit in hits if not set(hit[2].split()) <= of_entity]
        address = [hit for hit in hits if hit[1] in {"billing", "delivery"}]
        for chosen in (address, hits):
            if chosen:
                context = max(chosen)[1]
                used = {word for hit in hits if hit[1] == context for word in hit[2].split()}
                return context, used
    return "", frozenset()


@cache
def _synonyms() -> Sequence[tuple[str, bool, Sequence[frozenset[str]]]]:
    rows = read_table("mapping_synonyms")
    return [
        (
            row["concept"],
            row["has_target"] == "yes",
            sorted({frozenset(words_of(one)) for one in row["phrases"].split("|")}, key=sorted),
        )
        for row in rows
    ]


@cache
def _contexts() -> Sequence[tuple[str, Sequence[str]]]:
    return [(row["context"], row["words"].split("|")) for row in read_table("mapping_contexts")]
