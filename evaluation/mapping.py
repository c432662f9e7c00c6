"""Mapping suggestions on field lists of other systems, and on lists in names of our own making."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sklearn.metrics import roc_auc_score

from evaluation.figures import Figure
from evaluation.reading import read_json
from intelligence.mapping import Confirmed, Source, Suggested, Target, suggest

HELD_OUT = Path(__file__).parent / "mapping_held_out.json"
Sets = Mapping[str, tuple[str, Sequence[tuple[str, str]]]]


@dataclass(frozen=True, slots=True)
class Answered:
    """What was suggested for one field, and what is right (empty: nothing)."""

    suggested: Suggested
    right: str


def evaluate(data: Path) -> list[Figure]:
    """Right first and right among three, with and without a library, abstaining, and time."""
    document = read_json(data / "mapping" / "mapping.json")
    targets = {
        entity: [Target(one["path"], one["type"], one["description"]) for one in fields]
        for entity, fields in document["targets"].items()
    }
    sets = _sets(document)
    figures = _figures("", sets, targets, library_of=sets)
    held_out = _sets(read_json(HELD_OUT))
    return [*figures, *_figures(" (other systems)", held_out, targets, library_of=sets)]


def _sets(document: Mapping[str, Mapping[str, Mapping[str, Sequence[Sequence[str]]]]]) -> Sets:
    return {
        name: (str(one["target"]), [(source, target) for source, target in one["pairs"]])
        for name, one in document["sets"].items()
    }


def _figures(
    suffix: str, sets: Sets, targets: Mapping[str, Sequence[Target]], *, library_of: Sets
) -> list[Figure]:
    suggest("order", [Source("id")], targets=targets["order"])  # loads the model
    started = time.process_time()
    alone = _answers(sets, targets, {})
    # Of one core: it does not depend on what else the machine is doing.
    seconds = time.process_time() - started
    helped = _answers(sets, targets, library_of)
    mapped = [one for one in alone if one.right]
    mapped_helped = [one for one in helped if one.right]
    scores = [one.suggested.confidence for one in alone]
    auc = roc_auc_score([bool(one.right) for one in alone], scores)
    return [
        Figure(f"top-1 without library{suffix}", _share(mapped, 1), 0.85),
        Figure(f"top-1 with library{suffix}", _share(mapped_helped, 1), 0.90),
        Figure(f"top-3 without library{suffix}", _share(mapped, 3), 0.97),
        Figure(f"top-3 with library{suffix}", _share(mapped_helped, 3), 0.97),
        Figure(f"abstain AUC{suffix}", float(auc), 0.97),
        Figure(f"ms a field{suffix}", 1000 * seconds / len(alone), 50, "at most"),
    ]


def _answers(
    sets: Sets, targets: Mapping[str, Sequence[Target]], library_of: Sets
) -> list[Answered]:
    """Suggestions for each set, with the other sets as what was confirmed before."""
    answered = []
    for name, (entity, pairs) in sets.items():
        library = [
            Confirmed(other, source, target)
            for key, (other, confirmed) in library_of.items()
            if key != name
            for source, target in confirmed
        ]
        sources = [Source(source) for source, _ in pairs]
        found = suggest(entity, sources, library=library, targets=targets[entity])
        answered += [Answered(one, right) for one, (_, right) in zip(found, pairs, strict=True)]
    return answered


def _share(answered: Sequence[Answered], top: int) -> float:
    hits = [
        one.right in [found.target for found in one.suggested.suggestions[:top]] for one in answered
    ]
    return sum(hits) / len(hits)
