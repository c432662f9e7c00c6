"""What a batch of orders is and should become, as frames of core/orders.py."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from core.frames import frame
from core.orders import (
    CHARGES,
    CONTACTS,
    LINES,
    ORDERS,
    PAYMENTS,
    ROWS,
    SALES_ORDERS,
    TAXES,
    TRANSACTIONS,
)


@dataclass(frozen=True)
class Found:
    """The store's side of a batch: frames ORDERS, LINES, CHARGES, TAXES, TRANSACTIONS."""

    orders: pd.DataFrame
    lines: pd.DataFrame
    charges: pd.DataFrame
    taxes: pd.DataFrame
    transactions: pd.DataFrame

    def without(self, order_ids: set[str]) -> Found:
        """The same batch less these orders, with all that belongs to them."""
        return Found(*(_without(part, order_ids) for part in vars(self).values()))

    @staticmethod
    def nothing() -> Found:
        """A batch of no orders."""
        return Found(*(frame([], s) for s in (ORDERS, LINES, CHARGES, TAXES, TRANSACTIONS)))


@dataclass(frozen=True)
class Desired:
    """What Brightpearl should hold: frames SALES_ORDERS, ROWS, CONTACTS and PAYMENTS.

    `orders` and `lines` are the store's side again (ORDERS, LINES), for the way back and for what
    was refunded.
    """

    orders: pd.DataFrame
    lines: pd.DataFrame
    sales_orders: pd.DataFrame
    rows: pd.DataFrame
    contacts: pd.DataFrame
    payments: pd.DataFrame
    stock_tracked: frozenset[str] = frozenset()
    """Brightpearl's ids of the products that have stock."""

    def without(self, order_ids: set[str]) -> Desired:
        """The same batch less these orders. Contacts stay: the plan takes those it needs."""
        return replace(
            self,
            orders=_without(self.orders, order_ids),
            lines=_without(self.lines, order_ids),
            sales_orders=_without(self.sales_orders, order_ids),
            rows=_without(self.rows, order_ids),
            payments=_without(self.payments, order_ids),
        )

    @staticmethod
    def nothing() -> Desired:
        """A batch of no orders."""
        return Desired(
            orders=frame([], ORDERS),
            lines=frame([], LINES),
            sales_orders=frame([], SALES_ORDERS),
            rows=frame([], ROWS),
            contacts=frame([], CONTACTS),
            payments=frame([], PAYMENTS),
        )


def _without(rows: pd.DataFrame, order_ids: set[str]) -> pd.DataFrame:
    return rows[~rows["order_id"].isin(order_ids)].reset_index(drop=True)
