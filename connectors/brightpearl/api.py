"""How Brightpearl is asked: paths, sets of ids and searches in, decoded responses out.

A set of ids is written as `1-5,99,202` (API reference, resource id sets). A search answers rows as
arrays, whose columns every page names anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import httpx
from pydantic import ValidationError

from connectors.brightpearl.answers import error_of, rate_limit_of
from connectors.brightpearl.multi_message import Message, envelope, outcomes, read_response
from connectors.budget import budget_of
from connectors.documents import Document, broken_field
from connectors.http import Answer, Client, System, unreadable
from core.errors import CausewayError, RejectedError
from core.settings import BrightpearlSettings
from core.times import to_iso

MOST = 200
"""Ids per GET that every resource takes."""
LONGEST = 4000
"""Characters of a set; 500 scattered ids may need more, and long URLs were refused (414)."""
PAGE = 500
"""Rows of a page, the most that Brightpearl gives."""
D = TypeVar("D", bound=Document)


class Api(Client):
    """One account. Thread-safe. Each request is sent once; the calling task decides on retries."""

    def __init__(
        self,
        settings: BrightpearlSettings,
        *,
        reads_at_once: int = 6,
        writes_at_once: int = 3,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        super().__init__(
            System(
                "Brightpearl",
                f"{settings.api_url.rstrip('/')}/{settings.account}",
                {
                    "brightpearl-app-ref": settings.app_ref,
                    "brightpearl-account-token": settings.account_token.get_secret_value(),
                },
                error_of,
                rate_limit_of,
            ),
            budget_of(
                settings.api_url,
                settings.account,
                reads_at_once=reads_at_once,
                writes_at_once=writes_at_once,
            ),
            transport,
        )

    def send(self, messages: Sequence[Message]) -> dict[str, Any | CausewayError]:
        """Carry out 1 to 10 writes in one request; the outcome of each by its label.

        What concerns the request as a whole is raised; what concerns one message is its outcome.

        Raises: TransientError, OutcomeUnknownError, ConfigError, ContractError; ValueError for
        more than 10 messages, one that must go alone among others, or a label that comes twice.
        """
        if len(messages) != 1:
            body = envelope(messages)
            answer = self._send("POST", "/multi-message", content=body)
            return outcomes(messages, answer)
        (message,) = messages
        try:
            return {message.label: self._write(message)}
        except RejectedError as refused:
            return {message.label: refused}

    def _write(self, message: Message) -> Any:  # noqa: ANN401 - their JSON
        """The outcome of one write: some answer no value, and some answer 200 and mean an error."""
        answer = self._send(
            message.method,
            message.uri,
            content=message.body,
        )
        return read_response(message, answer.status, answer.body or {})

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        return self._send("GET", path, params=params)

    def _search(self, path: str, model: type[D], **filters: Any) -> Iterator[D]:  # noqa: ANN401
        """Every row that a search finds, sorted by id, page by page.

        What it says is available is not believed: some searches always say 500.

        Raises: ContractError when rows or columns are not what a search answers; RejectedError for
        a filter that cannot be parsed (`CMNC-018`).
        """
        first, is_last = 1, False
        while not is_last:
            answer = self._get(path, {**filters, "pageSize": PAGE, "firstResult": first})
            rows, is_last = _page(answer)
            for row in rows:
                yield self._one(model, answer, row)
            first += len(rows)

    def _response(self, answer: Answer) -> Any:  # noqa: ANN401 - their JSON
        if not isinstance(answer.body, dict) or "response" not in answer.body:
            raise unreadable(answer, "without a response")
        return answer.body["response"]

    def _listed(self, answer: Answer) -> list[Any]:
        rows = self._response(answer)
        if not isinstance(rows, list):
            raise unreadable(answer, "with no list")
        return rows

    def _all(self, path: str, model: type[D]) -> list[D]:
        answer = self._get(path)
        return [self._one(model, answer, row) for row in self._listed(answer)]

    def _one(self, model: type[D], answer: Answer, row: object) -> D:
        """A document that everything depends on.

        Raises: ContractError naming the field that breaks the model.
        """
        try:
            return model.model_validate(row)
        except ValidationError as error:
            field, reason = broken_field(error)
            problem = f"with a {model.__name__} whose field {field!r} is wrong: {reason}"
            raise unreadable(answer, problem) from None


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


def _page(answer: Answer) -> tuple[list[dict[str, Any]], bool]:
    """The rows of a page, each by the names of this very page's columns; whether it is the last.

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
    return rows, not rows or not meta.get("morePagesAvailable")
