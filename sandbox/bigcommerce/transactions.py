"""The gateway's rows of an order: writing them, telling of them, adding them up."""

from collections import defaultdict
from decimal import Decimal

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.aftersales import ZERO
from sandbox.bigcommerce.records import Order, Transaction
from sandbox.bigcommerce.reference import PaymentMethod
from sandbox.bigcommerce.store import Store

MONEY_IN = frozenset({"purchase", "capture", "settled"})
INTERNAL = {method.name: method for method in (reference.GIFT_CERTIFICATE, reference.STORE_CREDIT)}
"""Ways of paying that the store keeps itself."""


def method_named(name: str) -> PaymentMethod:
    """How something is paid; a name the sandbox does not know is a custom method."""
    known = reference.PAYMENT_METHODS.get(name) or INTERNAL.get(name)
    return known or PaymentMethod(name, "custom", "custom", "custom")


def write(  # noqa: PLR0913 - a row is made of all of these
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
    """Add a row, and tell."""
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
    _tell(store, order, row)
    return row


def _tell(store: Store, order: Order, row: Transaction) -> None:
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

    Captures of an authorisation and their settling tell of the same money: of both the rows that
    tell of more count, the captures when they tell the same.
    """
    rows = [row for row in order.transactions if row.status == "ok" and row.event in MONEY_IN]
    by_reference: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for row in rows:
        if row.reference_id is not None:
            sums = by_reference[row.reference_id]
            sums[row.event] = sums.get(row.event, ZERO) + row.amount
    counted = {number: max(sums, key=sums.__getitem__) for number, sums in by_reference.items()}
    return [row for row in rows if counted.get(row.reference_id or 0, row.event) == row.event]


def paid(order: Order) -> Decimal:
    """Money that came in, each pound once."""
    return sum((row.amount for row in money_in(order)), ZERO)


def paid_back(order: Order) -> Decimal:
    """Money that went out again."""
    return sum(
        (row.amount for row in order.transactions if row.event == "refund" and row.status == "ok"),
        ZERO,
    )


def last(order: Order, event: str) -> Transaction | None:
    """The latest row of this event that succeeded."""
    rows = [row for row in order.transactions if row.event == event and row.status == "ok"]
    return rows[-1] if rows else None
