"""Shipments of an order (V2)."""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.bigcommerce import carriers, shipping
from sandbox.bigcommerce.aftersales import Shipment
from sandbox.bigcommerce.formats import read_money
from sandbox.bigcommerce.orders_api import the_order
from sandbox.bigcommerce.paging import v2_page
from sandbox.bigcommerce.records import Order, ShipTo
from sandbox.bigcommerce.routing import (
    BAD_REQUEST,
    CREATED,
    NO_CONTENT,
    OK,
    Call,
    Routes,
    refuse,
    the_one,
)
from sandbox.bigcommerce.shipment_documents import document
from sandbox.bigcommerce.store import Store
from sandbox.kit.routing import Reply

routes = Routes()
Body = Mapping[str, Any]
LONGEST: Mapping[str, int | None] = {
    "tracking_number": 50,
    "tracking_link": 500,
    "tracking_carrier": None,
    "shipping_provider": None,
    "shipping_method": None,
    "comments": 65_535,
}
COST = "merchant_shipping_cost"
CHANGEABLE = frozenset({*LONGEST, COST, "order_address_id"})


@routes("GET", "/v2/orders/{id}/shipments")
def list_shipments(store: Store, call: Call) -> Reply:
    """All shipments; 204 when there are none."""
    order = the_order(store, call)
    return v2_page(store, call, order.shipments, lambda row: document(store.switches, order, row))


@routes("GET", "/v2/orders/{id}/shipments/count")
def count_shipments(store: Store, call: Call) -> Reply:
    """How many there are."""
    return Reply(OK, {"count": len(the_order(store, call).shipments)})


def _the_shipment(order: Order, call: Call) -> Shipment:
    wanted = call.id("shipment_id")
    return the_one(row for row in order.shipments if row.id == wanted)


@routes("GET", "/v2/orders/{id}/shipments/{shipment_id}")
def get_shipment(store: Store, call: Call) -> Reply:
    """One shipment."""
    order = the_order(store, call)
    return Reply(OK, document(store.switches, order, _the_shipment(order, call)))


@routes("POST", "/v2/orders/{id}/shipments")
def create_shipment(store: Store, call: Call) -> Reply:
    """Ship pieces. Every request makes a shipment: nothing is deduplicated."""
    order, body = the_order(store, call), call.body()
    texts = _texts(store, body, CHANGEABLE | {"items"})
    place = _place(order, body)
    pieces = _pieces(body)
    try:
        shipment = shipping.ship(store, order, place, pieces, texts)
    except shipping.ShipmentRefused as refused:
        refuse(BAD_REQUEST, str(refused))
    return Reply(CREATED, document(store.switches, order, shipment))


@routes("PUT", "/v2/orders/{id}/shipments/{shipment_id}")
def update_shipment(store: Store, call: Call) -> Reply:
    """Change anything but the items; the address can only be named again."""
    order, body = the_order(store, call), call.body()
    shipment = _the_shipment(order, call)
    texts = _texts(store, body, CHANGEABLE)
    if "order_address_id" in body and _place(order, body).id != shipment.address_id:
        refuse(BAD_REQUEST, "The items of the shipment do not go to this address.")
    shipping.change(store, order, shipment, texts)
    return Reply(OK, document(store.switches, order, shipment))


@routes("DELETE", "/v2/orders/{id}/shipments/{shipment_id}")
def delete_shipment(store: Store, call: Call) -> Reply:
    """Take one back."""
    order = the_order(store, call)
    shipping.delete(store, order, [_the_shipment(order, call)])
    return Reply(NO_CONTENT)


@routes("DELETE", "/v2/orders/{id}/shipments")
def delete_shipments(store: Store, call: Call) -> Reply:
    """Take all back."""
    order = the_order(store, call)
    shipping.delete(store, order, list(order.shipments))
    return Reply(NO_CONTENT)


def _invalid(name: str) -> None:
    refuse(BAD_REQUEST, f"The field '{name}' is invalid.")


def _texts(store: Store, body: Body, known: frozenset[str]) -> dict[str, Any]:
    """The fields of a shipment besides address and items.

    Raises: Refusal 400 that names the field.
    """
    for name in body:
        if name not in known:
            refuse(BAD_REQUEST, f"The field '{name[:60]}' is not supported by this resource.")
    texts: dict[str, str | Decimal] = {}
    for name, longest in LONGEST.items():
        value = body.get(name, "")
        if not isinstance(value, str) or (longest is not None and len(value) > longest):
            _invalid(name)
        if name in body:
            texts[name] = value
    known_only = store.switches.tracking_carriers == "known"
    if not carriers.is_carrier(body.get("tracking_carrier", ""), known_only=known_only):
        _invalid("tracking_carrier")
    if not carriers.is_provider(body.get("shipping_provider", "")):
        _invalid("shipping_provider")
    if COST in body:
        cost = read_money(body[COST])
        if cost is None or cost < 0:
            _invalid(COST)
        texts[COST] = cost or Decimal(0)
    return texts


def _place(order: Order, body: Body) -> ShipTo:
    wanted = body.get("order_address_id")
    for place in order.addresses:
        if place.id == wanted and not isinstance(wanted, bool):
            return place
    return refuse(BAD_REQUEST, "The field 'order_address_id' is invalid.")


def _pieces(body: Body) -> dict[int, int]:
    """Pieces by line; a line that is named twice counts in sum."""
    rows = body.get("items")
    if not isinstance(rows, list) or not rows:
        _invalid("items")
    pieces: Counter[int] = Counter()
    for row in rows or []:
        if not isinstance(row, dict) or not {"order_product_id", "quantity"} <= set(row):
            _invalid("items")
        for name in row:
            if name not in {"order_product_id", "quantity"}:
                name = f"items.{name[:50]}"  # noqa: PLW2901 - the path of the same field
                refuse(BAD_REQUEST, f"The field '{name}' is not supported by this resource.")
        line_id, quantity = row["order_product_id"], row["quantity"]
        if type(line_id) is not int:
            _invalid("items.order_product_id")
        if type(quantity) is not int or quantity < 1:
            _invalid("items.quantity")
        pieces[line_id] += quantity
    return dict(pieces)
