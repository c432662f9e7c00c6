"""What the name of a field says: its words, whose it is, and what it means by the synonyms.

Names in German, French, Spanish, Italian and Dutch are read word by word in English, and words that
are written together are taken to pieces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from intelligence.table_files import read_table

LEAST_OVERLAP = 0.66
"""Overlap of words below which two names have nothing in common."""
INEXACT = 0.72
OF_NO_TARGET = 0.985
"""Synonyms that stand for nothing in Brightpearl win only where they fit better."""

OF_UNKNOWN_WORDS = 0.8
"""Weight of what a name says without the words that no synonym has."""

_SPLIT = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)|[\W_]+")
_SHORTENED = """
qty=quantity amt=amount addr=address desc=description tel=telephone cust=customer prod=product
ref=reference curr=currency pct=percent img=image inv=inventory org=organisation
organization=organisation fulfilment=fulfillment taxvat=tax+vat
"""
_SHORT: Mapping[str, str] = dict(pair.replace("+", " ").split("=") for pair in _SHORTENED.split())
_ARTICLES = frozenset(
    {"de", "del", "della", "di", "da", "des", "du", "la", "le", "les", "el", "los", "las", "il"}
    | {"der", "die", "das", "von", "van", "et", "und", "en", "a", "the", "of", "utc"}
)
"""Words that say nothing, unless they are all there is."""
_KINDS_OF_ADDRESS = frozenset({"postal", "mailing", "physical", "home"})
"""Words before *address* that say no more than it does."""
_SAYS_NOTHING_ALONE = frozenset({"id", "amount", "name", "code", "number", "type", "value", "key"})
"""What is left of many names without their other words."""
_SHARED_BY_MANY = _SAYS_NOTHING_ALONE | {"total", "date", "time", "state", "status", "price"}
"""Words of which one alone, shared with a synonym, says little: a language's id is not the id."""
OF_SHARED_BY_MANY = 0.5
SHORTEST_WORD = 3
"""Of words that are written together; shorter ones are found in everything."""
_SHORT_WORDS = frozenset({"id", "nr", "no", "ip", "on", "at", "by", "or"})
"""Shorter words that follow others."""
_ENTITIES: Mapping[str, AbstractSet[str]] = {
    "order": frozenset({"order", "orders", "sale", "sales"}),
    "contact": frozenset({"customer", "customers", "contact", "client", "account", "user"}),
    "product": frozenset(
        {"product", "products", "item", "variant", "variants", "article", "goods"}
    ),
}
_OF_A_ROW = _ENTITIES["product"] | {"line", "row", "position"}
"""Words of a row's field that only repeat that it is one."""
_ONLY_IN_ROWS: Mapping[str, AbstractSet[frozenset[str]]] = {
    "how many": {frozenset({one}) for one in ("quantity", "count", "units")},
    "of what": {frozenset({one}) for one in ("sku", "title", "name", "description", "code")},
}
"""Names of which a list of rows has one of each kind."""
_WRAPPERS = frozenset(
    {"amount", "value", "money", "set", "shop", "presentment", "cent", "cents", "minor"}
    | {"original", "translated", "localized", "rendered"}
)
"""Words of a field whose meaning is its parent's."""
_OF_AN_ADDRESS = frozenset(
    {"full_name", "first_name", "last_name", "company", "street_1", "street_2", "city", "state"}
    | {"postcode", "country", "phone"}
)
"""What stands in an address: in a payment's, it is the billing address."""
_OF_A_PAYMENT = frozenset({"payment_method", "payment_status", "transaction", "amount_paid"})
_NAMES_OF_ANY = frozenset({"name", "code", "slug", "title", "label", "id", "text", "key"})
"""What anything may have: `payment_method.name` says what `payment_method` does."""
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
    """Lower-case words of a name, in English: `billTo.addr1` is bill, to, address, 1."""
    parts = [part.lower() for part in _SPLIT.split(_unaccented(text)) if part]
    words = [word for part in parts for word in _in_english(part)]
    said = [
        word
        for word, following in pairwise([*words, ""])
        if word not in _ARTICLES and not (word in _KINDS_OF_ADDRESS and following == "address")
    ]
    return tuple(said or words)


def _unaccented(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


@cache
def _in_english(word: str) -> Sequence[str]:
    """A word, or those that are written together in it, as the synonyms have them."""
    known, foreign = _vocabulary(), _foreign_words()
    if word in known and word not in _SHORT:
        return (word,)
    parts = (word,) if word in foreign or word in _SHORT else _written_together(word)
    return [
        english for part in parts for english in _SHORT.get(part, foreign.get(part, part)).split()
    ]


def _written_together(word: str, most: int = 3) -> Sequence[str]:
    """The fewest known words that make up a word, the first as long as can be; else the word."""
    for count in range(2, most + 1):
        for cut in range(len(word) - 2, 1, -1):
            first, rest = word[:cut], word[cut:]
            if not _is_known(first):
                continue
            if count > 2:  # noqa: PLR2004 - more than the last two
                parts = _written_together(rest, count - 1)
                if len(parts) == count - 1:
                    return (first, *parts)
            elif _is_known(rest):
                return (first, rest)
    return (word,)


def _is_known(word: str) -> bool:
    if len(word) < SHORTEST_WORD:
        return word in _SHORT_WORDS
    return word in _vocabulary() or word in _foreign_words() or word in _SHORT


@cache
def _vocabulary() -> AbstractSet[str]:
    phrases = [row["phrases"] for row in read_table("mapping_synonyms")]
    phrases += [row["words"] for row in read_table("mapping_contexts")]
    return frozenset(word for one in phrases for word in one.replace("|", " ").split())


@cache
def _foreign_words() -> Mapping[str, str]:
    return {row["word"]: row["english"] for row in read_table("field_words")}


def row_lists(paths: Sequence[str]) -> AbstractSet[str]:
    """Parents of fields that only a list of rows has: `transactions` with a quantity and a SKU."""
    kinds: dict[str, set[str]] = {}
    for path in paths:
        parents, _, last = path.rpartition(".")
        words = frozenset(words_of(last)) - _OF_A_ROW
        for kind, phrases in _ONLY_IN_ROWS.items():
            if words in phrases:
                kinds.setdefault(parents, set()).add(kind)
    return frozenset(
        one for one, found in kinds.items() if one and len(found) == len(_ONLY_IN_ROWS)
    )


def read_name(path: str, entity: str, rows: AbstractSet[str] = frozenset()) -> Name:
    """The pieces of a path such as `shipping_addresses.first_name`.

    `rows` are the parents that are lists of rows, whatever they are called.
    """
    parents, _, last = path.rpartition(".")
    while parents and set(words_of(last)) <= _WRAPPERS:  # `total_money.amount`
        above, _, parent = parents.rpartition(".")
        kept = [word for word in words_of(parent) if word not in _WRAPPERS]
        if not kept and above:
            parents, last = above, parent
        elif kept and (len(kept) > 1 or kept[0] not in _PARTS):
            parents, last = above, " ".join(kept)
        else:
            break
    words, leaf = words_of(f"{parents}.{last}"), words_of(last)
    near = words_of(parents.rpartition(".")[2])
    context, used = _context(words_of(parents), leaf, entity)
    if entity == "order" and any(path.startswith(f"{one}.") for one in rows):
        context, used = "row", frozenset(words_of(parents)) | used
    elif context == "payment" and _is_called(leaf, used, _OF_AN_ADDRESS, but=_OF_A_PAYMENT):
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
    known = without(leaf, used, set(leaf) - _vocabulary())
    if not known <= _SAYS_NOTHING_ALONE:
        readings.setdefault(known, OF_UNKNOWN_WORDS)
    return Name(words, leaf, context, tuple(readings.items()))


def _singular(word: str) -> str:
    """A word such as brands as one of them."""
    if word.endswith("ies"):
        return f"{word[:-3]}y"
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
    named = {concept for concept, _, phrases in _synonyms() if rest in phrases}
    return bool(named & concepts) and not named & but


def means_exactly(name: Name, concept: str) -> bool:
    """Whether the whole name, which begins with a context, is a synonym: fulfillment status."""
    whole = frozenset(name.words)
    return len(whole) > 1 and any(
        one == concept and whole in phrases for one, _, phrases in _synonyms()
    )


def meanings(name: Name) -> Mapping[str, float]:
    """Concept → how well the name fits one of its synonyms, 0 to 1."""
    found: dict[str, float] = {}
    by_word = _phrases_by_word()
    for reading, weight in name.readings:
        for concept, phrase in {one for word in reading for one in by_word.get(word, ())}:
            fit = weight * _fit(phrase, reading)
            if fit > found.get(concept, 0.0):
                found[concept] = fit
    return {one: fit if _has_target(one) else fit * OF_NO_TARGET for one, fit in found.items()}


def overlap(left: AbstractSet[str], right: AbstractSet[str]) -> float:
    """Shared words by all words, 0 to 1."""
    return 2 * len(left & right) / (len(left) + len(right)) if left or right else 0.0


@cache
def _has_target(concept: str) -> bool:
    """Whether anything in Brightpearl stands for the concept."""
    return any(one == concept and yes for one, yes, _ in _synonyms())


def _fit(phrase: frozenset[str], reading: frozenset[str]) -> float:
    """Near 1 for the same words, more so for more of them; less for some of them."""
    if phrase == reading:
        return 0.9 + min(len(phrase), 4) / 40
    shared = overlap(phrase, reading)
    if shared < LEAST_OVERLAP:
        return 0.0
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
def _phrases_by_word() -> Mapping[str, Sequence[tuple[str, frozenset[str]]]]:
    """Word → the phrases that have it, with what each stands for."""
    found: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for concept, _, phrases in _synonyms():
        for phrase in phrases:
            for word in phrase:
                found.setdefault(word, []).append((concept, phrase))
    return found


@cache
def _contexts() -> Sequence[tuple[str, Sequence[str]]]:
    return [(row["context"], row["words"].split("|")) for row in read_table("mapping_contexts")]
