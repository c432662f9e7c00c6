"""Frames with declared columns: an empty one keeps its columns and dtypes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from operator import index
from typing import Any, Literal

import numpy as np
import pandas as pd

Kind = Literal["text", "money", "time", "flag", "count"]
"""text: `str` · money: `Decimal` or None in an object column · time: aware UTC · flag: bool ·
count: int64."""
Schema = Mapping[str, Kind]

DTYPES: Mapping[Kind, Any] = {
    "text": pd.StringDtype(na_value=np.nan),
    "money": np.dtype(object),
    "time": pd.DatetimeTZDtype("us", "UTC"),
    "flag": np.dtype(bool),
    "count": np.dtype(np.int64),
}
"""Resolved once: by their names that would be done anew for every column."""
BLANKS: Mapping[Kind, Any] = {"text": "", "flag": False, "count": 0}
"""What stands for a missing value; a missing amount or time is None."""


def frame(records: Iterable[Mapping[str, Any]], schema: Schema) -> pd.DataFrame:
    """One row per record, the columns of `schema` in its order, each with its dtype.

    A record's further keys are left out; a missing text is `""`, a missing money or time is None.

    Raises: ValueError when a value does not fit its column.
    """
    rows = list(records)
    if not rows:
        # A shallow copy would be remembered by the frame it is made of, which is kept for ever.
        return _empty(tuple(schema.items())).copy(deep=True)
    values = {
        name: [row.get(name, BLANKS.get(kind)) for row in rows] for name, kind in schema.items()
    }
    return frame_of_columns(values, schema, len(rows))


def frame_of_columns(
    columns: Mapping[str, Sequence[Any]], schema: Schema, size: int
) -> pd.DataFrame:
    """The same from columns of `size` values each; one that is not given is blank.

    Raises: ValueError when a value does not fit its column.
    """
    # Frames of one or two rows are made all the time: one array for all texts, of which each
    # column is a part, takes a fifth of what an array per column does.
    texts = [
        "" if value is None else str(value)
        for name, kind in schema.items()
        if kind == "text"
        for value in columns.get(name, [""] * size)
    ]
    text = pd.array(texts, dtype=DTYPES["text"])
    start = 0
    arrays: dict[str, Any] = {}
    for name, kind in schema.items():
        if kind == "text":
            arrays[name] = text[start : start + size]
            start += size
            continue
        values = columns.get(name, [BLANKS.get(kind)] * size)
        try:
            if kind == "time":
                arrays[name] = pd.array(list(values), dtype=DTYPES[kind])
            elif kind == "flag":
                arrays[name] = np.array(values, dtype=DTYPES[kind])
            elif kind == "count":
                # An array alone would cut off what is no whole number.
                arrays[name] = np.array([index(value) for value in values], dtype=DTYPES[kind])
            else:
                arrays[name] = np.empty(len(values), dtype=DTYPES[kind])
                arrays[name][:] = values
        except (TypeError, ValueError) as error:
            problem = f"the column {name} cannot hold one of its values as {kind}"
            raise ValueError(problem) from error
    # The arrays belong to nobody else, so that nothing has to be copied.
    return pd.DataFrame(arrays, index=pd.RangeIndex(size), copy=False)


def records(rows: pd.DataFrame, columns: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """Each row as a plain dictionary; a missing value (NaN, NaT) is None.

    Of a wide frame, to read some of its `columns` takes a fifth of what reading all does.
    """
    names = [str(name) for name in (rows.columns if columns is None else columns)]
    # Column by column: one array of all values would resolve every column's dtype anew, which
    # pandas does behind a change of the process's warning filters.
    values = [plain_values(rows[name]) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def records_by(rows: pd.DataFrame, column: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of each value of a column, as plain dictionaries."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in records(rows):
        found[row[column]].append(row)
    return dict(found)


def concat(frames: Sequence[pd.DataFrame], schema: Schema) -> pd.DataFrame:
    """The frames below each other; none at all gives an empty frame of `schema`."""
    filled = [part for part in frames if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else frame([], schema)


def plain_values(column: pd.Series[Any]) -> list[Any]:
    """Plain values of a column; a missing one (NaN, NaT) is None."""
    values: list[Any] = column.tolist()
    match column.dtype.kind:
        case "b" | "i" | "u":  # flags and counts have no missing value
            return values
        case "M":
            return [None if value is pd.NaT else value for value in values]
        case _:  # only a missing value differs from itself
            return [None if value is None or value != value else value for value in values]  # noqa: PLR0124


@lru_cache(maxsize=128)
def _empty(columns: tuple[tuple[str, Kind], ...]) -> pd.DataFrame:
    """An empty frame, made once: most batches refuse nothing, and say so in a dozen frames."""
    return frame_of_columns({}, dict(columns), 0)
