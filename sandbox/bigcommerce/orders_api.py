"""Orders of V2: list, count, read, create, change, archive."""

from collections import Counter

from sandbox.bigcommerce import orders_query, reference, staff_edits
from sandbox.bigcommerce.order_documents import consignments, order_json
from sandbox.bigcommerce.order_writes import apply_changes, read_changes, read_new
from sandbox.bigcommerce.placing import BasketRefused, place
from sandbox.bigcommerce.records import Order
from sandbox.bigcommerce.reference import Status
from sandbox.bigcommerce.routing import BAD_REQUEST, NO_CONTENT, NOT_FOUND, OK, Call, Routes, refuse
from sandbox.bigcommerce.store import Store
from sandbox.kit.routing import Reply

routes = Routes()
INCLUDES = frozenset({"consignments", "consignments.line_items", "fees"})


def the_order(store: Store, call: Call) -> Order:
    """The order of the path, archived or not.

    Raises: Refusal 404.
    """
    order = store.orders.get(call.id())
    if order is None:
        refuse(NOT_FOUND, "The requested resource was not found.")
    return order


def _document(store: Store, call: Call, order: Order) -> bytes:
    asked = frozenset(filter(None, call.query.get("include", "").split(",")))
    unknown = sorted(asked - INCLUDES)
    if unknown:
        refuse(BAD_REQUEST, f"The field 'include' is invalid: {unknown[0][:40]}.")
    as_object = call.query.get("consignment_structure") == "object"
    return order_json(order, store.switches, asked, as_object=as_object)


@routes("GET", "/v2/orders")
def list_orders(store: Store, call: Call) -> Reply:
    """A page; 204 when it is empty."""
    rows = orders_query.found(store, call)
    if not rows:
        return Reply(NO_CONTENT)
    return Reply(OK, b"[" + b",".join(_document(store, call, order) for order in rows) + b"]")


@routes("GET", "/v2/orders/count")
def count_orders(store: Store, call: Call) -> Reply:
    """How many orders pass the filters, also by status."""
    counts = Counter(order.status_id for order in orders_query.matching(store, call))
    statuses = [
        _status(status) | {"count": counts[status.id], "sort_order": status.place}
        for status in reference.STATUSES.values()
    ]
    return Reply(OK, {"statuses": statuses, "count": counts.total()})


def _status(status: Status) -> dict[str, object]:
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
    rows = [_status(status) | {"order": status.place} for status in reference.STATUSES.values()]
    return Reply(OK, rows)


@routes("GET", "/v2/order_statuses/{id}")
def get_status(_store: Store, call: Call) -> Reply:
    """One status."""
    status = reference.STATUSES.get(call.id())
    if status is None:
        refuse(NOT_FOUND, "The requested resource was not found.")
    return Reply(OK, _status(status) | {"order": status.place})


@routes("GET", "/v2/orders/{id}")
def get_order(store: Store, call: Call) -> Reply:
    """One order, archived or not."""
    return Reply(OK, _document(store, call, the_order(store, call)))


@routes("GET", "/v2/orders/{id}/consignments")
def get_consignments(store: Store, call: Call) -> Reply:
    """What the include gives, by itself."""
    order = the_order(store, call)
    with_lines = "line_items" in call.query.get("include", "")
    return Reply(OK, consignments(order, store.switches, with_lines=with_lines))


@routes("POST", "/v2/orders")
def create_order(store: Store, call: Call) -> Reply:
    """A new order, status Pending unless told. Every request makes one: nothing is deduplicated."""
    body = call.body()
    basket = read_new(store, body)
    try:
        order = place(store, basket)
    except BasketRefused as refused:
        refuse(BAD_REQUEST, str(refused))
    told = str(body.get("external_order_id", ""))
    if told:
        order.external_order_id = told
    order.external_merchant_id = body.get("external_merchant_id")
    order.cache.clear()
    return Reply(store.switches.created_order_status, _document(store, call, order))


@routes("PUT", "/v2/orders/{id}")
def update_order(store: Store, call: Call) -> Reply:
    """Change the fields sent; answers the whole order."""
    order = the_order(store, call)
    apply_changes(store, order, read_changes(order, call.body()))
    return Reply(OK, _document(store, call, order))


@routes("DELETE", "/v2/orders/{id}")
def archive_order(store: Store, call: Call) -> Reply:
    """Put one order away; it stays readable by its id."""
    staff_edits.archive(store, the_order(store, call), archived=True)
    return Reply(NO_CONTENT)


@routes("DELETE", "/v2/orders")
def archive_all(store: Store, _call: Call) -> Reply:
    """Put every order away."""
    for order in store.orders.values():
        if not order.is_archived:
            staff_edits.archive(store, order, archived=True)
    return Reply(NO_CONTENT)
