"""The frames on the way of a shipment: which columns each has. See docs/glossary.md for the words.

A *part* is what one goods note sends to one address of an order: one shipment in BigCommerce.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # commands that only read mappings need no frames, hence no pandas
    from core.frames import Schema

PROVIDERS = (
    "auspost",
    "canadapost",
    "endicia",
    "fedex",
    "royalmail",
    "shipperhq",
    "ups",
    "upsonline",
    "upsready",
    "usps",
)
"""Couriers of which BigCommerce has a code of its own. Source: Orders V2, shipments."""
PROVIDER_REGEX = rf"(?:{'|'.join(PROVIDERS)}|carrier_\w+)?"
CARRIER_REGEX = r"(?:[a-z0-9]+(?:-[a-z0-9]+)*)?"

NOTES: Schema = {
    "order_id": "text",
    "part_ref": "text",
    "note_key": "text",
    "address_id": "text",
    "note_kind": "text",
    "note_id": "text",
    "order_id_bp": "text",
    "warehouse_id": "text",
    "shipping_method_id": "text",
    "reference": "text",
    "shipped_at": "time",
    "qty": "count",
}
"""Shipped goods notes by address, one row per part. `order_id` is BigCommerce's, `address_id` its
order_address_id, "" for units that no line of the order takes; `note_kind` is note or drop;
`order_id_bp` is the sales order, or back order, that the note belongs to; `reference` holds the
tracking number or several, those of earlier notes behind it that only sent components of a bundle;
`qty` sums the part's units."""

UNITS: Schema = {
    "order_id": "text",
    "part_ref": "text",
    "row_id": "text",
    "line_id": "text",
    "qty": "count",
}
"""Units of a part. `row_id` is Brightpearl's; `line_id` BigCommerce's, "" for units of a row that
belongs to no line of the order, or that exceed the line's quantity."""

SHIPMENTS: Schema = {
    "order_id": "text",
    "part_ref": "text",
    "note_key": "text",
    "address_id": "text",
    "shipped_at": "time",
    "tracking_number": "text",
    "tracking_link": "text",
    "tracking_carrier": "text",
    "shipping_provider": "text",
    "shipping_method": "text",
    "comments": "text",
}
"""Desired shipments in BigCommerce, one row per part; `tracking_carrier` is a courier's slug at
AfterShip, `shipping_provider` one of BigCommerce's own codes."""
