"""What kind of error it is, whether trying again can help, what was done before, and who acts.

Three sources in this order: a vendor's documented code, a pattern that leaves no doubt, and a
classifier that learnt from examples and from the cases people of this installation confirmed. Where
none is sure the class is `unknown`. Everything is computed from the text and the HTTP status;
nothing here retries, sends or changes a record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intelligence.embeddings import SentenceModel, sentence_model
from intelligence.error_texts import fingerprint, readable, vendor_code, words
from intelligence.table_files import read_table

UNKNOWN = "unknown"
SURE = 0.99
"""Confidence of a code or a pattern: both were written for one kind of error."""
LEAST_CONFIDENCE = 0.28
"""Share of the classifier below which the class is unknown."""
UNSURE = "no code and no pattern stands for it"
"""Why a problem is unknown before it is compared with others."""
MOST = 0.5
"""Share of the classes that may pass from which it is tried again."""
STATUSES = ("400", "401", "402", "403", "404", "409", "413", "422", "429", "503", "507")
SOURCES = ("bc", "bp", "py")
LEAST_ALIKE = 0.12
"""Cosine below which a solved case says nothing about an error."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as it was received."""

    message: str
    source: str = "py"
    """`bc` BigCommerce, `bp` Brightpearl, `py` our own side."""
    status: str = ""
    """HTTP status, empty where there was none."""

    @property
    def fingerprint(self) -> str:
        """Equal for problems that differ in ids and values only."""
        return fingerprint(self.source, self.status, self.message)


@dataclass(frozen=True, slots=True)
class Example:
    """A problem whose class is known: of the shipped table, or confirmed by a person."""

    problem: Problem
    class_: str


@dataclass(frozen=True, slots=True)
class Triage:
    """The verdict on one problem."""

    class_: str
    likeliest: str
    """The class that fits best, also where it is not sure enough to be named."""
    confidence: float
    """0 to 1. Of the classifier: its own estimate, which is no measured frequency."""
    cause: str
    action: str
    retry: bool
    """Whether it may pass by itself."""
    reason: str
    """How the class was found, in words."""


@dataclass(frozen=True, slots=True)
class Solved:
    """A case that was closed, and what was done about it."""

    id: int
    problem: Problem
    class_: str
    done: str


@dataclass(frozen=True, slots=True)
class Similar:
    """A solved case like the present one."""

    case: Solved
    likeness: float
    """1 for the same fingerprint, else the cosine of their texts."""


@dataclass(frozen=True, slots=True)
class Route:
    """Who acts on it, and how soon."""

    queue: str
    act_within_h: float


class Classifier:
    """Class by text and status, learnt from examples."""

    def __init__(self, examples: Sequence[Example], model: SentenceModel | None) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - slow
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - the same

        self._model = model
        self._words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2))
        self._parts = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
        texts = [words(one.problem.message) for one in examples]
        self._words.fit(texts)
        self._parts.fit(texts)
        self._regression: Any = LogisticRegression(C=8.0, max_iter=2000, class_weight="balanced")
        self._regression.fit(
            self._features([one.problem for one in examples]), [one.class_ for one in examples]
        )
        self.classes: Sequence[str] = [str(one) for one in self._regression.classes_]

    def shares(self, problems: Sequence[Problem]) -> NDArray[np.float64]:
        """One row a problem, one column a class, each row summing to 1."""
        return np.asarray(self._regression.predict_proba(self._features(problems)))

    def _features(self, problems: Sequence[Problem]) -> object:
        from scipy.sparse import csr_matrix, hstack  # noqa: PLC0415 - with scikit-learn

        texts = [words(one.message) for one in problems]
        parts = [csr_matrix(np.array([_origin(one) for one in problems]))]
        if self._model is not None:
            parts.append(csr_matrix(self._model.vectors(texts)))
        return hstack([*parts, self._words.transform(texts), self._parts.transform(texts)]).tocsr()


def triage(problems: Sequence[Problem], *, confirmed: Sequence[Example] = ()) -> list[Triage]:
    """A verdict a problem, in the same order.

    `confirmed` are the cases whose class people of this installation named: an equal fingerprint
    decides, and the classifier learns from all of them.
    """
    by_fingerprint = {one.problem.fingerprint: one.class_ for one in confirmed}
    certain = [_certain(one, by_fingerprint) for one in problems]
    rest = [one for one, found in zip(problems, certain, strict=True) if found is None]
    guessed = iter(_guesses(rest, tuple(confirmed)))
    return [found or next(guessed) for found in certain]


def recognise(problem: Problem, confirmed: Mapping[str, str] | None = None) -> Triage:
    """The verdict of codes, patterns and confirmed cases alone; unknown where they say nothing.

    In: `confirmed` classes by fingerprint. It takes no model, and hence no time: for the path of
    records.
    """
    found = _certain(problem, confirmed or {})
    return found or _verdict(UNKNOWN, 0.0, UNSURE)


def pauses_s(class_: str) -> Sequence[float]:
    """Seconds that something rests after its first, second … failed try, by class of error."""
    found = described(class_)["pauses_s"] or described(UNKNOWN)["pauses_s"]
    return [float(one) for one in found.split("|")]


def nearest(problem: Problem, solved: Sequence[Solved], top: int = 3) -> list[Similar]:
    """The solved cases most like the problem: equal fingerprints first, then similar texts."""
    if not solved:
        return []
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - slow

    texts = [
        f"{words(one.message)} {one.source}" for one in (problem, *(s.problem for s in solved))
    ]
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), sublinear_tf=True)
    rows = vectors.fit_transform(texts)
    alike = (rows[1:] @ rows[0].T).toarray().ravel()
    found = [
        Similar(case, 1.0 if case.problem.fingerprint == problem.fingerprint else float(score))
        for case, score in zip(solved, alike, strict=True)
    ]
    found = [one for one in found if one.likeness >= LEAST_ALIKE]
    return sorted(found, key=lambda one: (-one.likeness, -one.case.id))[:top]


def route(*kinds: str, confidence: float, value: float = 0.0, age_h: float = 0.0) -> Route:
    """The first row of the routing table that fits the first of `kinds` that has one.

    In: a class of error, or of a review case `review` with its kind, then with its entity; `value`
    what is at stake in the order's currency; `age_h` hours since the first time.
    """
    for kind in kinds:
        for row in _rows("error_routing"):
            fits = (
                row["class"] == kind
                and confidence >= float(row["min_confidence"])
                and value >= float(row["min_value"])
                and age_h >= float(row["min_age_h"])
            )
            if fits:
                return Route(row["queue"], float(row["act_within_h"]))
    return Route("operator", 24.0)


def classes() -> Sequence[str]:
    """The classes that an error may be given, without `unknown`."""
    return [one for one in _classes() if one != UNKNOWN]


def described(class_: str) -> Mapping[str, str]:
    """Cause, action and `retry` (yes or no) of a class.

    Raises: KeyError for a class that is not in the table.
    """
    return _classes()[class_]


def _certain(problem: Problem, confirmed: Mapping[str, str]) -> Triage | None:
    if class_ := confirmed.get(problem.fingerprint):
        return _verdict(class_, SURE, "a person named the class of an equal case")
    code = vendor_code(problem.message)
    for row in _rows("error_codes"):
        same = code == row["code"] or row["code"] in problem.message.split('"')
        if same and problem.source == row["source"]:
            return _verdict(row["class"], SURE, f"{row['code']}: {row['cause']}")
    text = readable(problem.message)
    for row, pattern, statuses in _patterns():
        fits = (
            row["source"] in {"", problem.source}
            and (not statuses or problem.status in statuses)
            and pattern.search(text)
        )
        if fits:
            by = f"HTTP {problem.status}" if statuses else "its text"
            return _verdict(row["class"], SURE, f"{by} stands for this class only")
    return None


def _guesses(problems: Sequence[Problem], confirmed: tuple[Example, ...]) -> list[Triage]:
    if not problems:
        return []
    classifier = _classifier(confirmed)
    found = []
    retried = np.array([described(one)["retry"] == "yes" for one in classifier.classes])
    for problem, shares in zip(problems, classifier.shares(problems), strict=True):
        best = int(shares.argmax())
        likeliest, confidence = classifier.classes[best], float(shares[best])
        sure = confidence >= LEAST_CONFIDENCE
        class_ = likeliest if sure else UNKNOWN
        passes = float(shares[retried].sum()) >= MOST or (sure and bool(retried[best]))
        passes = passes and not _is_refusal(problem, likeliest)
        reason = f"its text resembles {likeliest} ({confidence:.0%})"
        about = described(class_)
        found.append(
            Triage(class_, likeliest, confidence, about["cause"], about["action"], passes, reason)
        )
    return found


def _is_refusal(problem: Problem, likeliest: str) -> bool:
    """Whether the answer says that it will be the same the next time.

    Brightpearl answers 500 with a code to mistakes of the caller; only `CMNU` codes, and texts that
    name nothing else, are its own failures. A 4xx other than 408, 423, 425 and 429 is about
    the request.
    """
    code = vendor_code(problem.message)
    if problem.source == "bp" and code and not code.startswith("CMNU"):
        return likeliest != "server_error"
    return problem.status.startswith("4") and problem.status not in {"408", "423", "425", "429"}


def _verdict(class_: str, confidence: float, reason: str) -> Triage:
    about = described(class_)
    return Triage(
        class_,
        class_,
        confidence,
        about["cause"],
        about["action"],
        about["retry"] == "yes",
        reason,
    )


def _origin(problem: Problem) -> list[float]:
    status = problem.status
    return [
        *(0.5 * (problem.source == one) for one in SOURCES),
        *(0.5 * (status == one) for one in STATUSES),
        0.5 * (status.startswith("5") and status not in STATUSES),
    ]


@cache
def _classes() -> Mapping[str, Mapping[str, str]]:
    return {row["class"]: row for row in _rows("error_classes")}


@cache
def _patterns() -> Sequence[tuple[Mapping[str, str], re.Pattern[str], frozenset[str]]]:
    rows = _rows("error_patterns")
    statuses = [frozenset(filter(None, row["status"].split("|"))) for row in rows]
    return [
        (row, re.compile(row["pattern"], re.IGNORECASE), of_row)
        for row, of_row in zip(rows, statuses, strict=True)
    ]


@cache
def _classifier(confirmed: tuple[Example, ...]) -> Classifier:
    shipped = [
        Example(Problem(row["message"], row["source"], row["status"]), row["class"])
        for row in _rows("error_examples")
    ]
    return Classifier([*shipped, *confirmed], sentence_model())


@cache
def _rows(name: str) -> Sequence[Mapping[str, str]]:
    return read_table(name)
