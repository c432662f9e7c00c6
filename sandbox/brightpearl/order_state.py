"""The state of an order: four status codes, computed from payments and notes, and the invoice."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.formats import money
from sandbox.brightpearl.records import ZERO, Order, OrderRow, Payment

_FORWARD = frozenset({"RECEIPT", "CAPTURE"})


def is_cancelled(order: Order) -> bool:
    """Whether the order's status is a cancelled one. Says nothing of its stock or money."""
    return reference.STATUSES[order.status_id].state == "cancelled"


def tracked_rows(account: Account, order: Order) -> list[OrderRow]:
    """Rows whose product keeps stock."""
    return [row for row in order.rows.values() if is_tracked(account, row)]


def is_tracked(account: Account, row: OrderRow) -> bool:
    """Whether the row's product keeps stock."""
    product = account.products.get(row.product_id or 0)
    return product is not None and product.stock_tracked


def units_on_notes(account: Account, order: Order, *, shipped_only: bool = False) -> dict[int, int]:
    """Units on goods-out notes and drop-ship notes by row id."""
    units: dict[int, int] = {}
    for note_id in account.drop_ship_by_order.get(order.id, ()):
        supplied = account.drop_ship[note_id]
        if supplied.shipped or not shipped_only:
            for row_id, (_, quantity) in supplied.rows.items():
                units[row_id] = units.get(row_id, 0) + quantity
    for note_id in account.goods_out_by_order.get(order.id, ()):
        note = account.goods_out[note_id]
        if shipped_only and not note.shipped:
            continue
        for row_id, parts in note.rows.items():
            units[row_id] = units.get(row_id, 0) + sum(quantity for _, quantity, _ in parts)
    return units


def received_units(account: Account, order: Order) -> dict[int, int]:
    """Units on goods-in notes by row id; for purchases also what suppliers send customers."""
    units: dict[int, int] = {}
    if order.type_code == "PO":
        for note_id in account.drop_ship_by_order.get(order.id, ()):
            for row_id, quantity in account.drop_ship[note_id].purchase_rows.items():
                units[row_id] = units.get(row_id, 0) + quantity
    for note_id in account.goods_in_by_order.get(order.id, ()):
        for row_id, parts in account.goods_in[note_id].rows.items():
            units[row_id] = units.get(row_id, 0) + sum(quantity for _, quantity, _ in parts)
    return units


def settled_units(account: Account, order: Order) -> dict[int, int]:
    """Units by row id on goods notes: out for sales, in for credits and purchases."""
    return (
        units_on_notes(account, order)
        if order.type_code == "SO"
        else received_units(account, order)
    )


def reserved_units(account: Account, order: Order) -> dict[int, int]:
    """Units reserved by row id."""
    reservation = account.reservations.get(order.id)
    return (
        {} if reservation is None else {row: units for row, (_, units) in reservation.rows.items()}
    )


def paid_total(account: Account, order: Order) -> Decimal:
    """Money in less money out, in the order's currency; for credits the other way round."""
    total = ZERO
    for payment_id in account.payments_by_order.get(order.id, ()):
        payment = account.payments[payment_id]
        if payment.type_code in _FORWARD:
            total += _in_currency_of(order, payment)
        elif payment.type_code == "PAYMENT":
            total -= _in_currency_of(order, payment)
    return -total if order.type_code in {"SC", "PO"} else total


def _in_currency_of(order: Order, payment: Payment) -> Decimal:
    """The amount by way of the base currency where the two differ (our reading)."""
    if payment.currency_code == order.currency_code:
        return payment.amount_paid
    return money(payment.amount_paid / payment.exchange_rate * order.exchange_rate)


def refresh(account: Account, order: Order) -> None:
    """Set the four codes; fires `order.modified.fully-shipped` when the last unit has left."""
    order.payment_status = _payment_status(account, order)
    rows = tracked_rows(account, order)
    if not rows:
        order.stock_status, order.allocation_status, order.shipping_status = "NON", "ANR", "NST"
        return
    settled = settled_units(account, order)
    order.stock_status = order.type_code + _level_code(rows, settled)
    if order.type_code != "SO":
        return
    held = reserved_units(account, order)
    allocated = {row.id: settled.get(row.id, 0) + held.get(row.id, 0) for row in rows}
    order.allocation_status = {"N": "ANA", "P": "APA", "A": "AAA"}[_level_code(rows, allocated)]
    was_shipped = order.shipping_status == "ASS"
    shipped = _level_code(rows, units_on_notes(account, order, shipped_only=True))
    order.shipping_status = {"N": "SNS", "P": "SPS", "A": "ASS"}[shipped]
    if order.shipping_status == "ASS" and not was_shipped:
        account.emit("order", order.id, "modified", "fully-shipped")


def _payment_status(account: Account, order: Order) -> str:
    total = money(order.net + order.tax)
    paid = paid_total(account, order)
    if total == 0:
        return "NOT_APPLICABLE"
    if paid <= 0:
        return "UNPAID"
    return "PAID" if paid >= total else "PARTIALLY_PAID"


def _level_code(rows: list[OrderRow], units: dict[int, int]) -> str:
    have = sum(units.get(row.id, 0) for row in rows)
    if have == 0:
        return "N"
    return "A" if all(units.get(row.id, 0) >= row.quantity for row in rows) else "P"


def start_invoicing(account: Account, order: Order) -> None:
    """Make the invoice pending, unless it is already."""
    if order.invoice_due_at is None:
        order.invoice_due_at = account.now() + timedelta(seconds=account.switches.invoicing_delay_s)
        account.timers.at(order.invoice_due_at, partial(_invoice, account, order))


def _invoice(account: Account, order: Order, moment: datetime) -> None:
    """The invoice is there, unless the order was deleted meanwhile. Fires a status change."""
    if order.id not in account.orders:
        return
    prefix = "SC" if order.type_code == "SC" else "SI"
    order.invoice_reference = f"{prefix}-{account.sequences.next('invoice')}"
    order.closed_on = moment
    if not is_cancelled(order):
        order.status_id = reference.INVOICED_STATUS.get(order.type_code, order.status_id)
    account.touch(order)
    account.emit("order", order.id, "modified", "order-status")


def order_changed(account: Account, order: Order) -> None:
    """Bring the statuses of a changed order up to date, and emit `order.modified`."""
    account.touch(order)
    refresh(account, order)
    account.emit("order", order.id, "modified")
