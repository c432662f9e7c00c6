"""What staff do about returns in the account's screens: credits, goods that come back."""

from decimal import Decimal
from typing import Any

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.formats import money
from sandbox.brightpearl.goods_in import GoodsInIn, GoodsMovedIn, UnitCostIn, receive
from sandbox.brightpearl.order_rows import RowIn, new_rows
from sandbox.brightpearl.order_state import received_units, tracked_rows
from sandbox.brightpearl.orders import NoteIn, add_note
from sandbox.brightpearl.records import ZERO, Order, OrderRow
from sandbox.brightpearl.refusals import refuse
from sandbox.brightpearl.sales_orders import place
from sandbox.brightpearl.staff import RowKey, copy_header, find_row, order_of, product_of
from sandbox.kit.controls import ControlBody


class CreditRow(ControlBody):
    """Units of a product by SKU, or free text by `name`; net and tax are row totals.

    Money left out is that of the parent's row of the same SKU, in proportion to the units.
    """

    sku: str | None = None
    name: str | None = None
    quantity: Decimal = Decimal(1)
    net: Decimal | None = None
    tax: Decimal | None = None
    tax_code: str | None = None
    nominal_code: str | None = None


class StaffCredit(ControlBody):
    """A sales credit for an order; without rows, for all of it."""

    order_id: int | None = None
    external_ref: str | None = None
    has_parent: bool = True
    ref: str | None = None
    rows: list[CreditRow] = Field(default_factory=list)
    note: str | None = None


def create_credit(account: Account, wanted: StaffCredit) -> dict[str, Any]:
    """Make the credit as the screens do: rows carry no external reference, nor does the credit."""
    order = order_of(account, wanted.order_id, wanted.external_ref)
    if order.type_code != "SO":
        refuse("ORDC-914", f"Order {order.id} is no sales order")
    credit = copy_header(account, order, "SC")
    if not wanted.has_parent:
        credit.parent_id = 0
    credit.ref = order.ref if wanted.ref is None else wanted.ref
    rows = [_row(account, order, row) for row in wanted.rows] or _everything(order)
    credit.rows = {row.id: row for row in new_rows(account, rows)}
    place(account, credit)
    if wanted.note is not None:
        add_note(account, credit, NoteIn(text=wanted.note))
    return {
        "credit_id": credit.id,
        "parent_id": credit.parent_id,
        "status_id": credit.status_id,
        "rows": {row.id: row.sku or row.name for row in credit.rows.values()},
    }


def _everything(order: Order) -> list[RowIn]:
    return [
        RowIn(
            product_id=row.product_id,
            name=row.name,
            quantity=row.quantity,
            tax_code=row.tax_code,
            net=row.net,
            tax=row.tax,
            nominal_code=row.nominal_code,
        )
        for row in order.rows.values()
        if row.parent_row_id is None
    ]


def _row(account: Account, order: Order, wanted: CreditRow) -> RowIn:
    product_id = product_of(account, wanted.sku).id if wanted.sku else None
    sold = next((row for row in order.rows.values() if wanted.sku and row.sku == wanted.sku), None)
    net, tax = _value(sold, wanted.quantity)
    return RowIn(
        product_id=product_id,
        name=wanted.name,
        quantity=wanted.quantity,
        tax_code=wanted.tax_code or (sold.tax_code if sold else next(iter(reference.TAX_CODES))),
        net=net if wanted.net is None else wanted.net,
        tax=tax if wanted.tax is None else wanted.tax,
        nominal_code=wanted.nominal_code,
    )


def _value(sold: OrderRow | None, quantity: Decimal) -> tuple[Decimal, Decimal]:
    if sold is None:
        return ZERO, ZERO
    share = quantity / sold.quantity
    return money(sold.net * share), money(sold.tax * share)


class Receipt(ControlBody):
    """Goods that came back for a credit (or in, for a purchase order): units by row.

    A row is named by id or SKU; without rows, all that is still to come.
    """

    order_id: int
    rows: dict[RowKey, int] = Field(default_factory=dict)
    warehouse_id: int = reference.DEFAULT_WAREHOUSE
    quarantine: bool = False
    batch_reference: str | None = None


def receive_goods(account: Account, wanted: Receipt) -> dict[str, Any]:
    """Book the goods in; answers the note's id."""
    order = account.order(wanted.order_id)
    location = reference.DEFAULT_LOCATION
    if wanted.quarantine:
        location = reference.QUARANTINE_LOCATIONS.get(wanted.warehouse_id, 0)
    moved = [
        GoodsMovedIn(
            product_id=row.product_id or 0,
            purchase_order_row_id=row.id,
            quantity=units,
            destination_location_id=location,
            product_value=UnitCostIn(currency=reference.BASE_CURRENCY, value=ZERO),
        )
        for row, units in _units(account, order, wanted)
    ]
    body = GoodsInIn(
        warehouse_id=wanted.warehouse_id,
        goods_moved=moved,
        user_batch_reference=wanted.batch_reference,
    )
    note = receive(account, order, body)
    return {"goods_in_note_id": note.id, "stock_status": order.stock_status}


def _units(account: Account, order: Order, wanted: Receipt) -> list[tuple[OrderRow, int]]:
    if wanted.rows:
        return [(find_row(order, key), units) for key, units in wanted.rows.items()]
    received = received_units(account, order)
    left = [
        (row, int(row.quantity) - received.get(row.id, 0)) for row in tracked_rows(account, order)
    ]
    found = [(row, units) for row, units in left if units > 0]
    if not found:
        refuse("WHSC-917", f"Order {order.id} has no goods left to receive")
    return found
