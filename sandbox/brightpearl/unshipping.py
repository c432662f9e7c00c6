"""Un-shipping: staff say that a note which left has not left after all. The API has no such call.

The note's `shippedOn` is gone then, so a search by it no longer finds the note.
"""

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.order_state import is_tracked, refresh
from sandbox.brightpearl.refusals import refuse
from sandbox.brightpearl.stock import move
from sandbox.brightpearl.stock_records import GoodsMovement, GoodsOutNote


def unship(account: Account, note: GoodsOutNote) -> GoodsOutNote:
    """The open note: the same one, or by a switch a new one without stages and tracking.

    Stock is back and allocated, shipping status goes back. Fires `goods-out-note.modified`, or
    `.destroyed` and `.created`.
    """
    if not note.shipped:
        refuse("WHSB-918", f"Goods-out note {note.id} is not shipped")
    _take_back(account, note)
    if account.switches.unshipping == "remake":
        return _remake(account, note)
    order = account.orders[note.order_id]
    account.touch(order)
    refresh(account, order)
    account.emit("goods-out-note", note.id, "modified")
    return note


def _take_back(account: Account, note: GoodsOutNote) -> None:
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
    new = GoodsOutNote(
        id=account.sequences.next("goods_out"),
        order_id=order.id,
        warehouse_id=note.warehouse_id,
        priority=note.priority,
        release_date=note.release_date,
        created_on=now,
        created_by=reference.API_USER_ID,
        sequence=note.sequence,
        rows=note.rows,
        shipping_method_id=note.shipping_method_id,
        transfer=note.transfer,
        channel_id=note.channel_id,
        events=[(now, reference.API_USER_ID, "PLA")],
        event_version=account.sequences.next("event_version"),
    )
    account.goods_out[new.id] = new
    account.goods_out_by_order[order.id].append(new.id)
    account.touch(order)
    refresh(account, order)
    account.emit("goods-out-note", new.id, "created")
    return new
