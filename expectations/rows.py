"""Expectations about the rows of a frame, all of them evaluated in one pass over a batch of frames.

The core expectations of Great Expectations resolve ten metrics each, which costs five milliseconds
for a single row. These are custom expectations of the documented kind, and share one metric: the
frames of the batch, whose columns are taken out once. A row that fails is named by its position
in the result's `unexpected_index_list`; a missing value (None, NaN, NaT) fails nothing, for the
mapping refuses what must not be missing.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from core.frames import plain_values
from expectations.great import (
    BatchExpectation,
    ExpectationSuite,
    Field,
    MetricConfiguration,
    MetricDomainTypes,
    PandasExecutionEngine,
    TableMetricProvider,
    ValidationDependencies,
    metric_value,
)

FRAMES = "batch.frames"
"""The metric that all expectations here share, and the column of the cell that holds it."""


def suite(name: str, *expectations: RowExpectation) -> ExpectationSuite:
    """What must be true of the rows of the frame that is called `name`."""
    for expectation in expectations:
        expectation.frame = name
    return ExpectationSuite(name=name, expectations=list(expectations))


def batch_of(frames: Mapping[str, pd.DataFrame], now: datetime) -> pd.DataFrame:
    """The frames as one batch, as of this moment: a single cell that holds them all."""
    return pd.DataFrame({FRAMES: [Frames(frames, now)]})


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


class Frames:
    """The frames of a batch by name.

    Great Expectations hashes every value that it is handed, twice for each validation; of this it
    hashes the text.
    """

    def __init__(self, frames: Mapping[str, pd.DataFrame], now: datetime) -> None:
        self._tables = {name: Table(rows, now) for name, rows in frames.items()}

    def table_of(self, name: str) -> Table:
        """One of the frames.

        Raises: KeyError when the batch has no such frame.
        """
        return self._tables[name]

    def __str__(self) -> str:
        """How many rows there are of each frame."""
        return ", ".join(f"{len(one.rows)} {name}" for name, one in self._tables.items())


class FramesMetric(TableMetricProvider):
    """Takes the frames out of the batch's one cell."""

    metric_name = FRAMES
    domain_keys = ("batch_id",)

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(
        cls,  # noqa: N805 - it is called with the class
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        **_: object,
    ) -> Frames:
        batch, _domain, _accessor = execution_engine.get_compute_domain(
            domain_kwargs=metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE
        )
        frames: Frames = batch[FRAMES].iloc[0]
        return frames


class RowExpectation(BatchExpectation, ABC):
    """What must be true of each row of a frame."""

    frame: str = ""
    """Set by `suite`."""
    where: dict[str, list[str]] = Field(default_factory=dict)
    """It applies only to rows whose columns hold one of these values."""
    unless: dict[str, list[str]] = Field(default_factory=dict)
    """It does not apply to rows whose columns hold one of these values."""

    @abstractmethod
    def failing(self, table: Table) -> list[int]:
        """Positions of the rows of which it is not true."""

    @property
    def required_columns(self) -> set[str]:
        """The columns that the frame must have."""
        return {*self.where, *self.unless}

    def applicable(self, table: Table) -> Sequence[int]:
        """Positions of the rows that it applies to."""
        kept: Sequence[int] = range(len(table.rows))
        for name, wanted in self.where.items():
            values = table.values(name)
            kept = [i for i in kept if values[i] in wanted]
        for name, unwanted in self.unless.items():
            values = table.values(name)
            kept = [i for i in kept if values[i] not in unwanted]
        return kept

    def get_validation_dependencies(
        self,
        execution_engine: object = None,  # noqa: ARG002 - theirs
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002 - theirs
    ) -> ValidationDependencies:
        """The frames of the batch, resolved once for all expectations of a suite."""
        frames = MetricConfiguration(FRAMES, {"batch_id": self.batch_id})
        return ValidationDependencies({FRAMES: frames}, {"result_format": "COMPLETE"})

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002 - theirs
        execution_engine: object = None,  # noqa: ARG002 - theirs
    ) -> dict[str, Any]:
        failing = self.failing(metrics[FRAMES].table_of(self.frame))
        return {"success": not failing, "result": {"unexpected_index_list": failing}}


class ColumnExpectation(RowExpectation, ABC):
    """What must be true of each value of a column."""

    column: str

    @property
    def required_columns(self) -> set[str]:
        """The column, and those that say to which rows it applies."""
        return {self.column, *super().required_columns}

    def not_passing(self, table: Table, passes: Callable[[Any], bool]) -> list[int]:
        """Positions of the values that do not pass this test."""
        values = table.values(self.column)
        return [
            i for i in self.applicable(table) if values[i] is not None and not passes(values[i])
        ]


class ExpectValuesToMatchRegex(ColumnExpectation):
    """The whole value matches the pattern."""

    regex: str

    def failing(self, table: Table) -> list[int]:
        """Positions of the values that do not match."""
        match = re.compile(self.regex).fullmatch
        return self.not_passing(table, lambda value: match(value) is not None)


class ExpectValuesToBeInSet(ColumnExpectation):
    """The value is one of these."""

    value_set: list[str]

    def failing(self, table: Table) -> list[int]:
        """Positions of all other values."""
        return self.not_passing(table, frozenset(self.value_set).__contains__)


class ExpectValuesToBeBetween(ColumnExpectation):
    """The value is not below `min_value` (with `strict_min`: above it), nor above `max_value`."""

    min_value: float = -math.inf
    max_value: float = math.inf
    strict_min: bool = False

    def failing(self, table: Table) -> list[int]:
        """Positions of the values beyond one of the bounds."""
        low, high = self.min_value, self.max_value
        if self.strict_min:
            return self.not_passing(table, lambda value: low < value <= high)
        return self.not_passing(table, lambda value: low <= value <= high)


class ExpectValueLengthsToBeBetween(ColumnExpectation):
    """The value has at least `min_value` and at most `max_value` characters."""

    min_value: int = 0
    max_value: float = math.inf

    def failing(self, table: Table) -> list[int]:
        """Positions of the values that are too short or too long."""
        low, high = self.min_value, self.max_value
        return self.not_passing(table, lambda value: low <= len(value) <= high)


class ExpectTimesNotToBeLater(ColumnExpectation):
    """The time is at most so many days from now."""

    days_from_now: int

    def failing(self, table: Table) -> list[int]:
        """Positions of the later times."""
        latest = table.now + timedelta(days=self.days_from_now)
        return self.not_passing(table, lambda value: bool(value <= latest))


class ExpectColumnsToBeEqual(RowExpectation):
    """Both columns hold the same; a value that only one of them lacks is another value."""

    column: str
    other: str

    @property
    def required_columns(self) -> set[str]:
        """Both columns, and those that say to which rows it applies."""
        return {self.column, self.other, *super().required_columns}

    def failing(self, table: Table) -> list[int]:
        """Positions of the rows whose values differ."""
        values, others = table.values(self.column), table.values(self.other)
        return [i for i in self.applicable(table) if values[i] != others[i]]


class ExpectValuesToBeUnique(RowExpectation):
    """No two rows hold the same in these columns together."""

    columns: list[str]

    @property
    def required_columns(self) -> set[str]:
        """The columns, and those that say to which rows it applies."""
        return {*self.columns, *super().required_columns}

    def failing(self, table: Table) -> list[int]:
        """Positions of all rows that another one equals; rows that hold nothing equal no other."""
        keys = list(zip(*(table.values(name) for name in self.columns), strict=True))
        if len(set(keys)) == len(keys):
            return []
        rows = [i for i in self.applicable(table) if any(v is not None for v in keys[i])]
        counts = Counter(keys[i] for i in rows)
        return [i for i in rows if counts[keys[i]] > 1]
