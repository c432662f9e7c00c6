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

from connectors.budget import Budget, Lane, Reading
from core.errors import CausewayError, ContractError, OutcomeUnknownError, TransientError
from core.times import from_rfc2822

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
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
        return self.method not in {"GET", "HEAD", "OPTIONS"}

    @property
    def is_success(self) -> bool:
        """2xx."""
        return httpx.codes.is_success(self.status)

    @property
    def is_client_error(self) -> bool:
        """4xx."""
        return httpx.codes.is_client_error(self.status)

    @property
    def server_time(self) -> datetime | None:
        """The other side's clock, when the answer tells it."""
        told = self.headers.get("date")
        return from_rfc2822(told) if told else None

    @property
    def what(self) -> str:
        """The request in words for people: method and path, never a query or a body."""
        return f"{self.method} {self.path}"


Judge = Callable[[Answer], CausewayError | None]
"""The one place per system that turns an answer into an error, or says that it is none."""
Meter = Callable[[Answer], Reading]


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

    def send(
        self,
        method: str,
        path: str,
        *,
        lane: Lane,
        params: Mapping[str, Any] | None = None,
        content: object = None,
    ) -> Answer:
        """The answer to one request.

        Raises: TransientError (OutcomeUnknownError where a write may have arrived), ConfigError,
        ContractError, RejectedError, NotFoundError.
        """
        write = method not in {"GET", "HEAD", "OPTIONS"}
        with self.budget.request(lane, write=write) as tell:
            answer = self._exchange(method, path, params, content)
            reading = self._meter(answer)
            error = self._judge(answer)
            tell(reading, isinstance(error, TransientError))
        if error is not None:
            raise error
        return answer

    def _exchange(
        self, method: str, path: str, params: Mapping[str, Any] | None, content: object
    ) -> Answer:
        body = None if content is None else json.dumps(content, default=_wire).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        what = f"{self.system}: {method} {path}"
        try:
            response = self._client.request(
                method, path, params=params, content=body, headers=headers
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise TransientError(
                f"{what} found nobody at home ({type(error).__name__}).",
                remedy="Check that the API URL is right and reachable; it is tried again.",
            ) from error
        except httpx.HTTPError as error:
            lost = OutcomeUnknownError if method not in {"GET", "OPTIONS"} else TransientError
            raise lost(f"{what} got no answer ({type(error).__name__}).") from error
        return Answer(method, path, response.status_code, response.headers, _decoded(response))


def _decoded(response: httpx.Response) -> Any:  # noqa: ANN401 - whatever JSON they send
    if not response.content:
        return None
    if "json" not in response.headers.get("content-type", "json"):
        return response.text
    try:
        return json.loads(response.content, parse_float=Decimal)
    except ValueError as error:
        if response.is_success:
            raise ContractError(
                f"{response.request.method} {response.request.url.path} answered what is not JSON.",
                remedy="Look for a proxy between us and the API.",
            ) from error
        return response.text


def _wire(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
