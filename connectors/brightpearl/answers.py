"""What an answer of Brightpearl means. Source: API reference on throttling and error codes."""

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

LIMIT = 200
"""Requests a minute of a private app; the headers win where they say more."""
THROTTLED = "too many requests"
CLIENT_CODES = ("CMNC-", "ORDC-", "PRDC-", "WHSC-", "WHSB-", "INTC-", "ACCC-", "CONC-")
INTERNAL = "CMNU-"
RIGHTS = (
    "Check CAUSEWAY_BRIGHTPEARL__APP_REF, __ACCOUNT_TOKEN and __ACCOUNT, and that the app is "
    "enabled in Brightpearl (docs/settings.md)."
)


def meter(answer: Answer) -> Reading:
    """How much of the minute is left."""
    left = answer.headers.get("brightpearl-requests-remaining")
    resets = answer.headers.get("brightpearl-next-throttle-period")
    return Reading(
        left=int(left) if left else None,
        limit=LIMIT if left else None,
        resets_in_s=int(resets) / 1000 if resets else None,
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
        return None if is_enveloped else ContractError(f"{what}, but without its envelope.")
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
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return ConfigError(f"{what}: the credentials are not valid.", remedy=RIGHTS)
        case HTTPStatus.FORBIDDEN:
            return ConfigError(f"{what}: the app may not use this resource.", remedy=RIGHTS)
        case HTTPStatus.NOT_FOUND:
            return NotFoundError(f"{what}: there is no such record.", status=status, code=code)
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR and not code.startswith(CLIENT_CODES):
            lost = is_write and status != HTTPStatus.SERVICE_UNAVAILABLE
            kind = OutcomeUnknownError if lost else TransientError
            return kind(f"{what}{f' ({code})' if code else ''}.")
        case _:
            return RejectedError(f"{what}: {code} {reason}".rstrip(), status=status, code=code)


def _first_error(body: Any) -> tuple[str, str]:  # noqa: ANN401 - their JSON
    errors = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(errors, list) or not errors or not isinstance(errors[0], dict):
        return "", "no reason given."
    return str(errors[0].get("code", "")), str(errors[0].get("message", ""))[:300]
