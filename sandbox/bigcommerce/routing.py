"""From a method and path to a handler, independent of any web server."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

import orjson

from sandbox.bigcommerce.store import Store

T = TypeVar("T")
OK, CREATED, NO_CONTENT = 200, 201, 204
BAD_REQUEST, NOT_FOUND, NOT_ALLOWED = 400, 404, 405
CONFLICT, TOO_LARGE, UNSUPPORTED, UNPROCESSABLE = 409, 413, 415, 422


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `path` starts at the API version."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    raw_body: bytes = b""
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_v2(self) -> bool:
        """Whether errors are written as V2 does."""
        return self.path.startswith("/v2")

    def body(self) -> dict[str, Any]:
        """The JSON object sent.

        Raises: Refusal 400 when it is none.
        """
        try:
            sent = orjson.loads(self.raw_body)
        except orjson.JSONDecodeError:
            refuse(BAD_REQUEST, "The request body is not valid JSON.")
        if not isinstance(sent, dict):
            refuse(BAD_REQUEST, "The request body is not a JSON object.")
        return sent

    def id(self, name: str = "id") -> int:
        """A path parameter that is an id.

        Raises: Refusal 404 when it is no number.
        """
        text = self.params[name]
        if not (text.isascii() and text.isdigit()):
            refuse(NOT_FOUND, "The requested resource was not found.")
        return int(text)

    def number(self, name: str, default: int) -> int:
        """A query parameter that is a whole number; the default when absent.

        Raises: Refusal 400.
        """
        text = self.query.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit()):
            refuse(BAD_REQUEST, f"The field '{name}' is invalid.")
        return int(text)


class Refusal(Exception):  # noqa: N818 - an answer, not a fault of the sandbox
    """An error answer; its body depends on the API version."""

    def __init__(self, status: int, title: str, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.errors = errors

    def body(self, *, is_v2: bool) -> object:
        """V2: a list with one message. V3: an object with a title."""
        if is_v2:
            return [{"status": self.status, "message": self.title}]
        document: dict[str, Any] = {
            "status": self.status,
            "title": self.title,
            "type": "https://developer.bigcommerce.com/docs/start/about/status-codes",
        }
        if self.errors is not None:
            document["errors"] = dict(self.errors)
        return document


def refuse(status: int, title: str, errors: Mapping[str, str] | None = None) -> NoReturn:
    """Answer with an error.

    Raises: Refusal.
    """
    raise Refusal(status, title, errors)


def the_one(rows: Iterable[T], title: str = "The requested resource was not found.") -> T:
    """The first row.

    Raises: Refusal 404 when there is none.
    """
    for row in rows:
        return row
    return refuse(NOT_FOUND, title)


@dataclass(frozen=True, slots=True)
class Reply:
    """Status and body; bytes are JSON already, None is no body at all."""

    status: int
    body: object = None


Handler = Callable[[Store, Call], Reply]
_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """One operation."""

    method: str
    template: str
    pattern: re.Pattern[str]
    handler: Handler


class Router:
    """All operations. Literal segments win over parameters."""

    def __init__(self) -> None:
        self._exact: dict[str, dict[str, Route]] = {}
        self._patterns: list[tuple[re.Pattern[str], str, dict[str, Route]]] = []

    def add(self, routes: "Routes") -> None:
        """Take the operations of a module."""
        for route in routes:
            if "{" not in route.template:
                self._exact.setdefault(route.template, {})[route.method] = route
                continue
            for _, template, methods in self._patterns:
                if template == route.template:
                    methods[route.method] = route
                    break
            else:
                entry = (route.pattern, route.template, {route.method: route})
                self._patterns.append(entry)

    def find(self, path: str) -> tuple[str, dict[str, Route], dict[str, str]]:
        """Template, operations by method and path parameters; no operations for unknown paths."""
        exact = self._exact.get(path)
        if exact is not None:
            return path, exact, {}
        for pattern, template, methods in self._patterns:
            match = pattern.fullmatch(path)
            if match is not None:
                return template, methods, match.groupdict()
        return "(unknown)", {}, {}

    def operations(self) -> Iterator[tuple[str, str]]:
        """Method and template of every operation."""
        for methods in [*self._exact.values(), *(entry[2] for entry in self._patterns)]:
            for route in methods.values():
                yield route.method, route.template

    def handle(self, store: Store, call: Call) -> Reply:
        """The answer, also where it is a refusal."""
        store.timers.run_due()
        _, methods, params = self.find(call.path)
        try:
            if not methods:
                refuse(NOT_FOUND, "The requested resource was not found.")
            route = methods.get(call.method)
            if route is None:
                refuse(NOT_ALLOWED, "The requested method is not allowed on this resource.")
            known = Call(call.method, call.path, call.query, call.raw_body, params)
            return route.handler(store, known)
        except Refusal as refusal:
            return Reply(refusal.status, refusal.body(is_v2=call.is_v2))


class Routes:
    """The operations of one module."""

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def __iter__(self) -> Iterator[Route]:
        """Each operation."""
        return iter(self._routes)

    def __call__(self, method: str, *templates: str) -> Callable[[Handler], Handler]:
        """Register a handler for templates such as `/v2/orders/{id}`."""

        def register(handler: Handler) -> Handler:
            for template in templates:
                pattern = re.compile(_PARAMETER.sub(r"(?P<\1>[^/]+)", template))
                self._routes.append(Route(method, template, pattern, handler))
            return handler

        return register
