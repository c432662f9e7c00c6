"""Frames with declared columns: an empty one keeps its columns and dtypes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd
from pydantic import BaseModel

Kind = Literal["text", "money", "time", "flag", "count"]
"""text: `str` · money: `Decimal` or None in an object column · time: aware UTC · flag: bool ·
count: int64."""
Schema = Mapping[str, Kind]

DTYPES: dict[Kind, str] = {
    "text": "str",
    "money": "object",
    "time": "datetime64[us, UTC]",
    "flag": "bool",
    "count": "int64",
}

TEXT = pd.StringDtype(na_value=np.nan)
"""The dtype that `str` names, resolved once."""

Model = TypeVar("Model", bound=BaseModel)


def frame(records: Iterable[Mapping[str, Any]], schema: Schema) -> pd.DataFrame:
    """One row per record, the columns of `schema` in its order, each with its dtype.

    A record's further keys are left out; a missing text is `""`, a missing money or time is None.

    Raises: ValueError when a value does not fit its column.
    """
    rows = list(records)
    columns = {name: _column(rows, name, kind) for name, kind in schema.items()}
    return pd.DataFrame(columns)


def documents(rows: pd.DataFrame, model: type[Model]) -> list[Model]:
    """Each row as a `model`, in the frame's order.

    Raises: pydantic.ValidationError when a row is not such a document.
    """
    return [model.model_validate(row) for row in records(rows)]


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Each row as a plain dictionary; a missing value (NaN, NaT) is None."""
    names = [str(name) for name in rows.columns]
    # Column by column in plain Python: pandas takes milliseconds for a single wide row.
    columns = [plain_values(rows.iloc[:, place]) for place in range(len(names))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


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


def _column(rows: list[Mapping[str, Any]], name: str, kind: Kind) -> Any:  # noqa: ANN401 - any array
    missing = {"text": "", "flag": False, "count": 0}.get(kind)
    values = [row.get(name, missing) for row in rows]
    # Most columns are text and money; for a row or two a Series costs more than what is in it.
    if kind == "text":
        texts = ["" if value is None else str(value) for value in values]
        return pd.array(texts, dtype=TEXT)
    if kind == "money":
        amounts = np.empty(len(values), dtype=object)
        amounts[:] = values
        return amounts
    try:
        return pd.Series(values, dtype=DTYPES[kind], name=name)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the column {name} cannot hold one of its values as {kind}") from error
