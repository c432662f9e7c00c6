"""Refunds as frames: flattened with their sales orders, mapped, and typed after the last gate."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from connectors.bigcommerce.models import Order, OrderLine
from connectors.bigcommerce.refund_models import Refund, RefundItem
from core.frames import concat, frame
from core.ids import sku_key
from core.money import ZERO, two_places
from core.refunds import (
    CREDIT_ROWS,
    CREDITS,
    PAYOUTS,
    REFUND_ITEMS,
    REFUND_PAYMENTS,
    REFUNDS,
    SOLD_ROWS,
)
from core.refusals import REFUSALS
from mappings.credit_rows import credit_rows
from mappings.engine import Context, apply
from tasks.bigcommerce.orders import time_zone
from tasks.bigcommerce.refunds import gave_nothing
from tasks.brightpearl.documents import Payment, Row
from tasks.brightpearl.reference import read_reference, unknown_ids
from tasks.reconciler.gate import Frames, typed_rows
from tasks.reconciler.gate import rows as columns
from tasks.reconciler.run import Run
from tasks.refunds.matching import RefundedOrder, Sale, State

KINDS = {
    "PRODUCT": "product",
    "GIFT_WRAPPING": "wrapping",
    "SHIPPING": "shipping",
    "HANDLING": "handling",
    "FEE": "fee",
    "ORDER": "order",
    "TAX": "tax",
}
"""BigCommerce's names for what a refund gives back, and ours."""
ID_COLUMNS = (
    ("credits", "status_id", "credit_status", "order_status"),
    ("credits", "channel_id", "channel", "channel"),
    ("credits", "warehouse_id", "warehouse", "warehouse"),
    ("credits", "currency_code", "currency", "currency"),
    ("rows", "tax_code", "tax_code", "tax_code"),
    ("payouts", "payment_method_code", "payment_method", "payment_method"),
)
"""Columns whose values must exist in the account: frame, column, kind of id, class of refusal."""
Record = dict[str, Any]
RefundKey = tuple[str, str]
"""Order and refund id."""


@dataclass(frozen=True)
class CreditHeader:
    """A row of CREDITS: a sales credit that is to be."""

    order_id: str
    refund_id: str
    external_ref: str
    parent_id: str
    contact_id: str
    ref: str
    placed_at: datetime
    tax_on: str
    status_id: str
    channel_id: str
    warehouse_id: str
    price_mode_code: str
    currency_code: str
    exchange_rate: Decimal | None
    total_inc_tax: Decimal
    total_tax: Decimal


@dataclass(frozen=True)
class CreditRow(Row):
    """A row of CREDIT_ROWS."""

    order_id: str
    refund_id: str
    sold_ref: str
    condition: str


@dataclass(frozen=True)
class Payout(Payment):
    """A row of PAYOUTS: money that went back."""

    order_id: str
    refund_id: str
    exchange_rate: Decimal | None


@dataclass
class DesiredCredit:
    """What Brightpearl should hold of one refund."""

    header: CreditHeader | None = None
    """None for a refund whose credit staff made: only its money is booked."""
    rows: list[CreditRow] = field(default_factory=list)
    payouts: list[Payout] = field(default_factory=list)


@dataclass(frozen=True)
class Found(Frames):
    """Refunds that want a credit, or money booked on one."""

    refunds: pd.DataFrame = columns(REFUNDS)
    items: pd.DataFrame = columns(REFUND_ITEMS)
    payments: pd.DataFrame = columns(REFUND_PAYMENTS)
    sold: pd.DataFrame = columns(SOLD_ROWS)

    def validated(self) -> Mapping[str, pd.DataFrame]:
        """By the name of their suite."""
        return {
            "refunds_in": self.refunds,
            "refund_items_in": self.items,
            "refund_payments_in": self.payments,
        }


@dataclass(frozen=True)
class Desired(Frames):
    """What Brightpearl should hold of a batch."""

    credits: pd.DataFrame = columns(CREDITS)
    rows: pd.DataFrame = columns(CREDIT_ROWS)
    payouts: pd.DataFrame = columns(PAYOUTS)
    sales_currencies: Mapping[RefundKey, str] = field(default_factory=dict)
    """The sales order's currency, by refund."""

    def validated(self) -> Mapping[str, pd.DataFrame]:
        """By the name of their suite."""
        return {
            "credits_out": with_row_sums(self),
            "credit_rows_out": self.rows,
            "payouts_out": self.payouts,
        }

    def by_refund(self) -> Mapping[RefundKey, DesiredCredit]:
        """The validated rows, typed."""
        found: dict[RefundKey, DesiredCredit] = defaultdict(DesiredCredit)
        for header in typed_rows(self.credits, CreditHeader):
            found[header.order_id, header.refund_id].header = header
        for row in typed_rows(self.rows, CreditRow):
            found[row.order_id, row.refund_id].rows.append(row)
        for payout in typed_rows(self.payouts, Payout):
            found[payout.order_id, payout.refund_id].payouts.append(payout)
        return found


def with_row_sums(desired: Desired) -> pd.DataFrame:
    """CREDITS with the sums of their rows, and the sales order's currency."""
    totals: defaultdict[RefundKey, Decimal] = defaultdict(Decimal)
    taxes: defaultdict[RefundKey, Decimal] = defaultdict(Decimal)
    amounts = zip(desired.rows["net"], desired.rows["tax"], strict=True)
    for key, (net, tax) in zip(keys_of(desired.rows), amounts, strict=True):
        totals[key] += net + tax
        taxes[key] += tax
    keys = keys_of(desired.credits)
    currencies = [desired.sales_currencies[key] for key in keys]
    return desired.credits.assign(
        rows_total=pd.Series([totals[key] for key in keys], dtype="object"),
        rows_tax=pd.Series([taxes[key] for key in keys], dtype="object"),
        sales_currency_code=pd.Series(currencies, dtype="str"),
    )


def keys_of(rows: pd.DataFrame) -> list[RefundKey]:
    """Order and refund id of each row."""
    return list(zip(rows["order_id"], rows["refund_id"], strict=True))


def map_refunds(run: Run, found: Found) -> Desired:
    """Desired sales credits, rows and payments of a validated batch.

    Raises: TransientError, ConfigError, when the settings of either system cannot be read.
    """
    bundle, reference = run.bundle, read_reference(run)
    context = Context(
        zone=time_zone(run.connections),
        tables=bundle.tables,
        account_currency=reference.account_currency,
    )
    added_up = credit_rows(found.refunds, found.items, found.sold)
    headers = apply(bundle.mapping("refunds"), found.refunds, context)
    rows = apply(bundle.mapping("refund_rows"), added_up.rows, context)
    payouts = apply(bundle.mapping("refund_payments"), found.payments, context)
    frames = {"credits": headers.frame, "rows": rows.frame, "payouts": payouts.frame}
    unknown = [
        unknown_ids(frames[name], column, reference.ids[what], class_)
        for name, column, what, class_ in ID_COLUMNS
    ]
    mapped = [added_up.refusals, headers.refusals, rows.refusals, payouts.refusals]
    sales_currencies = found.refunds["sales_currency_code"].tolist()
    desired = Desired(
        credits=headers.frame,
        rows=rows.frame,
        payouts=payouts.frame,
        sales_currencies=dict(zip(keys_of(found.refunds), sales_currencies, strict=True)),
        refusals=concat([*mapped, *unknown], REFUSALS),
    )
    return desired.without(set(desired.refusals["key"]))


def flatten(orders: Sequence[RefundedOrder]) -> Found:
    """Frames of the refunds that want something. Of those with a staff's credit only the money."""
    refunds: list[Record] = []
    items: list[Record] = []
    payments: list[Record] = []
    sold: list[Record] = []
    for one in orders:
        wanted = [matched for matched in one.matched if matched.state is State.WANTED]
        order, sale = one.order, one.sale
        if not wanted or order is None:
            continue
        sold.extend(_sold(order.id, sale))
        before = _before(one.refunds)
        for matched in wanted:
            refund = matched.refund
            payments.extend(_payments(refund, order, sale, one.currencies))
            if not matched.is_staffs:
                refunds.append(_refund(refund, order, sale, before[refund.id]))
                items.extend(_items(refund, order, before[refund.id]))
    return Found(
        refunds=frame(refunds, REFUNDS),
        items=frame(items, REFUND_ITEMS),
        payments=frame(payments, REFUND_PAYMENTS),
        sold=frame(sold, SOLD_ROWS),
    )


def _before(refunds: Sequence[Refund]) -> dict[str, list[Refund]]:
    """For each refund, those that came before it and count."""
    earlier: list[Refund] = []
    found = {}
    for refund in refunds:
        found[refund.id] = list(earlier)
        if not gave_nothing(refund):
            earlier.append(refund)
    return found


def _refund(refund: Refund, order: Order, sale: Sale, before: Iterable[Refund]) -> Record:
    document = sale.document
    given = refund.total_amount + sum((one.total_amount for one in before), ZERO)
    return {
        "order_id": order.id,
        "refund_id": refund.id,
        "created_at": refund.created,
        "channel_id": order.channel_id,
        "currency_code": order.default_currency_code,
        "is_tax_inclusive": order.is_tax_inclusive_pricing,
        "total_amount": refund.total_amount,
        "total_tax": refund.total_tax,
        "payments_total": sum((payment.amount for payment in refund.payments), ZERO),
        "beyond_order": max(ZERO, two_places(given - order.total_inc_tax)),
        "sales_order_id": document.id,
        "contact_id": document.customer.id if document.customer else "",
        "sales_channel_id": document.channel_id,
        "sales_warehouse_id": document.warehouse_id,
        "sales_currency_code": document.currency_code,
        "sales_exchange_rate": document.exchange_rate,
        "rate_difference": _rate_difference(order, sale),
    }


def _rate_difference(order: Order, sale: Sale) -> Decimal:
    """By what part the store's rate differs; 0 where the sales order has the account's own."""
    of_store = order.store_default_to_transactional_exchange_rate
    of_sale = sale.document.exchange_rate
    if of_store in (ZERO, Decimal(1)) or of_sale in (ZERO, Decimal(1)):
        return ZERO
    return abs(of_store / of_sale - 1)


def _items(refund: Refund, order: Order, before: Iterable[Refund]) -> Iterator[Record]:
    lines = {line.id: line for line in order.lines}
    taken: Counter[str] = Counter()
    for earlier in before:
        taken.update({i.item_id: i.quantity for i in earlier.items if i.item_type == "PRODUCT"})
    for number, item in enumerate(refund.items, start=1):
        kind = KINDS.get(item.item_type, item.item_type)
        line = lines.get(item.item_id) if kind in ("product", "wrapping") else None
        units = item.quantity if kind == "product" else 0
        yield {
            "order_id": order.id,
            "refund_id": refund.id,
            "item": number,
            "kind": kind,
            "item_id": item.item_id,
            "sold_ref": _sold_ref(kind, item),
            "sku_key": sku_key(line.sku) if line and kind == "product" else "",
            "name": line.name if line and kind == "product" else "",
            "quantity": units if kind == "product" else 1,
            "qty_beyond": max(0, units + taken[item.item_id] - line.quantity) if line else 0,
            "requested": item.requested_amount,
            "worth": _worth(item, line, kind),
            "reason": item.reason or refund.reason,
        }
        taken[item.item_id] += units


def _sold_ref(kind: str, item: RefundItem) -> str:
    """The reference that the order sync gave the row of what is refunded."""
    match kind:
        case "product":
            return item.item_id
        case "fee":
            return f"fee-{item.item_id}"
        case "wrapping" | "shipping" | "handling":
            return kind
        case _:
            return ""


def _worth(item: RefundItem, line: OrderLine | None, kind: str) -> Decimal | None:
    """What the units cost the shopper, with tax and less what is kept back."""
    if line is None:
        return None
    if kind == "wrapping":
        return line.wrapping_cost_inc_tax or None
    discounted = line.discounted_total_inc_tax
    whole = line.total_inc_tax if discounted is None else discounted
    kept = sum((adjustment.amount for adjustment in item.adjustments), ZERO)
    return whole * item.quantity / line.quantity + kept if line.quantity else None


def _payments(
    refund: Refund, order: Order, sale: Sale, currencies: Mapping[str, str]
) -> Iterator[Record]:
    for number, payment in enumerate(refund.payments, start=1):
        if not payment.is_declined:
            yield {
                "order_id": order.id,
                "refund_id": refund.id,
                "payment_id": payment.id or f"n{number}",
                "provider_id": payment.provider_id,
                "payment_method": order.payment_method,
                "is_offline": payment.offline,
                "amount": payment.amount,
                "currency_code": currencies.get(
                    payment.transaction_id, order.default_currency_code
                ),
                "order_currency_code": order.default_currency_code,
                "sales_exchange_rate": sale.document.exchange_rate,
                "created_at": refund.created,
            }


def _sold(order_id: str, sale: Sale) -> Iterator[Record]:
    """The sales order's rows; what was moved to a back order counts for the row it came from."""
    merged: dict[str, list[Record]] = defaultdict(list)
    for order, row in sale.rows:
        if row.is_bundle_child or row.parent_row_id:
            continue
        merged[row.external_ref or f"row {order.id}/{row.id}"].append(
            {
                "order_id": order_id,
                "row_ref": row.external_ref,
                "row_id": row.id,
                "product_id": row.product_id,
                "sku_key": sku_key(row.sku),
                "name": row.name,
                "quantity": int(row.quantity),
                "tax_code": row.tax_code,
                "nominal_code": row.nominal_code,
                "net": row.net,
                "tax": row.tax,
            }
        )
    for first, *others in merged.values():
        for name in ("quantity", "net", "tax"):
            first[name] = sum((row[name] for row in others), first[name])
        yield first
