"""What the name of a field says: whose it is, and what it means by the synonyms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache

from intelligence.field_words import vocabulary, words_of
from intelligence.table_files import read_table

LEAST_OVERLAP = 0.66
"""Overlap of words below which two names have nothing in common."""
INEXACT = 0.72
OF_UNKNOWN_WORDS = 0.8
"""Weight of what a name says without the words that no synonym has."""

_SAYS_NOTHING_ALONE = frozenset({"id", "amount", "name", "code", "number", "type", "value", "key"})
"""What is left of many names without their other words."""
_SHARED_BY_MANY = (
    _SAYS_NOTHING_ALONE
    | {"total", "date", "time", "state", "status", "price"}
    | {"description", "text", "label", "title"}
)
"""Words of which one alone, shared with a synonym, says little: a language's id is not the id."""
OF_SHARED_BY_MANY = 0.5
OF_MANY_CONCEPTS = 0.3
"""How fast a word counts for less, the more concepts it is a word of."""
OF_OTHER_NOUN = 0.97
"""A name's last word is what it is: a weight unit is a unit, a unit weight is a weight."""
_ENTITIES: Mapping[str, AbstractSet[str]] = {
    "order": frozenset({"order", "orders", "sale", "sales", "document"}),
    "contact": frozenset({"customer", "customers", "contact", "client", "account", "user"}),
    "product": frozenset(
        {"product", "products", "item", "variant", "variants", "article", "goods"}
    ),
}
_OF_A_ROW = _ENTITIES["product"] | {"line", "row", "position"}
"""Words of a row's field that only repeat that it is one."""
_SAYS_IT_IS_A_ROW = _OF_A_ROW | {"sku"}
_ABBREVIATED = re.compile(r"\.(?![\w\[])")
_ONLY_IN_ROWS: Mapping[str, AbstractSet[frozenset[str]]] = {
    "how many": {frozenset({one}) for one in ("quantity", "count", "units")},
    "of what": {
        frozenset({one})
        for one in (
            *("sku", "title", "name", "description", "code", "number"),
            *("label", "designation", "reference"),
        )
    },
}
"""Names of which a list of rows has one of each kind."""
_WRAPPERS = frozenset(
    {"amount", "value", "money", "set", "shop", "presentment", "cent", "cents", "minor"}
    | {"original", "translated", "localized", "rendered"}
)
"""Words of a field whose meaning is its parent's."""
IN_AN_ADDRESS = frozenset(
    {"full_name", "first_name", "last_name", "company", "street_1", "street_2", "city", "state"}
    | {"postcode", "country", "phone"}
)
"""What stands in an address: in a payment's, it is the billing address."""
_OF_A_PAYMENT = frozenset({"payment_method", "payment_status", "transaction", "amount_paid"})
_NAMES_OF_ANY = frozenset({"name", "code", "slug", "title", "label", "id", "text", "key"})
"""What anything may have: `payment_method.name` says what `payment_method` does."""
_PARTS = frozenset(
    {"tenders", "payments", "transactions", "items", "lines", "refunds", "rows"}
    | {"tender", "payment", "transaction", "item", "line", "refund", "row"}
)
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
    may_be_of_a_row: bool = False
    """Whether it is a column of a flat list, which has a line for each row of an order."""


@dataclass(frozen=True, slots=True)
class FieldList:
    """What the fields of one list say about each other."""

    rows: AbstractSet[str]
    """Parents of fields that only a list of rows has: `transactions` with a quantity and a SKU;
    an empty one for a flat list."""
    names: Mapping[str, str]
    """Fields called *name* that are what no other field of the person is: the last name, the first
    name, or the company's."""


NOTHING_KNOWN = FieldList(frozenset(), {})


def read_list(paths: Sequence[str], entity: str) -> FieldList:
    """What the fields of one list say about each other."""
    return FieldList(_row_lists(paths), _names_among(paths, entity))


def _row_lists(paths: Sequence[str]) -> AbstractSet[str]:
    kinds: dict[str, set[str]] = {}
    for path in paths:
        parents, last = _parents_and_last(path)
        said = frozenset(words_of(last))
        words = said - _OF_A_ROW - _ENTITIES["order"]
        for kind, phrases in _ONLY_IN_ROWS.items():
            # The record itself may have a name; that of an article is a row's.
            if words in phrases and (parents or kind == "how many" or said & _SAYS_IT_IS_A_ROW):
                kinds.setdefault(parents, set()).add(kind)
    return frozenset(one for one, found in kinds.items() if len(found) == len(_ONLY_IN_ROWS))


def _names_among(paths: Sequence[str], entity: str) -> Mapping[str, str]:
    named: dict[frozenset[str], set[str]] = {}
    whole: dict[frozenset[str], str] = {}
    for path in paths:
        words = frozenset(words_of(path))
        concept, phrase = max(
            (found for found in _said_with_names() if found[1] <= words),
            key=lambda found: len(found[1]),
            default=("", frozenset({"name"})),
        )
        if concept:
            named.setdefault(words - phrase, set()).add(concept)
        elif phrase <= words:
            whole[words - phrase] = path
    said = {}
    for rest, path in whole.items():
        found = named.get(rest, set())
        if {"first_name", "last_name"} <= found:
            if entity == "contact" and "company" not in found:
                said[path] = "company name"
        elif "first_name" in found:
            said[path] = "last name"
        elif "last_name" in found:
            said[path] = "first name"
        elif {"city", "postcode"} & found and (entity == "order" or "company" not in found):
            said[path] = "full name" if entity == "order" else "company name"
    return said


@cache
def _said_with_names() -> Sequence[tuple[str, frozenset[str]]]:
    """What says of which person or address a *name* is."""
    return [
        (concept, phrase)
        for concept, phrases in _synonyms()
        for phrase in phrases
        if concept in {"company", "city", "postcode"}
        or (concept in {"first_name", "last_name"} and any("name" in word for word in phrase))
    ]


def _parents_and_last(path: str) -> tuple[str, str]:
    """A path at its last dot that is not the end of an abbreviation such as Art.-Nr."""
    parents, _, last = _ABBREVIATED.sub(" ", path).rpartition(".")
    return parents, last


def _unwrapped(parents: str, last: str) -> tuple[str, str]:
    """The field that a wrapper such as `amount` only holds the value of."""
    while parents and set(words_of(last)) <= _WRAPPERS:  # `total_money.amount`
        above, parent = _parents_and_last(parents)
        kept = [word for word in words_of(parent) if word not in _WRAPPERS]
        if not kept and above:
            parents, last = above, parent
        elif kept and (len(kept) > 1 or kept[0] not in _PARTS):
            parents, last = above, " ".join(kept)
        else:
            break
    return parents, last


def read_name(path: str, entity: str, among: FieldList = NOTHING_KNOWN) -> Name:
    """The pieces of a path such as `shipping_addresses.first_name`.

    `among` is what the other fields of its list say.
    """
    parents, last = _parents_and_last(path)
    said = among.names.get(path, "")
    if said:
        last = " ".join(said if word == "name" else word for word in words_of(last))
    parents, last = _unwrapped(parents, last)
    words, leaf = words_of(f"{parents}.{last}"), words_of(last)
    near = words_of(parents.rpartition(".")[2])
    context, used = _context(words_of(parents), leaf, entity)
    of_rows = [one for one in among.rows if one and path.startswith(f"{one}.")]
    if entity == "order" and of_rows:
        context, used = "row", frozenset(words_of(max(of_rows))) | used
    elif context == "payment" and _is_called(leaf, used, IN_AN_ADDRESS, but=_OF_A_PAYMENT):
        context = "billing"
    elif context == "billing" and _is_called(leaf, used, _OF_A_PAYMENT):
        context = "payment"
    of_entity = _ENTITIES.get(entity, frozenset())

    def without(of: Sequence[str], *leave_out: AbstractSet[str]) -> frozenset[str]:
        left = frozenset(word for word in of if not any(word in one for one in leave_out))
        return left or frozenset(of)

    readings: dict[frozenset[str], float] = {}
    for reading, weight in (
        # `line_items.total_price` is of the row, `total_line_items_price` of all rows.
        *([(frozenset(words), 1.0)] if context != "row" or not parents else ()),
        (without(words[-len(leaf) - 1 :], used - set(leaf)), 0.99),
        (without([*near, *leaf], used - set(leaf)), 0.98),
        *([(frozenset([*near, *leaf]), 0.97)] if context != "row" else ()),
        *([(frozenset(map(_singular, near)), 0.97)] if set(leaf) <= _NAMES_OF_ANY else ()),
        (
            without([*map(_singular, words[: -len(leaf)]), *leaf], used, set(map(_singular, used))),
            0.98,
        ),
        (without(words, used), 1.0),
        (without(words, used, of_entity), 0.99),
        (without(words, used, of_entity, _PLAIN - set(leaf)), 0.98),
        (frozenset(leaf), 0.98),
        (without(leaf, used), 0.97),
        (without(leaf, of_entity), 0.96),
        (without(leaf, used, of_entity), 0.96),
        *([(without(leaf, _OF_A_ROW), 0.96)] if context == "row" else ()),
        (without(leaf, used, _PLAIN), 0.96),
    ):
        readings[reading] = max(weight, readings.get(reading, 0.0))
    known = without(leaf, used, set(leaf) - vocabulary())
    if not known <= _SHARED_BY_MANY:
        readings.setdefault(known, OF_UNKNOWN_WORDS)
    may_be_of_a_row = entity == "order" and not context and "" in among.rows
    return Name(words, leaf, context, tuple(readings.items()), may_be_of_a_row)


def _singular(word: str) -> str:
    """A word such as brands as one of them."""
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "shes", "ches")):
        return word[:-2]
    return word.removesuffix("s") if not word.endswith(("ss", "us", "is")) else word


def _is_called(
    leaf: Sequence[str],
    used: AbstractSet[str],
    concepts: AbstractSet[str],
    *,
    but: AbstractSet[str] = frozenset(),
) -> bool:
    """Whether the rest of a name is exactly what one of the concepts is called, and no other is."""
    rest = frozenset(leaf) - used
    named = {concept for concept, phrases in _synonyms() if rest in phrases}
    return bool(named & concepts) and not named & but


def means_exactly(name: Name, concept: str) -> bool:
    """Whether the whole name, which begins with a context, is a synonym: fulfillment status."""
    whole = frozenset(name.words)
    return len(whole) > 1 and any(
        one == concept and whole in phrases for one, phrases in _synonyms()
    )


def meanings(name: Name) -> Mapping[str, float]:
    """Concept → how well the name fits one of its synonyms, 0 to 1."""
    found: dict[str, float] = {}
    by_word = _phrases_by_word()
    noun = name.leaf[-1] if name.leaf else ""
    for reading, weight in name.readings:
        for concept, phrase in {one for word in reading for one in by_word.get(word, ())}:
            fit = weight * _fit(phrase, reading)
            if phrase == reading and noun not in _last_words()[concept, phrase]:
                fit *= OF_OTHER_NOUN
            if fit > found.get(concept, 0.0):
                found[concept] = fit
    return found


def overlap(left: AbstractSet[str], right: AbstractSet[str]) -> float:
    """Shared words by all words, 0 to 1."""
    return 2 * len(left & right) / (len(left) + len(right)) if left or right else 0.0


def _says(words: AbstractSet[str]) -> float:
    return sum(_weight_of(one) for one in words)


@cache
def _weight_of(word: str) -> float:
    """The more concepts have a word, the less it says which of them is meant."""
    concepts = {concept for concept, _ in _phrases_by_word().get(word, ())}
    return float(max(1, len(concepts)) ** -OF_MANY_CONCEPTS)


def _fit(phrase: frozenset[str], reading: frozenset[str]) -> float:
    """Near 1 for the same words, more so for more of them; less for some of them."""
    if phrase == reading:
        return 0.9 + min(len(phrase), 4) / 40
    if overlap(phrase, reading) < LEAST_OVERLAP:
        return 0.0
    shared = 2 * _says(phrase & reading) / (_says(phrase) + _says(reading))
    says_little = phrase & reading <= _SHARED_BY_MANY
    return INEXACT * shared * (OF_SHARED_BY_MANY if says_little else 1.0)


def _context(
    parents: Sequence[str], leaf: Sequence[str], entity: str
) -> tuple[str, AbstractSet[str]]:
    """The context that the parents name, else the one that the name itself begins with."""
    for words in (parents, leaf[:-1]):
        text = f" {' '.join(words)} ".replace(" address line ", " address ")
        hits = [
            (text.rindex(f" {phrase} "), context, phrase)
            for context, phrases in _contexts()
            for phrase in phrases
            if f" {phrase} " in text
        ]
        of_entity = _ENTITIES.get(entity, frozenset())
        hits = [hit for hit in hits if not set(hit[2].split()) <= of_entity]
        if entity == "contact":
            hits = [hit for hit in hits if hit[1] != "row"]
        address = [hit for hit in hits if hit[1] in {"billing", "delivery"}]
        for chosen in (address, hits):
            if chosen:
                context = max(chosen)[1]
                says = {context, "customer"} if address else {context}
                return context, {w for hit in hits if hit[1] in says for w in hit[2].split()}
    return "", frozenset()


@cache
def _synonyms() -> Sequence[tuple[str, Sequence[frozenset[str]]]]:
    rows = read_table("mapping_synonyms")
    return [
        (
            row["concept"],
            sorted({frozenset(words_of(one)) for one in row["phrases"].split("|")}, key=sorted),
        )
        for row in rows
    ]


@cache
def _last_words() -> Mapping[tuple[str, frozenset[str]], AbstractSet[str]]:
    """What each phrase of a concept ends in, in any order that the synonyms give."""
    found: dict[tuple[str, frozenset[str]], set[str]] = {}
    for row in read_table("mapping_synonyms"):
        for phrase in row["phrases"].split("|"):
            words = words_of(phrase)
            found.setdefault((row["concept"], frozenset(words)), set()).add(words[-1])
    return found


@cache
def _phrases_by_word() -> Mapping[str, Sequence[tuple[str, frozenset[str]]]]:
    """Word → the phrases that have it, with what each stands for."""
    found: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for concept, phrases in _synonyms():
        for phrase in phrases:
            for word in phrase:
                found.setdefault(word, []).append((concept, phrase))
    return found


@cache
def _contexts() -> Sequence[tuple[str, Sequence[str]]]:
    return [(row["context"], row["words"].split("|")) for row in read_table("mapping_contexts")]
