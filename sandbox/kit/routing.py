"""From a method and path to a handler, for both systems and independent of any server."""

import re
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from starlette.routing import compile_path

S = TypeVar("S")
C = TypeVar("C", bound="Call")


@dataclass(frozen=True, slots=True)
class Call:
    """One request as handlers see it."""

    method: str
    path: str
    """The part of the URL after `tenant`, without a slash at its end."""
    query: Mapping[str, str] = field(default_factory=dict)
    raw_body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By lower-case name."""
    params: Mapping[str, str] = field(default_factory=dict)
    """Parts of the path by their name in the template."""
    tenant: str = ""
    """The store hash or account code in the URL; empty for other URLs."""
    url_length: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is written."""

    status: int
    body: object = None
    """JSON as objects, or written already as bytes; None is no body at all."""
    page: str | None = None
    """HTML instead of JSON."""
    is_cut: bool = False
    """The connection is closed before the body has come."""
    is_throttled: bool = False
    shows_quota: bool = True


class Refusal(Exception, ABC):  # noqa: N818 - an answer, not a fault of the sandbox
    """An error that a handler answers with."""

    @abstractmethod
    def reply(self, call: Any) -> Reply:  # noqa: ANN401 - the vendor's own kind of call
        """The error as the vendor writes it."""


class ErrorFormat(ABC, Generic[C]):
    """How one vendor writes the errors that no handler raises."""

    pages: ClassVar[Mapping[str, Reply]]
    """What servers before the API answer, by the kind of fault."""
    extra_field: ClassVar[tuple[str, object]]
    """A field that no description has."""
    kept_fields: ClassVar[frozenset[str]]
    """Fields that are never made null by chance."""

    @abstractmethod
    def not_found(self, call: C) -> Reply:
        """No operation has this path."""

    def not_allowed(self, call: C) -> Reply:
        """Operations have this path, but none of this method."""
        return self.not_found(call)

    @abstractmethod
    def internal_error(self, call: C) -> Reply:
        """The vendor's own failure."""

    @abstractmethod
    def throttled(self, call: C) -> Reply:
        """The call comes too soon."""

    @abstractmethod
    def documents(self, body: object) -> Iterator[dict[str, Any]]:
        """The records in the body of an answer."""


Handler = Callable[[S, C], Reply]


class Routes(Generic[S, C]):
    """The operations that one module declares: `@routes("GET", "/v2/orders/{id}")`."""

    def __init__(self) -> None:
        self._declared: list[tuple[str, str, Handler[S, C]]] = []

    def __iter__(self) -> Iterator[tuple[str, str, Handler[S, C]]]:
        """Method, path template and handler of each operation."""
        return iter(self._declared)

    def __call__(self, method: str, *templates: str) -> Callable[[Handler[S, C]], Handler[S, C]]:
        """Declare a handler for one method and one or more paths."""

        def declare(handler: Handler[S, C]) -> Handler[S, C]:
            self._declared.extend((method, template, handler) for template in templates)
            return handler

        return declare


@dataclass(slots=True)
class _Path(Generic[S, C]):
    template: str
    pattern: re.Pattern[str]
    handlers: dict[str, Handler[S, C]] = field(default_factory=dict)


class Found(NamedTuple, Generic[S, C]):
    """What the router knows of a method and path."""

    template: str
    handler: Handler[S, C] | None
    params: Mapping[str, str]
    is_known: bool
    """Whether any operation has the path."""


class Router(Generic[S, C]):
    """All operations of a system. Where templates overlap, the one with fewer parameters wins."""

    strict_methods: ClassVar[bool]
    """Whether the first template that fits decides alone, also when it lacks the method."""

    def __init__(self, modules: Iterable[Routes[S, C]], errors: ErrorFormat[C]) -> None:
        self.errors = errors
        self._known: dict[str, _Path[S, C]] = {}
        for method, template, handler in (route for routes in modules for route in routes):
            if template not in self._known:
                self._known[template] = _Path(template, compile_path(template)[0])
            self._known[template].handlers[method] = handler
        self._by_start: dict[str, list[_Path[S, C]]] = defaultdict(list)
        for path in sorted(self._known.values(), key=lambda known: known.template.count("{")):
            self._by_start[_start(path.template)].append(path)

    def unknown(self, path: str) -> str:  # noqa: ARG002 - for vendors to overrule
        """What the request log calls a path that no operation has."""
        return "(unknown)"

    def find(self, method: str, path: str) -> Found[S, C]:
        """The operation, or as much of it as there is."""
        for candidate in self._by_start.get(_start(path), ()):
            match = candidate.pattern.fullmatch(path)
            if match is None:
                continue
            handler = candidate.handlers.get(method)
            if handler is not None or self.strict_methods:
                return Found(candidate.template, handler, match.groupdict(), is_known=True)
        return Found(self.unknown(path), None, {}, is_known=False)

    def operations(self) -> Iterator[tuple[str, str]]:
        """Method and template of every operation."""
        for path in self._known.values():
            for method in path.handlers:
                yield method, path.template

    def handle(self, system: S, call: C) -> Reply:
        """The answer of the handler, or the vendor's error."""
        found = self.find(call.method, call.path)
        if not found.is_known:
            return self.errors.not_found(call)
        if found.handler is None:
            return self.errors.not_allowed(call)
        try:
            return found.handler(system, replace(call, params=found.params))
        except Refusal as refusal:
            return refusal.reply(call)


def _start(path: str) -> str:
    """The first two parts of a path, which no template has parameters in."""
    return "/".join(path.split("/", 3)[:3])
