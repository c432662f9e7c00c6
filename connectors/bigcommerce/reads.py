"""How orders are read in the fewest requests, and whether a list kept to its filters. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.times import from_iso, from_rfc2822, to_iso

PAGE = 250
"""Rows of a V2 page, the most that BigCommerce gives."""
ROWS_PER_WANTED = 50
"""A list may read up to so many orders for each one that is wanted, not more: it takes longer."""
SECOND = timedelta(seconds=1)
"""Their dates have no fractions."""


@dataclass(frozen=True)
class IdRange:
    """A piece of reading that costs one request: one id by itself, or a list around several."""

    ids: tuple[str, ...]

    @property
    def as_list(self) -> bool:
        """Whether one list is read instead of one order."""
        return len(self.ids) > 1


def plan_ranges(ids: Sequence[str]) -> list[IdRange]:
    """How to read these orders in the fewest requests, each piece one request.

    V2 has no filter for several ids: it is one GET per id, or one list per 250 orders of a range.
    Runs of a page's length laid from the lowest id upwards cover any ids with the fewest pages.
    """
    runs: list[list[int]] = []
    for number in sorted({int(one) for one in ids}):
        near = runs and number - runs[-1][-1] <= ROWS_PER_WANTED
        if near and number - runs[-1][0] < PAGE:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [IdRange(tuple(str(number) for number in run)) for run in runs]


def wire(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Filters as sent: moments as ISO texts in UTC, which cannot be misread for a local time."""
    return {
        name: to_iso(value) if isinstance(value, datetime) else value
        for name, value in filters.items()
    }


def strayed(row: Mapping[str, Any], filters: Mapping[str, Any]) -> str:
    """The filter that a listed order breaks, "" for none.

    BigCommerce has ignored filters it could not read, and then listed every order there is.
    """
    return next((name for name, asked in filters.items() if not _keeps(row, name, asked)), "")


def _keeps(row: Mapping[str, Any], name: str, asked: object) -> bool:
    """Whether the row has what a filter asks; what cannot be compared is not held against it."""
    bound, _, column = name.partition("_")
    if bound not in {"min", "max"}:
        bound, column = "", name
    told = row.get(column)
    try:
        if column in {"id", "status_id", "channel_id", "customer_id"}:
            return _between(bound, int(str(told)), int(str(asked)), 0)
        if column in {"date_created", "date_modified"}:
            return _between(bound, from_rfc2822(str(told)), from_iso(str(asked)), SECOND)
    except ValueError:
        return True
    return True


def _between(bound: str, told: Any, asked: Any, tolerance: Any) -> bool:  # noqa: ANN401
    match bound:
        case "min":
            return bool(told >= asked - tolerance)
        case "max":
            return bool(told <= asked + tolerance)
        case _:
            return bool(told == asked)
