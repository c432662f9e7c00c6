"""What staff do with goods in the account's screens: print, pick, pack, ship, and undo.

The API has no call that un-ships a note. Its `shippedOn` is gone then, so a search by it no longer
finds the note.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.goods_out import (
    EventIn,
    GoodsOutIn,
    ShipRowIn,
    WarehouseIn,
    check_entry,
    create_note,
    destroy,
    record_event,
)
from sandbox.brightpearl.order_state import is_tracked, refresh, tracked_rows, units_on_notes
from sandbox.brightpearl.records import ZERO, Order
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.staff import RowKey, find_row, order_of
from sandbox.brightpearl.stock import move
from sandbox.brightpearl.stock_records import GoodsMovement, GoodsOutNote
from sandbox.kit.controls import ControlBody

EVENT_CODES = {
    "printed": ("PRI", "UPR"),
    "picked": ("PIC", "UPI"),
    "packed": ("PAC", "UPA"),
    "shipped": ("SHW", ""),
}
"""By stage, in their order: the event that reaches it, and the one that takes it back."""
Stage = Literal["created", "printed", "picked", "packed", "shipped"]


def unship(account: Account, note: GoodsOutNote) -> GoodsOutNote:
    """The open note: the same one, or by a switch a new one without stages and tracking.

    Stock is back and allocated, shipping status goes back. Fires `goods-out-note.modified`, or
    `.destroyed` and `.created`.
    """
    if not note.shipped:
        refuse("WHSB-918", f"Goods-out note {note.id} is not shipped")
    _return_stock(account, note)
    if account.switches.unshipping == "remake":
        return _remake(account, note)
    order = account.orders[note.order_id]
    account.touch(order)
    refresh(account, order)
    account.emit("goods-out-note", note.id, "modified")
    return note


def _return_stock(account: Account, note: GoodsOutNote) -> None:
    order = account.orders[note.order_id]
    del note.stages["shipped"]
    note.events = [event for event in note.events if event[2] != "SHW"]
    note.event_version = account.sequences.next("event_version")
    for row_id, parts in note.rows.items():
        for product_id, units, location in parts if is_tracked(account, order.rows[row_id]) else ():
            movement = GoodsMovement(
                id=account.sequences.next("movement"),
                product_id=product_id,
                warehouse_id=note.warehouse_id,
                location_id=location,
                quantity=units,
                updated_on=account.now(),
                order_id=order.id,
                order_row_id=row_id,
                note_id=note.id,
                note_type="GO",
            )
            move(account, movement, allocated=True)


def _remake(account: Account, note: GoodsOutNote) -> GoodsOutNote:
    order = account.orders[note.order_id]
    now = account.now()
    del account.goods_out[note.id]
    account.goods_out_by_order[order.id].remove(note.id)
    account.emit("goods-out-note", note.id, "destroyed")
    new = replace(
        note,
        id=account.sequences.next("goods_out"),
        created_on=now,
        created_by=reference.API_USER_ID,
        reference="",
        boxes=1,
        weight=ZERO,
        label_uri="",
        events=[(now, reference.API_USER_ID, "PLA")],
        stages={},
        event_version=account.sequences.next("event_version"),
    )
    account.goods_out[new.id] = new
    account.goods_out_by_order[order.id].append(new.id)
    account.touch(order)
    refresh(account, order)
    account.emit("goods-out-note", new.id, "created")
    return new


class StaffParcel(ControlBody):
    """What leaves one warehouse: units by row, everything that is left when no row is named."""

    warehouse_id: int = reference.DEFAULT_WAREHOUSE
    rows: dict[RowKey, int] = Field(default_factory=dict)
    tracking: str | None = None


class StaffShipment(StaffParcel):
    """A new note, or one for each of `warehouses`; with `note_id`, a change of that note.

    `stage` says how far it comes (a note that is further goes back); it is shipped by default
    when new, unless `leave` is false, and stays where it is when not.
    """

    order_id: int | None = None
    external_ref: str | None = None
    warehouses: list[StaffParcel] = Field(default_factory=list)
    note_id: int | None = None
    shipping_method_id: int | None = None
    boxes: int | None = None
    weight: Decimal | None = None
    stage: Stage | None = None
    leave: bool = True
    occurred_at: datetime | None = None
    unship: bool = False
    destroy: bool = False


def ship(account: Account, wanted: StaffShipment) -> dict[str, Any]:
    """Make notes, or change one; answers their ids and the order's shipping status."""
    if wanted.note_id is not None:
        return _change_note(account, wanted, wanted.note_id)
    order = order_of(account, wanted.order_id, wanted.external_ref)
    stage = wanted.stage or ("shipped" if wanted.leave else "created")
    parcels = wanted.warehouses or [wanted]
    notes = []
    for parcel in parcels:
        note = _create_note(account, order, parcel, wanted)
        _describe(account, note, parcel.tracking or wanted.tracking, wanted)
        _move_to_stage(account, note, stage, wanted.occurred_at)
        notes.append(note)
    return _answer(order, notes)


def _answer(order: Order, notes: list[GoodsOutNote]) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "goods_out_note_id": notes[0].id,
        "goods_out_note_ids": [note.id for note in notes],
        "shipped": all(note.shipped for note in notes),
        "shipping_status": order.shipping_status,
    }


def _create_note(
    account: Account, order: Order, parcel: StaffParcel, wanted: StaffShipment
) -> GoodsOutNote:
    on_notes = units_on_notes(account, order)
    units = {find_row(order, key).id: count for key, count in parcel.rows.items()}
    if not parcel.rows:
        units = {
            row.id: int(row.quantity) - on_notes.get(row.id, 0)
            for row in tracked_rows(account, order)
        }
    products = [
        ShipRowIn(
            product_id=order.rows[row_id].product_id or 0,
            sales_order_row_id=row_id,
            quantity=quantity,
        )
        for row_id, quantity in units.items()
        if quantity > 0
    ]
    if not products:
        refuse("WHSC-914", f"Order {order.id} has nothing left to ship")
    entry = WarehouseIn(warehouse_id=parcel.warehouse_id, products=products)
    check_entry(account, order, entry)
    body = GoodsOutIn(warehouses=[entry], shipping_method_id=wanted.shipping_method_id)
    return create_note(account, order, entry, body)


def _describe(
    account: Account, note: GoodsOutNote, tracking: str | None, wanted: StaffShipment
) -> None:
    """Set what is given of tracking, boxes and weight. Fires `goods-out-note.modified`."""
    given = {"reference": tracking, "boxes": wanted.boxes, "weight": wanted.weight}
    if note.shipping_method_id != wanted.shipping_method_id:
        given["shipping_method_id"] = wanted.shipping_method_id
    changes = {name: value for name, value in given.items() if value is not None}
    if not changes:
        return
    if note.shipped and not account.switches.shipped_tracking_editable:
        refuse("WHSB-910", f"Goods-out note {note.id} is shipped")
    for name, value in changes.items():
        setattr(note, name, value)
    account.emit("goods-out-note", note.id, "modified")


def _move_to_stage(
    account: Account, note: GoodsOutNote, stage: str, moment: datetime | None
) -> None:
    """Bring a note forward or back to a stage, one event for each step."""
    names = list(EVENT_CODES)
    goal = names.index(stage) + 1 if stage in names else 0
    when = (moment or account.now()).isoformat()
    steps = [EVENT_CODES[name][1] for name in reversed(names[goal:]) if name in note.stages]
    if goal == len(names):
        steps = [EVENT_CODES["shipped"][0]]
    else:
        steps += [EVENT_CODES[name][0] for name in names[:goal] if name not in note.stages]
    for code in steps:
        if note.shipped:
            refuse("WHSB-910", f"Goods-out note {note.id} is shipped")
        owner = reference.API_USER_ID
        record_event(account, note, EventIn(event_code=code, occured=when, event_owner_id=owner))


def _change_note(account: Account, wanted: StaffShipment, note_id: int) -> dict[str, Any]:
    note = account.goods_out.get(note_id)
    if note is None:
        not_found("No goods-out note found")
    order = account.orders[note.order_id]
    if wanted.unship:
        note = unship(account, note)
    if wanted.destroy:
        if note.shipped:
            refuse("WHSB-910", f"Goods-out note {note.id} is shipped")
        destroy(account, note)
        return _answer(order, [note])
    _describe(account, note, wanted.tracking, wanted)
    if wanted.stage is not None:
        _move_to_stage(account, note, wanted.stage, wanted.occurred_at)
    return _answer(order, [note])
