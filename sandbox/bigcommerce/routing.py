"""Calls of the store's API, the errors it answers with, and how modules declare operations."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn, TypeVar

import orjson

from sandbox.bigcommerce.store import Store
from sandbox.kit import routing
from sandbox.kit.routing import Reply

T = TypeVar("T")
OK, CREATED, NO_CONTENT = 200, 201, 204
BAD_REQUEST, NOT_FOUND, NOT_ALLOWED = 400, 404, 405
TOO_LARGE, UNSUPPORTED, UNPROCESSABLE, TOO_MANY = 413, 415, 422, 429
SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Call(routing.Call):
    """One request. `path` starts at the API version."""

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


class Refusal(routing.Refusal):
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

    def reply(self, call: Call) -> Reply:
        """The error in the format of the call's API version."""
        return Reply(self.status, self.body(is_v2=call.is_v2))


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


def _page(status: int, text: str) -> Reply:
    html = f"<html><head><title>{status} {text}</title></head><body><h1>{text}</h1></body></html>"
    return Reply(status, page=html, shows_quota=False)


class StoreErrors(routing.ErrorFormat[Call]):
    """Errors of V2 and V3."""

    pages: ClassVar = {
        "http_502_html": _page(502, "Bad Gateway"),
        "http_503": _page(503, "Service Unavailable"),
        "http_504": _page(504, "Gateway Time-out"),
        "maintenance": _page(503, "Down for Maintenance"),
    }
    extra_field = ("field_nobody_knows", {"since": 2027})
    kept_fields = frozenset({"id", "data", "meta", "status_id", "total_inc_tax", "total_tax"})

    def not_found(self, call: Call) -> Reply:
        """404."""
        return Refusal(NOT_FOUND, "The requested resource was not found.").reply(call)

    def not_allowed(self, call: Call) -> Reply:
        """405."""
        title = "The requested method is not allowed on this resource."
        return Refusal(NOT_ALLOWED, title).reply(call)

    def internal_error(self, call: Call) -> Reply:
        """500, in V3 without a type."""
        name = "message" if call.is_v2 else "title"
        error = {"status": SERVER_ERROR, name: "An unexpected error occurred."}
        return Reply(SERVER_ERROR, [error] if call.is_v2 else error)

    def throttled(self, call: Call) -> Reply:
        """429."""
        body = Refusal(TOO_MANY, "Too many requests").body(is_v2=call.is_v2)
        return Reply(TOO_MANY, body, is_throttled=True)

    def documents(self, body: object) -> Iterator[dict[str, Any]]:
        """The rows of a list, or the one record."""
        rows = body.get("data", body) if isinstance(body, dict) else body
        for row in rows if isinstance(rows, list) else [rows]:
            if isinstance(row, dict):
                yield row


Routes = routing.Routes[Store, Call]


class Router(routing.Router[Store, Call]):
    """All operations of the store's API."""

    strict_methods = True

    def handle(self, store: Store, call: Call) -> Reply:
        """The answer, once what is due has happened."""
        store.timers.run_due()
        return super().handle(store, call)
