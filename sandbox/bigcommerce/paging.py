"""Pages: V2 without totals, V3 with them, V3 by cursor."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from sandbox.bigcommerce.routing import BAD_REQUEST, NO_CONTENT, OK, TOO_LARGE, Call, refuse
from sandbox.bigcommerce.store import Store
from sandbox.kit.routing import Reply

T = TypeVar("T")
DEFAULT, MOST = 50, 250


def page_size(store: Store, call: Call, most: int = MOST, default: int = DEFAULT) -> int:
    """`limit`, held to what the resource gives."""
    asked = call.number("limit", default)
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
    store: Store, call: Call, rows: Sequence[T], make: Callable[[T], Any], most: int = MOST
) -> Reply:
    """`data` with `meta.pagination`."""
    size = page_size(store, call, most)
    page = max(1, call.number("page", 1))
    chosen = rows[(page - 1) * size : page * size]
    pagination = _pagination(call, len(rows), len(chosen), size, page)
    return Reply(OK, {"data": [make(row) for row in chosen], "meta": {"pagination": pagination}})


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
        meta = reply.body["meta"] | {"cursor_pagination": _cursors(rows[:size], size, key, rows)}
        return Reply(OK, reply.body | {"meta": meta})
    size = page_size(store, call)
    if after is not None:
        edge = _read_cursor(after)
        chosen = [row for row in rows if key(row) > edge][:size]
    else:
        edge = _read_cursor(before or "")
        chosen = [row for row in rows if key(row) < edge][-size:]
    meta = {"cursor_pagination": _cursors(chosen, size, key, rows)}
    return Reply(OK, {"data": [make(row) for row in chosen], "meta": meta})


def _pagination(call: Call, total: int, count: int, size: int, page: int) -> dict[str, Any]:
    pages = max(1, -(-total // size))
    links = {"current": _link(call, page, size)}
    if page > 1:
        links["previous"] = _link(call, page - 1, size)
    if page < pages:
        links["next"] = _link(call, page + 1, size)
    return {
        "total": total,
        "count": count,
        "per_page": size,
        "current_page": page,
        "total_pages": pages,
        "links": links,
    }


def _link(call: Call, page: int, size: int) -> str:
    rest = {name: value for name, value in call.query.items() if name not in {"page", "limit"}}
    return "?" + urlencode({**rest, "page": page, "limit": size})


def _cursors(
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
