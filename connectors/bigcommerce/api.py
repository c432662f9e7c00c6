"""What every part of the BigCommerce client is built on: paths in, decoded rows out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import httpx
from pydantic import ValidationError

from connectors.bigcommerce.answers import error_of, rate_limit_of
from connectors.budget import budget_of
from connectors.documents import Document, broken_field
from connectors.http import Answer, Client, System, unreadable
from core.errors import RejectedError
from core.settings import BigCommerceSettings

PAGE = 250
"""Rows of a page, the most that BigCommerce gives of orders and what belongs to them."""
LONGEST_NAMES = 7000
"""Characters that names may take in a URL, which BigCommerce cuts at about 8 kB."""
D = TypeVar("D", bound=Document)


class Api(Client):
    """One store. Thread-safe. Each request is sent once; the calling task decides on retries."""

    def __init__(
        self,
        settings: BigCommerceSettings,
        *,
        reads_at_once: int = 6,
        writes_at_once: int = 3,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        super().__init__(
            System(
                "BigCommerce",
                f"{settings.api_url.rstrip('/')}/stores/{settings.store_hash}",
                {"X-Auth-Token": settings.access_token.get_secret_value()},
                error_of,
                rate_limit_of,
            ),
            budget_of(
                settings.api_url,
                settings.store_hash,
                reads_at_once=reads_at_once,
                writes_at_once=writes_at_once,
            ),
            transport,
        )

    def _get(self, path: str, *, query: str = "", **params: Any) -> Answer:  # noqa: ANN401 - query values
        """One read; `query` goes into the URL unchanged, before the parameters."""
        return self._send("GET", path, params=params, query=query)

    def _rows(self, path: str, **params: Any) -> list[dict[str, Any]]:  # noqa: ANN401
        """A V2 list: a bare array; an empty one is 204 without a body."""
        answer = self._get(path, **params)
        rows = [] if answer.body is None else answer.body
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise unreadable(answer, "with no list of rows")
        return rows

    def _all_rows(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
        """Every row of a V2 list; a page shorter than asked for is the last."""
        page = 1
        while True:
            rows = self._rows(path, **params, limit=PAGE, page=page)
            yield from rows
            if len(rows) < PAGE:
                return
            page += 1

    def _all_data(self, path: str, **params: Any) -> Iterator[tuple[Answer, dict[str, Any]]]:  # noqa: ANN401
        """Every row of a V3 list, with the answer it came in; pages are counted in `meta`."""
        asked = {"limit": PAGE, **params}
        page = 1
        while True:
            answer = self._get(path, **asked, page=page)
            yield from ((answer, row) for row in self._data(answer))
            if page >= _total_pages(answer):
                return
            page += 1

    def _data(self, answer: Answer) -> list[dict[str, Any]]:
        """The rows of a V3 envelope; no body means none."""
        rows = [] if answer.body is None else self._field(answer, "data")
        if not isinstance(rows, list):
            raise unreadable(answer, "with no list in 'data'")
        return rows

    def _field(self, answer: Answer, name: str) -> Any:  # noqa: ANN401 - their JSON
        if not isinstance(answer.body, dict) or name not in answer.body:
            raise unreadable(answer, f"without {name!r}")
        return answer.body[name]

    def _one(self, model: type[D], answer: Answer, row: object) -> D:
        """A document that everything depends on, or the record that a write made.

        Raises: ContractError naming the field that breaks the model; OutcomeUnknownError for a
        write, which was carried out all the same.
        """
        try:
            return model.model_validate(row)
        except ValidationError as error:
            field, reason = broken_field(error)
            problem = f"with a {model.__name__} whose field {field!r} is wrong: {reason}"
            raise unreadable(answer, problem) from None


def url_parts(
    names: Iterable[str], *, longest: int = LONGEST_NAMES, at_most: int | None = None
) -> Iterator[list[str]]:
    """The names in the fewest parts that a URL holds, joined by commas, in the order they come."""
    part: list[str] = []
    used = 0
    for name in names:
        size = len(name) + len(",")
        if part and (used + size > longest or len(part) == at_most):
            yield part
            part, used = [], 0
        part.append(name)
        used += size
    if part:
        yield part


def of_order(model: type[D], order_id: str, row: object) -> D:
    """A document that belongs to one order.

    Raises: RejectedError (code `document`) naming the field, so that the other orders go on.
    """
    try:
        return model.model_validate(row)
    except ValidationError as error:
        field, reason = broken_field(error)
        raise RejectedError(
            f"A {model.__name__} of BigCommerce order {order_id} has a wrong {field!r}: {reason}.",
            remedy="Open the order in BigCommerce, correct the field, then release it.",
            code="document",
        ) from None


def _total_pages(answer: Answer) -> int:
    meta = answer.body.get("meta") if isinstance(answer.body, dict) else None
    pagination = meta.get("pagination") if isinstance(meta, dict) else None
    total = pagination.get("total_pages", 1) if isinstance(pagination, dict) else 1
    if not isinstance(total, int):
        raise unreadable(answer, "with a number of pages that is none")
    return total
