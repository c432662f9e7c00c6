"""Writes on their way: ten to a request, in the ledger before and after, repeated with care."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from connectors.brightpearl.multi_message import Message
from core.errors import CausewayError, ConfigError, OutcomeUnknownError, TransientError
from core.times import utc_now
from store.ledger import Conclusion, Intent, Ledger
from tasks.claim import Run
from tasks.policy import PURE, patiently, step
from tasks.reconciler.connections import Connections

TOGETHER = 10
"""Messages in one multi-message, the most that Brightpearl takes."""

T = TypeVar("T")
Answers = dict[str, Any | CausewayError]
"""By label: what Brightpearl answered, or why there is no answer."""


@dataclass(frozen=True)
class Write:
    """One write, with what the ledger says about it."""

    message: Message
    entity: str
    key: str
    action: str
    natural_key: str
    after: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)
    is_repeatable: bool = True
    """Whether sending it twice is harmless, because Brightpearl knows its natural key."""


class Recorded(Protocol):
    """A write as the ledger knows it, whichever system it goes to."""

    @property
    def entity(self) -> str: ...  # noqa: D102 - the ledger's own words, here and below
    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def action(self) -> str: ...  # noqa: D102
    @property
    def natural_key(self) -> str: ...  # noqa: D102
    @property
    def before(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def after(self) -> Mapping[str, Any]: ...  # noqa: D102


def intent_of(run: Run, write: Recorded) -> Intent:
    """The ledger's row before a write."""
    return Intent(
        pair=run.report.pair,
        entity=write.entity,
        key=write.key,
        action=write.action,
        natural_key=write.natural_key,
        before=dict(write.before),
        after=dict(write.after),
        mapping_version=run.bundle.version,
        run_id=run.run_id,
    )


def deliver(
    run: Run, writes: Sequence[Write], heard: Callable[[Answers], None] | None = None
) -> Answers:
    """Send every write, ten to a request and several requests at once.

    `heard` is called with the answers of each request as they come, in whatever thread.

    Raises: ConfigError when the account refuses us as a whole.
    """
    together = [write for write in writes if not write.message.alone]
    alone = [[write] for write in writes if write.message.alone]
    parts = [*chunks(together, TOGETHER), *alone]
    futures = [send.submit(run, part, heard) for part in parts]
    answers: Answers = {}
    for future in futures:
        answers.update(future.result())
    run.report.counts.update(
        f"wrote: {write.action}"
        for write in writes
        if not isinstance(answers[write.message.label], CausewayError)
    )
    return answers


@step("send", PURE)
def send(
    run: Run, writes: Sequence[Write], heard: Callable[[Answers], None] | None = None
) -> Answers:
    """One chunk of writes: the intent first, then the request, then the outcome."""
    ledger = Ledger(run.world.database)
    ids = ledger.intend([intent_of(run, write) for write in writes], now=utc_now())
    answers = _send_carefully(run.world, writes)
    ledger.conclude(
        [
            conclusion(intent_id, answers[write.message.label])
            for intent_id, write in zip(ids, writes, strict=True)
        ],
        now=utc_now(),
    )
    if heard is not None:
        heard(answers)
    return answers


def conclusion(intent_id: int, answer: Any | CausewayError) -> Conclusion:  # noqa: ANN401
    """The ledger's word on a write that was answered, refused, or whose answer was lost."""
    if isinstance(answer, OutcomeUnknownError | TransientError):
        outcome = "unknown" if isinstance(answer, OutcomeUnknownError) else "failed"
        return Conclusion(intent_id, outcome, error=answer.message)
    if isinstance(answer, CausewayError):
        return Conclusion(intent_id, "refused", error=answer.message)
    return Conclusion(intent_id, "written", written_id="" if answer is None else str(answer))


def chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """The items in runs of at most `size`."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def _send_carefully(world: Connections, writes: Sequence[Write]) -> Answers:
    """Together while that works, one by one where the multi-message fails as a whole."""
    repeatable = all(write.is_repeatable for write in writes)
    messages = [write.message for write in writes]
    try:
        answers: Answers = dict(
            patiently(lambda: world.brightpearl.send(messages), repeatable=repeatable, attempts=3)
        )
    except OutcomeUnknownError as error:
        if not repeatable or len(writes) == 1:
            return {message.label: error for message in messages}
        return _one_by_one(world, writes)
    except TransientError as error:
        if len(writes) == 1:
            return {messages[0].label: error}
        return _one_by_one(world, writes)
    left = [write for write in writes if _worth_repeating(write, answers)]
    if left and len(writes) > 1:
        answers.update(_one_by_one(world, left))
    for answer in answers.values():
        if isinstance(answer, ConfigError):
            raise answer
    return answers


def _worth_repeating(write: Write, answers: Answers) -> bool:
    answer = answers[write.message.label]
    lost = isinstance(answer, OutcomeUnknownError) and not write.is_repeatable
    return isinstance(answer, TransientError) and not lost


def _one_by_one(world: Connections, writes: Sequence[Write]) -> Answers:
    """The slower way, which stops at the first sign that single calls fail as well."""
    answers: Answers = {}
    for write in writes:
        label = write.message.label
        answers.update(_send_carefully(world, [write]))
        if isinstance(failure := answers[label], TransientError):
            for rest in writes:
                answers.setdefault(rest.message.label, TransientError(failure.message))
            break
    return answers
