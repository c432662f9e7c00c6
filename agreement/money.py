"""Sums of money over the sandboxes' records. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from agreement.records import REF, OrderRecords, State

ZERO = Decimal(0)
HALF_CENT = Decimal("0.005")
CENTS = 100
MONEY_IN, MONEY_OUT = {"RECEIPT", "CAPTURE"}, {"PAYMENT"}
"""The account's types of payments."""
PAID_BY_HAND = {"captured", "paid", "partially refunded", "refunded"}
"""The store's payment statuses of an order that is paid, whether or not a transaction says so."""

HAND_PAYMENTS = {"bank deposit", "bank transfer", "cheque", "check", "money order"}
"""The store's methods whose money staff take themselves."""
GOES_ON = {2, 3, 8, 9, 10, 11, 14}
"""The store's statuses of an order that staff do not wait for money of any more."""


def is_equal(one: Decimal, other: Decimal) -> bool:
    """Whether two amounts are the same to the cent."""
    return abs(one - other) < HALF_CENT


def cents_between(one: Decimal, other: Decimal) -> int:
    """By how many cents two amounts differ."""
    return round(abs(one - other) * CENTS)


def gross_of(orders: Iterable[State]) -> Decimal:
    """What rows of the account come to, tax included."""
    rows = (row for one in orders for row in one["rows"].values())
    return sum((Decimal(row["net"]) + Decimal(row["tax"]) for row in rows), ZERO)


def tax_of(orders: Iterable[State]) -> Decimal:
    """The tax of rows of the account."""
    return sum((Decimal(row["tax"]) for one in orders for row in one["rows"].values()), ZERO)


def paid_in(order: State) -> Decimal:
    """What the store received for an order; what was paid by hand leaves no transaction.

    Staff say that a deposit or a cheque has come in by moving its order on.
    """
    paid, status = Decimal(order["paid"]), order["payment_status"]
    is_taken = (
        order.get("payment_method", "").casefold() in HAND_PAYMENTS
        and order["status_id"] in GOES_ON
        and status in {"", "pending"}
    )
    if not paid and (is_taken or status in PAID_BY_HAND):
        return Decimal(order["total_inc_tax"])
    return paid


def received(records: OrderRecords) -> Decimal:
    """Receipts in the account for what the store received. What staff booked by hand is theirs."""
    own = f"{REF}{records.key}-"
    orders = {one["id"] for one in records.family}
    return _sum(
        payment
        for payment in records.payments
        if payment["order_id"] in orders
        and payment["type_code"] in MONEY_IN
        and (payment["transaction_ref"] or "").startswith(own)
    )


def paid_out(records: OrderRecords, credit: State) -> Decimal:
    """What the account paid out for a credit."""
    return _sum(
        payment
        for payment in records.payments
        if payment["order_id"] == credit["id"] and payment["type_code"] in MONEY_OUT
    )


def given_back(refund: State) -> Decimal:
    """What the store gave back for a refund, by whichever way."""
    amounts = (Decimal(str(p["amount"])) for p in refund["payments"] if not p["is_declined"])
    return sum(amounts, ZERO)


def refunds_of(order: State) -> list[State]:
    """The store's refunds that gave money back; a gateway may still owe an answer, or decline."""
    return [one for one in order["refunds"] if _is_carried_out(one)]


def refunded(refund: State) -> Decimal:
    """What a refund comes to."""
    return Decimal(str(refund["total_amount"]))


def _is_carried_out(refund: State) -> bool:
    answers = [payment["is_declined"] for payment in refund["payments"]]
    return None not in answers and not (answers and all(answers)) and bool(refunded(refund))


def _sum(payments: Iterable[State]) -> Decimal:
    return sum((Decimal(payment["amount_paid"]) for payment in payments), ZERO)
