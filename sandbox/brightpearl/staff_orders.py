"""What staff do to an order in the account's screens: rows, status, address, money, deletion."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from pydantic import Field

from sandbox.brightpearl import drop_ship, reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.addresses import AddressIn
from sandbox.brightpearl.automation import allocate
from sandbox.brightpearl.formats import money
from sandbox.brightpearl.goods_out import destroy
from sandbox.brightpearl.order_rows import RowIn, append_row, remove_row, replace_row, require_open
from sandbox.brightpearl.order_state import (
    is_cancelled,
    order_changed,
    paid_total,
    refresh,
    start_invoicing,
)
from sandbox.brightpearl.orders import NoteIn, add_note, change_status, check_status
from sandbox.brightpearl.payments import PaymentIn, record, remove
from sandbox.brightpearl.records import Order
from sandbox.brightpearl.refusals import refuse
from sandbox.brightpearl.reservations import release, release_all
from sandbox.brightpearl.staff import RowKey, find_row, order_of
from sandbox.kit.controls import ControlBody


class StaffPayment(ControlBody):
    """A payment on an order or credit; without an amount, all that is still owed.

    `delete` takes a payment away by its id instead.
    """

    order_id: int | None = None
    external_ref: str | None = None
    amount: Decimal | None = Field(default=None, ge=0)
    method: str = "CARD"
    type: str | None = None
    transaction_ref: str | None = None
    delete: int | None = None


def take_payment(account: Account, wanted: StaffPayment) -> dict[str, Any]:
    """Record the payment: a receipt on a sales order, money out on a credit."""
    if wanted.delete is not None:
        payment = remove(account, wanted.delete)
        return {"payment_id": payment.id, "deleted": True}
    order = order_of(account, wanted.order_id, wanted.external_ref)
    owed = max(Decimal(0), money(order.net + order.tax) - paid_total(account, order))
    amount = owed if wanted.amount is None else wanted.amount
    usual = "PAYMENT" if order.type_code == "SC" else "RECEIPT"
    payment = record(
        account,
        PaymentIn(
            payment_method_code=wanted.method,
            payment_type=wanted.type or usual,
            order_id=order.id,
            currency_iso_code=order.currency_code,
            payment_date=account.now().isoformat(),
            transaction_ref=wanted.transaction_ref,
            amount_paid=amount,
            amount_authorized=amount,
        ),
        by_staff=True,
    )
    return {"payment_id": payment.id, "payment_status": order.payment_status}


class RowEdit(ControlBody):
    """What is new about a row. Money follows a new quantity in proportion unless given."""

    id: int | None = None
    external_ref: str | None = None
    sku: str | None = None
    quantity: Decimal | None = None
    net: Decimal | None = None
    tax: Decimal | None = None

    @property
    def key(self) -> RowKey:
        """What the row is found by."""
        return self.id or self.external_ref or self.sku or 0


class OrderEdit(ControlBody):
    """Everything staff may do to an order or credit; parts left out are left alone.

    `delivery_address` and `add_rows` have the API's own field names.
    """

    order_id: int | None = None
    external_ref: str | None = None
    status_id: int | None = None
    cancel: bool = False
    hold: bool = False
    note: str | None = None
    delivery_address: AddressIn | None = None
    rows: list[RowEdit] = Field(default_factory=list)
    remove_rows: list[RowKey] = Field(default_factory=list)
    add_rows: list[RowIn] = Field(default_factory=list)
    allocate: bool = False
    release: bool = False
    close: bool = False
    delete: bool = False


def edit(account: Account, wanted: OrderEdit) -> dict[str, Any]:
    """Change an order as staff would; answers its id and state."""
    order = order_of(account, wanted.order_id, wanted.external_ref)
    if wanted.delete:
        delete_order(account, order)
        return {"order_id": order.id, "deleted": True}
    _change_rows(account, order, wanted)
    if wanted.delivery_address is not None:
        _change_address(account, order, wanted.delivery_address)
    if wanted.release:
        release_all(account, order)
        refresh(account, order)
    if wanted.allocate:
        allocate(account, order)
    for status_id in _statuses(order, wanted):
        check_status(status_id, order.type_code)
        change_status(account, order, status_id)
    if wanted.note is not None:
        add_note(account, order, NoteIn(text=wanted.note))
    if wanted.close:
        require_open(order)
        start_invoicing(account, order)
    return {
        "order_id": order.id,
        "status_id": order.status_id,
        "cancelled": is_cancelled(order),
        "allocation": order.allocation_status,
        "payment": order.payment_status,
        "rows": {row.id: str(row.quantity) for row in order.rows.values()},
    }


def _statuses(order: Order, wanted: OrderEdit) -> list[int]:
    chosen = [] if wanted.status_id is None else [wanted.status_id]
    if wanted.hold:
        chosen.append(reference.HOLD_STATUS)
    if wanted.cancel:
        chosen.append(reference.CANCELLED_STATUS.get(order.type_code, 0))
    return chosen


def _change_rows(account: Account, order: Order, wanted: OrderEdit) -> None:
    if not (wanted.rows or wanted.remove_rows or wanted.add_rows):
        return
    require_open(order)
    for row in wanted.rows:
        _change_row(account, order, row)
    for key in wanted.remove_rows:
        remove_row(account, order, find_row(order, key).id)
    for added in wanted.add_rows:
        append_row(account, order, added)


def _change_row(account: Account, order: Order, wanted: RowEdit) -> None:
    row = find_row(order, wanted.key)
    quantity = row.quantity if wanted.quantity is None else wanted.quantity
    share = quantity / row.quantity
    net = money(row.net * share) if wanted.net is None else wanted.net
    tax = money(row.tax * share) if wanted.tax is None else wanted.tax
    replace_row(account, order, replace(row, quantity=quantity, net=net, tax=tax))


def _change_address(account: Account, order: Order, sent: AddressIn) -> None:
    """Parts of the address that are given take the place of the old ones."""
    new = sent.to_address()
    given = {name for name in new.__slots__ if getattr(new, name)}
    order.delivery_address = replace(
        order.delivery_address, **{name: getattr(new, name) for name in given}
    )
    order_changed(account, order)


def delete_order(account: Account, order: Order) -> None:
    """The order is gone, its id is never used again; refused once goods have left or come in."""
    notes = [account.goods_out[number] for number in account.goods_out_by_order[order.id]]
    supplied = [account.drop_ship[number] for number in account.drop_ship_by_order[order.id]]
    left = any(note.shipped for note in notes) or any(note.shipped for note in supplied)
    if left or account.goods_in_by_order[order.id]:
        refuse("ORDB-914", f"Goods of order {order.id} have moved")
    for note in notes:
        destroy(account, note)
    for other in supplied:
        drop_ship.destroy(account, other)
    for row_id in list(order.rows):
        release(account, order, row_id)
        account.order_by_row.pop(row_id, None)
    del account.orders[order.id]
    account.orders_by_change.pop(order.id, None)
    account.deleted_orders[order.id] = order
    if order.external_ref is not None:
        account.orders_by_external_ref[order.external_ref].remove(order.id)
        key = (order.type_code, order.external_ref, order.instance_id or 0)
        if not account.switches.deleted_order_keeps_key:
            account.order_by_key.pop(key, None)
    account.orders_by_ref[order.ref].remove(order.id)
    if order.parent_id:
        account.orders_by_parent[order.parent_id].remove(order.id)
