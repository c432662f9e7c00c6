"""Which field of Brightpearl a field of another system belongs to: suggestions for a person.

A suggestion is as good as the better of two signals, a mapping that was confirmed before and a list
of synonyms, plus a little for how alike both descriptions are. Where neither knows the field, the
answer is that it probably has no counterpart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from intelligence.embeddings import MISSING, SentenceModel, sentence_model
from intelligence.field_names import (
    IN_AN_ADDRESS,
    FieldList,
    Name,
    meanings,
    means_exactly,
    overlap,
    read_list,
    read_name,
)
from intelligence.field_words import words_of
from intelligence.table_files import read_table

DESCRIPTIONS = 0.3
"""Weight of how alike two descriptions are."""
LEAST_SCORE = 0.5
"""Score of library and synonyms below which a field is taken to have no counterpart."""
CONFIRMED, LIKE_CONFIRMED = 1.0, 0.9
"""Score of the same name in the library, and of a similar one."""
NEAR = 0.8
OTHER_CONTEXT, RECORD_ITSELF, OF_A_PART, OF_A_FLAT_LIST = 0.3, 0.85, 0.55, 0.99
OF_NO_TARGET = 0.985
"""What the record has no field for is meant only where its synonyms fit better."""
BUYERS_ADDRESS = 0.9
"""The address of a buyer is likelier the one to bill."""
NO_TARGET = 0.3
_ADDRESSES = frozenset({"billing", "delivery"})

_TIME, _NUMBER = frozenset({"date", "datetime"}), frozenset({"integer", "number"})
_FITTING: Mapping[str, frozenset[str]] = {
    "datetime": _TIME,
    "date": _TIME,
    "boolean": frozenset({"boolean", "string"}),
    "integer": _NUMBER | {"string"},
    "number": _NUMBER | {"string"},
    "string": _TIME | _NUMBER | {"string", "array"},
    "array": frozenset({"array", "object", "string"}),
    "object": frozenset({"object", "array", "string"}),
}


@dataclass(frozen=True, slots=True)
class Source:
    """A field of the other system."""

    path: str
    type: str = ""
    """A JSON type, `date` or `datetime`; empty where unknown."""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A field of Brightpearl."""

    path: str
    type: str
    description: str


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A mapping that a person confirmed; an empty target says that there is none."""

    entity: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A target with its score (0 to 1.3) and the reason in words."""

    target: str
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class Suggested:
    """What is suggested for one field."""

    source: str
    suggestions: Sequence[Suggestion]
    """Best first; given also where it is likelier that there is no counterpart."""
    confidence: float
    """That there is a counterpart at all: 0 to 1, by library and synonyms alone."""

    @property
    def abstains(self) -> bool:
        """Whether the field probably has no counterpart."""
        return self.confidence < LEAST_SCORE


def targets_of(entity: str) -> list[Target]:
    """The fields of Brightpearl for `order`, `contact` or `product`."""
    rows = read_table("mapping_targets")
    return [
        Target(row["path"], row["type"], row["description"])
        for row in rows
        if row["entity"] == entity
    ]


def suggest(
    entity: str,
    sources: Sequence[Source],
    *,
    library: Sequence[Confirmed] = (),
    targets: Sequence[Target] | None = None,
    top: int = 3,
) -> list[Suggested]:
    """The likeliest targets for each field, best first.

    `entity` is `order`, `contact` or `product`; `library` what was confirmed before, for any
    source; `targets` those of the entity if not given.
    """
    chosen = tuple(targets_of(entity) if targets is None else targets)
    alike = _alike(sources, chosen)
    among = read_list([one.path for one in sources], entity)
    known = [(read_name(one.source, entity), one) for one in library if one.entity == entity]
    return [
        _suggested(entity, source, chosen, alike[place], known, top, among)
        for place, source in enumerate(sources)
    ]


def limits() -> str:
    """What suggestions have to do without here; empty if nothing."""
    return MISSING if sentence_model() is None else ""


def _suggested(  # noqa: PLR0913, PLR0917 - what one field is compared with
    entity: str,
    source: Source,
    targets: Sequence[Target],
    alike: NDArray[np.float64],
    library: Sequence[tuple[Name, Confirmed]],
    top: int,
    among: FieldList,
) -> Suggested:
    name = read_name(source.path, entity, among)
    meant = meanings(name)
    wanted = _concepts_of(entity)
    without = max((fit for one, fit in meant.items() if one not in wanted), default=0.0)
    remembered = _remembered(name, library)
    kind = source.type or _kind(name)
    scored = []
    for target, likeness in zip(targets, alike, strict=True):
        if not _fits(kind, target.type):
            continue
        synonym, concept = _synonym(entity, target, name, meant)
        memory, path = remembered.get(target.path, (0.0, ""))
        reason = (
            f"confirmed for {path}" if memory >= synonym and memory else _because(name, concept)
        )
        best = max(memory, synonym)
        scored.append((best, Suggestion(target.path, best + DESCRIPTIONS * likeness, reason)))
    scored.sort(key=lambda one: -one[1].score)
    best_score = max((score for score, _ in scored), default=0.0)
    never, _ = remembered.get("", (0.0, ""))
    from_library = max((score for score, _ in remembered.values()), default=0.0)
    confidence = best_score
    if from_library < NEAR and OF_NO_TARGET * without > best_score:
        confidence *= NO_TARGET
    if never and never >= from_library:
        confidence *= NO_TARGET
    suggestions = [
        Suggestion(one.target, round(one.score, 3), one.reason) for _, one in scored[:top]
    ]
    return Suggested(source.path, suggestions, round(min(confidence, 1.0), 3))


def _synonym(
    entity: str, target: Target, name: Name, meant: Mapping[str, float]
) -> tuple[float, str]:
    row = _meant_by_targets().get((entity, target.path))
    if row is None:
        return 0.0, ""
    contexts, concepts = row
    concept = max(concepts, key=lambda one: meant.get(one, 0.0))
    if name.context in contexts or ("" in contexts and means_exactly(name, concept)):
        factor = 1.0
    elif name.may_be_of_a_row and "row" in contexts:
        of_order = max((meant.get(one, 0.0) for one in _own_concepts(entity)), default=0.0)
        factor = OF_A_FLAT_LIST if meant.get(concept, 0.0) > of_order else OF_A_PART
    elif not name.context:
        factor = OF_A_PART
    else:
        factor = _of_other_context(name.context, contexts, meant.get(concept, 0.0), meant)
    return factor * meant.get(concept, 0.0), concept


def _of_other_context(
    context: str, contexts: Sequence[str], fit: float, meant: Mapping[str, float]
) -> float:
    if context == "customer" and _ADDRESSES & set(contexts):
        return BUYERS_ADDRESS if "billing" in contexts else OF_A_PART
    in_address = max((meant.get(one, 0.0) for one in IN_AN_ADDRESS), default=0.0)
    if "" not in contexts or (context == "customer" and in_address >= fit):
        return OTHER_CONTEXT
    return RECORD_ITSELF if context in {"customer", "payment"} else OTHER_CONTEXT


def _remembered(
    name: Name, library: Sequence[tuple[Name, Confirmed]]
) -> Mapping[str, tuple[float, str]]:
    """Target → score and the path it was confirmed for."""
    found: dict[str, tuple[float, str]] = {}
    readings = {reading for reading, weight in name.readings if weight >= 1}
    leaf = frozenset(name.leaf)
    for other, confirmed in library:
        if other.words == name.words:
            score = CONFIRMED
        elif other.context != name.context:
            continue
        elif readings & {reading for reading, weight in other.readings if weight >= 1}:
            score = CONFIRMED
        else:
            shared = overlap(leaf, frozenset(other.leaf))
            if shared < NEAR:
                continue
            score = LIKE_CONFIRMED * shared
        if score > found.get(confirmed.target, (0.0, ""))[0]:
            found[confirmed.target] = score, confirmed.source
    return found


def _because(name: Name, concept: str) -> str:
    said = " ".join(name.leaf)
    where = f" of the {name.context} part" if name.context else ""
    return f"“{said}”{where} is a name for {concept.replace('_', ' ')}" if concept else "by text"


def _kind(name: Name) -> str:
    """The type that a name gives away; empty for most."""
    last = name.leaf[-1] if name.leaf else ""
    if name.leaf[-2:] == ("to", "date"):  # paid to date
        return ""
    if (
        last in {"at", "date"}
        or (len(name.leaf) > 1 and last == "on")
        or name.leaf[:1] == ("date",)
    ):
        return "datetime"
    return ""


def _fits(kind: str, target: str) -> bool:
    return not kind or target in _FITTING.get(kind, frozenset({target}))


def _alike(sources: Sequence[Source], targets: Sequence[Target]) -> NDArray[np.float64]:
    """Cosine of every description with every target's, 0 to 1."""
    said = [one.description or " ".join(words_of(one.path)) for one in sources]
    meant = [one.description for one in targets]
    if not said or not meant:
        return np.zeros((len(said), len(meant)))
    model = sentence_model()
    if model is None:
        from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - slow

        vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4))
        vectors.fit([*said, *meant])
        product = (vectors.transform(said) @ vectors.transform(meant).T).toarray()
    else:
        product = model.vectors(said) @ _described(model, tuple(meant)).T
    return np.clip(np.asarray(product, dtype=np.float64), 0.0, 1.0)


@cache
def _described(model: SentenceModel, texts: tuple[str, ...]) -> NDArray[np.float32]:
    return model.vectors(texts)


@cache
def _concepts_of(entity: str) -> AbstractSet[str]:
    """What a record of this kind has a field for in Brightpearl."""
    return {
        concept
        for (one, _), (_, concepts) in _meant_by_targets().items()
        if one == entity
        for concept in concepts
    }


@cache
def _own_concepts(entity: str) -> AbstractSet[str]:
    """What the record itself has a field for, not one of its parts."""
    return {
        concept
        for (one, _), (contexts, concepts) in _meant_by_targets().items()
        if one == entity and "" in contexts
        for concept in concepts
    }


@cache
def _meant_by_targets() -> Mapping[tuple[str, str], tuple[Sequence[str], Sequence[str]]]:
    return {
        (row["entity"], row["path"]): (row["contexts"].split("|"), row["concepts"].split("|"))
        for row in read_table("mapping_targets")
    }
