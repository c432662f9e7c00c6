"""The gateway's transactions of an order, and what follows from them for its status."""

import contextlib
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.basket import PaymentOutcome
from sandbox.bigcommerce.formats import ZERO
from sandbox.bigcommerce.order_records import Order, Transaction
from sandbox.bigcommerce.pricing import cents
from sandbox.bigcommerce.reference import PaymentMethod
from sandbox.bigcommerce.store import Store

MONEY_IN = frozenset({"purchase", "capture", "settled"})
INTERNAL = {method.name: method for method in (reference.GIFT_CERTIFICATE, reference.STORE_CREDIT)}
"""Ways of paying that the store keeps itself."""
UNPAID = frozenset(
    {
        reference.INCOMPLETE,
        reference.PENDING,
        reference.DECLINED,
        reference.AWAITING_PAYMENT,
    }
)
"""Statuses that a payment moves on; an order that is shipped already stays so."""


def method_named(name: str) -> PaymentMethod:
    """How something is paid; a name the sandbox does not know is a custom method."""
    known = reference.PAYMENT_METHODS.get(name) or INTERNAL.get(name)
    return known or PaymentMethod(name, "custom", "custom", "custom")


def add_transaction(  # noqa: PLR0913 - a row is made of all of these
    store: Store,
    order: Order,
    event: str,
    method: PaymentMethod,
    amount: Decimal,
    *,
    ok: bool = True,
    reference_id: int | None = None,
    currency: str = "",
) -> Transaction:
    """Add a row and emit its event."""
    number = store.sequences.next("transaction")
    row = Transaction(
        id=number,
        event=event,
        method=method.transaction_method,
        gateway=method.gateway,
        amount=amount,
        currency=currency or order.currency,
        created_at=store.now(),
        status="ok" if ok else "error",
        gateway_id=f"tx_{number:x}",
        reference_id=reference_id,
        method_name=method.name,
        certificate=order.gift_code if method is reference.GIFT_CERTIFICATE else "",
    )
    order.transactions.append(row)
    order.cache.clear()
    _emit(store, order, row)
    return row


def _emit(store: Store, order: Order, row: Transaction) -> None:
    """The webhook of a transaction; its ids are texts."""
    ok = row.status == "ok"
    data = {
        "type": "transaction",
        "order_id": str(order.id),
        "transaction_id": str(row.id),
        "transaction_status": "complete" if ok else "failed",
        "transaction_type": row.event,
        "result": {
            "code": row.event if ok else "declined",
            "message": row.event.capitalize() if ok else "Declined",
            "type": "success" if ok else "failure",
        },
        "platform_transaction_id": str(row.id + 788_000_000),
        "provider_transaction_id": row.gateway_id,
    }
    store.emit("store/order/transaction/created", data)


def money_in(order: Order) -> list[Transaction]:
    """Rows of money that came in.

    Rows that name one another, such as a purchase and its settlement, or an authorisation, its
    captures and theirs, are one payment. Of its events the one with the largest sum counts, the
    earliest of those where sums are equal.
    """
    rows = [row for row in order.transactions if row.status == "ok" and row.event in MONEY_IN]
    by_payment: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for row in rows:
        sums = by_payment[payment_of(order, row)]
        sums[row.event] = sums.get(row.event, ZERO) + row.counts
    counted = {number: max(sums, key=sums.__getitem__) for number, sums in by_payment.items()}
    return [row for row in rows if counted[payment_of(order, row)] == row.event]


def payment_of(order: Order, row: Transaction) -> int:
    """The id of the first row of the payment that a row belongs to."""
    by_id = {known.id: known for known in order.transactions}
    first = row
    while first.reference_id in by_id and first.reference_id != row.id:
        first = by_id[first.reference_id]
    return first.id if first.reference_id is None else first.reference_id


def paid(order: Order) -> Decimal:
    """Money that came in, each pound once."""
    return sum((row.counts for row in money_in(order)), ZERO)


def paid_back(order: Order) -> Decimal:
    """Money that went out again."""
    return sum(
        (row.counts for row in order.transactions if row.event == "refund" and row.status == "ok"),
        ZERO,
    )


def last_transaction(order: Order, event: str) -> Transaction | None:
    """The latest row of this event that succeeded."""
    rows = [row for row in order.transactions if row.event == event and row.status == "ok"]
    return rows[-1] if rows else None


class PaymentRefused(Exception):  # noqa: N818 - a verdict, with its reason for people
    """The payment is not in a state that allows the action."""


def method_of(order: Order) -> PaymentMethod:
    """How the order is paid, besides store credit and gift certificate."""
    return method_named(order.paid_by or order.payment_method)


def pay_at_checkout(store: Store, order: Order, outcome: PaymentOutcome) -> None:
    """The payment at the end of checkout. Store credit and gift certificate are used first."""
    if outcome not in {"pending", "declined"}:
        _spend_credit(store, order)
    if order.due <= 0 and outcome in {"captured", "authorized", "offline"}:
        _finish(store, order, "captured")
        return
    match outcome:
        case "captured":
            capture(store, order)
        case "authorized":
            add_transaction(store, order, "authorization", method_of(order), order.due)
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
    if any(row.method_name in INTERNAL for row in order.transactions):
        return
    for method, amount in (
        (reference.GIFT_CERTIFICATE, order.gift_certificate),
        (reference.STORE_CREDIT, order.store_credit),
    ):
        if amount:
            add_transaction(store, order, "purchase", method, amount)


def capture(store: Store, order: Order, amount: Decimal | None = None) -> None:
    """Take the money, or part of it: of an authorisation, or at once.

    Raises: PaymentRefused when it is paid, void or declined already, or the amount is too much.
    """
    if order.payment_status not in {"", "authorized", "pending", "capture pending"}:
        raise PaymentRefused(f"the payment is {order.payment_status!r}")
    _spend_credit(store, order)
    held = last_transaction(order, "authorization")
    rest = _rest(order, held)
    taken = _part(rest, amount)
    if taken:
        event, of = ("capture", held.id) if held else ("purchase", None)
        add_transaction(store, order, event, method_of(order), taken, reference_id=of)
        if held and store.switches.capture_settles:
            add_transaction(store, order, "settled", method_of(order), taken, reference_id=of)
    if taken == rest or store.switches.partial_capture_pays:
        _finish(store, order, "captured")
    else:
        order.payment_status = "authorized" if held else ""
        store.touch(order)


def _by_gateway(order: Order) -> Decimal:
    rows = money_in(order)
    return sum((row.counts for row in rows if row.method_name not in INTERNAL), ZERO)


def _rest(order: Order, held: Transaction | None) -> Decimal:
    """What may still be taken: what is due, but no more than what is held."""
    rest = order.due - _by_gateway(order)
    if held is not None:
        rest = min(rest, held.amount - _captured(order, held))
    return max(rest, ZERO)


def _captured(order: Order, held: Transaction) -> Decimal:
    """What was taken of an authorisation."""
    rows = [row for row in money_in(order) if payment_of(order, row) == held.id]
    return sum((row.counts for row in rows), ZERO)


def _part(rest: Decimal, amount: Decimal | None) -> Decimal:
    if amount is None:
        return rest
    if not 0 < amount <= rest:
        raise PaymentRefused(f"of {amount} only {rest} can be taken")
    return amount


def settle_by_hand(store: Store, order: Order, amount: Decimal | None = None) -> None:
    """Staff record that an offline payment came in, or part of it; no gateway is involved.

    Raises: PaymentRefused when it is paid already, or the amount is too much.
    """
    if order.payment_status not in {"", "pending", "authorized", "declined", "void"}:
        raise PaymentRefused("the order is paid")
    rest = max(order.due - _by_gateway(order), ZERO)
    part = _part(rest, amount)
    if part:
        add_transaction(store, order, "settled", method_of(order), part)
    if part == rest:
        _finish(store, order, "paid")
    else:
        store.touch(order)


def add_payment(  # noqa: PLR0913 - a row is made of all of these
    store: Store,
    order: Order,
    event: str,
    method: str,
    amount: Decimal | None,
    *,
    ok: bool,
    reference_id: int | None = None,
    currency: str = "",
) -> None:
    """A further row, such as for what an edit added. The order's status stays.

    In: `method` is empty for the order's own; without `amount` it is what is due and not in yet;
    `amount` is in the row's currency.
    Raises: PaymentRefused when no amount is left.
    """
    if amount is None:
        amount = order.totals.inc - paid(order)
    if amount <= 0:
        raise PaymentRefused("there is no amount to add")
    how = method_named(method) if method else method_of(order)
    row = add_transaction(
        store, order, event, how, amount, ok=ok, reference_id=reference_id, currency=currency
    )
    if row.currency != order.currency:
        rates = reference.CURRENCIES
        row.worth = cents(amount * rates[order.currency][1] / rates[row.currency][1])
    store.touch(order)


def decline(store: Store, order: Order) -> None:
    """The gateway refuses the payment."""
    add_transaction(store, order, "purchase", method_of(order), order.due, ok=False)
    order.payment_status = "declined"
    store.set_status(order, reference.DECLINED)


def void(store: Store, order: Order) -> None:
    """Give up an authorisation, or what is left of it after captures.

    Raises: PaymentRefused when there is none.
    """
    held = last_transaction(order, "authorization")
    if held is None or order.payment_status not in {"authorized", "void pending"}:
        raise PaymentRefused(f"the payment is {order.payment_status!r}")
    captured = _captured(order, held)
    rest = held.amount - captured
    add_transaction(store, order, "void", method_of(order), rest, reference_id=held.id)
    if captured:
        _finish(store, order, "captured")
    else:
        order.payment_status = "void"
        store.set_status(order, reference.CANCELLED)


def start_action(store: Store, order: Order, action: str) -> None:
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
