"""From a method and path to a handler, independent of any web server."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.idset import IdSet, require_id_set
from sandbox.brightpearl.refusals import HTTP_BAD_REQUEST, Refusal, not_found, refuse

M = TypeVar("M")


class Incoming(BaseModel):
    """A request body or part of one; fields nobody knows are ignored, as the vendor does."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True
    )


@dataclass(frozen=True, slots=True)
class Call:
    """One request, or one message of a multi-message. `path` starts at the service name."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    raw_body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:  # noqa: ANN401 - JSON may be anything until a model has read it
        """The body.

        Raises: Refusal 400 `CMNC-010` when it is not JSON.
        """
        try:
            return json.loads(self.raw_body)
        except ValueError:
            refuse("CMNC-010", "A JSON body is required")

    def read(self, shape: type[M], *, missing: Mapping[str, tuple[str, str]] | None = None) -> M:
        """The body as `shape`.

        In: `missing` gives the vendor's own (code, message) for a field path that is absent.
        Raises: Refusal 400 with one error for each fault.
        """
        return read_document(self.json(), shape, missing or {})

    def number(self, name: str) -> int:
        """A path parameter that is one id.

        Raises: Refusal 404 when it is not a number.
        """
        text = self.params[name]
        if not (text.isascii() and text.isdigit()):
            not_found(f"{text[:40]} is not an id")
        return int(text)

    def id_set(self, name: str = "ids", limit: int | None = None) -> IdSet:
        """A path parameter that is an ID set."""
        return require_id_set(self.params[name], limit)

    def options(self) -> frozenset[str]:
        """Names in `includeOptional`, less those in `excludeOptional`."""
        included = self.query.get("includeOptional", "").split(",")
        return frozenset(included) - frozenset(self.query.get("excludeOptional", "").split(","))

    def header(self, name: str) -> str | None:
        """A header by lower-case name."""
        return self.headers.get(name)


def read_document(value: object, shape: type[M], missing: Mapping[str, tuple[str, str]]) -> M:
    """`value` as `shape`; see `Call.read`."""
    try:
        return _adapter(shape).validate_python(value)
    except ValidationError as fault:
        errors = []
        for item in fault.errors(include_url=False, include_context=False, include_input=False):
            where = ".".join(str(part) for part in item["loc"])
            own = missing.get(where) if item["type"] == "missing" else None
            errors.append(own or ("CMNC-904", f"{where or 'body'}: {item['msg']}"))
        raise Refusal(HTTP_BAD_REQUEST, errors) from None


_ADAPTERS: dict[object, TypeAdapter[Any]] = {}


def _adapter(shape: type[M]) -> TypeAdapter[M]:
    found = _ADAPTERS.get(shape)
    if found is None:
        found = _ADAPTERS[shape] = TypeAdapter(shape)
    return found


@dataclass(frozen=True, slots=True)
class Reply:
    """Status and the whole JSON body, envelope included."""

    status: int
    body: object


def answer(value: object, status: int = 200) -> Reply:
    """`{"response": value}`."""
    return Reply(status, {"response": value})


def done() -> Reply:
    """The `{}` of a successful PUT or DELETE."""
    return Reply(200, {})


Handler = Callable[[Account, Call], Reply]


class Routes:
    """Handlers that a module declares with `@routes("GET", "/service/resource/{ids}")`."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str, Handler]] = []

    def __call__(self, method: str, *templates: str) -> Callable[[Handler], Handler]:
        """Declare a handler for one method and one or more paths."""

        def declare(handler: Handler) -> Handler:
            self.entries.extend((method, template, handler) for template in templates)
            return handler

        return declare


@dataclass(slots=True)
class _Path:
    template: str
    segments: tuple[str, ...]
    handlers: dict[str, Handler]

    def match(self, parts: list[str]) -> dict[str, str] | None:
        params = {}
        for segment, part in zip(self.segments, parts, strict=True):
            if segment[0] == "{":
                params[segment[1:-1]] = part
            elif segment != part:
                return None
        return params


class Router:
    """Finds handlers by service and number of segments; fixed segments win over parameters."""

    def __init__(self, tables: Iterable[Routes]) -> None:
        self._paths: dict[tuple[str, int], list[_Path]] = defaultdict(list)
        known: dict[str, _Path] = {}
        for method, template, handler in (entry for table in tables for entry in table.entries):
            if template not in known:
                segments = tuple(template.strip("/").split("/"))
                known[template] = path = _Path(template, segments, {})
                self._paths[segments[0], len(segments)].append(path)
            known[template].handlers[method] = handler
        for paths in self._paths.values():
            paths.sort(key=lambda path: path.template.count("{"))
        self.templates = sorted((path.template, *sorted(path.handlers)) for path in known.values())

    def find(self, method: str, path: str) -> tuple[Handler | None, str, dict[str, str]]:
        """Handler (None when there is none), path template and path parameters."""
        parts = path.strip("/").split("/")
        for candidate in self._paths.get((parts[0], len(parts)), ()):
            params = candidate.match(parts)
            if params is not None and method in candidate.handlers:
                return candidate.handlers[method], candidate.template, params
        return None, "/" + parts[0], {}

    def handle(self, account: Account, call: Call) -> Reply:
        """The answer of the handler, or the vendor's refusal as an answer."""
        handler, _, params = self.find(call.method, call.path)
        if handler is None:
            return Reply(
                404, {"errors": [{"code": "CMNC-404", "message": "Resource URI not found"}]}
            )
        bound = Call(call.method, call.path, call.query, call.raw_body, call.headers, params)
        try:
            return handler(account, bound)
        except Refusal as refusal:
            return Reply(refusal.status, refusal.body)
        except ValidationError:
            error = {"code": "CMNC-904", "message": "A value is not valid"}
            return Reply(HTTP_BAD_REQUEST, {"errors": [error]})
