"""What staff do with goods in the account's screens: print, pick, pack, ship, and undo."""

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
from sandbox.brightpearl.order_state import noted_units, tracked_rows
from sandbox.brightpearl.records import Order
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.staff import Control, RowKey, find_row, order_of
from sandbox.brightpearl.stock_records import GoodsOutNote
from sandbox.brightpearl.unshipping import unship

EVENT_CODES = {
    "printed": ("PRI", "UPR"),
    "picked": ("PIC", "UPI"),
    "packed": ("PAC", "UPA"),
    "shipped": ("SHW", ""),
}
"""By stage, in their order: the event that reaches it, and the one that takes it back."""
Stage = Literal["created", "printed", "picked", "packed", "shipped"]


class Parcel(Control):
    """What leaves one warehouse: units by row, everything that is left when no row is named."""

    warehouse_id: int = reference.DEFAULT_WAREHOUSE
    rows: dict[RowKey, int] = Field(default_factory=dict)
    tracking: str | None = None


class Shipment(Parcel):
    """A new note, or one for each of `warehouses`; with `note_id`, what happens to that note.

    `stage` says how far it comes (a note that is further goes back); it is shipped by default
    when new, unless `leave` is false, and stays where it is when not.
    """

    order_id: int | None = None
    external_ref: str | None = None
    warehouses: list[Parcel] = Field(default_factory=list)
    note_id: int | None = None
    shipping_method_id: int | None = None
    boxes: int | None = None
    weight: Decimal | None = None
    stage: Stage | None = None
    leave: bool = True
    occurred_at: datetime | None = None
    unship: bool = False
    destroy: bool = False


def ship(account: Account, wanted: Shipment) -> dict[str, Any]:
    """Make notes, or change one; answers their ids and how the order stands."""
    if wanted.note_id is not None:
        return _change(account, wanted, wanted.note_id)
    order = order_of(account, wanted.order_id, wanted.external_ref)
    stage = wanted.stage or ("shipped" if wanted.leave else "created")
    parcels = wanted.warehouses or [wanted]
    notes = []
    for parcel in parcels:
        note = _note(account, order, parcel, wanted)
        _describe(account, note, parcel.tracking or wanted.tracking, wanted)
        _bring(account, note, stage, wanted.occurred_at)
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


def _note(account: Account, order: Order, parcel: Parcel, wanted: Shipment) -> GoodsOutNote:
    noted = noted_units(account, order)
    units = {find_row(order, key).id: count for key, count in parcel.rows.items()}
    if not parcel.rows:
        units = {
            row.id: int(row.quantity) - noted.get(row.id, 0) for row in tracked_rows(account, order)
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


def _describe(account: Account, note: GoodsOutNote, tracking: str | None, wanted: Shipment) -> None:
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


def _bring(account: Account, note: GoodsOutNote, stage: str, moment: datetime | None) -> None:
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


def _change(account: Account, wanted: Shipment, note_id: int) -> dict[str, Any]:
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
        _bring(account, note, wanted.stage, wanted.occurred_at)
    return _answer(order, [note])
