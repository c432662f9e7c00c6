"""Shipments of an order (V2)."""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.bigcommerce import order_documents, shipments
from sandbox.bigcommerce.api import (
    BAD_REQUEST,
    CREATED,
    NO_CONTENT,
    OK,
    Call,
    Routes,
    first_or_404,
    refuse,
    v2_page,
)
from sandbox.bigcommerce.formats import money, read_money, rfc2822
from sandbox.bigcommerce.order_documents import NOTHING, Document
from sandbox.bigcommerce.order_records import Order, Shipment, ShipTo
from sandbox.bigcommerce.orders_api import require_order
from sandbox.bigcommerce.store import Store
from sandbox.bigcommerce.switches import BigCommerceSwitches
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


def shipment_document(switches: BigCommerceSwitches, order: Order, shipment: Shipment) -> Document:
    """The whole shipment, with the addresses as the order has them now."""
    place = next((row for row in order.addresses if row.id == shipment.address_id), None)
    provider = shipment.shipping_provider
    if provider is None and switches.omitted_provider == "custom":
        provider = shipments.CUSTOM
    unset = None if switches.unset_shipment_fields == "null" else ""
    cost = shipment.merchant_shipping_cost

    def shown(text: str | None) -> str | None:
        return unset if text is None else text

    return {
        "id": shipment.id,
        "order_id": order.id,
        "customer_id": order.customer_id,
        "order_address_id": shipment.address_id,
        "date_created": rfc2822(shipment.created_at),
        "tracking_number": shown(shipment.tracking_number),
        "merchant_shipping_cost": NOTHING if cost is None else money(cost),
        "shipping_method": shown(shipment.shipping_method),
        "comments": shown(shipment.comments),
        "shipping_provider": shown(provider),
        "shipping_provider_display_name": shipments.provider_name(provider or ""),
        "tracking_carrier": shown(shipment.tracking_carrier),
        "tracking_link": shown(shipment.tracking_link),
        "generated_tracking_link": shipments.generated_link(
            shipment, by_carrier=switches.link_by_carrier
        ),
        "billing_address": order_documents.address_document(
            order.billing, order.email, order.form_fields
        ),
        "shipping_address": order_documents.address_document(
            place.address, place.email, place.form_fields
        )
        if place
        else {},
        "items": [
            {
                "order_product_id": item.line_id,
                "product_id": item.product_id,
                "quantity": item.quantity,
            }
            for item in shipment.items
        ],
    }


@routes("GET", "/v2/orders/{id}/shipments")
def list_shipments(store: Store, call: Call) -> Reply:
    """All shipments; 204 when there are none."""
    order = require_order(store, call)
    return v2_page(
        store, call, order.shipments, lambda row: shipment_document(store.switches, order, row)
    )


@routes("GET", "/v2/orders/{id}/shipments/count")
def count_shipments(store: Store, call: Call) -> Reply:
    """How many there are."""
    return Reply(OK, {"count": len(require_order(store, call).shipments)})


def _the_shipment(order: Order, call: Call) -> Shipment:
    wanted = call.id("shipment_id")
    return first_or_404(row for row in order.shipments if row.id == wanted)


@routes("GET", "/v2/orders/{id}/shipments/{shipment_id}")
def get_shipment(store: Store, call: Call) -> Reply:
    """One shipment."""
    order = require_order(store, call)
    return Reply(OK, shipment_document(store.switches, order, _the_shipment(order, call)))


@routes("POST", "/v2/orders/{id}/shipments")
def create_shipment(store: Store, call: Call) -> Reply:
    """Ship pieces. Every request makes a shipment: nothing is deduplicated."""
    order, body = require_order(store, call), call.body()
    texts = _read_texts(store, body, CHANGEABLE | {"items"})
    place = _read_address(order, body)
    pieces = _read_pieces(body)
    try:
        shipment = shipments.create(store, order, place, pieces, texts)
    except shipments.ShipmentRefused as refused:
        refuse(BAD_REQUEST, str(refused))
    return Reply(CREATED, shipment_document(store.switches, order, shipment))


@routes("PUT", "/v2/orders/{id}/shipments/{shipment_id}")
def update_shipment(store: Store, call: Call) -> Reply:
    """Change anything but the items; the address can only be named again."""
    order, body = require_order(store, call), call.body()
    shipment = _the_shipment(order, call)
    texts = _read_texts(store, body, CHANGEABLE)
    if "order_address_id" in body and _read_address(order, body).id != shipment.address_id:
        refuse(BAD_REQUEST, "The items of the shipment do not go to this address.")
    shipments.update(store, order, shipment, texts)
    return Reply(OK, shipment_document(store.switches, order, shipment))


@routes("DELETE", "/v2/orders/{id}/shipments/{shipment_id}")
def delete_shipment(store: Store, call: Call) -> Reply:
    """Take one back."""
    order = require_order(store, call)
    shipments.take_back_all(store, order, [_the_shipment(order, call)])
    return Reply(NO_CONTENT)


@routes("DELETE", "/v2/orders/{id}/shipments")
def delete_shipments(store: Store, call: Call) -> Reply:
    """Take all back."""
    order = require_order(store, call)
    shipments.take_back_all(store, order, list(order.shipments))
    return Reply(NO_CONTENT)


def _invalid(name: str) -> None:
    refuse(BAD_REQUEST, f"The field '{name}' is invalid.")


def _read_texts(store: Store, body: Body, known: frozenset[str]) -> dict[str, Any]:
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
    if not shipments.is_carrier(body.get("tracking_carrier", ""), known_only=known_only):
        _invalid("tracking_carrier")
    if not shipments.is_provider(body.get("shipping_provider", "")):
        _invalid("shipping_provider")
    if COST in body:
        cost = read_money(body[COST])
        if cost is None or cost < 0:
            _invalid(COST)
        texts[COST] = cost or Decimal(0)
    return texts


def _read_address(order: Order, body: Body) -> ShipTo:
    wanted = body.get("order_address_id")
    for place in order.addresses:
        if place.id == wanted and not isinstance(wanted, bool):
            return place
    return refuse(BAD_REQUEST, "The field 'order_address_id' is invalid.")


def _read_pieces(body: Body) -> dict[int, int]:
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
