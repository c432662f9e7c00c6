"""What an answer of Brightpearl means. Source: API reference on throttling and error codes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from connectors.answers import Answer, clean, number
from connectors.budget import RateLimit
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
UNEXPECTED = "U"
"""The kind of an error code such as CMNU-003 that is Brightpearl's own fault; the other kinds,
C and B, are mistakes of the request, whatever the HTTP status."""
KIND_AT = 3
RIGHTS = (
    "Check CAUSEWAY_BRIGHTPEARL__APP_REF, __ACCOUNT_TOKEN and __ACCOUNT, and that the app is "
    "enabled in Brightpearl (docs/settings.md)."
)
URL = "CAUSEWAY_BRIGHTPEARL__API_URL may be wrong: it ends in /public-api, without the account."


def meter(answer: Answer) -> RateLimit:
    """How much of the minute is left."""
    left = number(answer.headers.get("brightpearl-requests-remaining"))
    resets_in_ms = number(answer.headers.get("brightpearl-next-throttle-period"))
    return RateLimit(
        left=None if left is None else int(left),
        limit=None if left is None else LIMIT,
        resets_in_s=None if resets_in_ms is None else resets_in_ms / 1000,
        throttled=is_throttled(answer),
    )


def is_throttled(answer: Answer) -> bool:
    """Whether we were too fast: a 503 with their words, or a 429."""
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    said = answer.body.get("response") if isinstance(answer.body, dict) else answer.body
    unavailable = answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    return unavailable and isinstance(said, str) and THROTTLED in said.lower()


def judge(answer: Answer) -> CausewayError | None:
    """The error that this answer is, or None."""
    what = f"Brightpearl answered {answer.what} with {answer.status}"
    if answer.is_success:
        is_enveloped = answer.body is None or isinstance(answer.body, dict)
        return None if is_enveloped else ContractError(f"{what}, without its envelope.", remedy=URL)
    if is_throttled(answer):
        wait_s = meter(answer).resets_in_s
        return TransientError(f"{what}: too many requests.", retry_after_s=wait_s)
    return refusal(what, answer.status, answer.body, is_write=answer.is_write)


def refusal(what: str, status: int, body: Any, *, is_write: bool) -> CausewayError:  # noqa: ANN401
    """The error behind a failed status, for a whole answer or one message of a multi-message.

    A 5xx is not always worth another try: client mistakes come as 500 with a code. The text of a
    401 echoes the token and is never used.
    """
    code, reason = _first_error(body)
    is_ours = bool(code) and code[KIND_AT : KIND_AT + 1] != UNEXPECTED
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return ConfigError(f"{what}: the credentials are not valid.", remedy=RIGHTS)
        case HTTPStatus.FORBIDDEN:
            return ConfigError(f"{what}: the app may not use this resource.", remedy=RIGHTS)
        case HTTPStatus.NOT_FOUND:
            return NotFoundError(f"{what}: there is no such record.", status=status, code=code)
        case _ if status < HTTPStatus.BAD_REQUEST:
            return ContractError(f"{what}, which the API does not document.", remedy=URL)
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR and not is_ours:
            return _passing(f"{what}{f' ({code})' if code else ''}.", status, is_write=is_write)
        case _:
            words = f"{code} {reason}".strip()
            return RejectedError(f"{what}: {words}", status=status, code=code)


def _passing(message: str, status: int, *, is_write: bool) -> TransientError:
    if is_write and status != HTTPStatus.SERVICE_UNAVAILABLE:
        return OutcomeUnknownError(message)
    return TransientError(message)


def _first_error(body: Any) -> tuple[str, str]:  # noqa: ANN401 - their JSON
    """The first code, and the cleaned messages of all errors."""
    errors = body.get("errors") if isinstance(body, dict) else None
    told = [error for error in errors if isinstance(error, dict)] if errors else []
    if not told:
        return "", "no reason given."
    reason = clean("; ".join(str(error.get("message", "")) for error in told))
    return clean(told[0].get("code", "")), reason or "no reason given."
