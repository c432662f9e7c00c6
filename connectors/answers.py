"""An answer, decoded, and what both systems read it with."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx

from core.errors import CausewayError, ContractError, OutcomeUnknownError
from core.times import from_rfc2822

READS = frozenset({"GET", "HEAD", "OPTIONS"})
CHECK_PROXY = "Check the API URL, and whether a proxy answers in place of the API."
LONGEST = 300
_SECRETS = re.compile(r"[A-Za-z0-9+/=_~-]{24,}")
"""A run this long is no word: tokens, signatures, encoded documents."""
_EMAILS = re.compile(r"[^\s@<>\"'(),;:=]+@[^\s@<>\"'(),;:]+")
_MARKUP = re.compile(r"<[^>]*>")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f]+")


@dataclass(frozen=True)
class Answer:
    """A response whose body is decoded: JSON with exact decimals, or text."""

    system: str
    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    body: Any
    """None for an empty body; `str` for one that is not JSON."""

    @property
    def is_write(self) -> bool:
        """Whether the request may have changed something."""
        return self.method not in READS

    @property
    def is_success(self) -> bool:
        """2xx."""
        return httpx.codes.is_success(self.status)

    @property
    def server_time(self) -> datetime | None:
        """The other side's clock, when the answer says it."""
        try:
            return from_rfc2822(self.headers["date"])
        except (KeyError, ValueError):
            return None

    @property
    def what(self) -> str:
        """The request in words for people: method and path, never a query or a body."""
        return f"{self.method} {self.path}"


def decoded(system: str, method: str, path: str, response: httpx.Response) -> Answer:
    """The response with its body decoded; a page of HTML stays text when it explains a failure.

    Raises: ContractError, or OutcomeUnknownError for a write, when a good answer is not JSON.
    """
    content = response.content
    answer = Answer(
        system, method, path, response.status_code, response.headers, response.text or None
    )
    if not content:
        return answer
    if "json" in response.headers.get("content-type", "json"):
        try:
            return replace(answer, body=json.loads(content, parse_float=Decimal))
        except ValueError:
            pass
    if answer.is_success:
        raise unreadable(answer, "with what is not JSON", remedy=CHECK_PROXY)
    return answer


def unreadable(answer: Answer, problem: str, *, remedy: str = "") -> CausewayError:
    """The error that a good answer is when it cannot be read.

    A write that was answered so may have been carried out, in part or as a whole: it may not be
    taken for refused, nor simply be sent again.
    """
    message = f"{answer.system} answered {answer.what} {problem}."
    if answer.is_write:
        return OutcomeUnknownError(message, remedy=remedy)
    return ContractError(message, remedy=remedy)


def clean(text: object) -> str:
    """One line of at most 300 characters without markup, e-mail addresses or anything secret."""
    line = _EMAILS.sub("(an e-mail)", _MARKUP.sub(" ", str(text)))
    return _SPACE.sub(" ", _SECRETS.sub("(hidden)", line)).strip()[:LONGEST]


def number(text: object) -> float | None:
    """The number in a header or field; None for nothing, nonsense or less than zero."""
    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
