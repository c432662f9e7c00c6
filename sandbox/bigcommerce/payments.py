"""What the payment gateway says of an order, and what follows for its status."""

from decimal import Decimal

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.basket import Outcome
from sandbox.bigcommerce.records import Order, Transaction
from sandbox.bigcommerce.reference import PaymentMethod
from sandbox.bigcommerce.store import Store

MONEY_IN = frozenset({"purchase", "capture", "settled"})


class PaymentRefused(Exception):  # noqa: N818 - a verdict, with its reason for people
    """The payment is not in a state that allows the action."""


def method_of(order: Order) -> PaymentMethod:
    """How the order is paid; an unknown method is one the sandbox treats as a card."""
    known = reference.PAYMENT_METHODS.get(order.payment_method)
    return known or PaymentMethod(order.payment_method, "custom", "custom", "custom")


def pay_at_checkout(store: Store, order: Order, outcome: Outcome) -> None:
    """What happens at the end of checkout. Store credit and gift certificate are used first."""
    if outcome not in {"pending", "declined"}:
        if order.gift_certificate:
            certificate = reference.GIFT_CERTIFICATE
            row = _row(store, order, "purchase", certificate, order.gift_certificate)
            row.certificate = order.gift_code
        if order.store_credit:
            _row(store, order, "purchase", reference.STORE_CREDIT, order.store_credit)
    if order.due <= 0 and outcome in {"captured", "authorized", "offline"}:
        order.payment_status = "captured"
        store.set_status(order, _paid_status(order))
        return
    match outcome:
        case "captured":
            capture(store, order)
        case "authorized":
            _row(store, order, "authorization", method_of(order), order.due)
            order.payment_status = "authorized"
            store.set_status(order, reference.AWAITING_PAYMENT)
        case "declined":
            decline(store, order)
        case "offline":
            order.payment_status = ""
            store.set_status(order, reference.AWAITING_PAYMENT)
        case "pending":
            pass


def capture(store: Store, order: Order) -> None:
    """Take the money: of an authorisation, or at once.

    Raises: PaymentRefused when it is paid, void or declined already.
    """
    if order.payment_status not in {"", "authorized", "pending", "capture pending"}:
        raise PaymentRefused(f"the payment is {order.payment_status!r}")
    held = _last(order, "authorization")
    event = "capture" if held else "purchase"
    row = _row(store, order, event, method_of(order), order.due)
    row.reference_id = held.id if held else None
    if held and store.switches.capture_settles:
        settled = _row(store, order, "settled", method_of(order), order.due)
        settled.reference_id = held.id
    order.payment_status = "captured"
    store.set_status(order, _paid_status(order))


def settle_by_hand(store: Store, order: Order) -> None:
    """Staff note that an offline payment came in; no gateway is involved.

    Raises: PaymentRefused when it is paid already.
    """
    if order.payment_status in {"captured", "paid"}:
        raise PaymentRefused("the order is paid")
    _row(store, order, "settled", method_of(order), order.due)
    order.payment_status = "paid"
    store.set_status(order, _paid_status(order))


def decline(store: Store, order: Order) -> None:
    """The gateway refuses the payment."""
    row = _row(store, order, "purchase", method_of(order), order.due)
    row.status = "error"
    order.payment_status = "declined"
    store.set_status(order, reference.DECLINED)


def void(store: Store, order: Order) -> None:
    """Give up an authorisation.

    Raises: PaymentRefused when there is none.
    """
    held = _last(order, "authorization")
    if held is None or order.payment_status != "authorized":
        raise PaymentRefused(f"the payment is {order.payment_status!r}")
    row = _row(store, order, "void", method_of(order), order.due)
    row.reference_id = held.id
    order.payment_status = "void"
    store.set_status(order, reference.CANCELLED)


def paid(order: Order) -> Decimal:
    """Money that came in; a capture and its settling count once."""
    seen: set[int] = set()
    total = Decimal(0)
    for row in order.transactions:
        if row.status != "ok" or row.event not in MONEY_IN:
            continue
        if row.reference_id is not None:
            if row.reference_id in seen:
                continue
            seen.add(row.reference_id)
        total += row.amount
    return total


def _paid_status(order: Order) -> int:
    if all(line.type == "digital" for line in order.lines):
        return reference.COMPLETED
    return reference.AWAITING_FULFILLMENT


def _last(order: Order, event: str) -> Transaction | None:
    rows = [row for row in order.transactions if row.event == event and row.status == "ok"]
    return rows[-1] if rows else None


def _row(
    store: Store, order: Order, event: str, method: PaymentMethod, amount: Decimal
) -> Transaction:
    number = store.sequences.next("transaction")
    row = Transaction(
        id=number,
        event=event,
        method=method.transaction_method,
        gateway=method.gateway,
        amount=amount,
        currency=order.currency,
        created_at=store.now(),
        gateway_id=f"tx_{number:x}",
        method_name=method.name,
    )
    order.transactions.append(row)
    order.cache.clear()
    tell(store, order, row)
    return row


def tell(store: Store, order: Order, row: Transaction) -> None:
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
