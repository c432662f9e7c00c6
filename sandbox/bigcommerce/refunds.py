"""Refunding an order: the quote, the refund, its payment later, and taking it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from sandbox.bigcommerce import payments, reference, refund_pricing
from sandbox.bigcommerce.formats import ZERO
from sandbox.bigcommerce.order_records import Order
from sandbox.bigcommerce.refund_pricing import RefundOption, RefundRefused, in_force
from sandbox.bigcommerce.refund_records import Refund, RefundItem, RefundPayment
from sandbox.bigcommerce.store import Store

DECLINED = "The gateway declined the refund."
STATUSES = frozenset({reference.REFUNDED, reference.PARTIALLY_REFUNDED})
RefundOutcome = Literal["ok", "declined", "pending"]


@dataclass(slots=True)
class Draft:
    """A refund that was worked out, not made."""

    items: list[RefundItem]
    amount: Decimal
    tax: Decimal
    calculated_tax: Decimal
    cut: Decimal = ZERO
    """Below zero: what was asked for beyond what is left."""
    is_override: bool = False
    is_tax_adjustment: bool = False
    reason: str = ""


def draft(
    store: Store,
    order: Order,
    items: list[RefundItem],
    *,
    tax_adjustment: Decimal = ZERO,
    override: tuple[Decimal, Decimal] | None = None,
) -> Draft:
    """Work out a refund of items, or of overcharged tax alone.

    In: `override` is the merchant's own total and tax.
    Raises: RefundRefused.
    """
    if payments.paid(order) <= 0:
        raise RefundRefused("The order has not been paid.")
    refund_pricing.price(store, order, items)
    amount = sum((item.amount for item in items), ZERO) + tax_adjustment
    tax = sum((item.tax for item in items), ZERO) + tax_adjustment
    if tax_adjustment and override is None and tax_adjustment != refund_pricing.overcharged(order):
        raise RefundRefused("The amount is not the tax overcharged.", "tax_adjustment_amount")
    made = Draft(items, amount, tax, tax, is_tax_adjustment=bool(tax_adjustment))
    made.reason = next((item.reason for item in items if item.reason), "")
    if override is not None:
        made.amount, made.tax = override
        made.is_override = True
    left = refund_pricing.refundable(order)
    if made.amount > left:
        if store.switches.refund_over_limit == "refuse" or made.is_override:
            raise RefundRefused(f"The amount exceeds the {left:.2f} left to refund.")
        made.cut, made.amount = left - made.amount, left
    has_units = any(item.kind == "PRODUCT" for item in made.items)
    if made.amount < 0 or not (made.amount or (made.is_override and has_units)):
        raise RefundRefused("There is nothing to refund.")
    return made


def check_turn(store: Store, order: Order) -> None:
    """Refunds of one order go one at a time.

    Raises: RefundRefused while the payment of another one is pending.
    """
    if store.switches.second_refund != "accept" and any(r.is_pending for r in order.refunds):
        raise RefundRefused("Another refund of the order is being processed.")


def create(  # noqa: PLR0913 - a refund is made of all of these
    store: Store,
    order: Order,
    made: Draft,
    options: Sequence[RefundOption],
    *,
    outcome: RefundOutcome | None = None,
    user_id: int = 0,
    currency: str = "",
) -> Refund:
    """Make a refund that was drafted; the gateway answers at once, later, or on a control.

    In: `outcome` instead of what the switches say; `pending` waits for the controls.
    """
    refund = Refund(
        id=store.sequences.next("refund"),
        order_id=order.id,
        user_id=user_id,
        created_at=store.now(),
        reason=made.reason,
        amount=made.amount,
        tax=made.tax,
        calculated_tax=made.calculated_tax,
        is_override=made.is_override,
        is_tax_adjustment=made.is_tax_adjustment,
        currency=currency,
        items=made.items,
        payments=[
            RefundPayment(
                id=store.sequences.next("refund_payment"),
                provider_id=option.provider_id,
                description=option.description,
                amount=option.amount,
                is_offline=option.is_offline,
            )
            for option in options
        ],
    )
    order.refunds.append(refund)
    store.refunds[refund.id] = refund
    _move_pieces(store, order, refund, 1)
    data = {"type": "order", "id": order.id, "refund": {"refund_id": refund.id}}
    store.emit("store/order/refund/created", data)
    _move_status(store, order)
    _execute(store, refund, outcome)
    return refund


def _move_pieces(store: Store, order: Order, refund: Refund, sign: int) -> None:
    """Count pieces as refunded, or (sign -1) no more. Stock moves if the store works that way."""
    lines = {line.id: line for line in order.lines}
    for item in refund.items:
        line = lines.get(item.item_id)
        if item.kind != "PRODUCT" or line is None:
            continue
        line.quantity_refunded += sign * item.quantity
        gives_back = sign > 0 and order.holds_stock
        if gives_back and store.switches.refund_order_stock_adjustment:
            pieces = item.quantity
        else:
            pieces = -min(line.restocked, item.quantity) if sign < 0 else 0
        line.restocked += pieces
        store.stock.take(line.variant_id, -pieces, "refund", str(order.id))


def _move_status(store: Store, order: Order) -> None:
    """Status and payment status by how much is back; as they were when nothing is any more."""
    if order.before_refunds is None:
        order.before_refunds = (order.status_id, order.payment_status)
    status_id, _ = order.before_refunds
    has_refunds = any(True for _ in in_force(order))
    if has_refunds:
        is_whole = refund_pricing.refundable(order) <= 0
        status_id = reference.REFUNDED if is_whole else reference.PARTIALLY_REFUNDED
    elif order.status_id not in STATUSES:
        status_id = order.status_id
    _update_payment_status(order)
    if not has_refunds:
        order.before_refunds = None
    if status_id != order.status_id and store.switches.refund_moves_status:
        store.set_status(order, status_id)
    else:
        store.touch(order)


def _update_payment_status(order: Order) -> None:
    """By the money that is back or on its way."""
    if order.before_refunds is None:
        return
    committed = sum((refund.committed for refund in order.refunds), ZERO)
    if committed <= 0:
        order.payment_status = order.before_refunds[1]
    elif committed < payments.paid(order):
        order.payment_status = "partially refunded"
    else:
        order.payment_status = "refunded"
    order.cache.clear()


def _execute(store: Store, refund: Refund, outcome: RefundOutcome | None) -> None:
    answer: RefundOutcome = outcome or store.switches.refund_payments
    delay_s = store.switches.refund_payment_delay_s
    for payment in refund.payments:
        if payment.is_offline:
            settle(store, refund, [payment], ok=True)
    online = [payment for payment in refund.payments if payment.is_declined is None]
    if answer == "pending" or not online:
        return
    is_ok = answer == "ok"
    if not delay_s:
        settle(store, refund, online, ok=is_ok)
        return

    def answers(moment: datetime) -> None:
        with store.as_of(moment):
            settle(store, refund, online, ok=is_ok)

    store.timers.at(store.now() + timedelta(seconds=delay_s), answers)


def settle(store: Store, refund: Refund, payments: Sequence[RefundPayment], *, ok: bool) -> None:
    """The gateway answers. Payments that are settled by now, or undone, stay as they are."""
    order = store.orders[refund.order_id]
    waiting = [payment for payment in payments if payment.is_declined is None]
    if store.refunds.get(refund.id) is not refund or not waiting:
        return
    for payment in waiting:
        _pay(store, refund, payment, ok=ok)
    if not ok and all(payment.is_declined for payment in refund.payments):
        _declined(store, order, refund)
    _update_payment_status(order)
    if store.switches.refund_settling_touches_order:
        store.touch(order)


def _pay(store: Store, refund: Refund, payment: RefundPayment, *, ok: bool) -> None:
    order = store.orders[refund.order_id]
    known = {tender.provider_id: tender for tender in refund_pricing.tenders(order)}
    tender = known.get(payment.provider_id)
    method = tender.method if tender else payments.method_named(payment.description)
    row = payments.add_transaction(
        store, order, "refund", method, payment.amount, ok=ok,
        reference_id=tender.row.id if tender else None,
        currency=refund.currency,
    )  # fmt: skip
    payment.is_declined = not ok
    if ok:
        payment.transaction_id = row.id
    else:
        payment.declined_message = DECLINED


def _declined(store: Store, order: Order, refund: Refund) -> None:
    if store.switches.declined_refund == "given_up":
        refund.is_given_up = True
        _move_pieces(store, order, refund, -1)
        _move_status(store, order)


def decline(store: Store, refund: Refund) -> None:
    """The payment comes back, also one that was thought to be done: its row goes away."""
    order = store.orders[refund.order_id]
    if refund.is_given_up:
        return
    _drop_rows(order, refund)
    for payment in refund.payments:
        payment.is_declined, payment.transaction_id = None, None
    settle(store, refund, refund.payments, ok=False)
    store.touch(order)


def undo(store: Store, refund: Refund) -> None:
    """Make a refund vanish with all it did; other refunds of the order stay."""
    order = store.orders[refund.order_id]
    _drop_rows(order, refund)
    order.refunds.remove(refund)
    del store.refunds[refund.id]
    if not refund.is_given_up:
        _move_pieces(store, order, refund, -1)
    _move_status(store, order)


def _drop_rows(order: Order, refund: Refund) -> None:
    gone = {payment.transaction_id for payment in refund.payments}
    order.transactions = [row for row in order.transactions if row.id not in gone]
    order.cache.clear()
