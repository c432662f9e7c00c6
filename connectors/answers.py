"""An answer, decoded, and what both systems read it with."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx

from core.errors import (
    ContractError,
)
from core.times import from_rfc2822

READS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Answer:
    """A response whose body is decoded: JSON with exact decimals, or text."""

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
        """The other side's clock, when the answer tells it."""
        try:
            return from_rfc2822(self.headers["date"])
        except (KeyError, ValueError):
            return None

    @property
    def what(self) -> str:
        """The request in words for people: method and path, never a query or a body."""
        return f"{self.method} {self.path}"


LONGEST = 300

_SECRETS = re.compile(r"[A-Za-z0-9+/=_~-]{24,}")
"""A run this long is no word: tokens, signatures, encoded documents."""

_EMAILS = re.compile(r"[^\s@<>\"'(),;:=]+@[^\s@<>\"'(),;:]+")

_MARKUP = re.compile(r"<[^>]*>")

_SPACE = re.compile(r"[\s\x00-\x1f\x7f]+")


def clean(text: object) -> str:
    """One line of at most 300 characters without markup, e-mail addresses or anything secret."""
    line = _EMAILS.sub("(an e-mail)", _MARKUP.sub(" ", str(text)))
    return _SPACE.sub(" ", _SECRETS.sub("(hidden)", line)).strip()[:LONGEST]


def number(told: object) -> float | None:
    """The number that a header or field tells; None for nothing, nonsense or less than zero."""
    try:
        value = float(str(told))
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def decoded(method: str, path: str, response: httpx.Response) -> Answer:
    """The response decoded by its content type; a page of HTML stays text.

    Raises: ContractError when a good answer says that it is JSON and is not.
    """
    body: Any = response.text or None
    if body is not None and "json" in response.headers.get("content-type", "json"):
        try:
            body = json.loads(response.content, parse_float=Decimal)
        except ValueError as error:
            if response.is_success:
                raise ContractError(
                    f"{method} {path} was answered with what is not JSON.",
                    remedy="Look for a proxy between us and the API.",
                ) from error
    return Answer(method, path, response.status_code, response.headers, body)
