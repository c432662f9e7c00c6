"""Expectations about the rows of a frame, all of them evaluated in one pass over a batch of frames.

The core expectations of Great Expectations resolve ten metrics each, which costs five milliseconds
for a single row. These are custom expectations without any: the batch is one cell that holds its
frames, and each expectation takes from the engine the one that it is about. A row that fails is
named by its position in the result's `unexpected_index_list`; a missing value (None, NaN, NaT)
fails nothing, for the mapping refuses what must not be missing.
"""

from __future__ import annotations

import math
import re
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pandas as pd

from core.cards import MASK, MASKED
from core.frames import plain_values
from expectations.great import (
    BATCH,
    BatchExpectation,
    ExecutionEngine,
    Expectation,
    ExpectationSuite,
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
    Field,
    ValidationDependencies,
)

FRAMES = "frames"
"""The column of the cell that holds the frames of a batch."""
NOTHING_COMPUTED = ValidationDependencies({}, {"result_format": "COMPLETE"})
"""What an expectation needs that reads the frames itself."""


def suite(name: str, *expectations: RowExpectation) -> ExpectationSuite:
    """What must be true of the rows of the frame that is called `name`."""
    for expectation in expectations:
        expectation.frame = name
    return ExpectationSuite(name=name, expectations=list(expectations))


_one_at_a_time = threading.Lock()
"""All batches of the definition have one id, under which the engine holds the newest."""


def validate(
    frames: Mapping[str, pd.DataFrame], now: datetime, expectations: Sequence[Expectation]
) -> list[ExpectationValidationResult]:
    """One result per expectation about the frames as of this moment, in no particular order."""
    batch = pd.DataFrame({FRAMES: [Frames(frames, now)]})
    together = ExpectationSuite(name=" and ".join(frames), expectations=list(expectations))
    with _one_at_a_time:
        loaded = BATCH.get_batch({"dataframe": batch})
        answer = loaded.validate(together, result_format="COMPLETE")
    if not isinstance(answer, ExpectationSuiteValidationResult):
        raise TypeError(f"Great Expectations answered a {type(answer).__name__} to a suite")
    return list(answer.results)


class Table:
    """A frame's columns as plain lists, each taken out once for all expectations about it."""

    def __init__(self, rows: pd.DataFrame, now: datetime) -> None:
        self.rows = rows
        self.now = now
        self._values: dict[str, list[Any]] = {}

    def values(self, name: str) -> list[Any]:
        """A column's values, a missing one as None.

        Raises: KeyError when the frame has no such column.
        """
        if name not in self._values:
            self._values[name] = plain_values(self.rows[name])
        return self._values[name]

    def filled(self, name: str, rows: Sequence[int]) -> list[tuple[int, Any]]:
        """Positions and values of a column in these rows, less the missing ones."""
        values = self.values(name)
        return [(i, values[i]) for i in rows if values[i] is not None]


class Frames:
    """The frames of a batch by name, as of one moment.

    Great Expectations hashes every value that it is handed, twice for each validation; of this it
    hashes the text.
    """

    def __init__(self, frames: Mapping[str, pd.DataFrame], now: datetime) -> None:
        self.tables = {name: Table(rows, now) for name, rows in frames.items()}

    def __str__(self) -> str:
        """How many rows there are of each frame."""
        return ", ".join(f"{len(one.rows)} {name}" for name, one in self.tables.items())


class RowExpectation(BatchExpectation, ABC):
    """What must be true of each row of a frame."""

    frame: str = ""
    """Set by `suite`."""
    where: dict[str, list[str]] = Field(default_factory=dict)
    """It applies only to rows whose columns hold one of these values."""
    unless: dict[str, list[str]] = Field(default_factory=dict)
    """It does not apply to rows whose columns hold one of these values."""

    @property
    def required_columns(self) -> set[str]:
        """The columns that the frame must have."""
        return {*self.where, *self.unless}

    @abstractmethod
    def failing(self, table: Table, rows: Sequence[int]) -> list[int]:
        """Those of the rows, by position, of which it is not true."""

    def get_validation_dependencies(
        self,
        execution_engine: object = None,  # noqa: ARG002 - theirs
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002 - theirs
    ) -> ValidationDependencies:
        """No metrics."""
        return NOTHING_COMPUTED

    def _validate(
        self,
        metrics: dict[str, Any],  # noqa: ARG002 - theirs
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002 - theirs
        execution_engine: ExecutionEngine[Any] | None = None,
    ) -> dict[str, Any]:
        if execution_engine is None:
            raise TypeError("an expectation about rows needs the engine that holds them")
        batch = execution_engine.get_domain_records({"batch_id": self.batch_id})
        frames: Frames = batch.to_numpy()[0, 0]
        table = frames.tables[self.frame]
        rows: Sequence[int] = range(len(table.rows))
        for name, wanted in self.where.items():
            values = table.values(name)
            rows = [i for i in rows if values[i] in wanted]
        for name, unwanted in self.unless.items():
            values = table.values(name)
            rows = [i for i in rows if values[i] not in unwanted]
        failing = self.failing(table, rows)
        return {"success": not failing, "result": {"unexpected_index_list": failing}}


class ColumnExpectation(RowExpectation, ABC):
    """What must be true of each value of a column."""

    column: str

    @property
    def required_columns(self) -> set[str]:
        """The column, and those that say to which rows it applies."""
        return {self.column, *super().required_columns}


class ExpectValuesToMatchRegex(ColumnExpectation):
    """The whole value matches the pattern."""

    regex: str

    def failing(self, table: Table, rows: Sequence[int]) -> list[int]:
        """Positions of the values that do not match."""
        match = re.compile(self.regex).fullmatch
        return [i for i, value in table.filled(self.column, rows) if not match(value)]


class ExpectValuesToBeInSet(ColumnExpectation):
    """The value is one of these."""

    value_set: list[str]

    def failing(self, table: Table, rows: Sequence[int]) -> list[int]:
        """Positions of all other values."""
        known = frozenset(self.value_set)
        return [i for i, value in table.filled(self.column, rows) if value not in known]


class ExpectValuesToBeBetween(ColumnExpectation):
    """The value is not below `min_value` (with `strict_min`: above it), nor above `max_value`."""

    min_value: float = -math.inf
    max_value: float = math.inf
    strict_min: bool = False
    measure: ClassVar[Callable[[Any], Any] | None] = None
    """What of the value lies between the bounds; None: the value itself."""

    def failing(self, table: Table, rows: Sequence[int]) -> list[int]:
        """Positions of the values beyond one of the bounds."""
        low, high, measure = self.min_value, self.max_value, type(self).measure
        found = table.filled(self.column, rows)
        sizes = ((i, measure(value)) for i, value in found) if measure else found
        if self.strict_min:
            return [i for i, size in sizes if not low < size <= high]
        return [i for i, size in sizes if not low <= size <= high]


class ExpectValueLengthsToBeBetween(ExpectValuesToBeBetween):
    """The value has at least `min_value` and at most `max_value` characters."""

    measure: ClassVar[Callable[[Any], Any] | None] = len


class ExpectTimesNotToBeLater(ColumnExpectation):
    """The time is at most so many days from now."""

    days_from_now: int

    def failing(self, table: Table, rows: Sequence[int]) -> list[int]:
        """Positions of the later times."""
        latest = table.now + timedelta(days=self.days_from_now)
        return [i for i, value in table.filled(self.column, rows) if not value <= latest]


class ExpectValuesWithoutCards(RowExpectation):
    """In none of the columns a card's number was masked when it was read (`core/cards.py`)."""

    columns: list[str]

    @property
    def required_columns(self) -> set[str]:
        """All of the columns."""
        return {*self.columns, *super().required_columns}

    def failing(self, table: Table, rows: Sequence[int]) -> list[int]:
        """Positions of the rows with one."""
        found = {
            i
            for name in self.columns
            for i, value in table.filled(name, rows)
            if MASK in value and MASKED.search(value)
        }
        return sorted(found)


class ExpectColumnsToBeEqual(RowExpectation):
    """Both columns hold the same; a value that only one of them lacks is another value."""

    column: str
    other: str

    @property
    def required_columns(self) -> set[str]:
        """Both columns, and those that say to which rows it applies."""
        return {self.column, self.other, *super().required_columns}

    def failing(self, table: Table, rows: Sequence[int]) -> list[int]:
        """Positions of the rows whose values differ."""
        values, others = table.values(self.column), table.values(self.other)
        return [i for i in rows if values[i] != others[i]]


class ExpectValuesToBeUnique(RowExpectation):
    """No two rows hold the same in these columns together."""

    columns: list[str]

    @property
    def required_columns(self) -> set[str]:
        """The columns, and those that say to which rows it applies."""
        return {*self.columns, *super().required_columns}

    def failing(self, table: Table, rows: Sequence[int]) -> list[int]:
        """Positions of all rows that another one equals; rows that hold nothing equal no other."""
        keys = list(zip(*(table.values(name) for name in self.columns), strict=True))
        if len(set(keys)) == len(keys):
            return []
        filled = [i for i in rows if any(value is not None for value in keys[i])]
        counts = Counter(keys[i] for i in filled)
        return [i for i in filled if counts[keys[i]] > 1]
