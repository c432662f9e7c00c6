"""Both sides of one order's refunds, built in memory: for tests of the pure parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.bigcommerce.models import Order
from connectors.bigcommerce.refund_models import Refund
from connectors.brightpearl.account_models import PaymentRow
from connectors.brightpearl.goods_note_models import GoodsInNote, GoodsOutNote
from connectors.brightpearl.models import SalesCredit, SalesOrder
from core.ids import credit_ref
from mappings.tables import Table, TableRow
from store.links import Link
from tasks.bigcommerce.refunds import link_key
from tasks.refunds.frames import CreditHeader, CreditRow, DesiredCredit, Payout
from tasks.refunds.matching import (
    AgreedRefund,
    Credit,
    RefundedOrder,
    Sale,
    fingerprint_of,
)

METHODS = Table("payment_methods", (TableRow(2, "card", "CARD"), TableRow(3, "cod", "CASH")))
ORDER, SOLD, LINE, PRODUCT = "100", "5001", "31", "11"
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
NO_MONEY = dict.fromkeys(
    (
        *("total_ex_tax", "total_tax", "shipping_cost_ex_tax", "shipping_cost_inc_tax"),
        *("handling_cost_ex_tax", "handling_cost_inc_tax", "wrapping_cost_ex_tax"),
        *("wrapping_cost_inc_tax", "discount_amount", "coupon_discount"),
    ),
    "0",
)


def refund(refund_id: str = "7", *, payments: Sequence[str] = ("paid",), **wanted: Any) -> Refund:
    """Two units of the line for 12.00, by one tender, unless something else is wanted.

    In: what became of each payment: paid, declined or pending.
    """
    amount = wanted.pop("amount", "12.00")
    share = Decimal(amount) / len(payments)
    return Refund.model_validate(
        {
            "id": refund_id,
            "order_id": ORDER,
            "created": AT.isoformat(),
            "total_amount": amount,
            "total_tax": "2.00",
            "items": [{"item_type": "PRODUCT", "item_id": LINE, "quantity": 2}],
            "payments": [
                {
                    "id": number,
                    "provider_id": "card",
                    "amount": str(share),
                    "is_declined": None if state == "pending" else state == "declined",
                    "transaction_id": 900 + number if state == "paid" else None,
                }
                for number, state in enumerate(payments, start=1)
            ],
            **wanted,
        }
    )


def order(**wanted: Any) -> Order:
    """Three units of one line."""
    line = {
        "id": LINE,
        "product_id": "1",
        "name": "Mug",
        "sku": "MUG",
        "quantity": 3,
        "total_inc_tax": "18.00",
        "total_ex_tax": "15.00",
        "total_tax": "3.00",
    }
    return Order.model_validate(
        {
            "id": ORDER,
            "status_id": 11,
            "date_created": AT.isoformat(),
            "date_modified": AT.isoformat(),
            "total_inc_tax": "18.00",
            "customer_id": "0",
            "default_currency_code": "GBP",
            "billing_address": {},
            "lines": [line],
            **NO_MONEY,
            **wanted,
        }
    )


def sold_row(row_id: str = "1", ref: str = LINE, units: int = 3, **wanted: Any) -> dict[str, Any]:
    """A row of a sales order or credit."""
    return {
        "id": row_id,
        "externalRef": ref,
        "productId": PRODUCT,
        "sku": "MUG",
        "name": "Mug",
        "quantity": str(units),
        "net": str(5 * units),
        "tax": str(units),
        "taxCode": "T20",
        "nominalCode": "4000",
        **wanted,
    }


def sale(*rows: Mapping[str, Any], **wanted: Any) -> Sale:
    """A sales order that is reserved as a whole."""
    total = {"net": "15.00", "tax": "3.00", "gross": "18.00"}
    return Sale(
        SalesOrder.model_validate(
            {
                "id": SOLD,
                "total": total,
                "rows": rows or (sold_row(),),
                "allocationStatusCode": "AAA",
                **wanted,
            }
        )
    )


def credit(
    credit_id: str = "6001",
    refund_id: str = "7",
    *,
    gross: str = "12.00",
    paid: Mapping[str, str] | None = None,
    received: Sequence[GoodsInNote] = (),
    **wanted: Any,
) -> Credit:
    """The sales credit of a refund; one of staff's where `externalRef` says nothing.

    In: amounts that were paid out by reference.
    """
    tax = Decimal(gross) / 6
    document = SalesCredit.model_validate(
        {
            "id": credit_id,
            "parentId": SOLD,
            "externalRef": credit_ref(ORDER, refund_id) if refund_id else "",
            "total": {"net": str(Decimal(gross) - tax), "tax": str(tax), "gross": gross},
            "currency": {"code": "GBP"},
            "rows": [sold_row("91", units=2)],
            **wanted,
        }
    )
    payments = [
        PaymentRow.model_validate(
            {
                "paymentId": str(number),
                "transactionRef": ref,
                "orderId": credit_id,
                "paymentType": "PAYMENT",
                "paymentMethodCode": "CARD",
                "amountPaid": amount,
            }
        )
        for number, (ref, amount) in enumerate((paid or {}).items(), start=800)
    ]
    return Credit(document, document.is_cancelled, tuple(payments), tuple(received))


def shipped(units: int, *, stages: Sequence[str] = ("shipped",), note_id: str = "9") -> Any:
    """A goods-out note of the line."""
    return GoodsOutNote.model_validate(
        {
            "id": note_id,
            "orderId": SOLD,
            "warehouseId": 2,
            "status": {"shipped": "shipped" in stages, "picked": "picked" in stages},
            "orderRows": {"1": [{"productId": PRODUCT, "quantity": units}]},
        }
    )


def link(refund_id: str = "7", credit_id: str = "6001", **agreed: Any) -> Link:
    """What is kept of a refund."""
    return Link(link_key(ORDER, refund_id), credit_id, AgreedRefund(**agreed).detail())


def settled(made: Refund, credit_id: str = "6001", **agreed: Any) -> Link:
    """What is kept of a refund of which nothing is left to do."""
    known = {"agreed": fingerprint_of(made), "gross": made.total_amount, "refund_count": 1}
    return link(made.id, credit_id, **{**known, **agreed})


def sides(
    *refunds: Refund,
    credits_: Sequence[Credit] = (),
    links: Sequence[Link] = (),
    **wanted: Any,
) -> RefundedOrder:
    """One order on both sides."""
    known = {
        "sale": sale(),
        "order": order(),
        "has_stock": {PRODUCT: True},
        "methods": METHODS,
        "links": {one.key_bc: one for one in links},
    }
    return RefundedOrder(id=ORDER, refunds=refunds, credits=credits_, **{**known, **wanted})


def desired(
    refund_id: str = "7", *payouts: str, condition: str = "", units: int = 2
) -> DesiredCredit:
    """What the mapping makes of a refund of units of the line. In: amounts of the tenders."""
    ref = credit_ref(ORDER, refund_id)
    net, tax = Decimal(5 * units), Decimal(units)
    header = CreditHeader(
        order_id=ORDER,
        refund_id=refund_id,
        external_ref=ref,
        parent_id=SOLD,
        contact_id="21",
        ref=ORDER,
        placed_at=AT,
        tax_on="2026-03-01",
        status_id="4",
        channel_id="1",
        warehouse_id="2",
        price_mode_code="EXC",
        currency_code="GBP",
        exchange_rate=None,
        total_inc_tax=net + tax,
        total_tax=tax,
    )
    row = CreditRow(
        order_id=ORDER,
        refund_id=refund_id,
        row_ref=LINE,
        sold_ref=LINE,
        kind="product",
        product_id=PRODUCT,
        name="",
        quantity=units,
        tax_code="T20",
        net=net,
        tax=tax,
        nominal_code="4000",
        sequence=1,
        condition=condition,
    )
    money = [
        Payout(
            order_id=ORDER,
            refund_id=refund_id,
            transaction_ref=f"{ref}-{number}",
            payment_method_code="CARD",
            payment_type="PAYMENT",
            amount=Decimal(amount),
            currency_code="GBP",
            paid_at=AT,
            exchange_rate=None,
        )
        for number, amount in enumerate(payouts or (str(net + tax),), start=1)
    ]
    return DesiredCredit(header, [row], money)
