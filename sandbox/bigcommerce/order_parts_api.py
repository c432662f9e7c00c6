"""What belongs to an order (V2): lines, addresses, consignments, coupons, fees, messages."""

from dataclasses import fields, replace
from uuid import UUID

from sandbox.bigcommerce import order_documents
from sandbox.bigcommerce.api import (
    BAD_REQUEST,
    NO_CONTENT,
    OK,
    Call,
    Routes,
    first_or_404,
    refuse,
    v2_page,
)
from sandbox.bigcommerce.consignments import consignments
from sandbox.bigcommerce.formats import read_moment, rfc2822
from sandbox.bigcommerce.order_records import OrderMessage, ShipTo
from sandbox.bigcommerce.orders_api import require_order
from sandbox.bigcommerce.store import Store
from sandbox.catalogue.model import Address
from sandbox.kit.routing import Reply

routes = Routes()
QUOTELESS = frozenset({"external", "manual"})
"""Orders of these sources were never quoted for: they came over the API or from staff."""
ADDRESS_FIELDS = frozenset(item.name for item in fields(Address))
MESSAGE_FILTERS = {
    "min_id", "max_id", "customer_id", "min_date_created", "max_date_created", "is_flagged",
    "status", "page", "limit",
}  # fmt: skip


@routes("GET", "/v2/orders/{id}/products")
def list_products(store: Store, call: Call) -> Reply:
    """All lines, none cut."""
    order = require_order(store, call)
    return v2_page(
        store, call, order.lines, lambda line: order_documents.line_document(order, line)
    )


@routes("GET", "/v2/orders/{id}/products/{line_id}")
def get_product(store: Store, call: Call) -> Reply:
    """One line."""
    order, wanted = require_order(store, call), call.id("line_id")
    line = first_or_404(line for line in order.lines if line.id == wanted)
    return Reply(OK, order_documents.line_document(order, line))


@routes("GET", "/v2/orders/{id}/shipping_addresses", "/v2/orders/{id}/shippingaddresses")
def list_addresses(store: Store, call: Call) -> Reply:
    """Where the order goes."""
    order = require_order(store, call)
    return v2_page(
        store,
        call,
        order.addresses,
        lambda place: order_documents.shipping_address_document(order, place),
    )


def _ship_to(store: Store, call: Call) -> ShipTo:
    wanted = call.id("address_id")
    return first_or_404(
        place for place in require_order(store, call).addresses if place.id == wanted
    )


@routes("GET", "/v2/orders/{id}/shipping_addresses/{address_id}")
def get_address(store: Store, call: Call) -> Reply:
    """One address."""
    place = _ship_to(store, call)
    return Reply(OK, order_documents.shipping_address_document(require_order(store, call), place))


@routes("PUT", "/v2/orders/{id}/shipping_addresses/{address_id}")
def update_address(store: Store, call: Call) -> Reply:
    """Change an address. Neither tax nor shipping is computed anew."""
    order, place, body = require_order(store, call), _ship_to(store, call), call.body()
    for name in body:
        if name not in ADDRESS_FIELDS | {"email", "shipping_method"}:
            refuse(BAD_REQUEST, f"The field '{name[:60]}' is not supported by this resource.")
    place.email = str(body.pop("email", place.email))
    place.method = str(body.pop("shipping_method", place.method))
    place.address = replace(place.address, **{name: str(value) for name, value in body.items()})
    store.touch(order)
    return Reply(OK, order_documents.shipping_address_document(order, place))


@routes("GET", "/v2/orders/{id}/coupons")
def list_coupons(store: Store, call: Call) -> Reply:
    """Coupons used; 204 when none."""
    order = require_order(store, call)
    return v2_page(
        store, call, order.coupons, lambda used: order_documents.coupon_document(order, used)
    )


@routes("GET", "/v2/orders/{id}/fees")
def list_fees(store: Store, call: Call) -> Reply:
    """Further costs: a list, or by a switch one object as the description types it."""
    order = require_order(store, call)
    if store.switches.fees_shape == "object" and order.fees:
        return Reply(OK, order_documents.fee_document(order.fees[0]))
    return v2_page(store, call, order.fees, order_documents.fee_document)


@routes("GET", "/v2/orders/{id}/messages")
def list_messages(store: Store, call: Call) -> Reply:
    """Notes between shopper and staff; 204 when none."""
    order = require_order(store, call)
    for name in call.query:
        if name not in MESSAGE_FILTERS:
            refuse(BAD_REQUEST, f"The field '{name[:60]}' is not supported by this resource.")
    rows = [item for item in order.messages if _passes_filters(call, item)]
    return v2_page(store, call, rows, lambda item: order_documents.message_document(order, item))


def _passes_filters(call: Call, item: OrderMessage) -> bool:
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


@routes("GET", "/v2/orders/{id}/consignments")
def get_consignments(store: Store, call: Call) -> Reply:
    """What the include gives, by itself."""
    order = require_order(store, call)
    with_lines = "line_items" in call.query.get("include", "")
    return Reply(OK, consignments(order, store.switches, with_lines=with_lines))


@routes("GET", "/v2/orders/{id}/shippingaddresses/{address_id}/shippingquotes")
def follow_quotes_link(store: Store, call: Call) -> Reply:
    """Nothing, as documented of the link in an address; the underscored path has the quote."""
    _ship_to(store, call)
    return Reply(NO_CONTENT)


@routes(
    "GET",
    "/v2/orders/{id}/shipping_addresses/{address_id}/shipping_quotes",
    "/v2/orders/{id}/consignments/shipping/{address_id}/shipping_quotes",
)
def get_quotes(store: Store, call: Call) -> Reply:
    """The quote that the shopper chose; only checkouts of the storefront have one."""
    order, place = require_order(store, call), _ship_to(store, call)
    if order.source in QUOTELESS:
        return Reply(NO_CONTENT)
    quote = {
        "id": str(place.id),
        "uuid": str(UUID(int=place.id, version=4)),
        "timestamp": rfc2822(order.created_at),
        "shipping_provider_id": "bcstatic",
        "shipping_provider_quote": [],
        "provider_code": "perorder",
        "carrier_code": "",
        "rate_code": "",
        "rate_id": "",
        "method_id": 1,
    }
    return Reply(OK, quote)
