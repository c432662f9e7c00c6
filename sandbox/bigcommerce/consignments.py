"""A whole order as V2 writes it, with its consignments: where its lines go, and at what cost."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import orjson

from sandbox.bigcommerce.formats import number
from sandbox.bigcommerce.order_documents import (
    Document,
    fee_document,
    header_document,
    line_document,
    link,
    shipping_address_document,
)
from sandbox.bigcommerce.order_records import Line, Order, Pickup
from sandbox.bigcommerce.switches import BigCommerceSwitches

WARNING = "Not all line items are listed here; the rest is at /orders/{}/products"
MONEY = (
    "base_cost",
    "cost_ex_tax",
    "cost_inc_tax",
    "cost_tax",
    "base_handling_cost",
    "handling_cost_ex_tax",
    "handling_cost_inc_tax",
    "handling_cost_tax",
)


def order_json(
    order: Order, switches: BigCommerceSwitches, include: frozenset[str], *, as_object: bool
) -> bytes:
    """The whole document. Kept until the order changes or a switch makes another one of it."""
    key = (
        f"{sorted(include)}{as_object}{switches.consignment_money}{switches.cut_warning}"
        f"{switches.lines_per_consignment}"
    )
    known = order.cache.get(key)
    if isinstance(known, bytes):
        return known
    made = orjson.dumps(order_document(order, switches, include, as_object=as_object))
    order.cache[key] = made
    return made


def order_document(
    order: Order, switches: BigCommerceSwitches, include: frozenset[str], *, as_object: bool
) -> Document:
    """The document as Python objects.

    In: `include` as in the query, one by one; `as_object` for `consignment_structure=object`.
    """
    document = header_document(order)
    if include & {"consignments", "consignments.line_items"}:
        whole = consignments(order, switches, with_lines="consignments.line_items" in include)
        document["consignments"] = whole if as_object else [whole]
    if "fees" in include:
        document["fees"] = [fee_document(item) for item in order.fees]
    return document


def consignments(order: Order, switches: BigCommerceSwitches, *, with_lines: bool) -> Document:
    """Where the lines go. Without `with_lines` each line is a link to it."""

    def group(lines: Sequence[Line]) -> Document:
        if with_lines:
            return _embedded(order, lines, switches)
        return {"line_items": [link(f"/orders/{order.id}/products/{line.id}") for line in lines]}

    by_kind: dict[str, list[Line]] = {"digital": [], "giftcertificate": [], "physical": []}
    for line in order.lines:
        by_kind.get(line.type, by_kind["physical"]).append(line)
    digital, certificates = by_kind["digital"], by_kind["giftcertificate"]
    return {
        "pickups": [
            pickup_document(pickup) | group(by_kind["physical"])
            for pickup in [order.pickup]
            if pickup is not None
        ],
        "shipping": [
            document | group([line for line in by_kind["physical"] if line.address_id == place_id])
            for place_id, document in _shipping_documents(order, switches)
        ],
        "downloads": [{"recipient_email": order.email} | group(digital)] if digital else [],
        "email": {
            "gift_certificates": [
                {"recipient_email": line.recipient} | group([line]) for line in certificates
            ]
        },
    }


def pickup_document(pickup: Pickup) -> Document:
    """What is collected, and where, without its lines."""
    point, address = pickup.point, pickup.point.address
    return {
        "id": pickup.id,
        "pickup_method_id": pickup.method_id,
        "pickup_method_display_name": pickup.method,
        "collection_instructions": pickup.instructions,
        "collection_time_description": pickup.opening_hours,
        "location": {
            "id": point.id,
            "name": address.company,
            "code": point.code,
            "address_line_1": address.street_1,
            "address_line_2": address.street_2,
            "city": address.city,
            "state": address.state,
            "postal_code": address.zip,
            "country_alpha2": address.country_iso2,
            "email": point.email,
            "phone": address.phone,
        },
    }


def _shipping_documents(
    order: Order, switches: BigCommerceSwitches
) -> Iterator[tuple[int, Document]]:
    """An id and document for each address, without its lines."""
    for place in order.addresses:
        document = shipping_address_document(order, place)
        del document["order_id"]
        quotes = f"/orders/{order.id}/consignments/shipping/{place.id}/shipping_quotes"
        document["shipping_quotes"] = link(quotes)
        if switches.consignment_money == "number":
            for name in MONEY:
                document[name] = number(Decimal(document[name]))
        yield place.id, document


def _embedded(order: Order, lines: Sequence[Line], switches: BigCommerceSwitches) -> Document:
    shown: list[Any] = [
        line_document(order, item) for item in lines[: switches.lines_per_consignment]
    ]
    if len(lines) <= switches.lines_per_consignment:
        return {"line_items": shown}
    warning = {"__warning__": {"message": WARNING.format(order.id)}}
    if switches.cut_warning == "item":
        return {"line_items": [*shown, warning]}
    return {"line_items": shown, **warning}
