"""Words to the store on their way: in the ledger before and after, repeated with care.

BigCommerce takes one record to a request. What belongs to one record goes out in order and stops at
the first failure; several records are on their way at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from connectors.bigcommerce.client import BigCommerce
from core.errors import CausewayError, OutcomeUnknownError, RejectedError, TransientError
from core.times import utc_now
from store.ledger import Ledger
from tasks.claim import Run
from tasks.deliver import Answers, chunks, conclusion, intent_of
from tasks.policy import PURE, patiently, step

TOGETHER = 10
"""Records in one step: their words are a request each."""
ATTEMPTS = 3


@dataclass(frozen=True)
class Word:
    """One write to the store, with what the ledger says about it."""

    label: str
    """Unique among the words that are sent together."""
    send: Callable[[BigCommerce], Any]
    entity: str
    key: str
    action: str
    natural_key: str
    after: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)
    written_id: Callable[[Any], str] = str
    """The id of what was written, out of the store's answer."""
    is_repeatable: bool = True
    """Whether sending it twice is harmless; one that is not is looked for before the next try."""


def tell(run: Run, records: Sequence[Sequence[Word]]) -> Answers:
    """Send the words of each record; the store's answers, or why there is none, by label.

    Raises: ConfigError when the store refuses us as a whole.
    """
    spoken = [words for words in records if words]
    answers: Answers = {}
    for future in [send.submit(run, part) for part in chunks(spoken, TOGETHER)]:
        answers.update(future.result())
    run.report.counts.update(
        f"wrote: {word.action}"
        for words in spoken
        for word in words
        if not isinstance(answers[word.label], CausewayError)
    )
    return answers


@step("tell-store", PURE)
def send(run: Run, records: Sequence[Sequence[Word]]) -> Answers:
    """A few records' words: the intents first, then the requests, then the outcomes."""
    ledger = Ledger(run.world.database)
    words = [word for one in records for word in one]
    ids = ledger.intend([intent_of(run, word) for word in words], now=utc_now())
    answers: Answers = {}
    stopped: TransientError | None = None
    for one in records:
        stopped = _speak(run, one, answers, stopped)
    ledger.conclude(
        [
            conclusion(intent_id, _named(word, answers[word.label]))
            for intent_id, word in zip(ids, words, strict=True)
        ],
        now=utc_now(),
    )
    return answers


def _speak(
    run: Run, words: Sequence[Word], answers: Answers, stopped: TransientError | None
) -> TransientError | None:
    """One record's words, none if the store was found away before; whether it is away now."""
    failure: CausewayError | None = stopped
    for word in words:
        if failure is not None:
            answers[word.label] = TransientError(f"Not reached: {failure.message}")
            continue
        try:
            answers[word.label] = patiently(
                partial(word.send, run.world.bigcommerce),
                repeatable=word.is_repeatable,
                attempts=ATTEMPTS,
            )
        except (TransientError, RejectedError) as error:
            answers[word.label] = failure = error
    is_away = isinstance(failure, TransientError) and not isinstance(failure, OutcomeUnknownError)
    return failure if isinstance(failure, TransientError) and is_away else None


def _named(word: Word, answer: Any | CausewayError) -> Any | CausewayError:  # noqa: ANN401
    """The answer as the ledger keeps it: the written record's id, or the error."""
    if answer is None or isinstance(answer, CausewayError):
        return answer
    return word.written_id(answer)
