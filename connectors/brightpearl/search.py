"""Searches: rows come as arrays whose columns every page names anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from connectors.documents import Document, broken_field
from connectors.http import Answer
from core.errors import ContractError

PAGE = 500
"""Rows of a page, the most that Brightpearl gives."""

D = TypeVar("D", bound=Document)
Get = Callable[[str, Mapping[str, Any]], Answer]


def search(get: Get, path: str, model: type[D], filters: Mapping[str, Any]) -> Iterator[D]:
    """Every row that a search finds, sorted by id, page by page.

    Raises: ContractError when rows or columns are not what a search answers.
    """
    first = 1
    while True:
        answer = get(path, {**filters, "pageSize": PAGE, "firstResult": first})
        response = answer.body.get("response") if isinstance(answer.body, dict) else None
        if not isinstance(response, dict) or "results" not in response:
            raise ContractError(f"Brightpearl answered {answer.what} without results.")
        meta = response["metaData"]
        columns = [column["name"] for column in meta["columns"]]
        for row in response["results"]:
            yield _document(model, dict(zip(columns, row, strict=True)), answer)
        if not meta.get("morePagesAvailable") or not response["results"]:
            return
        first += len(response["results"])


def _document(model: type[D], row: Mapping[str, Any], answer: Answer) -> D:
    try:
        return model.model_validate(row)
    except ValidationError as error:
        field, reason = broken_field(error)
        raise ContractError(
            f"Brightpearl answered {answer.what} with a row whose column {field} is wrong: {reason}"
        ) from None
