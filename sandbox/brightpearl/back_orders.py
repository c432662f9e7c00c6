"""Back orders: staff move units of an order to a new one, which ships and is invoiced by itself.

How rows, references and reservations travel is our reading; the vendor's help says only that a
new order is made, that both name each other in their notes, and that what is allocated stays.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.formats import money
from sandbox.brightpearl.order_rows import require_open
from sandbox.brightpearl.order_state import (
    order_changed,
    reserved_units,
    tracked_rows,
    units_on_notes,
)
from sandbox.brightpearl.orders import NoteIn, add_note
from sandbox.brightpearl.records import ZERO, Order, OrderRow
from sandbox.brightpearl.refusals import refuse
from sandbox.brightpearl.sales_orders import place
from sandbox.brightpearl.staff import RowKey, copy_header, find_row, order_of
from sandbox.brightpearl.stock_records import Reservation
from sandbox.kit.controls import ControlBody


class BackOrder(ControlBody):
    """Units to move, by row; without rows, every unit that is neither reserved nor on a note.

    `keep_value` leaves the money on the original order.
    """

    order_id: int | None = None
    external_ref: str | None = None
    rows: dict[RowKey, int] = Field(default_factory=dict)
    keep_value: bool = False


def split(account: Account, wanted: BackOrder) -> dict[str, Any]:
    """Make the back order; answers its id, and its rows by the rows they came from."""
    order = order_of(account, wanted.order_id, wanted.external_ref)
    require_open(order)
    moves = _moves(account, order, wanted)
    _check(account, order, moves)
    child = copy_header(account, order, "SO")
    child.status_id = reference.BACK_ORDER_STATUS
    new_ids = {row_id: account.sequences.next("row") for row_id in moves}
    for row_id, units in moves.items():
        _move(account, order, child, (row_id, new_ids), units, keep_value=wanted.keep_value)
    _move_reservation(account, order, child, new_ids)
    for row_id in moves:
        if order.rows[row_id].quantity == 0:
            del order.rows[row_id]
            del account.order_by_row[row_id]
    place(account, child)
    add_note(account, order, NoteIn(text=f"Items moved to back order {child.id}"))
    add_note(account, child, NoteIn(text=f"Back order of {order.id}"))
    order_changed(account, order)
    return {"order_id": order.id, "back_order_id": child.id, "rows": new_ids}


def _moves(account: Account, order: Order, wanted: BackOrder) -> dict[int, Decimal]:
    """Units to move by row id; components go with their bundle."""
    moves = {find_row(order, key).id: Decimal(units) for key, units in wanted.rows.items()}
    if not wanted.rows:
        moves = _free(account, order)
    for row in order.rows.values():
        bundle = order.rows.get(row.parent_row_id or 0)
        if bundle is not None and bundle.id in moves:
            moves[row.id] = row.quantity * moves[bundle.id] / bundle.quantity
    return {row_id: units for row_id, units in moves.items() if units > 0}


def _free(account: Account, order: Order) -> dict[int, Decimal]:
    """Units of tracked products that are neither reserved nor on a note; bundles stay."""
    on_notes, held = units_on_notes(account, order), reserved_units(account, order)
    return {
        row.id: row.quantity - on_notes.get(row.id, 0) - held.get(row.id, 0)
        for row in tracked_rows(account, order)
        if row.parent_row_id is None
    }


def _check(account: Account, order: Order, moves: Mapping[int, Decimal]) -> None:
    on_notes, held = units_on_notes(account, order), reserved_units(account, order)
    if all(moves.get(row.id) == row.quantity for row in order.rows.values()) or not moves:
        refuse("ORDB-920", "A back order takes some of the units, and leaves some")
    for row_id, units in moves.items():
        left = order.rows[row_id].quantity - on_notes.get(row_id, 0)
        if units > left:
            refuse("ORDB-912", f"Units of row {row_id} are on goods notes")
        taken = account.switches.back_order_of_reserved == "refuse"
        if taken and units > left - held.get(row_id, 0):
            refuse("ORDB-918", f"Units of row {row_id} are reserved")


def _move(  # noqa: PLR0913 - one row's way from one order to the other
    account: Account,
    order: Order,
    child: Order,
    ids: tuple[int, Mapping[int, int]],
    units: Decimal,
    *,
    keep_value: bool,
) -> None:
    row_id, new_ids = ids
    row = order.rows[row_id]
    share = ZERO if keep_value else units / row.quantity
    net, tax = money(row.net * share), money(row.tax * share)
    new = replace(
        row,
        id=new_ids[row_id],
        quantity=units,
        net=net,
        tax=tax,
        parent_row_id=new_ids.get(row.parent_row_id or 0),
    )
    _name(account, new, row)
    child.rows[new.id] = new
    order.rows[row_id] = replace(
        row, quantity=row.quantity - units, net=row.net - net, tax=row.tax - tax
    )


def _name(account: Account, new: OrderRow, row: OrderRow) -> None:
    """Whether the new row says where it comes from: a switch."""
    if account.switches.back_order_rows != "keep_ref":
        new.external_ref = None
    if account.switches.back_order_rows == "cloned":
        new.cloned_from = row.id


def _move_reservation(
    account: Account, order: Order, child: Order, new_ids: Mapping[int, int]
) -> None:
    """What a row holds beyond the units it has left goes with the others; nothing is released."""
    held = account.reservations.get(order.id)
    if held is None:
        return
    on_notes = units_on_notes(account, order)
    moved = Reservation(child.id, held.warehouse_id)
    for row_id, new_id in new_ids.items():
        product_id, units = held.rows.get(row_id, (0, 0))
        keep = min(units, int(order.rows[row_id].quantity) - on_notes.get(row_id, 0))
        if units > keep:
            moved.rows[new_id] = (product_id, units - keep)
            held.rows[row_id] = (product_id, keep)
        if keep == 0:
            held.rows.pop(row_id, None)
    if moved.rows:
        account.reservations[child.id] = moved
    if not held.rows:
        del account.reservations[order.id]
