"""The one way in which writes leave: in the ledger before and after, repeated only where harmless.

A record's operations are carried out phase by phase, all records of the batch together, so that ten
of them share a request to Brightpearl. The first failure stops a record, and never another one. An
answer that does not prove "not done" is an unknown outcome: before a write that has no natural key
is tried again, what an earlier try may have written is looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from typing import Any, Generic, TypeVar

from core.errors import (
    CausewayError,
    ConfigError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from store.ledger import Conclusion, Intent
from tasks.policy import PURE, step, with_retries
from tasks.reconciler.cases import Outcome, rejected, retry
from tasks.reconciler.operations import (
    BigCommerceWrite,
    BrightpearlWrite,
    Operation,
    Progress,
    ProgressT,
    Write,
)
from tasks.reconciler.run import Run

TOGETHER = 10
"""Writes of one step: the messages that Brightpearl takes in one request, or as many requests to
BigCommerce, one after the other."""
ATTEMPTS = 3
"""Tries of one write before its record is tried again later."""

T = TypeVar("T")
Answer = Any | CausewayError
"""What the other system answered, or why there is no answer."""
OnAnswers = Callable[[Sequence[tuple[Write, Answer]]], None]


@dataclass(frozen=True)
class Phase(Generic[ProgressT]):
    """Operations that all records carry out before any record goes on to the next phase."""

    kinds: tuple[type[Operation[ProgressT]], ...]
    together: bool = False
    """Whether a record's operations are independent: else one is sent after the other."""
    before: Callable[[Run, Sequence[ProgressT]], None] | None = None
    """Called with the records that have operations in this phase."""
    after: Callable[[Run, Sequence[ProgressT]], None] | None = None
    """The same, with those that nothing has stopped: reads back what was written."""
    on_answers: Callable[[Run, Sequence[tuple[Write, Answer]]], None] | None = None
    """Called with the answers of each request as they come, in whatever thread."""


def apply(
    run: Run, records: Sequence[ProgressT], phases: Sequence[Phase[ProgressT]]
) -> Sequence[ProgressT]:
    """Carry the records' operations out, phase by phase.

    Raises: ConfigError when a system refuses us as a whole. Everything that concerns one record
    stands in its progress.
    """
    for phase in phases:
        _carry_out(run, records, phase)
    return records


def outcome_of(record: Progress[Any], remedy: str) -> Outcome:
    """What became of a record. `remedy` is for a refused write whose answer names none."""
    plan, error = record.plan, record.error
    if error is not None and not isinstance(error, RejectedError):
        return retry(plan.key, error.message)
    cases = (*plan.cases, *record.refusals)
    if isinstance(error, RejectedError):
        return Outcome(plan.key, "rejected", str(error), (*cases, rejected(error, remedy)))
    return Outcome(plan.key, plan.result, plan.reason, cases, plan.waits_for, plan.wake_at)


def send(run: Run, writes: Sequence[Write], on_answers: OnAnswers | None = None) -> list[Answer]:
    """Send every write, several requests at once; the answers in the same order.

    Raises: ConfigError when a system refuses us as a whole.
    """
    brightpearl = [write for write in writes if isinstance(write, BrightpearlWrite)]
    bigcommerce = [write for write in writes if isinstance(write, BigCommerceWrite)]
    alone = [[write] for write in brightpearl if write.message.alone or write.is_alone]
    shared = [write for write in brightpearl if not (write.message.alone or write.is_alone)]
    futures = [
        *(send_to_brightpearl.submit(run, part, on_answers) for part in chunks(shared, TOGETHER)),
        *(send_to_brightpearl.submit(run, part, on_answers) for part in alone),
        *(
            send_to_bigcommerce.submit(run, part, on_answers)
            for part in chunks(bigcommerce, TOGETHER)
        ),
    ]
    answers: dict[int, Answer] = {}
    for future in futures:
        answers.update({id(write): answer for write, answer in future.result()})
    run.report.counts.update(
        f"wrote: {write.action}"
        for write in writes
        if not isinstance(answers[id(write)], CausewayError)
    )
    return [answers[id(write)] for write in writes]


def send_as_one(
    run: Run, writes: Sequence[Write], call: Callable[[], Any], *, attempts: int = ATTEMPTS
) -> Answer:
    """Send one request that carries all of the writes; they share its answer.

    Raises: ConfigError when a system refuses us as a whole.
    """

    def answers() -> Sequence[Answer]:
        repeatable = all(write.is_repeatable for write in writes)
        try:
            answer: Answer = with_retries(call, repeatable=repeatable, attempts=attempts)
        except (TransientError, RejectedError) as error:
            answer = error
        return [answer] * len(writes)

    answer, *_ = in_ledger(run, writes, answers)
    if not isinstance(answer, CausewayError):
        run.report.counts.update(f"wrote: {write.action}" for write in writes)
    return answer


def in_ledger(
    run: Run, writes: Sequence[Write], call: Callable[[], Sequence[Answer]]
) -> Sequence[Answer]:
    """The answers of `call`, which sends the writes: their intents first, then their outcomes."""
    ids = run.ledger.intend([_intent(run, write) for write in writes], now=run.now())
    answers = call()
    run.ledger.conclude(
        [
            _conclusion(intent_id, write, answer)
            for intent_id, write, answer in zip(ids, writes, answers, strict=True)
        ],
        now=run.now(),
    )
    return answers


def chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """The items in runs of at most `size`."""
    return [items[start : start + size] for start in range(0, len(items), size)]


@step("write-to-brightpearl", PURE)
def send_to_brightpearl(
    run: Run, writes: Sequence[BrightpearlWrite], on_answers: OnAnswers | None = None
) -> list[tuple[Write, Answer]]:
    """Up to ten writes in one request."""
    answers = in_ledger(run, writes, partial(_messages, run, writes))
    answered: list[tuple[Write, Answer]] = list(zip(writes, answers, strict=True))
    if on_answers is not None:
        on_answers(answered)
    return answered


@step("write-to-bigcommerce", PURE)
def send_to_bigcommerce(
    run: Run, writes: Sequence[BigCommerceWrite], on_answers: OnAnswers | None = None
) -> list[tuple[Write, Answer]]:
    """A few writes, a request each; none any more once the store does not answer."""
    answers = in_ledger(run, writes, partial(_requests, run, writes))
    answered: list[tuple[Write, Answer]] = list(zip(writes, answers, strict=True))
    if on_answers is not None:
        on_answers(answered)
    return answered


def _carry_out(run: Run, records: Sequence[ProgressT], phase: Phase[ProgressT]) -> None:
    going = [record for record in records if record.goes_on and _operations(record, phase)]
    if not going:
        return
    if phase.before is not None:
        phase.before(run, going)
    queues = [_operations(record, phase) for record in going]
    if phase.together:
        _round(
            run, phase, [(r, one) for r, ones in zip(going, queues, strict=True) for one in ones]
        )
    else:
        for ones in zip_longest(*queues):
            _round(run, phase, [(r, one) for r, one in zip(going, ones, strict=True) if one])
    if phase.after is not None:
        phase.after(run, [record for record in going if record.goes_on])


def _operations(record: ProgressT, phase: Phase[ProgressT]) -> list[Operation[ProgressT]]:
    own = (*record.plan.operations, *record.added)
    return [operation for operation in own if isinstance(operation, phase.kinds)]


def _round(
    run: Run,
    phase: Phase[ProgressT],
    wanted: Sequence[tuple[ProgressT, Operation[ProgressT]]],
) -> None:
    """Send one operation of each record (or all of them), and note what became of it."""
    writes = [
        (
            record,
            operation,
            replace(write, key=write.key or record.key, action=write.action or operation.kind),
        )
        for record, operation in wanted
        if record.goes_on and (write := operation.write(run, record)) is not None
    ]
    unsure = _unsure(run, [write for _, _, write in writes if not write.is_repeatable])
    left = [
        (record, operation, replace(write, is_alone=write.natural_key in unsure))
        for record, operation, write in writes
        if not (write.natural_key in unsure and _found(run, record, operation, write))
    ]
    on_answers = partial(phase.on_answers, run) if phase.on_answers else None
    answers = send(run, [write for _, _, write in left], on_answers)
    for (record, operation, write), answer in zip(left, answers, strict=True):
        if isinstance(answer, OutcomeUnknownError) and _found(run, record, operation, write):
            continue
        if isinstance(answer, CausewayError):
            error = operation.absorb(run, record, answer)
            if error is not None:
                record.fail(error)
                continue
        operation.apply(record, None if isinstance(answer, CausewayError) else answer)


def _unsure(run: Run, writes: Sequence[Write]) -> set[str]:
    """Natural keys of writes that an earlier try sent and whose outcome is not known."""
    found: set[str] = set()
    for entity in {write.entity or run.entity for write in writes}:
        keys = [write.key for write in writes if (write.entity or run.entity) == entity]
        entries = run.ledger.open_intents(run.pair, entity, keys)
        found.update(entry.natural_key for entry in entries)
    return found


def _found(run: Run, record: ProgressT, operation: Operation[ProgressT], write: Write) -> bool:
    """Whether the other system has already what the operation writes; the record takes it over."""
    if write.is_repeatable:
        return False
    answer = operation.find(run, record)
    if answer is None:
        return False
    operation.apply(record, answer)
    return True


def _messages(run: Run, writes: Sequence[BrightpearlWrite]) -> list[Answer]:
    """The answers to writes that go together while that works, else one by one."""
    repeatable = all(write.is_repeatable for write in writes)
    messages = [write.message for write in writes]
    try:
        by_label = with_retries(
            lambda: run.brightpearl.send(messages), repeatable=repeatable, attempts=ATTEMPTS
        )
    except TransientError as error:
        is_lost = isinstance(error, OutcomeUnknownError) and not repeatable
        if is_lost or len(writes) == 1:
            return [error] * len(writes)
        return _one_by_one(run, writes)
    answers: list[Answer] = [by_label[message.label] for message in messages]
    left = [
        place
        for place, (write, answer) in enumerate(zip(writes, answers, strict=True))
        if _deserves_retry(write, answer)
    ]
    if left and len(writes) > 1:
        again = _one_by_one(run, [writes[place] for place in left])
        for place, answer in zip(left, again, strict=True):
            answers[place] = answer
    for answer in answers:
        if isinstance(answer, ConfigError):
            raise answer
    return answers


def _deserves_retry(write: Write, answer: Answer) -> bool:
    is_lost = isinstance(answer, OutcomeUnknownError) and not write.is_repeatable
    return isinstance(answer, TransientError) and not is_lost


def _one_by_one(run: Run, writes: Sequence[BrightpearlWrite]) -> list[Answer]:
    """The slower way, which stops at the first sign that single calls fail as well."""
    answers: list[Answer] = []
    for write in writes:
        (answer,) = _messages(run, [write])
        answers.append(answer)
        if isinstance(answer, TransientError):
            left = len(writes) - len(answers)
            return [*answers, *[TransientError(answer.message)] * left]
    return answers


def _requests(run: Run, writes: Sequence[BigCommerceWrite]) -> list[Answer]:
    answers: list[Answer] = []
    away: TransientError | None = None
    for write in writes:
        if away is not None:
            answers.append(TransientError(f"Not reached: {away.message}"))
            continue
        try:
            answer: Answer = with_retries(
                partial(write.send, run.bigcommerce),
                repeatable=write.is_repeatable,
                attempts=ATTEMPTS,
            )
        except (TransientError, RejectedError) as error:
            answer = error
            is_unknown = isinstance(error, OutcomeUnknownError)
            away = error if isinstance(error, TransientError) and not is_unknown else None
        answers.append(answer)
    return answers


def _intent(run: Run, write: Write) -> Intent:
    return Intent(
        pair=run.pair,
        entity=write.entity or run.entity,
        key=write.key,
        action=write.action,
        natural_key=write.natural_key,
        before=dict(write.before),
        after=dict(write.after),
        mapping_version=run.bundle.version,
        run_id=run.run_id,
    )


def _conclusion(intent_id: int, write: Write, answer: Answer) -> Conclusion:
    """The ledger's entry on a write that was answered, refused, or whose answer was lost."""
    if isinstance(answer, OutcomeUnknownError):
        return Conclusion(intent_id, "unknown", error=answer.message)
    if isinstance(answer, TransientError):
        return Conclusion(intent_id, "failed", error=answer.message)
    if isinstance(answer, CausewayError):
        return Conclusion(intent_id, "refused", error=answer.message)
    if answer is None:
        return Conclusion(intent_id, "written")
    written_id = write.written_id if isinstance(write, BigCommerceWrite) else str
    return Conclusion(intent_id, "written", written_id=written_id(answer))
