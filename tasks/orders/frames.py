"""What a batch of orders should become in Brightpearl, as frames of core/orders.py."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from core.orders import CONTACTS, LINES, ORDERS, PAYMENTS, ROWS, SALES_ORDERS
from tasks.reconciler.frames import Frames
from tasks.reconciler.frames import rows as columns


@dataclass(frozen=True)
class Desired(Frames):
    """What Brightpearl should hold.

    `orders` and `lines` are the store's side again, for the write-back and for what was refunded.
    Contacts stay when an order is refused: the plan takes those it needs.
    """

    orders: pd.DataFrame = columns(ORDERS)
    lines: pd.DataFrame = columns(LINES)
    sales_orders: pd.DataFrame = columns(SALES_ORDERS)
    rows: pd.DataFrame = columns(ROWS)
    contacts: pd.DataFrame = columns(CONTACTS, is_keyed=False)
    payments: pd.DataFrame = columns(PAYMENTS)
    money_unread: frozenset[str] = frozenset()
    """Orders of which `payments` says nothing: their money is as it was agreed on."""
    stock_tracked: frozenset[str] = frozenset()
    """Brightpearl's ids of the products that have stock."""

    def validated(self) -> Mapping[str, pd.DataFrame]:
        """By the name of their suite."""
        people = self.sales_orders[["order_id", "email_key"]]
        return {
            "sales_orders_out": with_row_sums(self),
            "sales_order_rows_out": self.rows,
            "payments_out": self.payments,
            # Each order's contact, so that a refusal names the orders it holds up.
            "contacts_out": people.merge(self.contacts, on="email_key", how="inner"),
        }


def with_row_sums(desired: Desired) -> pd.DataFrame:
    """SALES_ORDERS beside `rows_total`, the sum of net and tax of each order's rows."""
    gross = desired.rows["net"] + desired.rows["tax"]
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for order_id, amount in zip(desired.rows["order_id"], gross, strict=True):
        sums[order_id] += amount
    totals = [sums[order_id] for order_id in desired.sales_orders["order_id"]]
    return desired.sales_orders.assign(rows_total=pd.Series(totals, dtype="object"))
