"""How operations are carried out: in which order, in which requests, and what a failure stops."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from reconciling import PAIR, WIDGETS, Reconciler

from connectors.brightpearl.messages import add_note
from core.errors import ConfigError, OutcomeUnknownError, RejectedError, TransientError
from store.ledger import Entry
from tasks.reconciler.apply import Answer, Phase, Turn, apply, outcome_of, send, send_as_one
from tasks.reconciler.operations import (
    BigCommerceWrite,
    BrightpearlWrite,
    Operation,
    Progress,
    RecordPlan,
    Write,
)
from tasks.reconciler.run import Run

LOST = OutcomeUnknownError("the answer was lost")
REFUSED = RejectedError("it is refused", code="ORDC-1")


@dataclass(kw_only=True)
class Widget(Progress[RecordPlan]):
    """A record whose operations write down what they were answered."""

    answers: list[Any] = field(default_factory=list)
    exists: dict[str, Any] = field(default_factory=dict)
    """What a look-up finds, by natural key."""
    looked_up: list[str] = field(default_factory=list)
    cannot_search: bool = False
    """Whether nothing can be looked up now."""


@dataclass(frozen=True)
class Note(Operation[Widget]):
    """A write to Brightpearl."""

    label: str
    is_repeatable: bool = True
    kind = "note"

    def write(self, _run: Run, record: Widget) -> BrightpearlWrite:
        return BrightpearlWrite(
            key=record.key,
            action=self.kind,
            natural_key=self.label,
            message=add_note(self.label, "1", "text"),
            before={"text": ""},
            after={"text": "text"},
            is_repeatable=self.is_repeatable,
        )

    def find(self, _run: Run, record: Widget) -> Any | None:
        record.looked_up.append(self.label)
        if record.cannot_search:
            raise TransientError("nobody answers")
        return record.exists.get(self.label)

    def is_done(self, _run: Run, _record: Widget, error: RejectedError) -> bool:
        return error.code == "DONE"

    def apply(self, record: Widget, answer: Any) -> None:
        record.answers.append(answer)


@dataclass(frozen=True)
class LaterNote(Note):
    """One that waits for the first phase."""

    kind = "later note"


@dataclass(frozen=True)
class Label(Operation[Widget]):
    """A write to BigCommerce."""

    name: str
    kind = "label"

    def write(self, _run: Run, record: Widget) -> BigCommerceWrite:
        return BigCommerceWrite(
            key=record.key,
            action=self.kind,
            natural_key=self.name,
            send=lambda store: store.put(self.name),  # type: ignore[attr-defined]
            written_id=lambda answer: f"id of {answer}",
        )

    def apply(self, record: Widget, answer: Any) -> None:
        record.answers.append(answer)


NOTES = Phase((Note,))
PHASES = (NOTES,)


def widget(key: str, *operations: Operation[Widget], **progress: Any) -> Widget:
    return Widget(plan=RecordPlan(key=key, operations=operations, result="written"), **progress)


def history(pair: Reconciler, key: str) -> list[Entry]:
    return pair.run().ledger.history(PAIR, WIDGETS.name, key)


def test_all_records_carry_out_a_phase_before_any_goes_on_to_the_next(pair: Reconciler) -> None:
    first = widget("1", LaterNote("1-later"), Label("1-label"))
    second = widget("2", LaterNote("2-later"), Label("2-label"))
    phases = (Phase((Label,)), Phase((LaterNote,)))

    pair.account.on_request = lambda: pair.store.requests.append("account")
    apply(pair.run(), [first, second], phases)

    assert pair.store.requests == ["1-label", "2-label", "account"]
    assert pair.account.requests == [["1-later", "2-later"]]
    assert first.answers == ["1-label", "1-later"]


def test_ten_writes_of_all_records_share_a_request(pair: Reconciler) -> None:
    records = [widget(str(number), Note(f"note-{number}")) for number in range(12)]

    apply(pair.run(), records, PHASES)

    assert sorted(len(labels) for labels in pair.account.requests) == [2, 10]


def test_operations_of_one_record_follow_each_other_unless_they_are_independent(
    pair: Reconciler,
) -> None:
    operations = (Note("a"), Note("b"))

    apply(pair.run(), [widget("1", *operations), widget("2", Note("c"))], PHASES)
    apply(pair.run(), [widget("1", *operations)], (Phase((Note,), together=True),))

    assert pair.account.requests == [["a", "c"], ["b"], ["a", "b"]]


def test_a_request_leaves_after_the_one_before_it_whichever_thread_is_first() -> None:
    first = Turn()
    second = Turn(first)
    left: list[str] = []

    def leave() -> None:
        second.take()
        left.append("second")

    thread = threading.Thread(target=leave)
    thread.start()
    left.append("first")
    first.take()
    thread.join()

    assert left == ["first", "second"]
    assert second.has_left.is_set()


def test_the_first_failure_stops_its_record_and_no_other(pair: Reconciler) -> None:
    pair.account.answers["1-a"] = REFUSED
    stopped, other = widget("1", Note("1-a"), Note("1-b")), widget("2", Note("2-a"), Note("2-b"))

    apply(pair.run(), [stopped, other], PHASES)

    assert pair.account.requests == [["1-a", "2-a"], ["2-b"]]
    outcome = outcome_of(stopped, "Correct it.")
    assert outcome.result == "rejected"
    (refusal,) = outcome.refusals
    assert (refusal.class_, refusal.value) == ("rejected", "ORDC-1")
    command = "causeway quarantine release --class rejected --key 1"
    assert refusal.remedy == f"Correct it, then: {command}"
    assert outcome_of(other, "").result == "written"


def test_a_refusal_that_says_it_is_done_already_counts_as_done(pair: Reconciler) -> None:
    pair.account.answers["a"] = RejectedError("it exists already", code="DONE")
    record = widget("1", Note("a"), Note("b"))

    apply(pair.run(), [record], PHASES)

    assert record.answers == [None, "b"]
    assert record.error is None


def test_a_record_whose_write_is_not_answered_is_tried_again_later(pair: Reconciler) -> None:
    pair.account.answers["a"] = TransientError("nobody answers")
    record = widget("1", Note("a"))

    apply(pair.run(), [record], PHASES)

    assert outcome_of(record, "").is_retried


def test_a_lost_answer_is_looked_up_at_once_and_the_record_goes_on(pair: Reconciler) -> None:
    pair.account.failures = [LOST]
    record = widget("1", Note("a", is_repeatable=False), Note("b"), exists={"a": "7"})

    apply(pair.run(), [record], PHASES)

    assert pair.account.requests == [["a"], ["b"]]
    assert record.looked_up == ["a"]
    assert record.answers == ["7", "b"]
    assert [entry.outcome for entry in history(pair, "1")] == ["unknown", "written"]


def test_what_an_earlier_try_may_have_written_is_looked_up_before_it_is_sent_again(
    pair: Reconciler,
) -> None:
    pair.account.failures = [LOST]
    first = widget("1", Note("a", is_repeatable=False))
    apply(pair.run(), [first], PHASES)
    assert outcome_of(first, "").is_retried

    found = widget("1", Note("a", is_repeatable=False), exists={"a": "7"})
    apply(pair.run(), [found], PHASES)

    assert pair.account.requests == [["a"]]
    assert found.answers == ["7"]


@pytest.mark.parametrize("when", ["at once", "before the next try"])
def test_a_record_that_cannot_be_looked_up_waits_alone_and_nothing_is_sent_again(
    pair: Reconciler, when: str
) -> None:
    pair.account.failures = [LOST]
    unclear = widget("1", Note("a", is_repeatable=False), cannot_search=when == "at once")
    apply(pair.run(), [unclear], PHASES)
    run = pair.run()
    if when != "at once":
        unclear = widget("1", Note("a", is_repeatable=False), cannot_search=True)
        other = widget("2", Note("b"))
        apply(run, [unclear, other], PHASES)
        assert other.answers == ["b"]
        assert run.unsure == {"1"}

    assert outcome_of(unclear, "").is_retried
    assert ["a"] in pair.account.requests
    assert pair.account.requests.count(["a"]) == 1
    assert [one.natural_key for one in run.ledger.open_intents(PAIR, WIDGETS.name, ["1"])] == ["a"]


def test_what_was_looked_up_in_vain_is_sent_again_by_itself(pair: Reconciler) -> None:
    pair.account.failures = [LOST]
    apply(pair.run(), [widget("1", Note("a", is_repeatable=False))], PHASES)

    again = widget("1", Note("a", is_repeatable=False))
    apply(pair.run(), [again, widget("2", Note("b"))], PHASES)

    assert again.looked_up == ["a"]
    assert sorted(pair.account.requests[1:]) == [["a"], ["b"]]
    assert again.answers == ["a"]


def test_of_a_request_whose_answer_is_lost_only_harmless_writes_are_sent_again(
    pair: Reconciler,
) -> None:
    pair.account.failures = [LOST]
    single = widget("1", Note("a", is_repeatable=False), exists={"a": "7"})
    other = widget("2", Note("b"))

    apply(pair.run(), [single, other], PHASES)

    assert pair.account.requests == [["a", "b"], ["b"]]
    assert single.looked_up == ["a"]
    assert (single.answers, other.answers) == (["7"], ["b"])


def test_a_write_that_is_harmless_to_repeat_is_never_looked_up(pair: Reconciler) -> None:
    pair.account.answers["a"] = LOST
    lost, other = widget("1", Note("a")), widget("2", Note("b"))

    apply(pair.run(), [lost, other], PHASES)

    assert pair.account.requests == [["a", "b"], ["a"]]
    assert lost.looked_up == []


def test_the_ledger_has_the_intent_before_the_request_and_the_outcome_after_it(
    pair: Reconciler,
) -> None:
    before: list[Entry] = []
    pair.account.on_request = lambda: before.extend(history(pair, "1"))
    run = pair.run()

    apply(run, [widget("1", Note("a"))], PHASES)

    (intent,), (entry,) = before, history(pair, "1")
    assert intent.outcome is None
    assert (intent.action, intent.natural_key) == ("note", "a")
    assert (intent.before, intent.after) == ({"text": ""}, {"text": "text"})
    assert (intent.run_id, intent.mapping_version) == (run.run_id, run.bundle.version)
    assert intent.intent_at == entry.outcome_at == pair.clock()
    assert (entry.outcome, entry.written_id) == ("written", "a")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(REFUSED, "refused"), (LOST, "unknown"), (TransientError("nobody answers"), "failed")],
)
def test_the_ledger_keeps_refusals_lost_answers_and_failures_separate(
    pair: Reconciler, answer: Exception, outcome: str
) -> None:
    pair.account.answers["a"] = answer

    apply(pair.run(), [widget("1", Note("a", is_repeatable=False))], PHASES)

    (entry,) = history(pair, "1")
    assert (entry.outcome, entry.error) == (outcome, str(answer))


def test_a_write_to_the_store_goes_by_itself_and_the_ledger_keeps_its_id(pair: Reconciler) -> None:
    run = pair.run()
    pair.store.answers["b"] = REFUSED
    records = [widget("1", Label("a")), widget("2", Label("b")), widget("3", Label("c"))]

    apply(run, records, (Phase((Label,)),))

    assert pair.store.requests == ["a", "b", "c"]
    assert [record.goes_on for record in records] == [True, False, True]
    assert history(pair, "1")[0].written_id == "id of a"
    assert run.report.counts == {"wrote: label": 2}


def test_a_system_that_refuses_us_as_a_whole_ends_the_run(pair: Reconciler) -> None:
    pair.account.answers["a"] = ConfigError("the token is wrong")

    with pytest.raises(ConfigError):
        apply(pair.run(), [widget("1", Note("a"))], PHASES)


def test_what_follows_a_phase_sees_only_records_that_nothing_has_stopped(
    pair: Reconciler,
) -> None:
    called: list[tuple[str, list[str]]] = []

    def note(when: str) -> Any:
        return lambda _run, records: called.append((when, [one.key for one in records]))

    pair.account.answers["a"] = REFUSED
    records = [widget("1", Note("a")), widget("2", Note("b")), widget("3", Label("c"))]

    apply(pair.run(), records, (Phase((Note,), before=note("before"), after=note("after")),))

    assert called == [("before", ["1", "2"]), ("after", ["2"])]


def test_operations_that_turn_out_to_be_needed_are_carried_out_in_their_phase(
    pair: Reconciler,
) -> None:
    def add(_run: Run, records: Sequence[Widget]) -> None:
        for record in records:
            record.added.append(LaterNote("later"))

    apply(
        pair.run(),
        [widget("1", Label("a"))],
        (Phase((Label,), after=add), Phase((LaterNote,))),
    )

    assert pair.account.requests == [["later"]]


def test_answers_are_passed_on_as_they_come(pair: Reconciler) -> None:
    received: dict[str, Answer] = {}

    def on_answers(_run: Run, answered: Sequence[tuple[Write, Answer]]) -> None:
        received.update({write.natural_key: answer for write, answer in answered})

    apply(pair.run(), [widget("1", Note("a"))], (Phase((Note,), on_answers=on_answers),))

    assert received == {"a": "a"}


def test_writes_that_share_one_call_share_its_answer(pair: Reconciler) -> None:
    run = pair.run()
    writes = [Label(name).write(run, widget(name)) for name in ("a", "b")]

    assert send_as_one(run, writes, lambda: pair.store.put("both")) == "both"

    assert pair.store.requests == ["both"]
    assert [history(pair, key)[0].outcome for key in ("a", "b")] == ["written", "written"]


def test_answers_come_in_the_order_of_the_writes(pair: Reconciler) -> None:
    run = pair.run()
    writes: list[Write] = [
        operation.write(run, widget("1")) for operation in (Label("a"), Note("b"), Label("c"))
    ]
    assert send(run, writes) == ["a", "b", "c"]
