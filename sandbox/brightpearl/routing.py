"""Calls of the account's API, the errors it answers with, and how modules declare operations."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.idset import IdSet, require_id_set
from sandbox.brightpearl.refusals import (
    HTTP_BAD_REQUEST,
    HTTP_NOT_FOUND,
    HTTP_SERVER_ERROR,
    HTTP_UNAVAILABLE,
    Refusal,
    not_found,
    refuse,
)
from sandbox.kit import routing
from sandbox.kit.routing import Reply

M = TypeVar("M")
THROTTLED = "You have sent too many requests. Please wait before sending another request"


class Incoming(BaseModel):
    """A request body or part of one; fields nobody knows are ignored, as the vendor does."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True
    )


@dataclass(frozen=True, slots=True)
class Call(routing.Call):
    """One request, or one message of a multi-message. `path` starts at the service name."""

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


def answer(value: object, status: int = 200) -> Reply:
    """`{"response": value}`."""
    return Reply(status, {"response": value})


def done() -> Reply:
    """The `{}` of a successful PUT or DELETE."""
    return Reply(200, {})


def _page(status: int, text: str) -> Reply:
    html = f"<html><head><title>{status}</title></head><body><h1>{text}</h1></body></html>"
    return Reply(status, page=html)


class AccountErrors(routing.ErrorFormat[Call]):
    """Errors with codes; those of servers before the API as pages or plain texts."""

    pages: ClassVar = {
        "http_502_html": _page(502, "Bad gateway"),
        "maintenance": _page(503, "Down for maintenance"),
        "http_503": _page(503, "Service temporarily unavailable"),
        "http_504": _page(504, "Gateway time-out"),
    }
    extra_field = ("fieldNobodyKnows", {"since": "4.96"})
    kept_fields = frozenset({"id", "contactId", "metaData", "results"})

    def not_found(self, call: Call) -> Reply:
        """404, also where only the method is unknown."""
        return Refusal(HTTP_NOT_FOUND, [("CMNC-404", "Resource URI not found")]).reply(call)

    def internal_error(self, call: Call) -> Reply:
        """500 with a code which says that the call may be sent again."""
        error = ("CMNU-003", "An internal error occurred")
        return Refusal(HTTP_SERVER_ERROR, [error]).reply(call)

    def throttled(self, call: Call) -> Reply:  # noqa: ARG002 - the same for every call
        """503 with a text instead of errors."""
        return Reply(HTTP_UNAVAILABLE, {"response": THROTTLED}, is_throttled=True)

    def too_long(self) -> Reply:
        """414, from a server before the API."""
        return _page(414, "Request-URI too large")

    def documents(self, body: object) -> Iterator[dict[str, Any]]:
        """The records under `response`."""
        value = body.get("response") if isinstance(body, dict) else None
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                yield item


Routes = routing.Routes[Account, Call]


class Router(routing.Router[Account, Call]):
    """All operations of the account's API."""

    strict_methods = False

    def unknown(self, path: str) -> str:
        """The service of the path."""
        return "/" + path.split("/")[1]

    def find(self, method: str, path: str) -> routing.Found[Account, Call]:
        """Slashes at either end of a path do not matter."""
        return super().find(method, "/" + path.strip("/"))

    def handle(self, account: Account, call: Call) -> Reply:
        """The answer; a value that a record does not take is the caller's mistake."""
        try:
            return super().handle(account, call)
        except ValidationError:
            return Refusal(HTTP_BAD_REQUEST, [("CMNC-904", "A value is not valid")]).reply(call)
