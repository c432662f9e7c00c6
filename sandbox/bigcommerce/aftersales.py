"""What the store remembers of an order's life after checkout: shipments, and who was told."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ShippedItem:
    """Pieces of one line in a shipment."""

    line_id: int
    product_id: int
    quantity: int


@dataclass(slots=True)
class Shipment:
    """A parcel. Texts and the cost are None where nobody set them."""

    id: int
    order_id: int
    address_id: int
    created_at: datetime
    items: tuple[ShippedItem, ...]
    tracking_number: str | None = None
    tracking_carrier: str | None = None
    tracking_link: str | None = None
    shipping_provider: str | None = None
    shipping_method: str | None = None
    comments: str | None = None
    merchant_shipping_cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to the shopper. `about` says what `record_id` is the id of."""

    about: str
    record_id: int
    sent_at: datetime
