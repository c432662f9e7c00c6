"""A mapping applied to a frame: column by column, every distinct value only once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd

from core.frames import DTYPES, Kind, frame
from core.refusals import REFUSALS
from mappings.context import Context
from mappings.refusals import refusal
from mappings.rules import EntityMapping, FieldRule
from mappings.shapes import RECORDS
from mappings.steps import JoiningStep, Step, ValueStep

__all__ = ["Context", "Mapped", "apply"]

Values = list[Any]
"""One column's values; a missing one is None."""
BLANKS: Mapping[Kind, Any] = {"text": "", "flag": False, "count": 0}

Value = TypeVar("Value", bound=Hashable)


@dataclass(frozen=True)
class Mapped:
    """What a mapping made of a frame."""

    frame: pd.DataFrame
    """The target's columns, in the source's order, less the rows that were refused."""
    refusals: pd.DataFrame
    """REFUSALS: every obstacle of every refused row. What else an order consists of is the
    caller's to take back."""


def apply(mapping: EntityMapping, rows: pd.DataFrame, context: Context) -> Mapped:
    """The target frame of a source frame. In: at least the columns that the mapping reads.

    A target column that no field fills is blank. An empty frame gives an empty one with its columns
    and dtypes.

    Raises: KeyError when the frame lacks a column, or the context a table or what is known.
    """
    source = _Source(rows.reset_index(drop=True))
    columns: dict[str, Values | pd.Series[Any]] = {}
    obstacles: dict[int, list[FieldRule]] = {}
    for rule in mapping.fields:
        made = _column(rule, source, context)
        columns[rule.to] = made
        for position in _refused(rule, made, source):
            obstacles.setdefault(position, []).append(rule)
    schema = mapping.target_schema
    made_frame = pd.DataFrame(
        {name: _typed(columns.get(name), kind, source.size) for name, kind in schema.items()}
    )
    kept = made_frame.drop(index=list(obstacles)).reset_index(drop=True)
    return Mapped(kept, _refusals(obstacles, mapping.target, source))


class _Source:
    """The frame, its columns as lists taken out once."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows = rows
        self.size = len(rows)
        self._values: dict[str, Values] = {}

    def values(self, column: str) -> Values:
        """A column's values; NaN, NaT and empty text are None."""
        if column not in self._values:
            found = self.rows[column].tolist()
            self._values[column] = [None if _is_missing(value) else value for value in found]
        return self._values[column]


def _is_missing(value: Any) -> bool:  # noqa: ANN401 - whatever the column holds
    """NaN and NaT are the values that do not equal themselves."""
    return value is None or value == "" or bool(value != value)  # noqa: PLR0124 - see above


def _column(rule: FieldRule, source: _Source, context: Context) -> Values | pd.Series[Any]:
    if len(rule.source) == 1 and not rule.steps:
        return source.rows[rule.source[0]]
    columns = {name: source.values(name) for name in rule.source} or {"": [None] * source.size}
    for steps in _stages(rule.steps):
        if isinstance(steps[0], JoiningStep):
            columns = {"value": _joined(steps[0], columns, context)}
        else:
            columns = _stepped(steps, columns, context)
    (values,) = columns.values()
    return values


def _stages(steps: Sequence[Step]) -> Iterable[list[Step]]:
    """Runs of steps that take one value each, and the joining steps between them."""
    run: list[Step] = []
    for step in steps:
        if isinstance(step, JoiningStep):
            if run:
                yield run
            yield [step]
            run = []
        else:
            run.append(step)
    if run:
        yield run


def _stepped(
    steps: Sequence[Step], columns: Mapping[str, Values], context: Context
) -> dict[str, Values]:
    """Each column through the steps that concern it, each distinct value once."""
    stepped: dict[str, Values] = {}
    for name, values in columns.items():
        own = [
            step
            for step in steps
            if isinstance(step, ValueStep) and getattr(step, "column", "") in ("", name)
        ]
        stepped[name] = _each_once(_walk(own, context), values)
    return stepped


def _walk(steps: Sequence[ValueStep], context: Context) -> Callable[[Any], Any]:
    def walk(value: Any) -> Any:  # noqa: ANN401 - whatever the column holds
        for step in steps:
            if value is not None or step.fills:
                value = step.of(value, context)
                if value == "":
                    value = None
        return value

    return walk


def _joined(step: JoiningStep, columns: Mapping[str, Values], context: Context) -> Values:
    names = tuple(columns)

    def join(row: tuple[Any, ...]) -> Any:  # noqa: ANN401 - whatever the columns hold
        value = step.of(dict(zip(names, row, strict=True)), context)
        return None if value == "" else value

    return _each_once(join, list(zip(*columns.values(), strict=True)))


def _each_once(function: Callable[[Value], Any], values: Sequence[Value]) -> Values:
    known = {value: function(value) for value in dict.fromkeys(values)}
    return [known[value] for value in values]


def _refused(rule: FieldRule, made: Values | pd.Series[Any], source: _Source) -> Iterable[int]:
    """Positions of the rows that the rule refuses."""
    if rule.missing == "blank":
        return
    if isinstance(made, pd.Series):
        made = source.values(rule.source[0])
    for position in [i for i, value in enumerate(made) if value is None]:
        if any(source.values(c)[position] not in allowed for c, allowed in rule.where.items()):
            continue
        if rule.missing == "refuse" or any(
            source.values(column)[position] is not None for column in rule.source
        ):
            yield position


def _typed(values: Values | pd.Series[Any] | None, kind: Kind, size: int) -> pd.Series[Any]:
    """The values as a column of that kind; blanks where there are none."""
    if isinstance(values, pd.Series):
        return pd.Series(values, dtype=DTYPES[kind])
    blank = BLANKS.get(kind)
    if values is None:
        return pd.Series([blank] * size, dtype=DTYPES[kind])
    filled = [blank if value is None else value for value in values]
    return pd.Series(filled, dtype=DTYPES[kind])


def _refusals(
    obstacles: Mapping[int, Sequence[FieldRule]], target: str, source: _Source
) -> pd.DataFrame:
    records = [
        refusal(
            rule,
            target,
            {column: source.values(column)[position] for column in rule.about},
            str(source.values(RECORDS.get(target, "order_id"))[position] or ""),
        )
        for position in sorted(obstacles)
        for rule in obstacles[position]
    ]
    return frame(records, REFUSALS).drop_duplicates(ignore_index=True)
