"""What a batch of refunds is and should become, as frames of core/refunds.py."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from core.frames import frame
from core.refunds import (
    CREDIT_ROWS,
    CREDITS,
    PAYOUTS,
    REFUND_ITEMS,
    REFUND_PAYMENTS,
    REFUNDS,
    SOLD_ROWS,
)


@dataclass(frozen=True)
class Found:
    """Refunds that want a credit: frames REFUNDS, REFUND_ITEMS, REFUND_PAYMENTS, SOLD_ROWS."""

    refunds: pd.DataFrame
    items: pd.DataFrame
    payments: pd.DataFrame
    sold: pd.DataFrame

    def without(self, order_ids: set[str]) -> Found:
        """The same batch less these orders, with all that belongs to them."""
        return Found(*(_without(part, order_ids) for part in vars(self).values()))

    @staticmethod
    def nothing() -> Found:
        """A batch of no refunds."""
        schemas = (REFUNDS, REFUND_ITEMS, REFUND_PAYMENTS, SOLD_ROWS)
        return Found(*(frame([], schema) for schema in schemas))


@dataclass(frozen=True)
class Desired:
    """What Brightpearl should hold: frames CREDITS, CREDIT_ROWS, PAYOUTS."""

    credits: pd.DataFrame
    rows: pd.DataFrame
    payouts: pd.DataFrame

    def without(self, order_ids: set[str]) -> Desired:
        """The same batch less these orders."""
        return Desired(*(_without(part, order_ids) for part in vars(self).values()))

    @staticmethod
    def nothing() -> Desired:
        """A batch of no credits."""
        return Desired(*(frame([], schema) for schema in (CREDITS, CREDIT_ROWS, PAYOUTS)))


def _without(rows: pd.DataFrame, order_ids: set[str]) -> pd.DataFrame:
    return rows[~rows["order_id"].isin(order_ids)].reset_index(drop=True)
