"""What every part of the BigCommerce client is built on: how it is asked, what its answers mean.

Source of the latter: the vendor's guides on rate limits and status codes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar, cast

import httpx
from pydantic import ValidationError

from connectors.bigcommerce.inventory_models import refused_stock
from connectors.bigcommerce.price_models import refused_records
from connectors.budget import RateLimit, budget_of
from connectors.documents import Document, broken_field
from connectors.http import Answer, Client, System, clean, number, unreadable
from core.errors import (
    CausewayError,
    ConfigError,
    ContractError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from core.settings import BigCommerceSettings

PAGE = 250
"""Rows of a page, the most that BigCommerce gives of orders and what belongs to them."""
LONGEST_NAMES = 7000
"""Characters that names may take in a URL, which BigCommerce cuts at about 8 kB."""
TRANSIENT = {408, 423, 429, 499}
"""Answers below 500 that are worth another try."""
FINAL = {501, 505, 507, 509}
"""Answers from 500 that are refusals: what is unsupported, or beyond the store's plan."""
NOT_DONE = {423, 429}
"""A write answered so was not carried out; after any other transient answer it may have been,
after a 503 too: BigCommerce throttles with 429 alone."""
RIGHTS = (
    "Check CAUSEWAY_BIGCOMMERCE__ACCESS_TOKEN and __STORE_HASH, and the scopes of the API account "
    "(docs/settings.md)."
)
ADJUSTMENTS, PRICE_LISTS = "/v3/inventory/adjustments/", "/v3/pricelists/"
D = TypeVar("D", bound=Document)
RowsT = TypeVar("RowsT", bound=Callable[..., Any])


def takes_rows(most: int) -> Callable[[RowsT], RowsT]:
    """Declare how many rows a method writes in one request: no more are sent, and never none.

    The method raises ValueError for them.
    """

    def declared(method: RowsT) -> RowsT:
        @wraps(method)
        def checked(api: Api, rows: Sequence[Any]) -> Any:  # noqa: ANN401 - the method's own
            if not 0 < len(rows) <= most:
                problem = f"1 to {most} rows are written at once, not {len(rows)}"
                raise ValueError(problem)
            return method(api, rows)

        vars(checked)["most"] = most
        return cast("RowsT", checked)

    return declared


def rows_at_once(method: Callable[..., Any]) -> int:
    """How many rows a method was declared to take."""
    most: int = vars(method)["most"]
    return most


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
                interpret,
            ),
            budget_of(
                settings.api_url,
                settings.store_hash,
                reads_at_once=reads_at_once,
                writes_at_once=writes_at_once,
            ),
            transport,
        )

    def _rows(self, path: str, **params: Any) -> list[dict[str, Any]]:  # noqa: ANN401
        """A V2 list: a bare array; an empty one is 204 without a body."""
        answer = self._send("GET", path, params=params)
        rows = [] if answer.is_no_content else answer.body
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

    def _all_data(
        self,
        path: str,
        *,
        query: str = "",
        **params: Any,  # noqa: ANN401 - query values
    ) -> Iterator[tuple[Answer, dict[str, Any]]]:
        """Every row of a V3 list, with the answer it came in; pages are counted in `meta`.

        `query` goes into the URL unchanged, before the parameters.
        """
        asked = {"limit": PAGE, **params}
        page = 1
        while True:
            answer = self._send("GET", path, params={**asked, "page": page}, query=query)
            rows = [] if answer.is_no_content else self._field(answer, "data", list)
            yield from ((answer, row) for row in rows)
            if page >= _total_pages(answer):
                return
            page += 1


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
            remedy="Open the order in BigCommerce and correct the field.",
            code="document",
        ) from None


def _total_pages(answer: Answer) -> int:
    meta = answer.body.get("meta") if isinstance(answer.body, dict) else None
    pagination = meta.get("pagination") if isinstance(meta, dict) else None
    total = pagination.get("total_pages", 1) if isinstance(pagination, dict) else 1
    if not isinstance(total, int):
        raise unreadable(answer, "with a number of pages that is none")
    return total


def interpret(answer: Answer) -> tuple[RateLimit, CausewayError | None]:
    """What an answer says of the window, whose length and size are theirs to say; its error."""
    headers, status = answer.headers, answer.status
    is_throttled = status == HTTPStatus.TOO_MANY_REQUESTS
    resets_in_ms = number(headers.get("x-rate-limit-time-reset-ms"))
    waits_s = [
        *([resets_in_ms / 1000] if resets_in_ms is not None else []),
        *([wait_s] if is_throttled and (wait_s := retry_after_s(answer)) is not None else []),
    ]
    left = number(headers.get("x-rate-limit-requests-left"))
    limit = number(headers.get("x-rate-limit-requests-quota"))
    rate_limit = RateLimit(
        left=None if left is None else int(left),
        limit=None if limit is None else int(limit),
        resets_in_s=max(waits_s, default=None),
        throttled=is_throttled,
    )
    if answer.is_success:
        return rate_limit, None
    what = f"BigCommerce answered {answer.what} with {status}"
    if is_throttled:
        error = TransientError(f"{what}: too fast.", retry_after_s=rate_limit.resets_in_s)
        return rate_limit, error
    if status in TRANSIENT or (status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in FINAL):
        is_unknown = answer.is_write and status not in NOT_DONE
        kind = OutcomeUnknownError if is_unknown else TransientError
        return rate_limit, kind(f"{what}.", retry_after_s=retry_after_s(answer))
    return rate_limit, _final(answer, what)


def retry_after_s(answer: Answer) -> float | None:
    """How long they ask us to wait, in a header or wherever a body says so."""
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    given = [
        answer.headers.get("x-retry-after"),
        answer.headers.get("retry-after"),
        error.get("retry_after_seconds") if isinstance(error, dict) else None,
    ]
    return next((wait_s for one in given if (wait_s := number(one)) is not None), None)


def _final(answer: Answer, what: str) -> CausewayError:
    match answer.status:
        case HTTPStatus.UNAUTHORIZED:
            return ConfigError(f"{what}: the access token is not valid.", remedy=RIGHTS)
        case HTTPStatus.FORBIDDEN:
            return ConfigError(f"{what}: the API account lacks a scope.", remedy=RIGHTS)
        case HTTPStatus.NOT_FOUND:
            return NotFoundError(f"{what}: there is no such record.", status=answer.status)
        case HTTPStatus.UNPROCESSABLE_ENTITY if answer.path.startswith((ADJUSTMENTS, PRICE_LISTS)):
            is_stock = answer.path.startswith(ADJUSTMENTS)
            refused = refused_stock if is_stock else refused_records
            return refused(answer.body, what, reason_of(answer.body))
        case status if status >= HTTPStatus.BAD_REQUEST:
            return RejectedError(f"{what}: {reason_of(answer.body)}", status=status)
        case _:
            return ContractError(
                f"{what}, which the API does not document.",
                remedy="CAUSEWAY_BIGCOMMERCE__API_URL may be wrong, or http instead of https.",
            )


def reason_of(body: Any) -> str:  # noqa: ANN401 - their JSON
    """The reason they give for a refusal: title and field messages, cleaned, and nothing else."""
    given = body.get("batch_errors", body.get("data", body)) if isinstance(body, dict) else body
    first = given[0] if isinstance(given, list) and given else given
    if not isinstance(first, dict):
        return "no reason given."
    reasons = [str(first.get("title") or first.get("message") or first.get("error") or "")]
    errors = first.get("errors")
    if isinstance(errors, dict):
        reasons.extend(f"{field}: {message}" for field, message in errors.items())
    return clean("; ".join(reason for reason in reasons if reason)) or "no reason given."
