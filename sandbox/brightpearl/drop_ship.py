"""Drop-ship notes: a supplier ships units of a sales order straight to the customer.

Creating a note, its shipped event and reading it are on the vendor's pages. PUT, DELETE, what
the answers beyond those pages hold, and how the order's statuses follow are our reading.
"""

from collections import Counter
from decimal import Decimal
from typing import Any

from pydantic import AliasChoices, Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import Call, Incoming, Routes, answer, done, notes_in_path
from sandbox.brightpearl.formats import require_moment, stamp
from sandbox.brightpearl.order_state import received_units, refresh, units_on_notes
from sandbox.brightpearl.records import Order
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.reservations import release_surplus
from sandbox.brightpearl.stock_records import DropShipNote
from sandbox.kit.routing import Reply

routes = Routes()
READ_LIMIT = 200
NO_LOCATION = 0


class SupplierCostIn(Incoming):
    """What the supplier takes for a unit."""

    currency: str
    value: Decimal


class SuppliedIn(Incoming):
    """Units of one sales order row; the vendor's pages name the row in two ways."""

    product_id: int
    sales_order_row_id: int = Field(validation_alias=AliasChoices("salesOrderRowId", "orderRowId"))
    purchase_order_row_id: int | None = None
    quantity: int = Field(gt=0)
    product_value: SupplierCostIn | None = None


class SupplierIn(Incoming):
    """What one supplier sends: one note."""

    supplier_id: int
    purchase_order_id: int | None = None
    products: list[SuppliedIn] = Field(min_length=1)


class DropShipIn(Incoming):
    """Body of a drop-ship POST."""

    suppliers: list[SupplierIn] = Field(min_length=1)


@routes("POST", "/warehouse-service/order/{id}/goods-note/drop-ship")
def create_notes(account: Account, call: Call) -> Reply:
    """The ids, one for each supplier entry."""
    order = account.order(call.number("id"), "SO")
    body = call.read(DropShipIn)
    wanted = Counter(units_on_notes(account, order))
    for entry in body.suppliers:
        _check_supplier(account, entry)
        _check_rows(order, entry, wanted)
    return answer([create_note(account, order, entry).id for entry in body.suppliers])


def _check_supplier(account: Account, entry: SupplierIn) -> None:
    supplier = account.contacts.get(entry.supplier_id)
    if supplier is None or not supplier.is_supplier:
        refuse("WHSC-918", f"Contact {entry.supplier_id} is no supplier")
    if entry.purchase_order_id is None and not account.switches.drop_ship_needs_purchase_order:
        return
    purchase = account.orders.get(entry.purchase_order_id or 0)
    if purchase is None or purchase.type_code != "PO" or purchase.contact_id != supplier.id:
        refuse(
            "WHSC-919", f"Supplier {supplier.id} has no purchase order {entry.purchase_order_id}"
        )
    taken = Counter(received_units(account, purchase))
    for item in entry.products:
        row = purchase.rows.get(item.purchase_order_row_id or 0)
        if row is None or row.product_id != item.product_id:
            refuse("WHSC-904", f"No purchase row for product {item.product_id} is named")
        taken[row.id] += item.quantity
        if taken[row.id] > row.quantity:
            refuse("WHSC-913", f"Row {row.id} has fewer units left to receive")


def _check_rows(order: Order, entry: SupplierIn, wanted: Counter[int]) -> None:
    """Refuse units the order does not have left; `wanted` counts over all entries."""
    for item in entry.products:
        row = order.rows.get(item.sales_order_row_id)
        if row is None or row.product_id != item.product_id:
            refuse(
                "WHSC-904", f"Row {item.sales_order_row_id} is not for product {item.product_id}"
            )
        wanted[row.id] += item.quantity
        if wanted[row.id] > row.quantity:
            refuse("WHSC-908", f"Row {row.id} has fewer units left to ship")


def create_note(account: Account, order: Order, entry: SupplierIn) -> DropShipNote:
    """The note; what was reserved for its units goes back on sale."""
    now = account.now()
    rows: dict[int, tuple[int, int]] = {}
    bought: Counter[int] = Counter()
    for item in entry.products:
        _, units = rows.get(item.sales_order_row_id, (0, 0))
        rows[item.sales_order_row_id] = (item.product_id, units + item.quantity)
        if item.purchase_order_row_id is not None:
            bought[item.purchase_order_row_id] += item.quantity
    note = DropShipNote(
        id=account.sequences.next("drop_ship"),
        order_id=order.id,
        purchase_order_id=entry.purchase_order_id or 0,
        supplier_id=entry.supplier_id,
        created_on=now,
        created_by=reference.API_USER_ID,
        rows=rows,
        purchase_rows=dict(bought),
        shipping_method_id=order.shipping_method_id,
        events=[(now, reference.API_USER_ID, "PLA")],
        event_version=account.sequences.next("event_version"),
    )
    account.drop_ship[note.id] = note
    for order_id in _owners(note):
        account.drop_ship_by_order[order_id].append(note.id)
    release_surplus(account, order, rows)
    _follow(account, note)
    account.emit("drop-ship-note", note.id, "created")
    return note


def _owners(note: DropShipNote) -> list[int]:
    return [order_id for order_id in (note.order_id, note.purchase_order_id) if order_id]


def _follow(account: Account, note: DropShipNote) -> None:
    """Bring the statuses of the sales and the purchase order up to date."""
    for order_id in _owners(note):
        order = account.orders.get(order_id)
        if order is not None:
            account.touch(order)
            refresh(account, order)


def open_note(account: Account, number: int) -> DropShipNote:
    """A note that the supplier has not sent.

    Raises: Refusal 404 when absent, 400 when it has left.
    """
    note = account.drop_ship.get(number)
    if note is None:
        not_found("No drop-ship note found")
    if note.shipped:
        refuse("WHSB-919", f"Drop-ship note {note.id} is shipped")
    return note


class DropShippingIn(Incoming):
    """Tracking and method."""

    shipping_method_id: int | None = None
    reference: str | None = Field(default=None, max_length=64)


class DropShipChangeIn(Incoming):
    """Body of a drop-ship PUT."""

    shipping: DropShippingIn = DropShippingIn()


@routes("PUT", "/warehouse-service/goods-note/drop-ship/{id}")
def change_note(account: Account, call: Call) -> Reply:
    """`{}`; refused once shipped. No event is known for it."""
    note = open_note(account, call.number("id"))
    sent = call.read(DropShipChangeIn).shipping
    describe(note, sent.reference, sent.shipping_method_id)
    return done()


def describe(note: DropShipNote, tracking: str | None, method_id: int | None) -> None:
    """Set what is given."""
    note.reference = note.reference if tracking is None else tracking
    note.shipping_method_id = note.shipping_method_id if method_id is None else method_id


class DropShipEventIn(Incoming):
    """One event. The key `occured` is the vendor's spelling."""

    event_code: str = Field(pattern="^SHS$")
    occured: str
    event_owner_id: int


class DropShipEventsIn(Incoming):
    """Body of an event POST; a tracking reference may be a number."""

    tracking_reference: str | int | None = None
    shipping_method_id: int | None = None
    events: list[DropShipEventIn] = Field(min_length=1)


@routes("POST", "/warehouse-service/goods-note/drop-ship/{id}/event")
def add_events(account: Account, call: Call) -> Reply:
    """`{}`; `SHS` ships the note and locks it."""
    note = open_note(account, call.number("id"))
    body = call.read(DropShipEventsIn)
    tracking = None if body.tracking_reference is None else str(body.tracking_reference)
    if tracking is not None and len(tracking) > reference.TRACKING_LENGTH:
        refuse("WHSC-920", "trackingReference is longer than 64 characters")
    describe(note, tracking, body.shipping_method_id)
    send(account, note, body.events[0])
    return done()


def send(account: Account, note: DropShipNote, event: DropShipEventIn) -> None:
    """The supplier has sent the note. Fires `drop-ship-note.modified.shipped`."""
    note.shipped_on = require_moment(event.occured, "occured", account.zone)
    note.shipped_by = event.event_owner_id
    note.events.append((note.shipped_on, event.event_owner_id, "SHS"))
    note.event_version = account.sequences.next("event_version")
    _follow(account, note)
    account.emit("drop-ship-note", note.id, "modified", "shipped")


@routes("DELETE", "/warehouse-service/order/{order}/goods-note/drop-ship/{id}")
def delete_note(account: Account, call: Call) -> Reply:
    """`{}`; the order lacks the units again."""
    note = open_note(account, call.number("id"))
    if note.order_id != call.number("order"):
        not_found("No drop-ship note found")
    destroy(account, note)
    return done()


def destroy(account: Account, note: DropShipNote) -> None:
    """Remove a note that has not left."""
    del account.drop_ship[note.id]
    for order_id in _owners(note):
        account.drop_ship_by_order[order_id].remove(note.id)
    _follow(account, note)
    account.emit("drop-ship-note", note.id, "destroyed")


@routes(
    "GET",
    "/warehouse-service/order/{orders}/goods-note/drop-ship",
    "/warehouse-service/order/{orders}/goods-note/drop-ship/{ids}",
)
def read_notes(account: Account, call: Call) -> Reply:
    """A map by note id, for sales or purchase orders (or `*`, then with note ids)."""
    listed = notes_in_path(call, account.drop_ship, account.drop_ship_by_order, READ_LIMIT)
    return answer({str(note.id): _note_document(account, note) for note in listed})


def _note_document(account: Account, note: DropShipNote) -> dict[str, Any]:
    status: dict[str, Any] = {"shipped": note.shipped}
    if note.shipped_on is not None:
        status |= {
            "shippedOn": stamp(note.shipped_on, account.zone),
            "shippedById": note.shipped_by,
        }
    return {
        "orderId": note.order_id,
        "purchaseOrderId": note.purchase_order_id,
        "supplierId": note.supplier_id,
        "status": status,
        "shipping": {"reference": note.reference, "shippingMethodId": note.shipping_method_id},
        "createdOn": stamp(note.created_on, account.zone),
        "createdBy": note.created_by,
        "orderRows": {
            str(row): [{"productId": product, "quantity": units, "locationId": NO_LOCATION}]
            for row, (product, units) in note.rows.items()
        },
        "events": [
            {"occured": stamp(moment, account.zone), "eventOwnerId": owner, "eventCode": code}
            for moment, owner, code in note.events
        ],
        "lastEventVersion": note.event_version,
    }
