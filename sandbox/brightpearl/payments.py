"""Customer payments; (transactionRef, paymentMethodCode) is their key."""

from decimal import Decimal
from typing import Any

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import Call, Incoming, Routes, answer, done
from sandbox.brightpearl.formats import require_moment
from sandbox.brightpearl.order_state import order_changed
from sandbox.brightpearl.records import ZERO, Order, Payment
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.kit.routing import Reply

routes = Routes()

TOTALS_LIMIT = 200


class PaymentIn(Incoming):
    """The body of `POST /accounting-service/customer-payment`. `amountPaid` defaults to nought."""

    payment_method_code: str = Field(max_length=36)
    payment_type: str = Field(pattern="^(AUTH|CAPTURE|PAYMENT|RECEIPT|VOID)$")
    order_id: int
    currency_iso_code: str
    payment_date: str
    transaction_ref: str | None = Field(default=None, max_length=64)
    transaction_code: str | None = Field(default=None, max_length=64)
    amount_paid: Decimal = Field(default=ZERO, ge=0)
    amount_authorized: Decimal | None = Field(default=None, ge=0)
    authorization_expiry: str | None = None
    exchange_rate: Decimal | None = Field(default=None, gt=0)
    journal_id: int | None = None


@routes("POST", "/accounting-service/customer-payment")
def create_payment(account: Account, call: Call) -> Reply:
    """Answers the payment id; 400 when the transaction reference is known for this method."""
    return answer(record(account, call.read(PaymentIn)).id)


def record(account: Account, body: PaymentIn, *, by_staff: bool = False) -> Payment:
    """The payment as kept; the order's payment status follows at once. More than is owed is taken.

    Staff may also pay money out on a sales order, as their screens do to reverse a receipt.

    Raises: Refusal 400.
    """
    order = _check(account, body, by_staff=by_staff)
    key = (body.transaction_ref or "", body.payment_method_code)
    if body.transaction_ref and key in account.payment_by_key:
        refuse(
            "ACCB-901",
            "A payment with this transaction reference and payment method already exists",
        )
    expiry = body.authorization_expiry
    payment = Payment(
        id=account.sequences.next("payment"),
        order_id=order.id,
        method_code=body.payment_method_code,
        type_code=body.payment_type,
        currency_code=body.currency_iso_code,
        payment_on=require_moment(body.payment_date, "paymentDate", account.zone),
        created_on=account.now(),
        amount_paid=body.amount_paid,
        amount_authorized=body.amount_authorized or ZERO,
        expires_on=require_moment(expiry, "authorizationExpiry", account.zone) if expiry else None,
        transaction_ref=body.transaction_ref or "",
        transaction_code=body.transaction_code or "",
        journal_id=body.journal_id or _journal(account, body),
        exchange_rate=body.exchange_rate or reference.CURRENCIES[body.currency_iso_code][2],
    )
    account.payments[payment.id] = payment
    account.payments_by_order[order.id].append(payment.id)
    account.payments_by_ref[payment.transaction_ref].append(payment.id)
    if body.transaction_ref:
        account.payment_by_key[key] = payment.id
    order_changed(account, order)
    return payment


def _check(account: Account, body: PaymentIn, *, by_staff: bool) -> Order:
    order = account.orders.get(body.order_id)
    if order is None:
        refuse("ACCC-902", f"Order {body.order_id} does not exist")
    if body.currency_iso_code not in reference.CURRENCIES:
        refuse("ACCC-903", f"Currency {body.currency_iso_code[:8]} does not exist")
    wanted = "SC" if body.payment_type == "PAYMENT" else "SO"
    reversal = body.payment_type == "PAYMENT" and order.type_code == "SO"
    allowed = by_staff or account.switches.payment_on_sales_order == "accept"
    if order.type_code != wanted and not (reversal and allowed):
        refuse("ACCC-904", f"{body.payment_type} needs an order of type {wanted}")
    foreign = body.currency_iso_code != order.currency_code
    if foreign and account.switches.payment_in_other_currency == "refuse":
        refuse("ACCC-907", f"Order {order.id} is in {order.currency_code}")
    if body.payment_type == "AUTH" and body.authorization_expiry is None:
        refuse("ACCC-905", "authorizationExpiry is required")
    if body.payment_type in {"AUTH", "VOID"} and body.amount_authorized is None:
        refuse("ACCC-906", "amountAuthorized is required")
    return order


def _journal(account: Account, body: PaymentIn) -> int | None:
    """A journal is made only where the method exists and has a bank account for the currency."""
    known = any(code == body.payment_method_code for code, _ in reference.PAYMENT_METHODS.values())
    moves = body.payment_type in {"RECEIPT", "CAPTURE", "PAYMENT"}
    return account.sequences.next("journal") if known and moves else None


@routes("DELETE", "/accounting-service/customer-payment/{id}")
def delete_payment(account: Account, call: Call) -> Reply:
    """`{}`; the transaction reference is free again."""
    remove(account, call.number("id"))
    return done()


def remove(account: Account, number: int) -> Payment:
    """Take a payment out of the books; the order's payment status follows.

    Raises: Refusal 404.
    """
    payment = account.payments.pop(number, None)
    if payment is None:
        not_found("No customer payment found")
    account.payments_by_order[payment.order_id].remove(payment.id)
    account.payments_by_ref[payment.transaction_ref].remove(payment.id)
    account.payment_by_key.pop((payment.transaction_ref, payment.method_code), None)
    order = account.orders.get(payment.order_id)
    if order is not None:
        order_changed(account, order)
    return payment


@routes("GET", "/accounting-service/sale-payment-total/{ids}")
def read_totals(account: Account, call: Call) -> Reply:
    """Paid, authorised and captured for each order that exists; noughts where nothing was paid."""
    ids = call.id_set(limit=TOTALS_LIMIT).among(account.orders, account.orders)
    return answer([_total(account, account.orders[number]) for number in ids])


def _total(account: Account, order: Order) -> dict[str, Any]:
    payments = [account.payments[number] for number in account.payments_by_order[order.id]]
    sums = dict.fromkeys(("RECEIPT", "CAPTURE", "PAYMENT"), ZERO)
    authorised = ZERO
    for payment in payments:
        if payment.type_code in sums:
            sums[payment.type_code] += payment.amount_paid
        else:
            authorised += (
                payment.amount_authorized
                if payment.type_code == "AUTH"
                else -payment.amount_authorized
            )
    sign = -1 if order.type_code == "SC" else 1
    document: dict[str, Any] = {
        "orderId": order.id,
        "amountPaid": float(sign * (sums["RECEIPT"] + sums["CAPTURE"] - sums["PAYMENT"])),
        "amountAuthorized": float(authorised),
        "amountCaptured": float(sums["CAPTURE"]),
    }
    if payments:
        document["paymentCurrency"] = payments[0].currency_code
    return document
