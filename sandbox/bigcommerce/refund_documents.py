"""Quotes and refunds as V3 writes them."""

from collections.abc import Sequence
from decimal import Decimal

from sandbox.bigcommerce.aftersales import Refund, RefundItem, RefundPayment
from sandbox.bigcommerce.formats import iso, number
from sandbox.bigcommerce.line_documents import Document
from sandbox.bigcommerce.records import Order
from sandbox.bigcommerce.refund_amounts import BY_PIECES
from sandbox.bigcommerce.refund_tenders import Option
from sandbox.bigcommerce.refunds import Draft
from sandbox.bigcommerce.switches import BigCommerceSwitches


def quote(
    switches: BigCommerceSwitches,
    order: Order,
    made: Draft,
    alternatives: Sequence[Sequence[Option]],
) -> Document:
    """What refunding would come to, and the ways to pay it back."""
    inclusive = switches.quote_tax_inclusive
    level = sum(
        (item.amount for item in made.items if item.kind == "ORDER"),
        Decimal(0),
    )
    return {
        "order_id": order.id,
        "total_refund_amount": number(made.amount if inclusive else made.amount - made.tax),
        "total_refund_tax_amount": number(made.tax),
        "order_level_refund_amount": number(level),
        "rounding": 0,
        "adjustment": number(made.cut),
        "tax_inclusive": inclusive,
        "refund_methods": [[_option(option) for option in way] for way in alternatives],
    }


def _option(option: Option) -> Document:
    return {
        "provider_id": option.provider_id,
        "provider_description": option.description,
        "amount": number(option.amount),
        "offline": option.is_offline,
        "offline_provider": option.is_offline_provider,
        "offline_reason": option.offline_reason,
    }


def refund(switches: BigCommerceSwitches, made: Refund) -> Document:
    """A refund with its items and payments."""
    shows_tax = switches.refunds_show_tax_items
    return {
        "id": made.id,
        "order_id": made.order_id,
        "user_id": made.user_id,
        "created": iso(made.created_at),
        "reason": made.reason,
        "total_amount": number(made.amount),
        "total_tax": number(made.tax),
        "uses_merchant_override_values": made.is_override,
        "items": [_item(item) for item in made.items if shows_tax or item.kind != "TAX"],
        "payments": [_payment(payment) for payment in made.payments],
    }


def _item(item: RefundItem) -> Document:
    """`quantity` is told of products only, an amount of what is asked for by amount."""
    document: Document = {
        "item_type": item.kind,
        "item_id": item.item_id,
        "reason": item.reason,
        "requested_amount": None,
        "adjustments": [
            {"amount": number(less.amount), "description": less.description}
            for less in item.adjustments
        ],
    }
    if item.kind == "PRODUCT":
        document["quantity"] = item.quantity
    if item.kind not in BY_PIECES and item.requested is not None:
        document["requested_amount"] = number(item.requested)
    return document


def _payment(payment: RefundPayment) -> Document:
    row = payment.transaction_id
    return {
        "id": payment.id,
        "provider_id": payment.provider_id,
        "amount": number(payment.amount),
        "offline": payment.is_offline,
        "is_declined": payment.is_declined,
        "declined_message": payment.declined_message,
        "transaction_id": None if row is None else str(row),
    }
