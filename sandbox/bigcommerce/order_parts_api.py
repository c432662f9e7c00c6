"""What hangs on an order: lines, addresses, coupons, taxes, fees, messages."""

from dataclasses import fields, replace

from sandbox.bigcommerce import line_documents, tax_documents
from sandbox.bigcommerce.formats import read_moment
from sandbox.bigcommerce.orders_api import the_order
from sandbox.bigcommerce.paging import v2_page
from sandbox.bigcommerce.records import Message, ShipTo
from sandbox.bigcommerce.routing import BAD_REQUEST, OK, Call, Routes, refuse, the_one
from sandbox.bigcommerce.store import Store
from sandbox.catalogue.model import Address
from sandbox.kit.routing import Reply

routes = Routes()
ADDRESS = frozenset(item.name for item in fields(Address))
MESSAGE_FILTERS = {
    "min_id", "max_id", "customer_id", "min_date_created", "max_date_created", "is_flagged",
    "status", "page", "limit",
}  # fmt: skip


@routes("GET", "/v2/orders/{id}/products")
def list_products(store: Store, call: Call) -> Reply:
    """All lines, none cut."""
    order = the_order(store, call)
    return v2_page(store, call, order.lines, lambda line: line_documents.line(order, line))


@routes("GET", "/v2/orders/{id}/products/{line_id}")
def get_product(store: Store, call: Call) -> Reply:
    """One line."""
    order, wanted = the_order(store, call), call.id("line_id")
    line = the_one(line for line in order.lines if line.id == wanted)
    return Reply(OK, line_documents.line(order, line))


@routes("GET", "/v2/orders/{id}/shipping_addresses", "/v2/orders/{id}/shippingaddresses")
def list_addresses(store: Store, call: Call) -> Reply:
    """Where the order goes."""
    order = the_order(store, call)
    return v2_page(
        store, call, order.addresses, lambda place: line_documents.shipping_address(order, place)
    )


def _ship_to(store: Store, call: Call) -> ShipTo:
    wanted = call.id("address_id")
    return the_one(place for place in the_order(store, call).addresses if place.id == wanted)


@routes("GET", "/v2/orders/{id}/shipping_addresses/{address_id}")
def get_address(store: Store, call: Call) -> Reply:
    """One address."""
    place = _ship_to(store, call)
    return Reply(OK, line_documents.shipping_address(the_order(store, call), place))


@routes("PUT", "/v2/orders/{id}/shipping_addresses/{address_id}")
def update_address(store: Store, call: Call) -> Reply:
    """Change an address. Neither tax nor shipping is computed anew."""
    order, place, body = the_order(store, call), _ship_to(store, call), call.body()
    for name in body:
        if name not in ADDRESS | {"email", "shipping_method"}:
            refuse(BAD_REQUEST, f"The field '{name[:60]}' is not supported by this resource.")
    place.email = str(body.pop("email", place.email))
    place.method = str(body.pop("shipping_method", place.method))
    place.address = replace(place.address, **{name: str(value) for name, value in body.items()})
    store.touch(order)
    return Reply(OK, line_documents.shipping_address(order, place))


@routes("GET", "/v2/orders/{id}/coupons")
def list_coupons(store: Store, call: Call) -> Reply:
    """Coupons used; 204 when none."""
    order = the_order(store, call)
    return v2_page(store, call, order.coupons, lambda used: line_documents.coupon(order, used))


@routes("GET", "/v2/orders/{id}/taxes")
def list_taxes(store: Store, call: Call) -> Reply:
    """Tax rows; by line and charge with `details=true`."""
    order = the_order(store, call)
    rows = tax_documents.taxes(order, details=call.query.get("details") == "true")
    return v2_page(store, call, rows, lambda row: row)


@routes("GET", "/v2/orders/{id}/fees")
def list_fees(store: Store, call: Call) -> Reply:
    """Further costs: a list, or by a switch one object as the description types it."""
    order = the_order(store, call)
    if store.switches.fees_shape == "object" and order.fees:
        return Reply(OK, line_documents.fee(order.fees[0]))
    return v2_page(store, call, order.fees, line_documents.fee)


@routes("GET", "/v2/orders/{id}/messages")
def list_messages(store: Store, call: Call) -> Reply:
    """Notes between shopper and staff; 204 when none."""
    order = the_order(store, call)
    for name in call.query:
        if name not in MESSAGE_FILTERS:
            refuse(BAD_REQUEST, f"The field '{name[:60]}' is not supported by this resource.")
    rows = [item for item in order.messages if _passes(call, item)]
    return v2_page(store, call, rows, lambda item: line_documents.message(order, item))


def _passes(call: Call, item: Message) -> bool:
    earliest = read_moment(call.query.get("min_date_created", ""))
    latest = read_moment(call.query.get("max_date_created", ""))
    flagged = call.query.get("is_flagged")
    return (
        call.number("min_id", item.id) <= item.id <= call.number("max_id", item.id)
        and (earliest is None or item.created_at >= earliest)
        and (latest is None or item.created_at <= latest)
        and (flagged is None or item.is_flagged == (flagged in {"true", "1"}))
        and call.query.get("status", "unread") == "unread"
    )
