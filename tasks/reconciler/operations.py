"""What a plan consists of: per record, the operations that would make both sides agree.

An operation knows how it is described, which write it is, which refusals mean that it is done
already, and what its answer changes in the record's progress. `apply.py` carries it out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from connectors.bigcommerce.api import rows_at_once
from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl.messages import Message
from core.errors import CausewayError, NotFoundError, RejectedError
from core.refusals import Refusal
from store.links import Link
from tasks.reconciler.run import Run


@dataclass(frozen=True, kw_only=True)
class Write:
    """One write, with what the ledger keeps of it. A subclass says to which system it goes."""

    natural_key: str
    key: str = ""
    """The record's; `apply` fills in that of the operation's record."""
    action: str = ""
    """What is done; `apply` fills in the operation's kind."""
    after: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    entity: str = ""
    """Whose record it is, where it is not the run's entity."""
    is_repeatable: bool = True
    """Whether sending it twice is harmless, because the other system knows its natural key."""
    is_alone: bool = False
    """Whether it goes by itself, because sharing a request has failed before."""
    written_id: Callable[[Any], str] = lambda answer: str(getattr(answer, "id", answer))
    """The id of what was written, out of an answer that is not None."""


@dataclass(frozen=True, kw_only=True)
class BrightpearlWrite(Write):
    """A write to Brightpearl; ten share a request."""

    message: Message


@dataclass(frozen=True, kw_only=True)
class BigCommerceWrite(Write):
    """A write to BigCommerce, which takes one record to a request."""

    send: Callable[[BigCommerce], Any]


@dataclass(frozen=True, kw_only=True)
class BigCommerceRow(Write):
    """A row of a write to BigCommerce that takes several records in a request."""

    row: Any
    send_rows: Callable[[BigCommerce, Sequence[Any]], Sequence[Any]]
    """Sends the rows of several records; the answer to each, in their order. A method of the
    client, so that rows of the same kind are found to belong together."""

    @property
    def most(self) -> int:
        """Rows that share a request."""
        return rows_at_once(self.send_rows)


ProgressT = TypeVar("ProgressT", bound="Progress[Any]")
PlanT = TypeVar("PlanT", bound="RecordPlan")


class Operation(ABC, Generic[ProgressT]):
    """One write that a record needs. A subclass is a frozen dataclass."""

    kind: ClassVar[str]
    """As the ledger and the report name it: a verb and what is written."""
    is_done_when_gone: ClassVar[bool] = False
    """Whether nothing is left to do where what it writes to is gone."""

    def describe(self) -> str:
        """The operation in a few words for people, without personal data."""
        return self.kind

    @abstractmethod
    def write(self, run: Run, record: ProgressT) -> Write | None:
        """The write, built when its turn comes; None where nothing is left to do."""

    def absorb(self, run: Run, record: ProgressT, error: CausewayError) -> CausewayError | None:
        """What is left of an error; None where it says that the operation is done already."""
        is_done = isinstance(error, RejectedError) and self.is_done(run, record, error)
        return None if is_done else error

    def is_done(self, run: Run, record: ProgressT, error: RejectedError) -> bool:
        """Whether it is refused because it is done already."""
        del run, record
        return self.is_done_when_gone and isinstance(error, NotFoundError)

    def find(self, run: Run, record: ProgressT) -> Any | None:  # noqa: ANN401 - an answer of theirs
        """What an earlier try wrote whose answer was lost, where it can be looked up."""
        del run, record
        return None

    def apply(self, record: ProgressT, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        """Note in the record's progress what was written."""


@dataclass(frozen=True, kw_only=True)
class RecordPlan:
    """Everything that one record needs, computed before any write and separately from it."""

    key: str
    operations: tuple[Operation[Any], ...] = ()
    cases: tuple[Refusal, ...] = ()
    """What a person has to decide."""
    result: str = "unchanged"
    """What the report counts once the operations are carried out: created, amended …"""
    reason: str = ""
    waits_for: tuple[str, ...] = ()
    """Conditions that it waits for although its operations are carried out."""
    wake_at: datetime | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be written."""
        return not self.operations


@dataclass(kw_only=True)
class Progress(Generic[PlanT]):
    """One record on its way through its operations."""

    plan: PlanT
    error: CausewayError | None = None
    """Why it goes no further."""
    refusals: list[Refusal] = field(default_factory=list)
    """What came to wait for a person while it was written."""
    added: list[Operation[Any]] = field(default_factory=list)
    """Operations that turned out to be needed on the way."""

    @property
    def key(self) -> str:
        """The record's."""
        return self.plan.key

    @property
    def goes_on(self) -> bool:
        """Whether nothing stopped this record so far."""
        return self.error is None

    @property
    def reason(self) -> str:
        """Why the result is what it is."""
        return self.plan.reason

    @property
    def link(self) -> Link | None:
        """What is kept of the record by now; None where what is kept stays as it is."""
        return None

    def fail(self, error: CausewayError) -> None:
        """Stop the record; the first error is the one that is reported."""
        self.error = self.error or error


def preview(plan: RecordPlan) -> dict[str, str]:
    """One line for people: what would be done about a record, without personal data."""
    return {
        "record": plan.key,
        "outcome": plan.result,
        "writes": ", ".join(filter(None, (one.describe() for one in plan.operations))),
        "why": plan.reason or "; ".join(case.reason for case in plan.cases),
    }
