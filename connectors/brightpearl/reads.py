"""How records are asked for: sets of ids, spans of time, and searches.

A set of ids is written as `1-5,99,202` (API reference, resource id sets). A search answers rows as
arrays, whose columns every page names anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from connectors.documents import Document, broken_field
from connectors.http import Answer, unreadable
from core.times import to_iso

MOST = 200
"""Ids per GET that every resource takes."""
LONGEST = 4000
"""Characters of a set; 500 scattered ids may need more, and long URLs were refused (414)."""
PAGE = 500
"""Rows of a page, the most that Brightpearl gives."""
D = TypeVar("D", bound=Document)
Get = Callable[[str, Mapping[str, Any]], Answer]


def chunks(ids: Iterable[str], size: int = MOST) -> Iterator[Sequence[str]]:
    """The ids, sorted and without repetition, in runs of at most `size` that fit into a URL."""
    ordered = [str(number) for number in sorted({int(one) for one in ids})]
    for start in range(0, len(ordered), size):
        yield from _fitting(ordered[start : start + size])


def _fitting(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    if len(id_set(ids)) <= LONGEST:
        yield ids
        return
    middle = len(ids) // 2
    yield from _fitting(ids[:middle])
    yield from _fitting(ids[middle:])


def id_set(ids: Iterable[str]) -> str:
    """The shortest way to write these ids: neighbours become ranges.

    Raises: ValueError for an empty set, which Brightpearl would read as everything, and for what
    is no positive number.
    """
    runs: list[list[int]] = []
    for number in sorted({int(one) for one in ids}):
        if number < 1:
            raise ValueError("ids are positive numbers")
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    if not runs:
        raise ValueError("an id set must not be empty")
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)


def period(start: datetime | None, end: datetime | None = None) -> str:
    """A PERIOD filter; an end that is left out is open."""
    return f"{to_iso(start) if start else ''}/{to_iso(end) if end else ''}"


def new_or_changed(since: datetime | None) -> list[dict[str, str]]:
    """Filters for what is new or changed: `updatedOn` stays empty until the first change."""
    if since is None:
        return [{}]
    return [{"createdOn": period(since)}, {"updatedOn": period(since)}]


@dataclass(frozen=True)
class Page:
    """One page, its rows named."""

    rows: list[dict[str, Any]]
    is_last: bool


def search(get: Get, path: str, model: type[D], filters: Mapping[str, Any]) -> Iterator[D]:
    """Every row that a search finds, sorted by id, page by page.

    What it says is available is not believed: some searches always say 500.

    Raises: ContractError when rows or columns are not what a search answers; RejectedError for a
    filter that cannot be parsed (`CMNC-018`).
    """
    first = 1
    while True:
        answer = get(path, {**filters, "pageSize": PAGE, "firstResult": first})
        page = read_page(answer)
        for row in page.rows:
            yield _document(model, row, answer)
        if page.is_last:
            return
        first += len(page.rows)


def read_page(answer: Answer) -> Page:
    """The rows of a page, each by the names of this very page's columns.

    Raises: ContractError when it is no such page.
    """
    try:
        response = answer.body["response"]
        meta = response["metaData"]
        columns = [column["name"] for column in meta["columns"]]
        rows = [dict(zip(columns, row, strict=True)) for row in response["results"]]
    except (KeyError, TypeError, ValueError) as error:
        problem = f"with what is no page of a search ({type(error).__name__})"
        raise unreadable(answer, problem) from None
    return Page(rows, is_last=not rows or not meta.get("morePagesAvailable"))


def _document(model: type[D], row: Mapping[str, Any], answer: Answer) -> D:
    try:
        return model.model_validate(row)
    except ValidationError as error:
        field, reason = broken_field(error)
        problem = f"with a row whose column {field!r} is wrong: {reason}"
        raise unreadable(answer, problem) from None
