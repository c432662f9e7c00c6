"""The store's order documents as figures to the cent, by the rules that orders are imported by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from connectors.bigcommerce.models import Order, TaxRow, Transaction
from connectors.bigcommerce.refund_models import Refund
from core.frames import records
from core.ids import external_ref
from core.money import ZERO, two_places
from core.settings import OrderSettings
from mappings.bundle import Bundle
from mappings.rows import needs_taxes, order_rows
from tasks.bigcommerce.order_frames import OrderFrames, order_frames, tax_rows
from tasks.bigcommerce.receipts import PAID, receipts, tax_rates
from tasks.bigcommerce.statuses import CANCELLED, OrderStatus
from tasks.money.sides import (
    CHARGES,
    ROUNDING,
    Figures,
    Owner,
    Returned,
    Sale,
    cents,
    own_money,
    receipt_name,
)

NEVER_SOLD = CANCELLED | {OrderStatus.INCOMPLETE}
"""Store statuses of orders that are no sale: incomplete, cancelled, declined."""


def sales_of(
    orders: Sequence[Order],
    bundle: Bundle,
    settings: OrderSettings,
    *,
    transactions: Mapping[str, list[Transaction]] | None = None,
    taxes: Mapping[str, list[TaxRow]] | None = None,
) -> dict[str, Sale]:
    """Each order's figures, by its id. Pure.

    Net amounts are those of the rows that Brightpearl should hold: BigCommerce tells lines and
    charges to four places, and only one side of them (with or without tax) is exact.
    """
    received, told = dict(transactions or {}), dict(taxes or {})
    found = replace(order_frames(orders, received), taxes=tax_rows(told))
    rows = order_rows(
        found.orders,
        found.lines,
        found.charges,
        found.taxes,
        cap=settings.rounding_cap,
        rounding_nominal_code=settings.rounding_nominal_code,
        rates=tax_rates(bundle),
    )
    nets = _nets(records(rows.rows))
    obstacles = {row["key"]: row["class"] for row in records(rows.refusals)}
    wanted = set(needs_taxes(found.orders, found.lines)) - set(told)
    came = _receipts(found, received)
    currencies = bundle.table("currencies")
    return {
        order.id: Sale(
            order_id=order.id,
            owner=Owner(
                order.channel_id,
                currencies.get(order.default_currency_code) or order.default_currency_code,
            ),
            figures=_figures(order, nets.get(order.id), came.get(order.id)),
            status_id=str(order.status_id),
            is_sold=order.status_id not in NEVER_SOLD and not order.is_deleted,
            obstacle=obstacles.get(order.id, ""),
            lacks_taxes=order.id in wanted,
            receipts=came.get(order.id),
        )
        for order in orders
    }


def returned(refund: Refund) -> Returned:
    """A refund's figures."""
    sent = (p.amount for p in refund.payments if not (p.is_declined or p.is_pending))
    return Returned(
        order_id=refund.order_id,
        refund_id=refund.id,
        created_at=refund.created,
        figures={
            "refunds": Decimal(1),
            **cents(
                {
                    "refunded": refund.total_amount,
                    "refunded_tax": refund.total_tax,
                    "paid_back": sum(sent, ZERO),
                }
            ),
        },
        is_pending=refund.is_pending,
        is_declined=bool(refund.payments) and all(p.is_declined for p in refund.payments),
    )


def paid_by_status(order: Order) -> Decimal:
    """What an order itself says came in: all, or what store credit and gift certificates cover."""
    if order.payment_status in PAID:
        return order.total_inc_tax
    return order.store_credit_amount + order.gift_certificate_amount


def _nets(rows: Collection[Mapping[str, object]]) -> dict[str, dict[str, Decimal]]:
    """Net by order and kind: goods, shipped, rounding."""
    found: dict[str, dict[str, Decimal]] = defaultdict(
        lambda: {"goods": ZERO, "shipped": ZERO, ROUNDING: ZERO}
    )
    for row in rows:
        kind = str(row["kind"])
        name = "shipped" if kind in CHARGES else ROUNDING if kind == ROUNDING else "goods"
        found[str(row["order_id"])][name] += Decimal(str(row["net"]))
    return found


def _figures(
    order: Order, nets: Mapping[str, Decimal] | None, receipts: Figures | None
) -> dict[str, Decimal]:
    """Figures that add up: sold less discounted, shipped, rounding and taxed make the total."""
    sold = sum((line.total_ex_tax for line in order.lines), ZERO)
    if nets is None:
        charged = _charged(order)
        goods = two_places(order.total_inc_tax) - two_places(order.total_tax) - charged
        nets = {"goods": goods, "shipped": charged, ROUNDING: ZERO}
    paid = paid_by_status(order) if receipts is None else own_money(receipts)
    return {
        "orders": Decimal(1),
        **cents(
            {
                "sold": sold,
                "discounted": two_places(sold) - nets["goods"],
                **nets,
                "taxed": order.total_tax,
                "total": order.total_inc_tax,
                "paid": paid,
            }
        ),
    }


def _charged(order: Order) -> Decimal:
    fees = sum((fee.cost_ex_tax for fee in order.fees), ZERO)
    return two_places(
        order.shipping_cost_ex_tax + order.handling_cost_ex_tax + order.wrapping_cost_ex_tax + fees
    )


def _receipts(found: OrderFrames, read: Collection[str]) -> dict[str, dict[str, Decimal]]:
    """Money that came in by reference, of the orders whose transactions were read."""
    came: dict[str, dict[str, Decimal]] = {order_id: {} for order_id in read}
    currencies = dict(zip(found.orders["order_id"], found.orders["currency_code"], strict=True))
    for row in records(receipts(found.orders, found.transactions)):
        key = row["order_id"]
        if key in came:
            ref = f"{external_ref(key)}-{row['transaction_id']}"
            name = receipt_name(ref, row["currency_code"], currencies[key])
            came[key][name] = two_places(row["amount"])
    return came
