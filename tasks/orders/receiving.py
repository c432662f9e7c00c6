"""Money that came in and that Brightpearl does not know of yet. Pure."""

from __future__ import annotations

from tasks.orders.differences import receipt_value
from tasks.orders.memory import Memory
from tasks.orders.plan_models import Receipt
from tasks.orders.rules import Rules
from tasks.orders.states import ActualOrder
from tasks.orders.wanted import Wanted


def missing_receipts(
    wanted: Wanted, there: ActualOrder, memory: Memory, rules: Rules
) -> tuple[Receipt, ...]:
    """Receipts to book; one that staff deleted only by a person's word."""
    approved = {value for order_id, value in rules.approved if order_id == wanted.order_id}
    agreed = set(memory.receipts)
    return tuple(
        Receipt(wanted.order_id, wanted.ref, ref, payment)
        for payment in wanted.payments
        if (ref := payment["transaction_ref"]) not in there.transaction_refs
        and (ref not in agreed or receipt_value(ref) in approved)
    )
