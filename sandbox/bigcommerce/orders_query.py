"""Filters and sorting of `GET /v2/orders`."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from sandbox.bigcommerce.formats import read_moment, read_money
from sandbox.bigcommerce.paging import page_size
from sandbox.bigcommerce.records import Order
from sandbox.bigcommerce.routing import BAD_REQUEST, Call, refuse
from sandbox.bigcommerce.store import Store

EQUAL_NUMBERS = ("customer_id", "status_id", "channel_id")
EQUAL_TEXTS = ("cart_id", "payment_method", "external_order_id")
AMOUNTS = ("min_total", "max_total")
DATES = ("min_date_created", "max_date_created", "min_date_modified", "max_date_modified")
SHAPE = ("page", "limit", "sort", "include", "consignment_structure")
OTHERS = ("min_id", "max_id", "email", "is_deleted")
KNOWN = frozenset((*EQUAL_NUMBERS, *EQUAL_TEXTS, *AMOUNTS, *DATES, *SHAPE, *OTHERS))
SORTS: dict[str, Callable[[Order], Any]] = {
    "id": lambda order: order.id,
    "customer_id": lambda order: order.customer_id,
    "date_created": lambda order: order.created_at,
    "date_modified": lambda order: order.modified_at,
    "status_id": lambda order: order.status_id,
    "channel_id": lambda order: order.channel_id,
    "external_id": lambda order: order.external_id or "",
}
Check = Callable[[Order], bool]


def found(store: Store, call: Call) -> list[Order]:
    """The page of orders that the query asks for.

    Raises: Refusal 400 for a filter or sort nobody knows, or one that is no number.
    """
    size = page_size(store, call)
    start = (max(1, call.number("page", 1)) - 1) * size
    rows = matching(store, call)
    name, _, direction = call.query.get("sort", "id:asc").partition(":")
    if name not in SORTS or direction not in {"", "asc", "desc"}:
        refuse(BAD_REQUEST, f"The field 'sort' is invalid: {name[:40]}.")
    if name != "id" or direction == "desc":
        # Ties keep ascending ids, whichever way is sorted.
        rows = iter(sorted(rows, key=SORTS[name], reverse=direction == "desc"))
    return list(islice(rows, start, start + size))


def matching(store: Store, call: Call) -> Iterator[Order]:
    """Orders that pass the filters, by ascending id.

    Raises: Refusal 400.
    """
    for name in call.query:
        if name not in KNOWN:
            refuse(BAD_REQUEST, f"The field '{name[:60]}' is not supported by this resource.")
    checks = list(_checks(store, call))
    return (order for order in _from(store, call) if all(check(order) for check in checks))


def _from(store: Store, call: Call) -> Iterable[Order]:
    """Orders from `min_id` on, which is inclusive."""
    lowest = call.number("min_id", 0)
    if not lowest:
        return store.orders.values()
    ids = list(store.orders)
    return (store.orders[number] for number in ids[bisect_left(ids, lowest) :])


def _checks(store: Store, call: Call) -> Iterator[Check]:
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
    yield from (_total(name, read_money(query[name])) for name in AMOUNTS if name in query)
    for name in DATES:
        if name in query:
            yield from _date(store, name, query[name])


def _equals(name: str, value: object) -> Check:
    return lambda order: bool(getattr(order, name) == value)


def _total(name: str, amount: Decimal | None) -> Check:
    if amount is None:
        refuse(BAD_REQUEST, f"The field '{name}' is invalid.")
    if name.startswith("min"):
        return lambda order: order.totals.inc >= amount
    return lambda order: order.totals.inc <= amount


def _date(store: Store, name: str, text: str) -> Iterator[Check]:
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
