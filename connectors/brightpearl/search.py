"""Searches: rows come as arrays whose columns every page names anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from connectors.documents import Document, broken_field
from connectors.http import Answer
from core.errors import ContractError

PAGE = 500
"""Rows of a page, the most that Brightpearl gives."""

D = TypeVar("D", bound=Document)
Get = Callable[[str, Mapping[str, Any]], Answer]


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
        raise ContractError(
            f"Brightpearl answered {answer.what} with what is no page of a search "
            f"({type(error).__name__})."
        ) from None
    return Page(rows, is_last=not rows or not meta.get("morePagesAvailable"))


def _document(model: type[D], row: Mapping[str, Any], answer: Answer) -> D:
    try:
        return model.model_validate(row)
    except ValidationError as error:
        field, reason = broken_field(error)
        raise ContractError(
            f"Brightpearl answered {answer.what} with a row whose column {field!r} is wrong: "
            f"{reason}."
        ) from None
