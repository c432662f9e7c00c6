"""What about refunds a person has to decide or set right, and how it then goes on. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from connectors.bigcommerce.models import Order
from connectors.bigcommerce.refund_models import Refund, RefundItemCreate
from connectors.brightpearl.account_models import PaymentRow
from core.ids import credit_ref, external_ref, order_condition
from core.money import two_places
from core.refusals import DISCARD, Refusal, release_remedy
from tasks.bigcommerce.orders import FINAL
from tasks.reconciler.agreed import fingerprint
from tasks.reconciler.cases import Outcome, parked, refusal_by_value, review
from tasks.refunds.matching import ON_ITS_WAY, Credit, MatchedRefund

IMPORTED_WITHIN = timedelta(minutes=1)
"""After which an order on its way to Brightpearl is searched for again, should nothing wake it."""
PICKED = "picked"
QUARANTINE = "quarantine"
"""What becomes of goods that are not sold again; any other condition puts them on sale."""


def without_sale(  # noqa: PLR0913 - what is known of an order that is not there
    order: Order,
    refunds: int,
    state: str,
    importable: Collection[int],
    *,
    now: datetime,
    was_sold: bool = False,
) -> Outcome | Refusal:
    """What becomes of an order that Brightpearl does not have. In: how many refunds it has.

    `state` is that of the order's own key in the inbox; `was_sold` says that staff deleted it.
    """
    counted = f"{refunds} refund{'s' if refunds > 1 else ''}"
    if was_sold:
        class_ = "deleted"
        reason = f"{counted} of an order that was deleted in Brightpearl"
        action = (
            f"Have the order created again (causeway sync orders --key {order.id}, its case "
            "`deleted`) or enter the sales credit by hand"
        )
    elif state in ON_ITS_WAY:
        # Its import wakes it; one that ended between the two reads does not.
        waits = parked(
            order.id, "the order is on its way to Brightpearl", order_condition(order.id)
        )
        return replace(waits, wake_at=now + IMPORTED_WITHIN)
    elif order.status_id not in importable and (order.status_id in FINAL or order.is_deleted):
        class_, ended = "order", FINAL.get(order.status_id, "archived")
        reason = f"{counted} of an order that never reached Brightpearl and is {ended}"
        action = (
            f"If neither the sale nor the refund belongs in the books: {DISCARD}. "
            f"Else add `{order.status_id},,<Brightpearl status id>` to "
            f"mappings/tables/order_status.csv, then: causeway sync orders --key {order.id}"
        )
    else:
        reason = "the order has not reached Brightpearl"
        return parked(order.id, reason, order_condition(order.id))
    remedy = release_remedy(action, class_, key=order.id)
    return Refusal(class_, "order_id", external_ref(order.id), reason, remedy)


def deleted(refund: Refund) -> Refusal:
    """A credit that staff deleted in Brightpearl while its refund is still valid."""
    ref = credit_ref(refund.order_id, refund.id)
    return review(
        "deleted",
        ref,
        f"the sales credit {ref} was deleted in Brightpearl; it is not created again by itself",
        {"create": f"the sales credit {ref} anew, over {two_places(refund.total_amount)}"},
    )


def tax_unknown(refund: Refund, tax: Decimal) -> Refusal:
    """A refund whose tax BigCommerce does not say, of what was sold with tax."""
    ref, total = credit_ref(refund.order_id, refund.id), two_places(refund.total_amount)
    whose = ", which the merchant stated," if refund.is_overridden else ""
    return review(
        "tax",
        f"{ref} {tax}",
        f"BigCommerce does not say how much of refund {refund.id} over {total}{whose} is tax; at "
        f"the rates of the sale it is {tax}",
        {"credit": ref, "total": str(total), "tax": str(tax)},
    )


def differs(one: MatchedRefund, credit: Credit) -> Refusal | None:
    """What staff changed in the credit of a refund since we wrote it, or nothing."""
    refund, agreed = one.refund, one.agreed
    ref, actual = credit_ref(refund.order_id, refund.id), two_places(credit.document.total.gross)
    desired = two_places(agreed.gross or refund.total_amount)
    if credit.is_cancelled:
        what = f"sales credit {credit.id} was cancelled in Brightpearl while the refund is valid"
    elif actual != desired and not credit.undoes_all(refund.order_id):
        what = f"BigCommerce gave back {desired}, sales credit {credit.id} says {actual}"
    elif missing := sorted(ref for ref in agreed.payments if not one.is_booked(ref)):
        what = f"the payment {', '.join(missing)} was removed from sales credit {credit.id}"
    else:
        return None
    action = f"Make sales credit {credit.id} agree with the refund"
    remedy = (
        f"{release_remedy(action, 'differs', value=ref)}. Or leave both as they are: {DISCARD}."
    )
    return Refusal("differs", "credit", ref, f"refund {refund.id}: {what}", remedy)


def undone(order_id: str, refund_id: str, credit: Credit, payments: Iterable[str]) -> Refusal:
    """A credit whose refund was taken back, and that is final or made by staff.

    In: `payments` of ours that can be taken back, by their references.
    """
    if credit.is_of(order_id, refund_id):
        why = "is invoiced, or has goods booked on it"
        rest = "the credit itself has to be reversed in Brightpearl by hand"
    else:
        why, rest = "was made by staff", "what becomes of the credit is for them"
    refs = ", ".join(payments)
    return review(
        "undo",
        credit_ref(order_id, refund_id),
        f"refund {refund_id} was taken back in BigCommerce, but sales credit {credit.id} {why}: "
        f"its payment can be taken back, {rest}",
        {"take back": refs} if refs else {},
    )


def picked(sales_order_id: str, note_ids: Sequence[str]) -> Refusal:
    """Units that were refunded and are picked already."""
    notes = ", ".join(note_ids)
    return review(
        PICKED,
        f"{sales_order_id} {notes}",
        f"units of sales order {sales_order_id} were refunded before they left, but goods-out note "
        f"{notes} is picked and holds them",
        {},
    )


def to_refund(credit: Credit, items: Sequence[RefundItemCreate]) -> Refusal:
    """A credit that staff made, and the refund that it calls for."""
    document = credit.document
    parts = [item.wire() for item in items]
    gross = two_places(document.total.gross)
    digest = fingerprint([f"{document.id}|{gross}|{document.currency_code}|{parts}"])[:8]
    return review(
        "refund",
        f"{document.id}-{digest}",
        f"staff made the sales credit {document.id} over {gross} {document.currency_code}; nothing "
        "is refunded in BigCommerce yet",
        {"refund": str(gross), "currency": document.currency_code, "items": parts},
    )


def paid_out(credit: Credit) -> Refusal:
    """A credit that staff made and paid out: nothing may be sent back again for it."""
    document, paid = credit.document, two_places(credit.paid_out)
    return review(
        "paid",
        f"{document.id}-{paid}",
        f"staff made the sales credit {document.id} over {two_places(document.total.gross)} and "
        f"paid out {paid} {document.currency_code}; BigCommerce has no refund of the same lines "
        "that went back the same way. Where it was the same return, record it there as a refund "
        "outside of the store",
        {},
    )


def credits_named(value: str) -> list[str]:
    """The ids of credits of staff that the value of a case names."""
    return re.findall(r"^(?:refund|paid|credit) (\d+)\b", value)


def not_refundable(credit: Credit, class_: str, field: str, reason: str) -> Refusal:
    """A credit that staff made and that is no refund as it is."""
    return refusal_by_value(
        class_,
        field,
        f"credit {credit.id}",
        f"sales credit {credit.id}: {reason}",
        "Refund it in BigCommerce's control panel: a refund of the same amount is taken for this "
        "credit. Or cancel the credit",
    )


def no_cancelled_status(credit_id: str) -> Refusal:
    """A credit that is to be cancelled, while no status for that is mapped."""
    return refusal_by_value(
        "order_status",
        "status_id",
        "cancelled",
        f"sales credit {credit_id} is to be cancelled, but no status is mapped for that",
        "Add `cancelled,<status id of cancelled sales credits>` to "
        "mappings/tables/credit_statuses.csv",
    )


def no_location(warehouse_id: str, condition: str) -> Refusal:
    """Goods that come back to a warehouse without a place for them."""
    return refusal_by_value(
        "warehouse",
        "warehouse_id",
        warehouse_id,
        f"warehouse {warehouse_id} has no location for goods to {condition}",
        f"Add `{warehouse_id},<location id>` to mappings/tables/quarantine_locations.csv"
        if condition == QUARANTINE
        else f"Give warehouse {warehouse_id} a default location in Brightpearl",
    )


def reference_taken(ref: str, payment: PaymentRow) -> Refusal:
    """A reference that a payment of another order has: Brightpearl takes each only once."""
    return refusal_by_value(
        "payment",
        "transaction_ref",
        ref,
        f"payment {payment.payment_id} of order {payment.order_id} has the reference {ref} already",
        "Delete that payment in Brightpearl if its order is gone",
    )


def no_contact(order_id: str, contact_id: str) -> Refusal:
    """A credit whose contact is gone, while nobody has the shopper's e-mail."""
    who = f"contact {contact_id}" if contact_id else "a contact"
    reason = f"sales order {external_ref(order_id)} names {who}, which Brightpearl does not have"
    action = f"Create a contact in Brightpearl with the e-mail of BigCommerce order {order_id}"
    remedy = release_remedy(action, "contact", key=order_id)
    return Refusal("contact", "contact_id", contact_id, reason, remedy)
