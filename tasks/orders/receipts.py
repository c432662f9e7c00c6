"""Money that came in: receipts that Brightpearl lacks, and those that one side lost. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from core.money import two_places
from core.refusals import Refusal
from tasks.bigcommerce.receipts import RECEIPT, receipt_case
from tasks.brightpearl.sales_orders import AgreedOrder
from tasks.orders.actual import ActualOrder
from tasks.orders.desired import DesiredOrder
from tasks.orders.operations import CreateReceipt
from tasks.orders.rules import Rules
from tasks.reconciler.cases import digest, review


def missing_receipts(
    desired: DesiredOrder, actual: ActualOrder, agreed: AgreedOrder, rules: Rules
) -> tuple[CreateReceipt, ...]:
    """Receipts to book; one that staff deleted only after a person approved it."""
    approved = {value for order_id, value in rules.approved if order_id == desired.order_id}
    return tuple(
        CreateReceipt(payment)
        for payment in desired.payments
        if (ref := payment.transaction_ref) not in actual.transaction_refs
        and (ref not in agreed.receipts or receipt_case(ref) in approved)
    )


def receipt_cases(
    desired: DesiredOrder, actual: ActualOrder, agreed: AgreedOrder
) -> Iterable[Refusal]:
    """Receipts that one side does not have any more."""
    if not desired.is_money_read:
        return
    wanted = {payment.transaction_ref: payment for payment in desired.payments}
    for ref in sorted(set(agreed.receipts) & set(wanted) - actual.transaction_refs):
        payment = wanted[ref]
        amount = f"{two_places(payment.amount)} {payment.currency_code}"
        yield review(
            RECEIPT,
            digest(ref),
            f"the receipt {ref} over {amount} is not on the sales order any more: it was deleted "
            "in Brightpearl, or is on an order that was deleted",
            {"receipt": ref, "amount": amount},
        )
    known = set(agreed.receipts) & actual.transaction_refs
    for ref in sorted(known - set(wanted)):
        yield review(
            RECEIPT,
            digest(ref, "gone"),
            f"the store does not know of the money behind the receipt {ref} of order "
            f"{desired.order_id} any more; delete the receipt in Brightpearl, or find out where "
            "the money went",
            {},
        )
