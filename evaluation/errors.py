"""Error triage on labelled errors, and on others in words that no rule was written for."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from sklearn.metrics import f1_score

from evaluation.figures import Figure
from intelligence.errors import UNKNOWN, Example, Problem, described, triage

HELD_OUT = Path(__file__).parent / "errors_held_out.csv"


def evaluate(data: Path) -> list[Figure]:
    """Class, retry decision, and how often and how rightly a class is named."""
    rows = json.loads((data / "errors" / "errors.json").read_text(encoding="utf-8"))
    labelled = [
        Example(Problem(row["message"], row["source"], row["status"]), row["category"])
        for row in rows
    ]
    with HELD_OUT.open(encoding="utf-8", newline="") as lines:
        held_out = [
            Example(Problem(row["message"], row["source"], row["status"]), row["class"])
            for row in csv.DictReader(lines)
        ]
    return [*_figures("", labelled), *_figures(" (other words)", held_out)]


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
