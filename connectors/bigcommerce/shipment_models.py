"""Shipments of orders, the fields we read and write. Source: REST Management API, Orders V2."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pydantic import Field

from connectors.documents import Document, Id, RequestBody, Text

LONGEST_TRACKING = 50
LONGEST_LINK = 500
LONGEST_COMMENTS = 65_535


class ShipmentItem(Document):
    """Units of one order line in a shipment."""

    order_product_id: Id
    quantity: int


class Shipment(Document):
    """What went to one address of an order, with one tracking number."""

    id: Id
    order_address_id: Id
    tracking_number: Text = ""
    tracking_link: Text = ""
    """An address of its own, shown as it is."""
    tracking_carrier: Text = ""
    """A courier's slug at AfterShip, or empty."""
    shipping_provider: Text = ""
    shipping_method: Text = ""
    comments: Text = ""
    items: tuple[ShipmentItem, ...]

    @property
    def units(self) -> Mapping[str, int]:
        """Units by order line; a line that comes twice is one."""
        return added(self.items)


class ShipmentItemCreate(RequestBody):
    """Units of one order line."""

    order_product_id: int = Field(gt=0)
    quantity: int = Field(gt=0)


class ShipmentChange(RequestBody):
    """What of a shipment may be changed later; its units may not: delete and create anew.

    A tracking number that is added later is not mailed to the shopper.
    """

    order_address_id: int | None = Field(default=None, gt=0)
    tracking_number: str | None = Field(default=None, max_length=LONGEST_TRACKING)
    tracking_link: str | None = Field(default=None, max_length=LONGEST_LINK)
    tracking_carrier: str | None = None
    shipping_provider: str | None = None
    shipping_method: str | None = None
    comments: str | None = Field(default=None, max_length=LONGEST_COMMENTS)


class ShipmentCreate(ShipmentChange):
    """A shipment; all its lines belong to one address. Tracking belongs in here: see the base."""

    order_address_id: int = Field(gt=0)
    items: tuple[ShipmentItemCreate, ...] = Field(min_length=1)

    @property
    def units(self) -> Mapping[str, int]:
        """Units by order line, to compare with a shipment that exists."""
        return added(self.items)


def added(items: tuple[ShipmentItem | ShipmentItemCreate, ...]) -> Mapping[str, int]:
    """Units by order line id."""
    units: Counter[str] = Counter()
    for item in items:
        units[str(item.order_product_id)] += item.quantity
    return dict(units)
