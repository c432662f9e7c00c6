"""What an answer of BigCommerce means. Source: vendor's guides on rate limits and status codes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from connectors.budget import Reading
from connectors.http import Answer
from core.errors import (
    CausewayError,
    ConfigError,
    ContractError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)

PASSING = {408, 423, 429, 499, 500, 502, 503, 504}
LOST = {500, 502, 504}
"""A write answered so may have arrived all the same."""
STANDARD = {status.value for status in HTTPStatus}
RIGHTS = (
    "Check CAUSEWAY_BIGCOMMERCE__ACCESS_TOKEN and __STORE_HASH, and the scopes of the API account "
    "(docs/settings.md)."
)


def meter(answer: Answer) -> Reading:
    """How much of the window is left. The window's length and size are theirs to say."""
    headers = answer.headers
    resets = headers.get("x-rate-limit-time-reset-ms")
    retry_after = headers.get("x-retry-after")
    waits = [
        *([int(resets) / 1000] if resets else []),
        *(
            [float(retry_after)]
            if retry_after and answer.status == HTTPStatus.TOO_MANY_REQUESTS
            else []
        ),
    ]
    left = headers.get("x-rate-limit-requests-left")
    limit = headers.get("x-rate-limit-requests-quota")
    return Reading(
        left=int(left) if left else None,
        limit=int(limit) if limit else None,
        resets_in_s=max(waits) if waits else None,
        throttled=answer.status == HTTPStatus.TOO_MANY_REQUESTS,
    )


def judge(answer: Answer) -> CausewayError | None:
    """The error that this answer is, or None."""
    status = HTTPStatus(answer.status) if answer.status in STANDARD else answer.status
    what = f"BigCommerce answered {answer.what} with {int(status)}"
    match status:
        case _ if answer.is_success:
            return None
        case HTTPStatus.UNAUTHORIZED:
            return ConfigError(f"{what}: the access token is not valid.", remedy=RIGHTS)
        case HTTPStatus.FORBIDDEN:
            return ConfigError(f"{what}: the API account lacks a scope.", remedy=RIGHTS)
        case _ if status in PASSING:
            return _passing(answer, what)
        case HTTPStatus.NOT_FOUND:
            return NotFoundError(f"{what}: there is no such record.", status=status)
        case _ if answer.is_client_error:
            return RejectedError(f"{what}: {reason_of(answer.body)}", status=status)
        case _:
            return ContractError(
                f"{what}, which the API does not document.",
                remedy="CAUSEWAY_BIGCOMMERCE__API_URL may be wrong, or http instead of https.",
            )


def _passing(answer: Answer, what: str) -> TransientError:
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return TransientError(f"{what}.", retry_after_s=meter(answer).resets_in_s)
    lost = answer.is_write and answer.status in LOST
    return OutcomeUnknownError(f"{what}.") if lost else TransientError(f"{what}.")


def reason_of(body: Any) -> str:  # noqa: ANN401 - their JSON
    """Their own words of refusal: title and field messages, shortened. No other part of a body."""
    if isinstance(body, list):
        body = body[0] if body and isinstance(body[0], dict) else {}
    if not isinstance(body, dict):
        return "no reason given."
    words = [str(body.get("title") or body.get("message") or "")]
    errors = body.get("errors")
    if isinstance(errors, dict):
        words.extend(f"{field}: {message}" for field, message in errors.items())
    text = "; ".join(word for word in words if word)
    return text[:300] or "no reason given."
