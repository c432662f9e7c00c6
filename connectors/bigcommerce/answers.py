"""What an answer of BigCommerce means. Source: vendor's guides on rate limits and status codes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from connectors.bigcommerce.inventory_refusals import ADJUSTMENTS, refused_stock
from connectors.budget import RateLimit
from connectors.http import Answer
from connectors.numbers import number
from connectors.words import clean
from core.errors import (
    CausewayError,
    ConfigError,
    ContractError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)

PASSING = {408, 423, 429, 499}
"""Answers below 500 that are worth another try."""
FINAL = {501, 505, 507, 509}
"""Answers from 500 that are not: unsupported, or a limit of the store's plan."""
NOT_DONE = {408, 423, 429, 503}
"""A write answered so was not carried out; after any other passing answer it may have been."""
RIGHTS = (
    "Check CAUSEWAY_BIGCOMMERCE__ACCESS_TOKEN and __STORE_HASH, and the scopes of the API account "
    "(docs/settings.md)."
)


def meter(answer: Answer) -> RateLimit:
    """How much of the window is left. The window's length and size are theirs to say."""
    headers = answer.headers
    resets_in_ms = number(headers.get("x-rate-limit-time-reset-ms"))
    is_throttled = answer.status == HTTPStatus.TOO_MANY_REQUESTS
    waits_s = [
        *([resets_in_ms / 1000] if resets_in_ms is not None else []),
        *([wait_s] if is_throttled and (wait_s := retry_after_s(answer)) is not None else []),
    ]
    left = number(headers.get("x-rate-limit-requests-left"))
    limit = number(headers.get("x-rate-limit-requests-quota"))
    return RateLimit(
        left=None if left is None else int(left),
        limit=None if limit is None else int(limit),
        resets_in_s=max(waits_s, default=None),
        throttled=is_throttled,
    )


def retry_after_s(answer: Answer) -> float | None:
    """How long they ask us to wait, in a header or wherever a body says so."""
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    told = [
        answer.headers.get("x-retry-after"),
        answer.headers.get("retry-after"),
        error.get("retry_after_seconds") if isinstance(error, dict) else None,
    ]
    return next((wait_s for one in told if (wait_s := number(one)) is not None), None)


def judge(answer: Answer) -> CausewayError | None:
    """The error that this answer is, or None."""
    if answer.is_success:
        return None
    status = answer.status
    what = f"BigCommerce answered {answer.what} with {status}"
    if status in PASSING or (status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in FINAL):
        return _passing(answer, what)
    return _final(answer, what)


def _passing(answer: Answer, what: str) -> TransientError:
    wait_s = retry_after_s(answer)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return TransientError(f"{what}: too fast.", retry_after_s=meter(answer).resets_in_s)
    if answer.is_write and answer.status not in NOT_DONE:
        return OutcomeUnknownError(f"{what}.", retry_after_s=wait_s)
    return TransientError(f"{what}.", retry_after_s=wait_s)


def _final(answer: Answer, what: str) -> CausewayError:
    match answer.status:
        case HTTPStatus.UNAUTHORIZED:
            return ConfigError(f"{what}: the access token is not valid.", remedy=RIGHTS)
        case HTTPStatus.FORBIDDEN:
            return ConfigError(f"{what}: the API account lacks a scope.", remedy=RIGHTS)
        case HTTPStatus.NOT_FOUND:
            return NotFoundError(f"{what}: there is no such record.", status=answer.status)
        case HTTPStatus.UNPROCESSABLE_ENTITY if answer.path.startswith(ADJUSTMENTS):
            return refused_stock(answer.body, what, reason_of(answer.body))
        case status if status >= HTTPStatus.BAD_REQUEST:
            return RejectedError(f"{what}: {reason_of(answer.body)}", status=status)
        case _:
            return ContractError(
                f"{what}, which the API does not document.",
                remedy="CAUSEWAY_BIGCOMMERCE__API_URL may be wrong, or http instead of https.",
            )


def reason_of(body: Any) -> str:  # noqa: ANN401 - their JSON
    """Their own words of refusal: title and field messages, cleaned. No other part of a body."""
    told = body.get("data", body) if isinstance(body, dict) else body
    first = told[0] if isinstance(told, list) and told else told
    if not isinstance(first, dict):
        return "no reason given."
    words = [str(first.get("title") or first.get("message") or first.get("error") or "")]
    errors = first.get("errors")
    if isinstance(errors, dict):
        words.extend(f"{field}: {message}" for field, message in errors.items())
    return clean("; ".join(word for word in words if word)) or "no reason given."
