"""What staff do when a supplier ships: the purchase order, the drop-ship note, its tracking."""

from datetime import datetime
from typing import Any

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.drop_ship import (
    DropShipEventIn,
    SuppliedIn,
    SupplierIn,
    create_note,
    describe,
    destroy,
    open_note,
    send,
)
from sandbox.brightpearl.formats import money
from sandbox.brightpearl.order_rows import RowIn, new_rows
from sandbox.brightpearl.order_state import tracked_rows, units_on_notes
from sandbox.brightpearl.records import ZERO, Contact, Order, OrderRow
from sandbox.brightpearl.refusals import refuse
from sandbox.brightpearl.sales_orders import place
from sandbox.brightpearl.staff import RowKey, copy_header, find_row, order_of
from sandbox.brightpearl.stock_records import DropShipNote
from sandbox.kit.controls import ControlBody

COST_PRICE_LIST = 1
SUPPLIER = "Straight Supplies"


class DropShipment(ControlBody):
    """Units by row that a supplier sends; with `note_id`, a change of that note instead.

    All that is left when no row is named. A new note is shipped unless `leave` is false; one
    that exists, only when `leave` is true.
    """

    order_id: int | None = None
    external_ref: str | None = None
    rows: dict[RowKey, int] = Field(default_factory=dict)
    note_id: int | None = None
    tracking: str | None = Field(default=None, max_length=reference.TRACKING_LENGTH)
    shipping_method_id: int | None = None
    leave: bool | None = None
    occurred_at: datetime | None = None
    destroy: bool = False


def drop_ship_goods(account: Account, wanted: DropShipment) -> dict[str, Any]:
    """Make a note with its purchase order, or change one; answers its state."""
    if wanted.note_id is None:
        order = order_of(account, wanted.order_id, wanted.external_ref)
        note = _create(account, order, wanted)
        leaves = wanted.leave is not False
    else:
        note = open_note(account, wanted.note_id)
        order = account.orders[note.order_id]
        leaves = bool(wanted.leave)
    if wanted.destroy:
        destroy(account, note)
    else:
        describe(note, wanted.tracking, wanted.shipping_method_id)
        if leaves:
            moment = (wanted.occurred_at or account.now()).isoformat()
            owner = reference.API_USER_ID
            event = DropShipEventIn(event_code="SHS", occured=moment, event_owner_id=owner)
            send(account, note, event)
    return {
        "order_id": order.id,
        "drop_ship_note_id": note.id,
        "purchase_order_id": note.purchase_order_id,
        "supplier_id": note.supplier_id,
        "shipped": note.shipped,
        "shipping_status": order.shipping_status,
    }


def _create(account: Account, order: Order, wanted: DropShipment) -> DropShipNote:
    units = _units(account, order, wanted)
    supplier = _supplier(account)
    purchase = _purchase(account, order, supplier, units)
    bought = {row.product_id: row.id for row in purchase.rows.values()}
    products = [
        SuppliedIn.model_validate(
            {
                "productId": row.product_id,
                "salesOrderRowId": row.id,
                "purchaseOrderRowId": bought[row.product_id],
                "quantity": count,
            }
        )
        for row, count in units
    ]
    entry = SupplierIn(supplier_id=supplier.id, purchase_order_id=purchase.id, products=products)
    return create_note(account, order, entry)


def _units(account: Account, order: Order, wanted: DropShipment) -> list[tuple[OrderRow, int]]:
    on_notes = units_on_notes(account, order)
    if wanted.rows:
        units = [(find_row(order, key), count) for key, count in wanted.rows.items()]
    else:
        units = [(row, int(row.quantity)) for row in tracked_rows(account, order)]
        units = [(row, count - on_notes.get(row.id, 0)) for row, count in units]
        units = [(row, count) for row, count in units if count > 0]
    if not units or order.type_code != "SO":
        refuse("WHSC-914", f"Order {order.id} has nothing left to ship")
    for row, count in units:
        if row.product_id is None or not 0 < count <= row.quantity - on_notes.get(row.id, 0):
            refuse("WHSC-908", f"Row {row.id} has fewer units left to ship")
    return units


def _supplier(account: Account) -> Contact:
    """The one supplier of the account, made when first needed."""
    found = next((c for c in account.contacts.values() if c.organisation == SUPPLIER), None)
    if found is not None:
        return found
    supplier = Contact(
        id=account.sequences.next("contact"),
        first_name="",
        last_name="",
        salutation="",
        address_ids={},
        emails={},
        telephones={},
        organisation=SUPPLIER,
        price_list_id=COST_PRICE_LIST,
        currency_id=reference.CURRENCIES[reference.BASE_CURRENCY][0],
        created_on=account.now(),
        is_supplier=True,
    )
    account.contacts[supplier.id] = supplier
    return supplier


def _purchase(
    account: Account, order: Order, supplier: Contact, units: list[tuple[OrderRow, int]]
) -> Order:
    """A purchase order over the units, a child of the sales order."""
    purchase = copy_header(account, order, "PO")
    purchase.contact_id = purchase.billing_contact_id = supplier.id
    purchase.currency_code = reference.BASE_CURRENCY
    purchase.exchange_rate = reference.CURRENCIES[reference.BASE_CURRENCY][2]
    purchase.price_list_id = COST_PRICE_LIST
    totals: dict[int, int] = {}
    for row, count in units:
        totals[row.product_id or 0] = totals.get(row.product_id or 0, 0) + count
    rows = [_bought(account, product_id, count) for product_id, count in totals.items()]
    purchase.rows = {row.id: row for row in new_rows(account, rows)}
    place(account, purchase)
    return purchase


def _bought(account: Account, product_id: int, count: int) -> RowIn:
    cost = account.products[product_id].prices.get(COST_PRICE_LIST, {}).get("1", ZERO)
    return RowIn(
        product_id=product_id,
        quantity=count,
        tax_code=next(iter(reference.TAX_CODES)),
        net=money(cost * count),
        tax=ZERO,
    )
