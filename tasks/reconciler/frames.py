"""A set of frames on the way of a batch: which column names the record is declared once.

A set is a frozen dataclass whose frames are declared with `rows`; an instance without arguments is
a batch of no records, with every column and dtype.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Self, TypeVar, cast

import pandas as pd

from core.frames import Schema, frame
from core.refusals import REFUSALS

Typed = TypeVar("Typed")


def rows(schema: Schema, *, suite: str = "", is_keyed: bool = True) -> pd.DataFrame:
    """Declare a frame of a set.

    In: the suite that validates it, if any; whether its rows belong to one record each.
    """
    found: pd.DataFrame = dataclasses.field(
        default_factory=lambda: frame([], schema), metadata={"suite": suite, "is_keyed": is_keyed}
    )
    return found


@dataclasses.dataclass(frozen=True)
class Frames:
    """The frames of a batch, and the rows of it that may not travel on (REFUSALS)."""

    KEY: ClassVar[str] = "order_id"
    """The column that names the record a row belongs to."""

    refusals: pd.DataFrame = rows(REFUSALS, is_keyed=False)
    counts: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """What the run's report counts of the batch, such as `rounding rows`."""

    def validated(self) -> Mapping[str, pd.DataFrame]:
        """The frames to validate, by the name of their suite."""
        return {
            suite: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if (suite := field.metadata.get("suite"))
        }

    def without(self, keys: Collection[str]) -> Self:
        """The same batch less these records, with all that belongs to them."""
        if not keys:
            return self
        left: dict[str, Any] = {
            field.name: _without(getattr(self, field.name), self.KEY, keys)
            for field in dataclasses.fields(self)
            if field.metadata.get("is_keyed")
        }
        return dataclasses.replace(self, **left)


def typed_rows(of: pd.DataFrame, row: type[Typed]) -> list[Typed]:
    """Each row as an instance of a dataclass whose fields are columns of the frame."""
    names = [field.name for field in dataclasses.fields(cast("Any", row))]
    return [row(*values) for values in zip(*(of[name].tolist() for name in names), strict=True)]


def typed_by_key(
    of: pd.DataFrame, row: type[Typed], key: str = Frames.KEY
) -> dict[str, list[Typed]]:
    """The typed rows of each record."""
    found: dict[str, list[Typed]] = defaultdict(list)
    for record, typed in zip(of[key].tolist(), typed_rows(of, row), strict=True):
        found[record].append(typed)
    return dict(found)


def _without(of: pd.DataFrame, key: str, keys: Collection[str]) -> pd.DataFrame:
    return of[~of[key].isin(list(keys))].reset_index(drop=True)
