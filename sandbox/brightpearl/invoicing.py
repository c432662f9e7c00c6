"""Closing orders and credits: asking is quick, the invoice comes later."""

from datetime import datetime, timedelta
from functools import partial

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.formats import require_moment
from sandbox.brightpearl.order_edits import editable
from sandbox.brightpearl.order_state import is_cancelled
from sandbox.brightpearl.records import Order
from sandbox.brightpearl.routing import Call, Incoming, Routes, done
from sandbox.kit.routing import Reply

routes = Routes()


class CloseIn(Incoming):
    """Body of a close."""

    tax_date: str | None = None


@routes("POST", "/order-service/sales-order/{id}/close")
def close_sales_order(account: Account, call: Call) -> Reply:
    """Starts invoicing; repeatable while pending, refused afterwards."""
    return _close(account, call, "SO")


@routes("POST", "/order-service/sales-credit/{id}/close")
def close_sales_credit(account: Account, call: Call) -> Reply:
    """The same for a credit."""
    return _close(account, call, "SC")


def _close(account: Account, call: Call, type_code: str) -> Reply:
    order = editable(account, call, type_code)
    body = call.read(CloseIn) if call.raw_body.strip() else CloseIn()
    if body.tax_date:
        order.tax_date = require_moment(body.tax_date, "taxDate", account.zone)
    start_invoicing(account, order)
    return done()


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
