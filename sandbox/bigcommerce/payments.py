"""What the payment gateway says of an order, and what follows for its status."""

import contextlib
from datetime import datetime, timedelta
from decimal import Decimal

from sandbox.bigcommerce import reference, transactions
from sandbox.bigcommerce.aftersales import ZERO
from sandbox.bigcommerce.basket import Outcome
from sandbox.bigcommerce.records import Order, Transaction
from sandbox.bigcommerce.reference import PaymentMethod
from sandbox.bigcommerce.store import Store

UNPAID = frozenset(
    {
        reference.INCOMPLETE,
        reference.PENDING,
        reference.DECLINED,
        reference.AWAITING_PAYMENT,
    }
)
"""Statuses that a payment moves on; an order that is shipped already stays so."""


class PaymentRefused(Exception):  # noqa: N818 - a verdict, with its reason for people
    """The payment is not in a state that allows the action."""


def method_of(order: Order) -> PaymentMethod:
    """How the order is paid, besides store credit and gift certificate."""
    return transactions.method_named(order.payment_method)


def pay_at_checkout(store: Store, order: Order, outcome: Outcome) -> None:
    """What happens at the end of checkout. Store credit and gift certificate are used first."""
    if outcome not in {"pending", "declined"}:
        _spend_credit(store, order)
    if order.due <= 0 and outcome in {"captured", "authorized", "offline"}:
        _finish(store, order, "captured")
        return
    match outcome:
        case "captured":
            capture(store, order)
        case "authorized":
            transactions.write(store, order, "authorization", method_of(order), order.due)
            order.payment_status = "authorized"
            store.set_status(order, reference.AWAITING_PAYMENT)
        case "declined":
            decline(store, order)
        case "offline":
            order.payment_status = ""
            store.set_status(order, reference.AWAITING_PAYMENT)
        case "pending":
            pass


def _spend_credit(store: Store, order: Order) -> None:
    """Take what the store keeps for the shopper, unless that is done."""
    if any(row.method_name in transactions.INTERNAL for row in order.transactions):
        return
    for method, amount in (
        (reference.GIFT_CERTIFICATE, order.gift_certificate),
        (reference.STORE_CREDIT, order.store_credit),
    ):
        if amount:
            transactions.write(store, order, "purchase", method, amount)


def capture(store: Store, order: Order, amount: Decimal | None = None) -> None:
    """Take the money, or part of it: of an authorisation, or at once.

    Raises: PaymentRefused when it is paid, void or declined already, or the amount is too much.
    """
    if order.payment_status not in {"", "authorized", "pending", "capture pending"}:
        raise PaymentRefused(f"the payment is {order.payment_status!r}")
    _spend_credit(store, order)
    held = transactions.last(order, "authorization")
    rest = _rest(order, held)
    taken = _part(rest, amount)
    if taken:
        event, of = ("capture", held.id) if held else ("purchase", None)
        transactions.write(store, order, event, method_of(order), taken, reference_id=of)
        if held and store.switches.capture_settles:
            transactions.write(store, order, "settled", method_of(order), taken, reference_id=of)
    if taken == rest or store.switches.partial_capture_pays:
        _finish(store, order, "captured")
    else:
        order.payment_status = "authorized" if held else ""
        store.touch(order)


def _by_gateway(order: Order) -> Decimal:
    rows = transactions.money_in(order)
    return sum((row.amount for row in rows if row.method_name not in transactions.INTERNAL), ZERO)


def _rest(order: Order, held: Transaction | None) -> Decimal:
    """What may still be taken: what is due, but no more than what is held."""
    rest = order.due - _by_gateway(order)
    if held is not None:
        captured = [
            row.amount for row in transactions.money_in(order) if row.reference_id == held.id
        ]
        rest = min(rest, held.amount - sum(captured, ZERO))
    return max(rest, ZERO)


def _part(rest: Decimal, amount: Decimal | None) -> Decimal:
    if amount is None:
        return rest
    if not 0 < amount <= rest:
        raise PaymentRefused(f"of {amount} only {rest} can be taken")
    return amount


def settle_by_hand(store: Store, order: Order, amount: Decimal | None = None) -> None:
    """Staff note that an offline payment came in, or part of it; no gateway is involved.

    Raises: PaymentRefused when it is paid already, or the amount is too much.
    """
    if order.payment_status not in {"", "pending", "authorized", "declined", "void"}:
        raise PaymentRefused("the order is paid")
    rest = max(order.due - _by_gateway(order), ZERO)
    part = _part(rest, amount)
    if part:
        transactions.write(store, order, "settled", method_of(order), part)
    if part == rest:
        _finish(store, order, "paid")
    else:
        store.touch(order)


def add(  # noqa: PLR0913 - a row is made of all of these
    store: Store, order: Order, event: str, method: str, amount: Decimal | None, *, ok: bool
) -> None:
    """A further row, such as for what an edit added. The order's status stays.

    In: `method` is empty for the order's own; without `amount` it is what is due and not in yet.
    Raises: PaymentRefused when no amount is left.
    """
    if amount is None:
        amount = order.totals.inc - transactions.paid(order)
    if amount <= 0:
        raise PaymentRefused("there is no amount to add")
    how = transactions.method_named(method or order.payment_method)
    transactions.write(store, order, event, how, amount, ok=ok)
    store.touch(order)


def decline(store: Store, order: Order) -> None:
    """The gateway refuses the payment."""
    transactions.write(store, order, "purchase", method_of(order), order.due, ok=False)
    order.payment_status = "declined"
    store.set_status(order, reference.DECLINED)


def void(store: Store, order: Order) -> None:
    """Give up an authorisation, or what is left of it after captures.

    Raises: PaymentRefused when there is none.
    """
    held = transactions.last(order, "authorization")
    if held is None or order.payment_status not in {"authorized", "void pending"}:
        raise PaymentRefused(f"the payment is {order.payment_status!r}")
    captured = [row.amount for row in transactions.money_in(order) if row.reference_id == held.id]
    rest = held.amount - sum(captured, ZERO)
    transactions.write(store, order, "void", method_of(order), rest, reference_id=held.id)
    if captured:
        _finish(store, order, "captured")
    else:
        order.payment_status = "void"
        store.set_status(order, reference.CANCELLED)


def start(store: Store, order: Order, action: str) -> None:
    """Capture or void as over the API: later, where the gateway takes its time.

    Raises: PaymentRefused.
    """
    act = {"capture": capture, "void": void}[action]
    delay_s = store.switches.capture_delay_s
    if order.payment_status != "authorized":
        raise PaymentRefused(f"the payment is {order.payment_status!r}")
    if not delay_s:
        act(store, order)
        return
    order.payment_status = f"{action} pending"
    store.touch(order)

    def answer(moment: datetime) -> None:
        # Meanwhile staff may have settled it by hand: then there is nothing left to do.
        with store.as_of(moment), contextlib.suppress(PaymentRefused):
            act(store, order)

    store.timers.at(store.now() + timedelta(seconds=delay_s), answer)


def _finish(store: Store, order: Order, payment_status: str) -> None:
    order.payment_status = payment_status
    if order.status_id in UNPAID:
        is_digital = order.lines and all(line.type == "digital" for line in order.lines)
        done = reference.COMPLETED if is_digital else reference.AWAITING_FULFILLMENT
        store.set_status(order, done)
    else:
        store.touch(order)
