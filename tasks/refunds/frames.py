"""A batch of refunds on its way: frames of core/refunds.py, and typed rows after the last gate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeVar

import pandas as pd

from core.refunds import (
    CREDIT_ROWS,
    CREDITS,
    PAYOUTS,
    REFUND_ITEMS,
    REFUND_PAYMENTS,
    REFUNDS,
    SOLD_ROWS,
)
from tasks.reconciler.frames import Frames, typed_rows
from tasks.reconciler.frames import rows as columns

RefundKey = tuple[str, str]
"""Order and refund id."""


@dataclass(frozen=True)
class RefundRow:
    """A row about one refund."""

    order_id: str
    refund_id: str


@dataclass(frozen=True)
class CreditHeader(RefundRow):
    """A row of CREDITS: a sales credit that is to be."""

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
class CreditRow(RefundRow):
    """A row of CREDIT_ROWS: of a sales credit."""

    row_ref: str
    sold_ref: str
    kind: str
    product_id: str
    name: str
    quantity: int
    tax_code: str
    net: Decimal
    tax: Decimal
    nominal_code: str
    sequence: int
    condition: str


@dataclass(frozen=True)
class Payout(RefundRow):
    """A row of PAYOUTS: money that went back."""

    transaction_ref: str
    payment_method_code: str
    payment_type: Literal["RECEIPT", "PAYMENT"]
    amount: Decimal
    currency_code: str
    exchange_rate: Decimal | None
    paid_at: datetime


Row = TypeVar("Row", bound=RefundRow)


@dataclass(frozen=True)
class DesiredCredit:
    """What Brightpearl should hold of one refund."""

    header: CreditHeader | None = None
    """None for a refund whose credit staff made: only its money is booked."""
    rows: Sequence[CreditRow] = ()
    payouts: Sequence[Payout] = ()


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
        headers = {_key(one): one for one in typed_rows(self.credits, CreditHeader)}
        rows = _by_refund(typed_rows(self.rows, CreditRow))
        payouts = _by_refund(typed_rows(self.payouts, Payout))
        return {
            key: DesiredCredit(headers.get(key), rows.get(key, ()), payouts.get(key, ()))
            for key in {**headers, **rows, **payouts}
        }


def with_row_sums(desired: Desired) -> pd.DataFrame:
    """CREDITS beside the sums of their rows, and the sales order's currency."""
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


def _key(row: RefundRow) -> RefundKey:
    return row.order_id, row.refund_id


def _by_refund(rows: Sequence[Row]) -> dict[RefundKey, list[Row]]:
    found: dict[RefundKey, list[Row]] = defaultdict(list)
    for row in rows:
        found[_key(row)].append(row)
    return dict(found)
