"""What staff do about parcels in the control panel."""

from typing import Any

from pydantic import Field

from sandbox.bigcommerce import carriers, shipping
from sandbox.bigcommerce.aftersales import Shipment
from sandbox.bigcommerce.basket import Asked
from sandbox.bigcommerce.records import Order, ShipTo
from sandbox.bigcommerce.shipping import ShipmentRefused
from sandbox.bigcommerce.staff import NotThere, line_named, order_of, shown
from sandbox.bigcommerce.store import Store


class PackedLine(Asked):
    """Pieces of a line, by `id` or `sku`; all that are left without a quantity."""

    id: int | None = None
    sku: str = ""
    quantity: int | None = Field(default=None, ge=1)


class Parcel(Asked):
    """`POST /_sandbox/ship`. Without `lines` all that is left goes out, a parcel per address."""

    order_id: int
    lines: list[PackedLine] = Field(default_factory=list)
    tracking_number: str = Field(default="", max_length=50)
    tracking_carrier: str = ""
    shipping_provider: str = ""
    shipping_method: str = ""
    tracking_link: str = Field(default="", max_length=500)
    comments: str = ""
    mail: bool | None = None
    """Instead of what the store's setting says."""


def ship(store: Store, wanted: Parcel) -> dict[str, Any]:
    """Send parcels as staff do.

    Raises: NotThere, ShipmentRefused; then nothing is sent.
    """
    order = order_of(store, wanted.order_id)
    texts = wanted.model_dump(exclude={"order_id", "lines", "mail"}, exclude_unset=True)
    if not carriers.is_provider(wanted.shipping_provider):
        raise ShipmentRefused(f"there is no shipping provider {wanted.shipping_provider!r}")
    parcels = _parcels(order, wanted)
    if not parcels:
        raise ShipmentRefused("nothing is left to ship")
    sent = [
        shipping.ship(store, order, place, pieces, texts, mails=wanted.mail)
        for place, pieces in parcels
    ]
    return shown(order) | {"shipment_ids": [shipment.id for shipment in sent]}


def _parcels(order: Order, wanted: Parcel) -> list[tuple[ShipTo, dict[int, int]]]:
    """Pieces by line, for each address that gets some."""
    pieces: dict[int, int] = {}
    for packed in wanted.lines:
        line = line_named(order, packed.id, packed.sku)
        count = shipping.left(line) if packed.quantity is None else packed.quantity
        pieces[line.id] = pieces.get(line.id, 0) + count
    if not wanted.lines:
        pieces = {line.id: shipping.left(line) for line in order.lines if line.address_id}
    homes = {line.id: line.address_id for line in order.lines}
    for line in order.lines:
        if pieces.get(line.id) and (not line.address_id or pieces[line.id] > shipping.left(line)):
            raise ShipmentRefused(f"{pieces[line.id]} pieces of line {line.id} cannot be shipped")
    parcels = [
        (place, {id_: n for id_, n in pieces.items() if n > 0 and homes[id_] == place.id})
        for place in order.addresses
    ]
    return [(place, of_place) for place, of_place in parcels if of_place]


def take_back(store: Store, order_id: int, shipment_id: int | None = None) -> dict[str, Any]:
    """Delete one shipment of an order, or all.

    Raises: NotThere.
    """
    order = order_of(store, order_id)
    chosen: list[Shipment] = [
        row for row in order.shipments if shipment_id is None or row.id == shipment_id
    ]
    if shipment_id is not None and not chosen:
        raise NotThere(f"order {order_id} has no shipment {shipment_id}")
    shipping.delete(store, order, chosen)
    return shown(order) | {"deleted": [row.id for row in chosen]}
