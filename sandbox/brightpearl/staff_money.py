"""What staff do about money in the account's screens: receive it, pay it back, correct it."""

from decimal import Decimal
from typing import Any

from pydantic import Field

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.formats import money
from sandbox.brightpearl.order_state import paid_total
from sandbox.brightpearl.payments import PaymentIn, record, remove
from sandbox.brightpearl.staff import Control, order_of


class StaffPayment(Control):
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
