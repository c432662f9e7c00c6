"""One request: sent once, within the budget, and what came of it named."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import httpx

from connectors.budget import Budget, Priority, RateLimit
from core.errors import (
    CausewayError,
    ConfigError,
    ContractError,
    OutcomeUnknownError,
    TransientError,
)
from core.times import from_rfc2822

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
"""Seconds; a page of 250 whole orders takes a while."""
READS = frozenset({"GET", "HEAD", "OPTIONS"})
USER_AGENT = f"causeway/{version('causeway')}"


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


Judge = Callable[[Answer], CausewayError | None]
"""The one place per system that turns an answer into an error, or says that it is none."""
Meter = Callable[[Answer], RateLimit]


@dataclass(frozen=True)
class System:
    """Whom we talk to, how we show who we are, and how their answers are read."""

    name: str
    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    judge: Judge
    meter: Meter


class Http:
    """Requests to one system. Thread-safe; each request is sent once, nothing is retried."""

    def __init__(
        self, system: System, budget: Budget, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.system = system.name
        self.budget = budget
        self._judge = system.judge
        self._meter = system.meter
        self._client = httpx.Client(
            base_url=system.base_url,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", **system.headers},
            timeout=TIMEOUT,
            follow_redirects=False,
            transport=transport,
        )

    def send(  # noqa: PLR0913 - one argument for each part of a request
        self,
        method: str,
        path: str,
        *,
        priority: Priority,
        params: Mapping[str, Any] | None = None,
        content: object = None,
        query: str = "",
    ) -> Answer:
        """The answer to one request.

        In: `query` is encoded already, for lists whose commas must not be, and is never told.

        Raises: TransientError (OutcomeUnknownError where a write may have arrived), ConfigError,
        ContractError, RejectedError, NotFoundError.
        """
        with self.budget.request(priority, write=method not in READS) as report:
            response = self._exchange(method, path, params, content, query)
            answer = _answer(method, path, response)
            error = self._judge(answer)
            report(self._meter(answer), isinstance(error, TransientError))
        if error is not None:
            raise error
        return answer

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _exchange(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        content: object,
        query: str,
    ) -> httpx.Response:
        url = path
        if query:  # httpx would encode the commas: it gets the URL as it is to be
            url, params = f"{path}?{query}&{httpx.QueryParams(params or {})}", None
        body = None if content is None else json.dumps(content, default=_wire).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            return self._client.request(method, url, params=params, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _without_answer(error, method, f"{self.system}: {method} {path}") from error


def _without_answer(error: Exception, method: str, what: str) -> CausewayError:
    """What it means that no answer came: nothing left, nobody home, or anything may have happened.

    Only the name of httpx's error is told: its text may hold a URL or a header.
    """
    why = type(error).__name__
    match error:
        case httpx.InvalidURL() | httpx.UnsupportedProtocol() | httpx.LocalProtocolError():
            return ConfigError(
                f"{what} cannot be sent ({why}).",
                remedy="Check the API URL and the credentials: one of them is malformed.",
            )
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout():
            return TransientError(
                f"{what} found nobody at home ({why}).",
                remedy="Check that the API URL is right and reachable; it is tried again.",
            )
        case _ if method in READS:
            return TransientError(f"{what} got no answer ({why}).")
        case _:
            return OutcomeUnknownError(f"{what} got no answer ({why}).")


def _answer(method: str, path: str, response: httpx.Response) -> Answer:
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


def _wire(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
