"""Orders of V2: list, count, read, create, change, archive."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from sandbox.bigcommerce import reference, staff
from sandbox.bigcommerce.api import (
    BAD_REQUEST,
    NO_CONTENT,
    NOT_FOUND,
    OK,
    Call,
    Routes,
    page_size,
    refuse,
)
from sandbox.bigcommerce.consignments import order_json
from sandbox.bigcommerce.formats import read_moment, read_money
from sandbox.bigcommerce.order_creation import read_new
from sandbox.bigcommerce.order_records import Order
from sandbox.bigcommerce.order_writes import apply_changes, read_changes
from sandbox.bigcommerce.placing import BasketRefused, place
from sandbox.bigcommerce.reference import Status
from sandbox.bigcommerce.store import Store
from sandbox.kit.routing import Reply

EQUAL_NUMBERS = ("customer_id", "status_id", "channel_id")
EQUAL_TEXTS = ("cart_id", "payment_method", "external_order_id")
AMOUNTS = ("min_total", "max_total")
DATES = ("min_date_created", "max_date_created", "min_date_modified", "max_date_modified")
PAGE_FIELDS = ("page", "limit", "sort", "include", "consignment_structure")
OTHER_FILTERS = ("min_id", "max_id", "email", "is_deleted")
KNOWN_FILTERS = frozenset(
    (*EQUAL_NUMBERS, *EQUAL_TEXTS, *AMOUNTS, *DATES, *PAGE_FIELDS, *OTHER_FILTERS)
)
SORTS: dict[str, Callable[[Order], Any]] = {
    "id": lambda order: order.id,
    "customer_id": lambda order: order.customer_id,
    "date_created": lambda order: order.created_at,
    "date_modified": lambda order: order.modified_at,
    "status_id": lambda order: order.status_id,
    "channel_id": lambda order: order.channel_id,
    "external_id": lambda order: order.external_id or "",
}
OrderCheck = Callable[[Order], bool]
routes = Routes()
INCLUDES = frozenset({"consignments", "consignments.line_items", "fees"})


def page_of_orders(store: Store, call: Call) -> list[Order]:
    """The page of orders that the query asks for.

    Raises: Refusal 400 for an unknown filter or sort, or one that is no number.
    """
    size = page_size(store, call)
    start = (max(1, call.number("page", 1)) - 1) * size
    rows = matching_orders(store, call)
    name, _, direction = call.query.get("sort", "id:asc").partition(":")
    if name not in SORTS or direction not in {"", "asc", "desc"}:
        refuse(BAD_REQUEST, f"The field 'sort' is invalid: {name[:40]}.")
    if name != "id" or direction == "desc":
        # Ties keep ascending ids, whichever way is sorted.
        rows = iter(sorted(rows, key=SORTS[name], reverse=direction == "desc"))
    return list(islice(rows, start, start + size))


def matching_orders(store: Store, call: Call) -> Iterator[Order]:
    """Orders that pass the filters, by ascending id.

    Raises: Refusal 400.
    """
    for name in call.query:
        if name not in KNOWN_FILTERS:
            refuse(BAD_REQUEST, f"The field '{name[:60]}' is not supported by this resource.")
    checks = list(_order_checks(store, call))
    return (order for order in _from_min_id(store, call) if all(check(order) for check in checks))


def _from_min_id(store: Store, call: Call) -> Iterable[Order]:
    """Orders from `min_id` on, which is inclusive."""
    lowest = call.number("min_id", 0)
    if not lowest:
        return store.orders.values()
    ids = list(store.orders)
    return (store.orders[number] for number in ids[bisect_left(ids, lowest) :])


def _order_checks(store: Store, call: Call) -> Iterator[OrderCheck]:
    query = call.query
    shows_archived = store.switches.lists_show_archived or query.get("is_deleted") == "true"
    if not shows_archived:
        yield lambda order: not order.is_archived
    if "max_id" in query:
        highest = call.number("max_id", 0)
        yield lambda order: order.id <= highest
    if "email" in query:
        email = query["email"].casefold()
        yield lambda order: order.email.casefold() == email
    yield from (_equals(name, call.number(name, 0)) for name in EQUAL_NUMBERS if name in query)
    yield from (_equals(name, query[name]) for name in EQUAL_TEXTS if name in query)
    yield from (_total_check(name, read_money(query[name])) for name in AMOUNTS if name in query)
    for name in DATES:
        if name in query:
            yield from _date_checks(store, name, query[name])


def _equals(name: str, value: object) -> OrderCheck:
    return lambda order: bool(getattr(order, name) == value)


def _total_check(name: str, amount: Decimal | None) -> OrderCheck:
    if amount is None:
        refuse(BAD_REQUEST, f"The field '{name}' is invalid.")
    if name.startswith("min"):
        return lambda order: order.totals.inc >= amount
    return lambda order: order.totals.inc <= amount


def _date_checks(store: Store, name: str, text: str) -> Iterator[OrderCheck]:
    moment = read_moment(text)
    if moment is None:
        if store.switches.bad_date_filter == "refuse":
            refuse(BAD_REQUEST, f"The field '{name}' is invalid.")
        return
    bound: datetime = moment
    side, _, which = name.partition("_date_")
    attribute = f"{which}_at"
    if side == "min":
        yield lambda order: getattr(order, attribute).replace(microsecond=0) >= bound
    else:
        yield lambda order: getattr(order, attribute).replace(microsecond=0) <= bound


def require_order(store: Store, call: Call) -> Order:
    """The order of the path, archived or not.

    Raises: Refusal 404.
    """
    order = store.orders.get(call.id())
    if order is None:
        refuse(NOT_FOUND, "The requested resource was not found.")
    return order


def _order_bytes(store: Store, call: Call, order: Order) -> bytes:
    asked = frozenset(filter(None, call.query.get("include", "").split(",")))
    unknown = sorted(asked - INCLUDES)
    if unknown:
        refuse(BAD_REQUEST, f"The field 'include' is invalid: {unknown[0][:40]}.")
    as_object = call.query.get("consignment_structure") == "object"
    return order_json(order, store.switches, asked, as_object=as_object)


@routes("GET", "/v2/orders")
def list_orders(store: Store, call: Call) -> Reply:
    """A page; 204 when it is empty."""
    rows = page_of_orders(store, call)
    if not rows:
        return Reply(NO_CONTENT)
    return Reply(OK, b"[" + b",".join(_order_bytes(store, call, order) for order in rows) + b"]")


@routes("GET", "/v2/orders/count")
def count_orders(store: Store, call: Call) -> Reply:
    """How many orders pass the filters, also by status."""
    counts = Counter(order.status_id for order in matching_orders(store, call))
    statuses = [
        _status_document(status) | {"count": counts[status.id], "sort_order": status.place}
        for status in reference.STATUSES.values()
    ]
    return Reply(OK, {"statuses": statuses, "count": counts.total()})


def _status_document(status: Status) -> dict[str, object]:
    return {
        "id": status.id,
        "name": status.name,
        "system_label": status.name,
        "custom_label": status.label,
        "system_description": status.description,
    }


@routes("GET", "/v2/order_statuses")
def list_statuses(_store: Store, _call: Call) -> Reply:
    """All statuses."""
    rows = [
        _status_document(status) | {"order": status.place} for status in reference.STATUSES.values()
    ]
    return Reply(OK, rows)


@routes("GET", "/v2/order_statuses/{id}")
def get_status(_store: Store, call: Call) -> Reply:
    """One status."""
    status = reference.STATUSES.get(call.id())
    if status is None:
        refuse(NOT_FOUND, "The requested resource was not found.")
    return Reply(OK, _status_document(status) | {"order": status.place})


@routes("GET", "/v2/orders/{id}")
def get_order(store: Store, call: Call) -> Reply:
    """One order, archived or not."""
    return Reply(OK, _order_bytes(store, call, require_order(store, call)))


@routes("POST", "/v2/orders")
def create_order(store: Store, call: Call) -> Reply:
    """A new order, status Pending by default. Every request makes one: nothing is deduplicated."""
    body = call.body()
    basket = read_new(store, body)
    try:
        order = place(store, basket)
    except BasketRefused as refused:
        refuse(BAD_REQUEST, str(refused))
    external_order_id = str(body.get("external_order_id", ""))
    if external_order_id:
        order.external_order_id = external_order_id
    order.external_merchant_id = body.get("external_merchant_id")
    order.cache.clear()
    return Reply(store.switches.created_order_status, _order_bytes(store, call, order))


@routes("PUT", "/v2/orders/{id}")
def update_order(store: Store, call: Call) -> Reply:
    """Change the fields sent; answers the whole order."""
    order = require_order(store, call)
    apply_changes(store, order, read_changes(order, call.body()))
    return Reply(OK, _order_bytes(store, call, order))


@routes("DELETE", "/v2/orders/{id}")
def archive_order(store: Store, call: Call) -> Reply:
    """Put one order away; it stays readable by its id."""
    staff.archive(store, require_order(store, call), archived=True)
    return Reply(NO_CONTENT)


@routes("DELETE", "/v2/orders")
def archive_all(store: Store, _call: Call) -> Reply:
    """Put every order away."""
    for order in store.orders.values():
        if not order.is_archived:
            staff.archive(store, order, archived=True)
    return Reply(NO_CONTENT)
