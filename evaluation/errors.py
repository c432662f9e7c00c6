"""Error triage on labelled errors, and on others in words that no rule was written for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold

from evaluation.figures import Figure
from evaluation.reading import read_json, read_rows
from intelligence.embeddings import sentence_model
from intelligence.errors import UNKNOWN, Classifier, Example, Problem, described, triage
from intelligence.table_files import read_table

FOLDS = 5
HELD_OUT = Path(__file__).parent / "errors_held_out.csv"


def evaluate(data: Path) -> list[Figure]:
    """Class, retry decision, and how often and how rightly a class is named."""
    rows = read_json(data / "errors" / "errors.json")
    labelled = [
        Example(Problem(row["message"], row["source"], row["status"]), row["category"])
        for row in rows
    ]
    held_out = [
        Example(Problem(row["message"], row["source"], row["status"]), row["class"])
        for row in read_rows(HELD_OUT, ("source", "status", "message", "class"))
    ]
    return [
        *_figures("", labelled),
        *_figures(" (other words)", held_out),
        *_cross_validated([*labelled, *held_out]),
    ]


def _cross_validated(labelled: Sequence[Example]) -> list[Figure]:
    """The classifier alone, without codes and patterns, on errors of folds it did not learn from.

    It learns from the shipped examples and the other folds, as from cases that people confirmed.
    """
    shipped = [
        Example(Problem(row["message"], row["source"], row["status"]), row["class"])
        for row in read_table("error_examples")
    ]
    model, truth = sentence_model(), [one.class_ for one in labelled]
    guesses = [""] * len(labelled)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    for learnt, asked in folds.split(labelled, truth):
        classifier = Classifier([*shipped, *(labelled[place] for place in learnt)], model)
        shares = classifier.shares([labelled[place].problem for place in asked])
        for place, best in zip(asked, shares.argmax(axis=1), strict=True):
            guesses[place] = classifier.classes[best]
    right = sum(guess == one for guess, one in zip(guesses, truth, strict=True))
    return [
        Figure("class (classifier alone, cross-validated)", right / len(truth), 0.80),
        Figure(
            "macro-F1 (classifier alone, cross-validated)",
            float(f1_score(truth, guesses, average="macro")),
            0.72,
        ),
    ]


def _figures(suffix: str, labelled: Sequence[Example]) -> list[Figure]:
    verdicts = triage([one.problem for one in labelled])
    truth = [one.class_ for one in labelled]
    guesses = [one.likeliest for one in verdicts]
    named = [
        one.class_ == right
        for one, right in zip(verdicts, truth, strict=True)
        if one.class_ != UNKNOWN
    ]
    passing = [described(right)["retry"] == "yes" for right in truth]
    retries = [one.retry for one in verdicts]
    right = [guess == one for guess, one in zip(guesses, truth, strict=True)]
    agreed = [one == other for one, other in zip(retries, passing, strict=True)]
    wasted = [again and not passes for again, passes in zip(retries, passing, strict=True)]
    return [
        Figure(f"class{suffix}", sum(right) / len(right), 0.80),
        Figure(f"macro-F1{suffix}", float(f1_score(truth, guesses, average="macro")), 0.72),
        Figure(f"retry decision{suffix}", sum(agreed) / len(agreed), 0.97),
        Figure(f"permanent but tried again{suffix}", sum(wasted) / len(wasted), 0.02, "at most"),
        Figure(f"named and right{suffix}", sum(named) / max(len(named), 1), 0.87),
        Figure(f"unknown{suffix}", 1 - len(named) / len(verdicts), 0.30, "at most"),
    ]
