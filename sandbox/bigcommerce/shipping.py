"""What a shipment does to its order: pieces shipped, status, mail, events."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.aftersales import Mail, Shipment, ShippedItem
from sandbox.bigcommerce.records import Line, Order, ShipTo
from sandbox.bigcommerce.store import Store

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


class ShipmentRefused(Exception):  # noqa: N818 - a verdict, with its reason for people
    """The parcel does not fit the order; the text says why."""


def left(line: Line) -> int:
    """Pieces of a line that may still be shipped."""
    return line.quantity - line.quantity_shipped


def ship(  # noqa: PLR0913 - a parcel is made of all of these
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
    _tell(store, "created", shipment)
    _move_on(store, order)
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
        if quantity > left(line):
            raise ShipmentRefused(
                f"The quantity of product {number} exceeds the {left(line)} left to ship."
            )
    return [lines[number] for number in pieces]


def _tell(store: Store, what: str, shipment: Shipment) -> None:
    data = {"type": "shipment", "id": shipment.id, "orderId": shipment.order_id}
    store.emit(f"store/shipment/{what}", data)


def _move_on(store: Store, order: Order) -> None:
    """Shipped or Partially Shipped follows by itself, unless a switch says otherwise."""
    is_whole = all(left(line) <= 0 for line in order.lines if line.address_id)
    if is_whole and order.shipped_at is None:
        order.shipped_at = store.now()
    moves = store.switches.shipment_moves_status
    status_id = reference.SHIPPED if is_whole else reference.PARTIALLY_SHIPPED
    stays = moves == "never" or (moves == "open" and order.status_id in CLOSED)
    if stays or status_id == order.status_id:
        store.touch(order)
    else:
        store.set_status(order, status_id)


def change(store: Store, order: Order, shipment: Shipment, texts: Mapping[str, Any]) -> None:
    """Set fields of a shipment that is out. Nobody is mailed."""
    for name, value in texts.items():
        setattr(shipment, name, value)
    _tell(store, "updated", shipment)
    store.touch(order)


def delete(store: Store, order: Order, shipments: Sequence[Shipment]) -> None:
    """Take shipments back: their pieces count as not shipped, the status stays as it is."""
    gone: Counter[int] = Counter()
    for shipment in shipments:
        order.shipments.remove(shipment)
        for item in shipment.items:
            gone[item.line_id] += item.quantity
        _tell(store, "deleted", shipment)
    for line in order.lines:
        line.quantity_shipped -= gone[line.id]
    if shipments:
        store.touch(order)
