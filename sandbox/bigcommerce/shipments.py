"""Shipments: carriers, what a parcel does to its order, and what staff do about parcels."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pydantic import Field

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.order_records import Line, Mail, Order, Shipment, ShippedItem, ShipTo
from sandbox.bigcommerce.staff import NotFound, line_named, order_answer, order_of
from sandbox.bigcommerce.store import Store
from sandbox.kit.controls import ControlBody

PROVIDERS: Mapping[str, str] = {
    "": "",
    "auspost": "Australia Post",
    "canadapost": "Canada Post",
    "endicia": "Endicia",
    "fedex": "FedEx",
    "royalmail": "Royal Mail",
    "shipperhq": "ShipperHQ",
    "ups": "UPS",
    "upsonline": "UPS Online",
    "upsready": "UPS Ready",
    "usps": "USPS",
}
"""Values of `shipping_provider` with their display names; further ones are `carrier_{id}`."""
CUSTOM = "custom"
"""What is shown where `shipping_provider` was left out, as observed."""
CARRIERS = frozenset({
    "an-post", "auspost", "bpost", "canada-post", "colissimo", "correos-spain", "dhl",
    "dhl-germany", "dpd", "dpd-uk", "evri", "fedex", "gls", "interlink-express", "myhermes-uk",
    "parcel-force", "postnl", "purolator", "royal-mail", "tnt", "tnt-uk", "tuffnells", "uk-mail",
    "ups", "usps", "yodel",
})  # fmt: skip
"""Some of the courier slugs that `tracking_carrier` takes."""
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_OWN_CARRIER = re.compile(r"carrier_\w{1,60}")
CLOSED = frozenset(
    {
        reference.REFUNDED,
        reference.CANCELLED,
        reference.DECLINED,
        reference.COMPLETED,
        reference.DISPUTED,
        reference.PARTIALLY_REFUNDED,
    }
)
NOT_FOR_SALE = frozenset({reference.INCOMPLETE, reference.CANCELLED, reference.DECLINED})


def is_provider(text: str) -> bool:
    """Whether the store takes it as a `shipping_provider`."""
    return text in PROVIDERS or _OWN_CARRIER.fullmatch(text) is not None


def is_carrier(text: str, *, known_only: bool) -> bool:
    """Whether the store takes it as a `tracking_carrier`."""
    return not text or text in CARRIERS or (not known_only and _SLUG.fullmatch(text) is not None)


def provider_name(provider: str) -> str:
    """For people."""
    return PROVIDERS.get(provider, "Custom" if provider == CUSTOM else provider)


def generated_link(shipment: Shipment, *, by_carrier: bool) -> str:
    """From the number and the provider or carrier; none where the merchant has set a link."""
    number = shipment.tracking_number
    if not number or shipment.tracking_link:
        return ""
    provider = shipment.shipping_provider
    if provider is None and not by_carrier:
        return ""
    if provider in PROVIDERS and provider:
        return f"https://tracking.example.com/{provider}/{quote(number, safe='')}"
    courier = shipment.tracking_carrier or provider
    if not courier:
        return ""
    return f"https://www.aftership.com/track/{courier}/{quote(number, safe='')}"


class ShipmentRefused(Exception):  # noqa: N818 - a verdict, with its reason for people
    """The parcel does not fit the order; the text says why."""


def left_to_ship(line: Line) -> int:
    """Pieces of a line that may still be shipped."""
    return line.quantity - line.quantity_shipped


def create(  # noqa: PLR0913 - a parcel is made of all of these
    store: Store,
    order: Order,
    place: ShipTo,
    pieces: Mapping[int, int],
    texts: Mapping[str, Any],
    *,
    mails: bool | None = None,
) -> Shipment:
    """Send so many pieces of each line (by id) to an address of the order.

    In: `texts` are the other fields of a shipment; `mails` overrules the store's setting.
    Raises: ShipmentRefused; nothing is changed then.
    """
    lines = _checked(store, order, place, pieces)
    shipment = Shipment(
        id=store.sequences.next("shipment"),
        order_id=order.id,
        address_id=place.id,
        created_at=store.now(),
        items=tuple(ShippedItem(line.id, line.product_id, pieces[line.id]) for line in lines),
        **texts,
    )
    for line in lines:
        line.quantity_shipped += pieces[line.id]
    order.shipments.append(shipment)
    if store.switches.shipment_mails if mails is None else mails:
        order.mails.append(Mail("shipment", shipment.id, store.now()))
    _emit(store, "created", shipment)
    _move_status(store, order)
    return shipment


def _checked(
    store: Store, order: Order, place: ShipTo, pieces: Mapping[int, int]
) -> Sequence[Line]:
    if store.switches.shipments_of_closed == "refuse" and order.status_id in NOT_FOR_SALE:
        status = reference.STATUSES[order.status_id].name
        raise ShipmentRefused(f"The order is {status} and cannot be shipped.")
    lines = {line.id: line for line in order.lines}
    for number, quantity in pieces.items():
        line = lines.get(number)
        if line is None:
            raise ShipmentRefused(f"The order has no product {number}.")
        if line.address_id != place.id:
            raise ShipmentRefused(f"Product {number} does not go to address {place.id}.")
        if quantity > left_to_ship(line):
            raise ShipmentRefused(
                f"The quantity of product {number} exceeds the {left_to_ship(line)} left to ship."
            )
    return [lines[number] for number in pieces]


def _emit(store: Store, what: str, shipment: Shipment) -> None:
    data = {"type": "shipment", "id": shipment.id, "orderId": shipment.order_id}
    store.emit(f"store/shipment/{what}", data)


def _move_status(store: Store, order: Order) -> None:
    """Shipped or Partially Shipped follows by itself, unless a switch says otherwise."""
    is_whole = all(left_to_ship(line) <= 0 for line in order.lines if line.address_id)
    if is_whole and order.shipped_at is None:
        order.shipped_at = store.now()
    moves = store.switches.shipment_moves_status
    status_id = reference.SHIPPED if is_whole else reference.PARTIALLY_SHIPPED
    stays = moves == "never" or (moves == "open" and order.status_id in CLOSED)
    if stays or status_id == order.status_id:
        store.touch(order)
    else:
        store.set_status(order, status_id)


def update(store: Store, order: Order, shipment: Shipment, texts: Mapping[str, Any]) -> None:
    """Set fields of a shipment that is out. Nobody is mailed."""
    for name, value in texts.items():
        setattr(shipment, name, value)
    _emit(store, "updated", shipment)
    store.touch(order)


def take_back_all(store: Store, order: Order, shipments: Sequence[Shipment]) -> None:
    """Take shipments back: their pieces count as not shipped, the status stays as it is."""
    gone: Counter[int] = Counter()
    for shipment in shipments:
        order.shipments.remove(shipment)
        for item in shipment.items:
            gone[item.line_id] += item.quantity
        _emit(store, "deleted", shipment)
    for line in order.lines:
        line.quantity_shipped -= gone[line.id]
    if shipments:
        store.touch(order)


class PackedLine(ControlBody):
    """Pieces of a line, by `id` or `sku`; all that are left without a quantity."""

    id: int | None = None
    sku: str = ""
    quantity: int | None = Field(default=None, ge=1)


class Parcel(ControlBody):
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


def ship_parcels(store: Store, wanted: Parcel) -> dict[str, Any]:
    """Send parcels as staff do.

    Raises: NotThere, ShipmentRefused; then nothing is sent.
    """
    order = order_of(store, wanted.order_id)
    texts = wanted.model_dump(exclude={"order_id", "lines", "mail"}, exclude_unset=True)
    if not is_provider(wanted.shipping_provider):
        raise ShipmentRefused(f"there is no shipping provider {wanted.shipping_provider!r}")
    parcels = _parcels(order, wanted)
    if not parcels:
        raise ShipmentRefused("nothing is left to ship")
    sent = [
        create(store, order, place, pieces, texts, mails=wanted.mail) for place, pieces in parcels
    ]
    return order_answer(order) | {"shipment_ids": [shipment.id for shipment in sent]}


def _parcels(order: Order, wanted: Parcel) -> list[tuple[ShipTo, dict[int, int]]]:
    """Pieces by line, for each address that gets some."""
    pieces: dict[int, int] = {}
    for packed in wanted.lines:
        line = line_named(order, packed.id, packed.sku)
        count = left_to_ship(line) if packed.quantity is None else packed.quantity
        pieces[line.id] = pieces.get(line.id, 0) + count
    if not wanted.lines:
        pieces = {line.id: left_to_ship(line) for line in order.lines if line.address_id}
    homes = {line.id: line.address_id for line in order.lines}
    for line in order.lines:
        if pieces.get(line.id) and (not line.address_id or pieces[line.id] > left_to_ship(line)):
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
        raise NotFound(f"order {order_id} has no shipment {shipment_id}")
    take_back_all(store, order, chosen)
    return order_answer(order) | {"deleted": [row.id for row in chosen]}
