"""One request: sent once, within the budget, and what came of it named."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import httpx

from connectors.answers import READS, Answer, decoded
from connectors.budget import Budget, Priority, RateLimit
from core.errors import (
    CausewayError,
    ConfigError,
    OutcomeUnknownError,
    TransientError,
)

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
"""Seconds; a page of 250 whole orders takes a while."""
USER_AGENT = f"causeway/{version('causeway')}"
ErrorOf = Callable[[Answer], CausewayError | None]
"""The one place per system that turns an answer into an error, or says that it is none."""
RateLimitOf = Callable[[Answer], RateLimit]


@dataclass(frozen=True)
class System:
    """Whom we talk to, how we show who we are, and how their answers are read."""

    name: str
    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    error_of: ErrorOf
    rate_limit_of: RateLimitOf


class Http:
    """Requests to one system. Thread-safe; each request is sent once, nothing is retried."""

    def __init__(
        self, system: System, budget: Budget, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.system = system.name
        self.budget = budget
        self._error_of = system.error_of
        self._rate_limit_of = system.rate_limit_of
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

        In: `query` is encoded already, for lists whose commas must not be; no message holds it.

        Raises: TransientError (OutcomeUnknownError where a write may have arrived), ConfigError,
        ContractError, RejectedError, NotFoundError.
        """
        with self.budget.request(priority, write=method not in READS) as report:
            response = self._exchange(method, path, params, content, query)
            answer = decoded(self.system, method, path, response)
            error = self._error_of(answer)
            report(self._rate_limit_of(answer), isinstance(error, TransientError))
        if error is not None:
            raise error
        return answer

    def close(self) -> None:
        """Close the connections."""
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
    """What it means that no answer came: nothing was sent, or anything may have happened.

    Only the name of httpx's error is used: its text may hold a URL or a header.
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
                f"{what} could not connect ({why}).",
                remedy="Check that the API URL is right and reachable; it is tried again.",
            )
        case _ if method in READS:
            return TransientError(f"{what} got no answer ({why}).")
        case _:
            return OutcomeUnknownError(f"{what} got no answer ({why}).")


def _wire(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
