"""What every operation of the store's API shares: calls, errors, pages and filters."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn, TypeVar
from urllib.parse import urlencode

import orjson

from sandbox.bigcommerce.store import Store
from sandbox.kit import routing
from sandbox.kit.routing import Reply

T = TypeVar("T")
OK, CREATED, NO_CONTENT = 200, 201, 204
BAD_REQUEST, NOT_FOUND, NOT_ALLOWED = 400, 404, 405
TOO_LARGE, UNSUPPORTED, UNPROCESSABLE, TOO_MANY = 413, 415, 422, 429
SERVER_ERROR = 500
DEFAULT_PAGE, LARGEST_PAGE = 50, 250


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


def first_or_404(rows: Iterable[T], title: str = "The requested resource was not found.") -> T:
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
        "unauthorized": Reply(401, {"status": 401, "title": "Unauthorized"}),
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
        """The answer, after due timers have run."""
        store.timers.run_due()
        return super().handle(store, call)


def page_size(
    store: Store, call: Call, most: int = LARGEST_PAGE, default: int = DEFAULT_PAGE
) -> int:
    """`limit`, held to what the resource gives."""
    asked = call.number("limit", min(default, most))
    if asked > most:
        if store.switches.page_limit == "refuse":
            refuse(TOO_LARGE, f"The limit is larger than {most}.")
        return most
    return max(1, asked)


def v2_page(store: Store, call: Call, rows: Sequence[T], make: Callable[[T], Any]) -> Reply:
    """A bare array; 204 without a body when it would be empty."""
    size = page_size(store, call)
    start = (max(1, call.number("page", 1)) - 1) * size
    chosen = rows[start : start + size]
    if not chosen:
        return Reply(NO_CONTENT)
    return Reply(OK, [make(row) for row in chosen])


def v3_page(
    store: Store, call: Call, rows: Sequence[T], make: Callable[[T], Any], most: int = LARGEST_PAGE
) -> Reply:
    """`data` with `meta.pagination`."""
    size = page_size(store, call, most)
    page = max(1, call.number("page", 1))
    chosen = rows[(page - 1) * size : page * size]
    pagination = _pagination(call, len(rows), len(chosen), size, page)
    return Reply(OK, {"data": [make(row) for row in chosen], "meta": {"pagination": pagination}})


def whole_page(store: Store, call: Call, rows: Sequence[object]) -> Reply:
    """All rows on the first page, whatever the limit; nothing on any further one."""
    page, size = max(1, call.number("page", 1)), len(rows)
    chosen = rows if page == 1 else ()
    meta: dict[str, Any] = {}
    if store.switches.per_order_pagination:
        meta["pagination"] = _pagination(call, size, len(chosen), max(1, size), page)
    return Reply(OK, {"data": list(chosen), "meta": meta})


def v3_cursor_page(
    store: Store, call: Call, rows: Sequence[T], key: Callable[[T], int], make: Callable[[T], Any]
) -> Reply:
    """`data` with one or both pagination blocks, as the page or cursor asked for has them."""
    after, before = call.query.get("after"), call.query.get("before")
    if after is None and before is None:
        reply = v3_page(store, call, rows, make)
        if call.number("page", 1) > 1 or not isinstance(reply.body, dict):
            return reply
        size = page_size(store, call)
        meta = reply.body["meta"] | {
            "cursor_pagination": _cursor_block(rows[:size], size, key, rows)
        }
        return Reply(OK, reply.body | {"meta": meta})
    size = page_size(store, call)
    if after is not None:
        edge = _read_cursor(after)
        chosen = [row for row in rows if key(row) > edge][:size]
    else:
        edge = _read_cursor(before or "")
        chosen = [row for row in rows if key(row) < edge][-size:]
    meta = {"cursor_pagination": _cursor_block(chosen, size, key, rows)}
    return Reply(OK, {"data": [make(row) for row in chosen], "meta": meta})


def _pagination(call: Call, total: int, count: int, size: int, page: int) -> dict[str, Any]:
    pages = max(1, -(-total // size))
    links = {"current": _page_link(call, page, size)}
    if page > 1:
        links["previous"] = _page_link(call, page - 1, size)
    if page < pages:
        links["next"] = _page_link(call, page + 1, size)
    return {
        "total": total,
        "count": count,
        "per_page": size,
        "current_page": page,
        "total_pages": pages,
        "links": links,
    }


def _page_link(call: Call, page: int, size: int) -> str:
    rest = {name: value for name, value in call.query.items() if name not in {"page", "limit"}}
    return "?" + urlencode({**rest, "page": page, "limit": size})


def _cursor_block(
    chosen: Sequence[T], size: int, key: Callable[[T], int], rows: Sequence[T]
) -> dict[str, Any]:
    block: dict[str, Any] = {"count": len(chosen), "per_page": size, "links": {}}
    if chosen:
        start, end = _cursor(key(chosen[0])), _cursor(key(chosen[-1]))
        block |= {"start_cursor": start, "end_cursor": end}
        if key(chosen[-1]) != key(rows[-1]):
            block["links"]["next"] = f"?after={end}&limit={size}"
        if key(chosen[0]) != key(rows[0]):
            block["links"]["previous"] = f"?before={start}&limit={size}"
    return block


def _cursor(number: int) -> str:
    return urlsafe_b64encode(str(number).encode()).decode().rstrip("=")


def _read_cursor(text: str) -> int:
    try:
        return int(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        refuse(BAD_REQUEST, "The cursor is invalid.")
