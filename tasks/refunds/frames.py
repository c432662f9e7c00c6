"""Refunds as frames: flattened with their sales orders, mapped, and typed after the last gate."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from connectors.bigcommerce.models import Order, OrderLine
from connectors.bigcommerce.refund_models import Refund, RefundItem
from connectors.brightpearl.models import SalesOrderRow
from core import refunds as schemas
from core.frames import concat, frame
from core.ids import sku_key
from core.money import ZERO, two_places
from core.refusals import REFUSALS
from mappings.credit_rows import credit_rows
from mappings.engine import Context, apply
from tasks.bigcommerce.orders import time_zone
from tasks.bigcommerce.refunds import gave_nothing
from tasks.brightpearl.reference import account_currency, unknown_ids
from tasks.brightpearl.sales_orders import Payment, Row
from tasks.reconciler.gate import Frames, typed_rows
from tasks.reconciler.gate import rows as columns
from tasks.reconciler.run import Run
from tasks.refunds.matching import RefundedOrder, Sale, State

KINDS = {
    "PRODUCT": ("product", "{}"),
    "GIFT_WRAPPING": ("wrapping", "wrapping"),
    "SHIPPING": ("shipping", "shipping"),
    "HANDLING": ("handling", "handling"),
    "FEE": ("fee", "fee-{}"),
    "ORDER": ("order", ""),
    "TAX": ("tax", ""),
}
"""By BigCommerce's name for what a refund gives back: ours, and the reference that the order sync
gave the row of it, with BigCommerce's id in braces."""
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

    refunds: pd.DataFrame = columns(schemas.REFUNDS, suite="refunds_in")
    items: pd.DataFrame = columns(schemas.REFUND_ITEMS, suite="refund_items_in")
    payments: pd.DataFrame = columns(schemas.REFUND_PAYMENTS, suite="refund_payments_in")
    sold: pd.DataFrame = columns(schemas.SOLD_ROWS)


@dataclass(frozen=True)
class Desired(Frames):
    """What Brightpearl should hold of a batch."""

    credits: pd.DataFrame = columns(
        {
            **schemas.CREDITS,
            "rows_total": "money",
            "rows_tax": "money",
            "sales_currency_code": "text",
        },
        suite="credits_out",
    )
    """With the sums of their rows, and the sales order's currency."""
    rows: pd.DataFrame = columns(schemas.CREDIT_ROWS, suite="credit_rows_out")
    payouts: pd.DataFrame = columns(schemas.PAYOUTS, suite="payouts_out")

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


def map_refunds(run: Run, found: Found) -> Desired:
    """Desired sales credits, rows and payments of a validated batch.

    Raises: TransientError, ConfigError, when the settings of either system cannot be read.
    """
    bundle = run.bundle
    context = Context(
        zone=time_zone(run.connections),
        tables=bundle.tables,
        account_currency=account_currency(run.connections),
    )
    added_up = credit_rows(found.refunds, found.items, found.sold)
    headers = apply(bundle.mappings["refunds"], with_taxes(found.refunds, added_up.rows), context)
    rows = apply(bundle.mappings["refund_rows"], added_up.rows, context)
    payouts = apply(bundle.mappings["refund_payments"], found.payments, context)
    frames = {"credits": headers.frame, "rows": rows.frame, "payouts": payouts.frame}
    unknown = [
        unknown_ids(run.connections, frames[name], column, class_, known_as=what)
        for name, column, what, class_ in ID_COLUMNS
    ]
    mapped = [added_up.refusals, headers.refusals, rows.refusals, payouts.refusals]
    desired = Desired(
        credits=with_row_sums(headers.frame, rows.frame, found.refunds),
        rows=rows.frame,
        payouts=payouts.frame,
        refusals=concat([*mapped, *unknown], REFUSALS),
    )
    return desired.without(set(desired.refusals["key"]))


def with_taxes(refunds: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """REFUNDS, with the tax of its rows for each whose tax BigCommerce does not say."""
    taxes: defaultdict[RefundKey, Decimal] = defaultdict(Decimal)
    for key, tax in zip(_keys(rows), rows["tax"], strict=True):
        taxes[key] += tax
    stated = zip(_keys(refunds), refunds["total_tax"], strict=True)
    found = [taxes[key] if tax is None else tax for key, tax in stated]
    return refunds.assign(total_tax=pd.Series(found, dtype="object"))


def with_row_sums(headers: pd.DataFrame, rows: pd.DataFrame, refunds: pd.DataFrame) -> pd.DataFrame:
    """CREDITS with the sums of their rows, and the sales order's currency."""
    totals: defaultdict[RefundKey, Decimal] = defaultdict(Decimal)
    taxes: defaultdict[RefundKey, Decimal] = defaultdict(Decimal)
    for key, net, tax in zip(_keys(rows), rows["net"], rows["tax"], strict=True):
        totals[key] += net + tax
        taxes[key] += tax
    currencies = dict(zip(_keys(refunds), refunds["sales_currency_code"], strict=True))
    keys = _keys(headers)
    return headers.assign(
        rows_total=pd.Series([totals[key] for key in keys], dtype="object"),
        rows_tax=pd.Series([taxes[key] for key in keys], dtype="object"),
        sales_currency_code=pd.Series([currencies[key] for key in keys], dtype="str"),
    )


def _keys(rows: pd.DataFrame) -> list[RefundKey]:
    return list(zip(rows["order_id"], rows["refund_id"], strict=True))


def flatten(orders: Sequence[RefundedOrder]) -> Found:
    """Frames of the refunds that want something. Of those with a staff's credit only the money."""
    refunds: list[Record] = []
    items: list[Record] = []
    payments: list[Record] = []
    sold: list[Record] = []
    for one in orders:
        order = one.order
        if order is None or all(matched.state is not State.WANTED for matched in one.matched):
            continue
        sold.extend(_sold(order.id, one.sale))
        given, taken = ZERO, Counter[str]()
        for matched in one.matched:
            refund = matched.refund
            if matched.state is State.WANTED:
                if not matched.is_paid_by_staff:
                    payments.extend(_payments(refund, order, one.sale, one.currencies))
                if not matched.is_staffs:
                    refunds.append(_refund(refund, order, one, given))
                    items.extend(_items(refund, order, taken))
            if not gave_nothing(refund):
                given += refund.total_amount
                for item in refund.items:
                    taken[item.item_id] += item.quantity if item.item_type == "PRODUCT" else 0
    return Found(
        refunds=frame(refunds, schemas.REFUNDS),
        items=frame(items, schemas.REFUND_ITEMS),
        payments=frame(payments, schemas.REFUND_PAYMENTS),
        sold=frame(sold, schemas.SOLD_ROWS),
    )


def _refund(refund: Refund, order: Order, refunded: RefundedOrder, given: Decimal) -> Record:
    """A row of REFUNDS. In: what the refunds before it gave back."""
    document = refunded.sale.document
    return {
        "order_id": order.id,
        "refund_id": refund.id,
        "created_at": refund.created,
        "channel_id": order.channel_id,
        "currency_code": order.default_currency_code,
        "is_tax_inclusive": order.is_tax_inclusive_pricing,
        "total_amount": refund.total_amount,
        "total_tax": refund.total_tax,
        "is_overridden": refund.is_overridden,
        "payments_total": sum((payment.amount for payment in refund.payments), ZERO),
        "beyond_order": max(ZERO, two_places(given + refund.total_amount - order.total_inc_tax)),
        "sales_order_id": document.id,
        "contact_id": refunded.contact_id,
        "sales_channel_id": document.channel_id,
        "sales_warehouse_id": document.warehouse_id,
        "sales_currency_code": document.currency_code,
        "sales_exchange_rate": document.exchange_rate,
        "rate_difference": _rate_difference(order, refunded.sale),
    }


def _rate_difference(order: Order, sale: Sale) -> Decimal:
    """By what part the store's rate differs; 0 where the sales order has the account's own."""
    of_store = order.store_default_to_transactional_exchange_rate
    of_sale = sale.document.exchange_rate
    if not of_store or of_store == 1 or of_sale in (ZERO, Decimal(1)):
        return ZERO
    return abs(of_store / of_sale - 1)


def _items(refund: Refund, order: Order, taken: Mapping[str, int]) -> Iterator[Record]:
    """Rows of REFUND_ITEMS. In: units of each line that the refunds before it gave back."""
    lines = {line.id: line for line in order.lines}
    units = Counter(taken)
    for number, item in enumerate(refund.items, start=1):
        kind, ref = KINDS.get(item.item_type, (item.item_type, ""))
        is_product = kind == "product"
        line = lines.get(item.item_id) if is_product or kind == "wrapping" else None
        units[item.item_id] += item.quantity if is_product else 0
        yield {
            "order_id": order.id,
            "refund_id": refund.id,
            "item": number,
            "kind": kind,
            "item_id": item.item_id,
            "sold_ref": ref.format(item.item_id),
            "sku_key": sku_key(line.sku) if line and is_product else "",
            "name": line.name if line and is_product else "",
            "quantity": item.quantity if is_product else 1,
            "qty_beyond": max(0, units[item.item_id] - line.quantity) if line else 0,
            "requested": item.requested_amount,
            "worth": _worth(item, line, kind) if line else None,
            "reason": item.reason or refund.reason,
        }


def _worth(item: RefundItem, line: OrderLine, kind: str) -> Decimal | None:
    """What the units cost the shopper, with tax and less what is kept back."""
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
        if payment.amount and not payment.is_declined:
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
    merged: dict[str, list[SalesOrderRow]] = defaultdict(list)
    for order, row in sale.rows:
        if not (row.is_bundle_child or row.parent_row_id):
            merged[row.external_ref or f"row {order.id}/{row.id}"].append(row)
    for rows in merged.values():
        first = rows[0]
        yield {
            **dict(first),
            "order_id": order_id,
            "row_ref": first.external_ref,
            "row_id": first.id,
            "sku_key": sku_key(first.sku),
            "quantity": sum(int(row.quantity) for row in rows),
            "net": sum((row.net for row in rows), ZERO),
            "tax": sum((row.tax for row in rows), ZERO),
        }
