"""What an answer of BigCommerce means. Source: vendor's guides on rate limits and status codes."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, Literal, TypeAlias

from connectors.bigcommerce.inventory_models import StockChange
from connectors.budget import RateLimit
from connectors.http import Answer, clean, number
from core.errors import (
    CausewayError,
    ConfigError,
    ContractError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)

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
ADJUSTMENTS = "/v3/inventory/adjustments/"
Why: TypeAlias = Literal[
    "tracked_by_product",
    "tracked_by_variant",
    "needs_absolute",
    "unknown_location",
    "insufficient",
    "other",
]
REMEDIES: dict[Why, str] = {
    "tracked_by_product": "Name these items by their product_id.",
    "tracked_by_variant": "Name these items by their SKU.",
    "needs_absolute": "Adjust these items absolutely first: no count of them exists there.",
    "unknown_location": "Check the locations in the mapping tables against those of the store.",
    "insufficient": "Read the stock anew: it went down meanwhile.",
    "other": "Read the inventory anew: these items may be gone, or tracked in another way.",
}
_KINDS: tuple[tuple[Why, re.Pattern[str]], ...] = (
    ("tracked_by_product", re.compile(r"is tracked by product", re.IGNORECASE)),
    ("tracked_by_variant", re.compile(r"is tracked by variant", re.IGNORECASE)),
    ("needs_absolute", re.compile(r"requires? absolute", re.IGNORECASE)),
    ("unknown_location", re.compile(r"location\S* not found", re.IGNORECASE)),
    ("insufficient", re.compile(r"insufficient|not enough|below|negative", re.IGNORECASE)),
)
_NAMED = r"(sku|variant_id|product_id) "
_TRACKED = re.compile(rf"Item with {_NAMED}(.+?) is tracked by ")
_LISTED = re.compile(r"identit(?:y|ies): \[(.*)\]", re.DOTALL)
_NEXT = re.compile(r",\s*(?=(?:sku|variant_id|product_id) )")
_PLACES = re.compile(r"\s*,\s*")


def rate_limit_of(answer: Answer) -> RateLimit:
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
    given = [
        answer.headers.get("x-retry-after"),
        answer.headers.get("retry-after"),
        error.get("retry_after_seconds") if isinstance(error, dict) else None,
    ]
    return next((wait_s for one in given if (wait_s := number(one)) is not None), None)


def error_of(answer: Answer) -> CausewayError | None:
    """The error that this answer is, or None."""
    if answer.is_success:
        return None
    status = answer.status
    what = f"BigCommerce answered {answer.what} with {status}"
    if status in TRANSIENT or (status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in FINAL):
        return _transient(answer, what)
    return _final(answer, what)


def _transient(answer: Answer, what: str) -> TransientError:
    wait_s = retry_after_s(answer)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return TransientError(f"{what}: too fast.", retry_after_s=rate_limit_of(answer).resets_in_s)
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
    """The reason they give for a refusal: title and field messages, cleaned, and nothing else."""
    given = body.get("data", body) if isinstance(body, dict) else body
    first = given[0] if isinstance(given, list) and given else given
    if not isinstance(first, dict):
        return "no reason given."
    reasons = [str(first.get("title") or first.get("message") or first.get("error") or "")]
    errors = first.get("errors")
    if isinstance(errors, dict):
        reasons.extend(f"{field}: {message}" for field, message in errors.items())
    return clean("; ".join(reason for reason in reasons if reason)) or "no reason given."


class RejectedStockError(RejectedError):
    """An adjustment of which nothing was carried out, because of the items it names.

    `why` says what to do about them; all other items of the request may be sent again.
    """

    def __init__(self, message: str, *, why: Why, identities: frozenset[tuple[str, str]]) -> None:
        super().__init__(message, remedy=REMEDIES[why], status=422, code=why)
        self.why = why
        self.identities = identities
        """Name and value: `("sku", "A")`, `("product_id", "113")` or `("location_id", "3")`."""
        self._folded = {(name, value.casefold()) for name, value in identities}

    def names(self, row: StockChange) -> bool:
        """Whether a row that was sent is one of those that were refused."""
        if self.why == "unknown_location":
            return ("location_id", row.location_id) in self._folded
        return (row.identity, row.value.casefold()) in self._folded


def refused_stock(body: Any, what: str, reason: str) -> RejectedStockError:  # noqa: ANN401 - their JSON
    """The refusal that a 422 is. The message names at most as much as fits into a line."""
    title = str(body.get("title") or "") if isinstance(body, dict) else ""
    why: Why = next((kind for kind, pattern in _KINDS if pattern.search(title)), "other")
    return RejectedStockError(
        f"{what}: {reason}", why=why, identities=frozenset(_identities(title, why))
    )


def _identities(title: str, why: Why) -> list[tuple[str, str]]:
    tracked = _TRACKED.findall(title)
    listed = _LISTED.search(title)
    if tracked or listed is None:
        return [(name, value.strip()) for name, value in tracked]
    if why == "unknown_location":
        return [("location_id", value) for value in _PLACES.split(listed[1].strip()) if value]
    parts = _NEXT.split(listed[1])
    named = [re.fullmatch(rf"{_NAMED}(.+)", part.strip(), re.DOTALL) for part in parts]
    return [(match[1], match[2]) for match in named if match is not None]
