"""One request: sent once, within the budget and at its caller's priority; what came of it named."""

from __future__ import annotations

import json
import math
import re
import ssl
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from types import UnionType
from typing import Any, Self, TypeVar

import httpx
from pydantic import ValidationError

from connectors.budget import Budget, Priority, RateLimit, Usage
from connectors.circuits import Circuits, Pause
from connectors.documents import Document, broken_field
from core.cards import masked
from core.errors import (
    BrokenAnswerError,
    CausewayError,
    ConfigError,
    ContractError,
    FaultError,
    OutcomeUnknownError,
    TransientError,
)
from core.times import from_text, utc_now

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
"""Seconds; a page of 250 whole orders takes a while."""
USER_AGENT = f"causeway/{version('causeway')}"
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
    def is_no_content(self) -> bool:
        """Whether it says that there is nothing; any other answer without a body was cut off."""
        return self.status == HTTPStatus.NO_CONTENT

    @property
    def is_success(self) -> bool:
        """2xx."""
        return httpx.codes.is_success(self.status)

    @property
    def server_time(self) -> datetime | None:
        """The other side's clock, when the answer says it."""
        try:
            return from_text(self.headers["date"])
        except (KeyError, ValueError):
            return None

    @property
    def what(self) -> str:
        """The request in words for people: method and path, never a query or a body."""
        return f"{self.method} {self.path}"


Interpret = Callable[[Answer], tuple[RateLimit, CausewayError | None]]
"""The one place per system that says what an answer means for the window, and its error, if any."""
D = TypeVar("D", bound=Document)


@dataclass(frozen=True)
class System:
    """Whom we talk to, how we show who we are, and how their answers are read."""

    name: str
    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    interpret: Interpret


@dataclass
class Observed:
    """What answers have shown of a system, besides their content."""

    skew_s: float = 0.0
    """How far its clock was ahead of ours when it last answered."""
    refusal: str = ""
    """Why it refuses our credentials; empty while it takes them."""

    def learn(self, answer: Answer, error: CausewayError | None) -> None:
        """Take over what an answer shows."""
        if (server_time := answer.server_time) is not None:
            self.skew_s = (server_time - utc_now()).total_seconds()
        if answer.status == HTTPStatus.UNAUTHORIZED and error is not None:
            self.refusal = error.message
        elif answer.is_success:
            self.refusal = ""


@cache
def trusted() -> ssl.SSLContext:
    """The authorities that sign for servers: of `SSL_CERT_FILE`, or those that come with httpx.

    They are read once in a process, which takes 25 ms of computing.
    """
    return httpx.create_ssl_context()


class Client:
    """Requests to one account, all of the same priority. Thread-safe; each is sent once."""

    def __init__(
        self, system: System, budget: Budget, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._system = system
        self._budget = budget
        self._circuits = Circuits(system.name)
        self.observed = Observed()
        """Shared by all clients of the same account in this process."""
        self._priority = Priority.ORDERS
        self._http = httpx.Client(
            base_url=system.base_url,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", **system.headers},
            timeout=TIMEOUT,
            follow_redirects=False,
            transport=transport,
            verify=trusted(),
        )

    def at(self, priority: Priority) -> Self:
        """The same client, whose requests have this priority.

        It costs nothing: connections and budget are shared, and closing one closes all.
        """
        other = copy(self)
        other._priority = priority  # noqa: SLF001 - of our own class
        return other

    @property
    def priority(self) -> Priority:
        """Of every request that this client sends."""
        return self._priority

    def usage(self) -> Usage:
        """Requests sent to this account by this process so far, whatever their priority."""
        return self._budget.usage()

    @property
    def system(self) -> str:
        """Its name, for people."""
        return self._system.name

    def others_share(self) -> float:
        """The part of the quota that other applications used at least, of each of some windows."""
        return self._budget.others_share()

    def pauses(self) -> list[Pause]:
        """Endpoints that have failed for a while and are left alone right now."""
        return self._circuits.pauses()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        content: object = None,
        query: str = "",
    ) -> Answer:
        """The answer to one request.

        In: `query` is encoded already, for lists whose commas must not be; no message holds it.

        Raises: TransientError (OutcomeUnknownError where a write may have arrived, PausedError
        where nothing is sent), ConfigError, ContractError, RejectedError, NotFoundError.
        """
        system, url = self._system, path
        if query:  # httpx would encode the commas: it gets the URL as it is to be
            url, params = f"{path}?{query}&{httpx.QueryParams(params or {})}", None
        body = None if content is None else json.dumps(content, default=_wire).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        with (
            self._circuits.request(method, path) as settle,
            self._budget.request(self._priority, write=method not in READS) as report,
        ):
            try:
                response = self._http.request(
                    method, url, params=params, content=body, headers=headers
                )
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise _without_answer(error, method, system, path) from error
            answer = decoded(system.name, method, path, response)
            rate_limit, refused = system.interpret(answer)
            self.observed.learn(answer, refused)
            failed = isinstance(refused, TransientError)
            report(rate_limit, failed)
            settle(None if rate_limit.throttled else failed)
        if refused is not None:
            raise refused
        return answer

    def _field(self, answer: Answer, name: str, kind: type | UnionType = object) -> Any:  # noqa: ANN401 - their JSON
        """What a body holds under a name, for example in an envelope, if it is of this kind."""
        body = answer.body
        if not isinstance(body, dict) or name not in body:
            raise unreadable(answer, f"without {name!r}")
        if not isinstance(body[name], kind):
            raise unreadable(answer, f"with something else in {name!r}")
        return body[name]

    def _one(self, model: type[D], answer: Answer, row: object) -> D:
        """A document that everything depends on, or the record that a write made.

        Raises: ContractError naming the field that breaks the model; OutcomeUnknownError for a
        write, which was carried out all the same.
        """
        try:
            return model.model_validate(row)
        except ValidationError as error:
            field, reason = broken_field(error)
            problem = f"with a {model.__name__} whose field {field!r} is wrong: {reason}"
            broken = unreadable(answer, problem)
            raise broken if answer.is_write else ContractError(broken.message) from None


def decoded(system: str, method: str, path: str, response: httpx.Response) -> Answer:
    """The response with its body decoded; a page of HTML stays text when it explains a failure.

    Raises: BrokenAnswerError, or OutcomeUnknownError for a write, when a good answer is not JSON.
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
    taken for refused, nor simply be sent again. A read is repeated: a proxy that cuts an answer off
    is no change of what both sides agreed on.
    """
    message = f"{answer.system} answered {answer.what} {problem}."
    if answer.is_write:
        return OutcomeUnknownError(message, remedy=remedy)
    return BrokenAnswerError(message, remedy=remedy)


def clean(text: object) -> str:
    """One line of at most 300 characters without markup, e-mails, cards or anything secret."""
    line = _EMAILS.sub("(an e-mail)", _MARKUP.sub(" ", str(text)))
    return _SPACE.sub(" ", _SECRETS.sub("(hidden)", masked(line))).strip()[:LONGEST]


def number(text: object) -> float | None:
    """The number in a header or field; None for nothing, nonsense or less than zero."""
    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _without_answer(error: Exception, method: str, system: System, path: str) -> CausewayError:
    """What it means that no answer came: nothing was sent, or anything may have happened.

    Only the name of httpx's error is used: its text may hold a URL or a header.
    """
    why, what = type(error).__name__, f"{system.name}: {method} {system.base_url}{path}"
    setting = f"CAUSEWAY_{system.name.upper()}__API_URL"
    match error:
        case httpx.InvalidURL() | httpx.UnsupportedProtocol() | httpx.LocalProtocolError():
            return ConfigError(
                f"{what} cannot be sent ({why}).",
                remedy=f"Check {setting} and the credentials: one of them is malformed.",
            )
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout():
            return TransientError(
                f"{what} could not connect ({why}).",
                remedy=f"Check that {setting} is right and reachable; it is tried again.",
            )
        case httpx.RemoteProtocolError() | httpx.ReadError() if method in READS:
            return FaultError(f"{what} got no answer ({why}).")
        case _ if method in READS:
            return TransientError(f"{what} got no answer ({why}).")
        case _:
            return OutcomeUnknownError(f"{what} got no answer ({why}).")


def _wire(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
