"""The one way in which writes leave: in the ledger before and after, repeated only where harmless.

A record's operations are carried out phase by phase, all records of the batch together, so that ten
of them share a request to Brightpearl. The first failure stops a record, and never another one. An
answer that does not prove "not done" is an unknown outcome: before a write that has no natural key
is tried again, what an earlier try may have written is looked up.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, zip_longest
from typing import Any, Generic

from core.crash_points import reached
from core.errors import (
    CausewayError,
    ConfigError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from store.ledger import Conclusion, Intent
from store.sql import in_parts
from tasks.policy import PURE, run_each, step, with_retries
from tasks.reconciler.cases import Outcome, rejected, retry
from tasks.reconciler.operations import (
    BigCommerceRow,
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

TURN_WITHIN_S = 30.0
"""A request no longer waits for one before it whose step ended without sending it."""
FAILURES = {OutcomeUnknownError: "unknown", TransientError: "failed", CausewayError: "refused"}
"""What the ledger says of a write without an answer; the first class that fits."""

Answer = Any | CausewayError
"""What the other system answered, or why there is no answer."""
OnAnswers = Callable[[Sequence[tuple[Write, Answer]]], None]


class Turn:
    """The place of a request among those of one kind: it leaves after the one before it has left.

    Steps run at once, and the ledger is written before each request: without turns, orders of a
    busy machine would be made in an order of chance.
    """

    def __init__(self, before: Turn | None = None) -> None:
        self._before = before
        self.has_left = threading.Event()

    def take(self) -> None:
        """Block until it is its turn; from then on it is that of the next one."""
        if self._before is not None:
            self._before.has_left.wait(TURN_WITHIN_S)
            self._before = None
        self.has_left.set()


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
    reached("planned", run.entity, [record.key for record in records])
    for phase in phases:
        queues = [
            [
                (record, operation)
                for operation in (*record.plan.operations, *record.added)
                if isinstance(operation, phase.kinds)
            ]
            for record in records
            if record.goes_on
        ]
        queues = [queue for queue in queues if queue]
        if not queues:
            continue
        going = [queue[0][0] for queue in queues]
        if phase.before is not None:
            phase.before(run, going)
        if phase.together:
            _write(run, phase, list(chain(*queues)))
        else:
            for one_of_each in zip_longest(*queues):
                _write(run, phase, [one for one in one_of_each if one])
        if phase.after is not None:
            phase.after(run, [record for record in going if record.goes_on])
        reached("after-phase", run.entity, [record.key for record in going])
    return records


def outcome_of(record: Progress[Any], action: str) -> Outcome:
    """What became of a record.

    In: what to do about a refused write whose answer does not say it.
    """
    plan, error = record.plan, record.error
    if error is not None and not isinstance(error, RejectedError):
        return retry(plan.key, error.message)
    cases = (*plan.cases, *record.refusals)
    if isinstance(error, RejectedError):
        cases += (rejected(error, action, plan.key),)
        return Outcome(plan.key, "rejected", str(error), cases)
    return Outcome(plan.key, plan.result, record.reason, cases, plan.waits_for, plan.wake_at)


@step("link", PURE)
def link(run: Run, records: Sequence[Progress[Any]], action: str) -> list[Outcome]:
    """Keep what both sides agree on by now; what became of each record.

    In: what to do about a refused write whose answer does not say it.
    """
    links = [one for record in records if (one := record.link) is not None]
    run.links.put(run.pair, run.entity, links, now=run.now())
    return [outcome_of(record, action) for record in records]


def send(run: Run, writes: Sequence[Write], on_answers: OnAnswers | None = None) -> list[Answer]:
    """Send every write, several requests at once; the answers in the same order.

    Raises: ConfigError when a system refuses us as a whole.
    """
    brightpearl = [write for write in writes if isinstance(write, BrightpearlWrite)]
    bigcommerce = [write for write in writes if isinstance(write, BigCommerceWrite)]
    alone = [[write] for write in brightpearl if write.message.alone or write.is_alone]
    shared = [write for write in brightpearl if not (write.message.alone or write.is_alone)]
    parts = (
        (send_to_brightpearl, (*in_parts(shared, TOGETHER), *alone)),
        (send_to_bigcommerce, in_parts(bigcommerce, TOGETHER)),
        (send_rows_to_bigcommerce, _rows_together(writes)),
    )
    calls: list[tuple[Any, ...]] = []
    for one, each in parts:
        turn: Turn | None = None
        for part in each:
            turn = Turn(turn)
            calls.append((one, run, part, on_answers, turn))
    sent = run_each(calls)
    answers = {id(write): answer for part in sent for write, answer in part}
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
    answer: Answer
    with in_ledger(run, writes, None, Turn()) as answers:
        repeatable = all(write.is_repeatable for write in writes)
        try:
            answer = with_retries(call, repeatable=repeatable, attempts=attempts)
            reached("after-request", run.entity, keys_of(writes))
        except (TransientError, RejectedError) as error:
            answer = error
        answers.extend([answer] * len(writes))
    if not isinstance(answer, CausewayError):
        run.report.counts.update(f"wrote: {write.action}" for write in writes)
    return answer


@step("write-to-brightpearl", PURE)
def send_to_brightpearl(
    run: Run, writes: Sequence[BrightpearlWrite], on_answers: OnAnswers | None, turn: Turn
) -> list[tuple[Write, Answer]]:
    """Up to ten writes in one request; what that fails for follows one by one.

    Which stops at the first sign that single requests fail as well.
    """
    with in_ledger(run, writes, on_answers, turn) as answers:
        answers.extend(_request(run, writes))
        away: TransientError | None = None
        for place, write in enumerate(writes if len(writes) > 1 else ()):
            answer = answers[place]
            is_lost = isinstance(answer, OutcomeUnknownError) and not write.is_repeatable
            if is_lost or not isinstance(answer, TransientError):
                continue
            (answer,) = [TransientError(away.message)] if away else _request(run, [write])
            away = answer if isinstance(answer, TransientError) else None
            answers[place] = answer
    return list(zip(writes, answers, strict=True))


@step("write-to-bigcommerce", PURE)
def send_to_bigcommerce(
    run: Run, writes: Sequence[BigCommerceWrite], on_answers: OnAnswers | None, turn: Turn
) -> list[tuple[Write, Answer]]:
    """A few writes, a request each; none any more once the store does not answer."""
    with in_ledger(run, writes, on_answers, turn) as answers:
        away: TransientError | None = None
        for write in writes:
            if away is not None:
                answers.append(TransientError(f"Not reached: {away.message}"))
                continue
            send_one = partial(write.send, run.bigcommerce)
            try:
                answer: Answer = with_retries(
                    send_one, repeatable=write.is_repeatable, attempts=ATTEMPTS
                )
                reached("after-request", run.entity, [write.key])
            except (TransientError, RejectedError) as error:
                answer = error
                is_unknown = isinstance(error, OutcomeUnknownError)
                away = error if isinstance(error, TransientError) and not is_unknown else None
            answers.append(answer)
    return list(zip(writes, answers, strict=True))


@step("write-rows-to-bigcommerce", PURE)
def send_rows_to_bigcommerce(
    run: Run, writes: Sequence[BigCommerceRow], on_answers: OnAnswers | None, turn: Turn
) -> list[tuple[Write, Answer]]:
    """Rows of several records in one request; where it is refused, half of them at a time.

    Such an answer may not say which row is to blame. Source: fact sheet, error bodies.
    """
    with in_ledger(run, writes, on_answers, turn) as answers:
        answers.extend(_answers_by_row(run, writes))
    return list(zip(writes, answers, strict=True))


def _answers_by_row(run: Run, writes: Sequence[BigCommerceRow]) -> list[Answer]:
    first, rows = writes[0], [write.row for write in writes]
    repeatable = all(write.is_repeatable for write in writes)
    try:
        answers = with_retries(
            lambda: first.send_rows(run.bigcommerce, rows),
            repeatable=repeatable,
            attempts=ATTEMPTS,
        )
        reached("after-request", run.entity, keys_of(writes))
        return list(answers)
    except TransientError as error:
        return [error] * len(writes)
    except RejectedError as error:
        if len(writes) == 1:
            return [error]
    middle = len(writes) // 2
    return [*_answers_by_row(run, writes[:middle]), *_answers_by_row(run, writes[middle:])]


def _rows_together(writes: Sequence[Write]) -> Iterator[Sequence[BigCommerceRow]]:
    """The rows that share a request; one whose outcome was unknown once goes alone."""
    rows = [write for write in writes if isinstance(write, BigCommerceRow)]
    by_kind: dict[Any, list[BigCommerceRow]] = defaultdict(list)
    for write in rows:
        if write.is_alone:
            yield [write]
        else:
            by_kind[write.send_rows].append(write)
    for listed in by_kind.values():
        yield from in_parts(listed, listed[0].most)


@contextmanager
def in_ledger(
    run: Run, writes: Sequence[Write], on_answers: OnAnswers | None, turn: Turn
) -> Iterator[list[Answer]]:
    """A list to fill with the answers to the writes, in their turn.

    Intents are kept first, then outcomes.
    """
    intents = [
        Intent(
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
        for write in writes
    ]
    reached("before-intent", run.entity, keys_of(writes))
    ids = run.ledger.intend(intents, now=run.now())
    reached("after-intent", run.entity, keys_of(writes))
    answers: list[Answer] = []
    turn.take()
    yield answers
    reached("before-outcome", run.entity, keys_of(writes))
    conclusions: list[Conclusion] = []
    for intent_id, write, answer in zip(ids, writes, answers, strict=True):
        if isinstance(answer, CausewayError):
            outcome = next(name for kind, name in FAILURES.items() if isinstance(answer, kind))
            conclusions.append(Conclusion(intent_id, outcome, error=answer.message))
        else:
            written_id = "" if answer is None else write.written_id(answer)
            conclusions.append(Conclusion(intent_id, "written", written_id))
    run.ledger.conclude(conclusions, now=run.now())
    reached("after-outcome", run.entity, keys_of(writes))
    if on_answers is not None:
        on_answers(list(zip(writes, answers, strict=True)))


def keys_of(writes: Sequence[Write]) -> list[str]:
    """The records that these writes are about."""
    return [write.key for write in writes]


def _write(
    run: Run,
    phase: Phase[ProgressT],
    wanted: Sequence[tuple[ProgressT, Operation[ProgressT]]],
) -> None:
    """Send operations of records that nothing has stopped; each record takes over the answer."""
    writes = [
        (
            record,
            operation,
            replace(write, key=write.key or record.key, action=write.action or operation.kind),
        )
        for record, operation in wanted
        if record.goes_on and (write := operation.write(run, record)) is not None
    ]
    # Writes that an earlier try sent and whose outcome is not known are looked up first.
    single = [write for _, _, write in writes if not write.is_repeatable]
    unsure = {
        entry.natural_key
        for entity in {write.entity or run.entity for write in single}
        for entry in run.ledger.open_intents(run.pair, entity, [write.key for write in single])
    }
    left = [
        (record, operation, replace(write, is_alone=write.natural_key in unsure))
        for record, operation, write in writes
        if not (write.natural_key in unsure and _is_settled(run, record, operation, write))
    ]
    on_answers = partial(phase.on_answers, run) if phase.on_answers else None
    answers = send(run, [write for _, _, write in left], on_answers)
    run.unsure.update(
        record.key
        for (record, _, _), answer in zip(left, answers, strict=True)
        if isinstance(answer, OutcomeUnknownError)
    )
    for (record, operation, write), answer in zip(left, answers, strict=True):
        if isinstance(answer, OutcomeUnknownError) and _is_settled(run, record, operation, write):
            continue
        if not isinstance(answer, CausewayError):
            operation.apply(record, answer)
        elif error := operation.absorb(run, record, answer):
            record.fail(error)
        else:
            operation.apply(record, None)


def _is_settled(run: Run, record: ProgressT, operation: Operation[ProgressT], write: Write) -> bool:
    """Whether nothing is to be sent now for a write that was sent and whose outcome is unknown.

    The other system has it already, and the record takes it over; or that cannot be looked up, and
    the record waits.
    """
    try:
        answer = None if write.is_repeatable else operation.find(run, record)
    except TransientError as error:
        record.fail(error)
        run.unsure.add(record.key)
        return True
    if answer is not None:
        operation.apply(record, answer)
    return answer is not None


def _request(run: Run, writes: Sequence[BrightpearlWrite]) -> list[Answer]:
    """The answers to writes that share a request. Raises: ConfigError."""
    messages = [write.message for write in writes]
    repeatable = all(write.is_repeatable for write in writes)
    try:
        by_label = with_retries(
            lambda: run.brightpearl.send(messages), repeatable=repeatable, attempts=ATTEMPTS
        )
        reached("after-request", run.entity, keys_of(writes))
    except TransientError as error:
        return [error] * len(writes)
    for answer in by_label.values():
        if isinstance(answer, ConfigError):
            raise answer
    return [by_label[message.label] for message in messages]
