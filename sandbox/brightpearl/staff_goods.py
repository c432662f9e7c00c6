"""What staff do with goods in the account's screens: pick, pack, ship."""

from typing import Any

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
    record_event,
)
from sandbox.brightpearl.order_state import noted_units, tracked_rows
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.staff import Control, order_of


class Shipment(Control):
    """Rows by id with units; without rows, everything that is left."""

    order_id: int | None = None
    external_ref: str | None = None
    warehouse_id: int = reference.DEFAULT_WAREHOUSE
    rows: dict[int, int] = Field(default_factory=dict)
    tracking: str = ""
    shipping_method_id: int | None = None
    leave: bool = True


def ship(account: Account, wanted: Shipment) -> dict[str, Any]:
    """Make a goods-out note and, unless told otherwise, send it off."""
    order = order_of(account, wanted.order_id, wanted.external_ref)
    noted = noted_units(account, order)
    units = wanted.rows or {
        row.id: int(row.quantity) - noted.get(row.id, 0) for row in tracked_rows(account, order)
    }
    if not set(units) <= set(order.rows):
        not_found(f"Order {order.id} has not all of these rows")
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
    entry = WarehouseIn(warehouse_id=wanted.warehouse_id, products=products)
    check_entry(account, order, entry)
    body = GoodsOutIn(warehouses=[entry], shipping_method_id=wanted.shipping_method_id)
    note = create_note(account, order, entry, body)
    note.reference = wanted.tracking
    if wanted.leave:
        sent = EventIn(event_code="SHW", occured=account.now().isoformat(), event_owner_id=4)
        record_event(account, note, sent)
    return {"goods_out_note_id": note.id, "shipped": note.shipped}
