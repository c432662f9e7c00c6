"""Goods-out notes: pick, pack, track, ship, read."""

from collections import Counter
from decimal import Decimal
from typing import Any

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import Call, Incoming, Routes, answer, done, notes_in_path
from sandbox.brightpearl.formats import plain, require_moment, stamp
from sandbox.brightpearl.order_state import is_tracked, refresh, units_on_notes
from sandbox.brightpearl.records import Order
from sandbox.brightpearl.refusals import not_found, refuse, stale
from sandbox.brightpearl.reservations import release_surplus, take
from sandbox.brightpearl.stock import allocate, level, move
from sandbox.brightpearl.stock_records import GoodsMovement, GoodsOutNote
from sandbox.kit.routing import Reply

routes = Routes()
STAGES = {
    "PRI": ("printed", True),
    "UPR": ("printed", False),
    "PIC": ("picked", True),
    "UPI": ("picked", False),
    "PAC": ("packed", True),
    "UPA": ("packed", False),
    "SHW": ("shipped", True),
}
READ_LIMIT = 500


class ShipRowIn(Incoming):
    """Units of one order row."""

    product_id: int
    sales_order_row_id: int
    quantity: int = Field(gt=0)


class WarehouseIn(Incoming):
    """What leaves one warehouse."""

    warehouse_id: int
    release_date: str | None = None
    transfer: bool = False
    products: list[ShipRowIn] = Field(min_length=1)


class GoodsOutIn(Incoming):
    """Body of a goods-out POST: one note for each warehouse entry."""

    warehouses: list[WarehouseIn] = Field(min_length=1)
    priority: bool = False
    shipping_method_id: int | None = None
    label_uri: str = Field(default="", max_length=512)


@routes("POST", "/warehouse-service/order/{id}/goods-note/goods-out")
def create_notes(account: Account, call: Call) -> Reply:
    """The id, or ids for several warehouses."""
    order = account.order(call.number("id"), "SO")
    body = call.read(GoodsOutIn)
    for entry in body.warehouses:
        check_entry(account, order, entry)
    ids = [create_note(account, order, entry, body).id for entry in body.warehouses]
    form = account.switches.goods_out_answer
    if form == "array" or (form == "auto" and len(ids) > 1):
        return answer(ids)
    return answer(ids[0])


def check_entry(account: Account, order: Order, entry: WarehouseIn) -> None:
    """Refuse units the order does not have left or the warehouse does not have."""
    if entry.warehouse_id not in reference.WAREHOUSES:
        refuse("WHSC-907", f"Warehouse {entry.warehouse_id} does not exist")
    on_notes = units_on_notes(account, order)
    reservation = account.reservations.get(order.id)
    own = reservation is not None and reservation.warehouse_id == entry.warehouse_id
    wanted: Counter[int] = Counter()
    lacking: Counter[int] = Counter()
    for item in entry.products:
        row = order.rows.get(item.sales_order_row_id)
        if row is None or row.product_id != item.product_id:
            refuse(
                "WHSC-904", f"Row {item.sales_order_row_id} is not for product {item.product_id}"
            )
        wanted[row.id] += item.quantity
        if wanted[row.id] > row.quantity - on_notes.get(row.id, 0):
            refuse("WHSC-908", f"Row {row.id} has fewer units left to ship")
        if is_tracked(account, row):
            lacking[item.product_id] += item.quantity
    for row_id, (product_id, held) in reservation.rows.items() if own and reservation else ():
        lacking[product_id] -= min(held, wanted[row_id])
    for product_id, units in lacking.items():
        if units > level(account, product_id, entry.warehouse_id).on_hand:
            refuse("WHSB-909", f"Product {product_id} has too little stock")


def create_note(
    account: Account, order: Order, entry: WarehouseIn, body: GoodsOutIn
) -> GoodsOutNote:
    """The note; units come from the reservation first, the rest is allocated now."""
    now = account.now()
    released = entry.release_date
    rows: dict[int, list[tuple[int, int, int]]] = {}
    for item in entry.products:
        row_id = item.sales_order_row_id
        rows.setdefault(row_id, []).append(
            (item.product_id, item.quantity, reference.DEFAULT_LOCATION)
        )
        moved = _take_reserved(account, order, entry.warehouse_id, row_id, item.quantity)
        if is_tracked(account, order.rows[row_id]):
            lacking = item.quantity - moved
            allocate(account, item.product_id, entry.warehouse_id, lacking, "goods-out note")
    note = GoodsOutNote(
        id=account.sequences.next("goods_out"),
        order_id=order.id,
        warehouse_id=entry.warehouse_id,
        priority=body.priority,
        release_date=require_moment(released, "releaseDate", account.zone) if released else now,
        created_on=now,
        created_by=reference.API_USER_ID,
        sequence=len(account.goods_out_by_order[order.id]) + 1,
        rows=rows,
        shipping_method_id=body.shipping_method_id or order.shipping_method_id,
        label_uri=body.label_uri,
        transfer=entry.transfer,
        channel_id=order.channel_id,
        events=[(now, reference.API_USER_ID, "PLA")],
        event_version=account.sequences.next("event_version"),
    )
    account.goods_out[note.id] = note
    account.goods_out_by_order[order.id].append(note.id)
    release_surplus(account, order, rows)
    account.touch(order)
    refresh(account, order)
    account.emit("goods-out-note", note.id, "created")
    return note


def _take_reserved(
    account: Account, order: Order, warehouse_id: int, row_id: int, units: int
) -> int:
    """Units that the reservation hands over to a note; they stay allocated."""
    reservation = account.reservations.get(order.id)
    if (
        reservation is None
        or reservation.warehouse_id != warehouse_id
        or row_id not in reservation.rows
    ):
        return 0
    product_id, held = reservation.rows.pop(row_id)
    moved = min(held, units)
    if held > moved:
        reservation.rows[row_id] = (product_id, held - moved)
    if not reservation.rows:
        del account.reservations[order.id]
    return moved


class ShippingIn(Incoming):
    """Tracking and parcel data."""

    shipping_method_id: int | None = None
    reference: str | None = Field(default=None, max_length=64)
    boxes: int | None = None
    weight: Decimal | None = None


class GoodsOutChangeIn(Incoming):
    """Body of a goods-out PUT."""

    priority: bool | None = None
    shipping: ShippingIn = ShippingIn()
    label_uri: str | None = Field(default=None, max_length=512)


def _open_note(account: Account, number: int) -> GoodsOutNote:
    note = account.goods_out.get(number)
    if note is None:
        not_found("No goods-out note found")
    if note.shipped:
        refuse("WHSB-910", f"Goods-out note {note.id} is shipped")
    return note


@routes("PUT", "/warehouse-service/goods-note/goods-out/{id}")
def change_note(account: Account, call: Call) -> Reply:
    """`{}`; refused once shipped."""
    note = _open_note(account, call.number("id"))
    body = call.read(GoodsOutChangeIn)
    sent = body.shipping
    note.priority = note.priority if body.priority is None else body.priority
    note.label_uri = note.label_uri if body.label_uri is None else body.label_uri
    note.reference = note.reference if sent.reference is None else sent.reference
    note.boxes = note.boxes if sent.boxes is None else sent.boxes
    note.weight = note.weight if sent.weight is None else sent.weight
    if sent.shipping_method_id is not None:
        note.shipping_method_id = sent.shipping_method_id
    account.emit("goods-out-note", note.id, "modified")
    return done()


class EventIn(Incoming):
    """One event. The key `occured` is the vendor's spelling."""

    event_code: str = Field(pattern="^(PRI|UPR|PIC|UPI|PAC|UPA|SHW)$")
    occured: str
    event_owner_id: int


class EventsIn(Incoming):
    """Body of an event POST."""

    events: list[EventIn] = Field(min_length=1)


@routes("POST", "/warehouse-service/goods-note/goods-out/{id}/event")
def add_events(account: Account, call: Call) -> Reply:
    """`{}`; `SHW` ships the note, adds the stages left out, and locks it."""
    note = _open_note(account, call.number("id"))
    expected = call.header("if-match")
    if expected is not None and expected.strip('"') != str(note.event_version):
        stale(f"Goods-out note {note.id} has another event version")
    for event in call.read(EventsIn).events:
        if note.shipped:
            refuse("WHSB-910", f"Goods-out note {note.id} is shipped")
        record_event(account, note, event)
    return done()


def record_event(account: Account, note: GoodsOutNote, event: EventIn) -> None:
    """Add one event to a note that has not left."""
    moment = require_moment(event.occured, "occured", account.zone)
    stage, reached = STAGES[event.event_code]
    note.events.append((moment, event.event_owner_id, event.event_code))
    note.event_version = account.sequences.next("event_version")
    if reached:
        note.stages[stage] = (moment, event.event_owner_id)
    else:
        note.stages.pop(stage, None)
    if stage == "shipped":
        for earlier in ("printed", "picked", "packed"):
            note.stages.setdefault(earlier, (moment, event.event_owner_id))
        _ship(account, note)
    account.emit("goods-out-note", note.id, "modified", stage if reached else f"un-{stage}")


def _ship(account: Account, note: GoodsOutNote) -> None:
    order = account.orders[note.order_id]
    for row_id, parts in note.rows.items():
        if not is_tracked(account, order.rows[row_id]):
            continue
        for product_id, units, location in parts:
            movement = GoodsMovement(
                id=account.sequences.next("movement"),
                product_id=product_id,
                warehouse_id=note.warehouse_id,
                location_id=location,
                quantity=-units,
                updated_on=account.now(),
                order_id=order.id,
                order_row_id=row_id,
                note_id=note.id,
                note_type="GO",
            )
            move(account, movement, allocated=True)
    account.touch(order)
    refresh(account, order)


@routes("DELETE", "/warehouse-service/order/{order}/goods-note/goods-out/{id}")
def delete_note(account: Account, call: Call) -> Reply:
    """`{}`; the units go back on sale, or to the reservation (a switch)."""
    note = _open_note(account, call.number("id"))
    if note.order_id != call.number("order"):
        not_found("No goods-out note found")
    destroy(account, note)
    return done()


def destroy(account: Account, note: GoodsOutNote) -> None:
    """Remove a note that has not left."""
    order = account.orders[note.order_id]
    del account.goods_out[note.id]
    account.goods_out_by_order[order.id].remove(note.id)
    wanted: dict[int, tuple[int, int]] = {}
    for row_id, parts in note.rows.items():
        for product_id, units, _ in parts:
            if is_tracked(account, order.rows[row_id]):
                allocate(account, product_id, note.warehouse_id, -units, "note deleted")
                wanted[row_id] = (product_id, wanted.get(row_id, (0, 0))[1] + units)
    if account.switches.deleted_note_restores_reservation:
        take(account, order, note.warehouse_id, wanted)
    account.touch(order)
    refresh(account, order)
    account.emit("goods-out-note", note.id, "destroyed")


@routes(
    "GET",
    "/warehouse-service/order/{orders}/goods-note/goods-out",
    "/warehouse-service/order/{orders}/goods-note/goods-out/{ids}",
)
def read_notes(account: Account, call: Call) -> Reply:
    """A map by note id, for a set of orders (or `*`) and of notes."""
    if call.params["orders"] == "*" and "ids" not in call.params:
        listed = list(account.goods_out.values())
    else:
        listed = notes_in_path(call, account.goods_out, account.goods_out_by_order, READ_LIMIT)
    return answer({str(note.id): _note_document(account, note) for note in listed})


def _note_document(account: Account, note: GoodsOutNote) -> dict[str, Any]:
    status: dict[str, Any] = {}
    for stage in ("shipped", "packed", "picked", "printed"):
        status[stage] = stage in note.stages
        if stage in note.stages:
            moment, owner = note.stages[stage]
            status[f"{stage}On"] = stamp(moment, account.zone)
            status[f"{stage}ById"] = owner
    return {
        "orderId": 0 if note.transfer else note.order_id,
        "warehouseId": note.warehouse_id,
        "transfer": note.transfer,
        "priority": note.priority,
        "status": status,
        "shipping": {
            "reference": note.reference,
            "shippingMethodId": note.shipping_method_id,
            "boxes": note.boxes,
            "weight": plain(note.weight),
        },
        "releaseDate": stamp(note.release_date, account.zone),
        "createdOn": stamp(note.created_on, account.zone),
        "createdBy": note.created_by,
        "orderRows": {
            str(row): [
                {"productId": product, "quantity": units, "locationId": location}
                for product, units, location in parts
            ]
            for row, parts in note.rows.items()
        },
        "sequence": note.sequence,
        "events": [
            {"occured": stamp(moment, account.zone), "eventOwnerId": owner, "eventCode": code}
            for moment, owner, code in note.events
        ],
        "labelUri": note.label_uri,
        "lastEventVersion": note.event_version,
    }
