"""What an answer of Brightpearl means. Source: API reference on throttling and error codes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from connectors.budget import RateLimit
from connectors.http import Answer, clean, number, unreadable
from core.errors import (
    CausewayError,
    ConfigError,
    ContractError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)

LIMIT = 200
"""Requests a minute of a private app; the headers win where they say more."""
THROTTLED = "too many requests"
REFUSALS = {"C", "B"}
"""The kinds of error codes, such as CMNC-018 and ORDB-001, by which a request is refused whatever
the HTTP status; U, as in CMNU-003, is Brightpearl's own fault."""
KIND_AT = 3
TIMED_OUT = {408, 499}
"""What a proxy in between may answer."""
RIGHTS = (
    "Check CAUSEWAY_BRIGHTPEARL__APP_REF, __ACCOUNT_TOKEN and __ACCOUNT, and that the app is "
    "enabled in Brightpearl (docs/settings.md)."
)
URL = "CAUSEWAY_BRIGHTPEARL__API_URL may be wrong: it ends in /public-api, without the account."


def rate_limit_of(answer: Answer) -> RateLimit:
    """How much of the minute is left."""
    left = number(answer.headers.get("brightpearl-requests-remaining"))
    resets_in_ms = number(answer.headers.get("brightpearl-next-throttle-period"))
    return RateLimit(
        left=None if left is None else int(left),
        limit=None if left is None else LIMIT,
        resets_in_s=None if resets_in_ms is None else resets_in_ms / 1000,
        throttled=is_throttled(answer.status, answer.body),
    )


def is_throttled(status: int, body: Any) -> bool:  # noqa: ANN401 - their JSON
    """Whether we were too fast: a 503 that says so, or a 429. Neither did anything."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    text = body.get("response") if isinstance(body, dict) else body
    unavailable = status == HTTPStatus.SERVICE_UNAVAILABLE
    return unavailable and isinstance(text, str) and THROTTLED in text.lower()


def error_of(answer: Answer) -> CausewayError | None:
    """The error that this answer is, or None."""
    if answer.is_success:
        if answer.body is None or isinstance(answer.body, dict):
            return None
        return unreadable(answer, "without its envelope", remedy=URL)
    what = f"Brightpearl answered {answer.what} with {answer.status}"
    if is_throttled(answer.status, answer.body):
        wait_s = rate_limit_of(answer).resets_in_s
        return TransientError(f"{what}: too many requests.", retry_after_s=wait_s)
    return refusal(what, answer.status, answer.body, is_write=answer.is_write)


def refusal(what: str, status: int, body: Any, *, is_write: bool) -> CausewayError:  # noqa: ANN401
    """The error behind a failed status, for a whole answer or one message of a multi-message.

    A 5xx is not always worth another try: client mistakes come as 500 with a code. Without such a
    code a write may have been carried out. The text of a 401 echoes the token and is never used.
    """
    code, reason = _first_error(body)
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return ConfigError(f"{what}: the credentials are not valid.", remedy=RIGHTS)
        case HTTPStatus.FORBIDDEN:
            return ConfigError(f"{what}: the app may not use this resource.", remedy=RIGHTS)
        case HTTPStatus.NOT_FOUND:
            return NotFoundError(f"{what}: there is no such record.", status=status, code=code)
        case _ if status < HTTPStatus.BAD_REQUEST:
            return ContractError(f"{what}, which the API does not document.", remedy=URL)
        case _ if is_transient(status) and not is_refusal(code):
            error = OutcomeUnknownError if is_write else TransientError
            return error(f"{what}{f' ({code})' if code else ''}.")
        case _:
            return RejectedError(f"{what}: {f'{code} {reason}'.strip()}", status=status, code=code)


def is_transient(status: int) -> bool:
    """Whether a status by itself is worth another try."""
    return status in TIMED_OUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def is_refusal(code: str) -> bool:
    """Whether an error code says that the request was understood and refused."""
    return code[KIND_AT : KIND_AT + 1] in REFUSALS


def _first_error(body: Any) -> tuple[str, str]:  # noqa: ANN401 - their JSON
    """The first code, and the cleaned messages of all errors."""
    errors = body.get("errors") if isinstance(body, dict) else None
    given = (
        [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    )
    if not given:
        return "", "no reason given."
    reason = clean("; ".join(str(error.get("message", "")) for error in given))
    return clean(given[0].get("code", "")), reason or "no reason given."
