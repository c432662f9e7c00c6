"""Batches judged by Great Expectations, before they are mapped and before they are sent."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pandas as pd

from tasks.claim import Run
from tasks.judge import judge
from tasks.orders.desired import Desired, Found
from tasks.orders.transform import Transformed
from tasks.policy import PURE, step


@step("validate-orders-in", PURE)
def validate_found(run: Run, found: Found) -> Found:
    """The batch less the orders that may not be mapped; these are refused with their reason.

    Raises: ContractError when the batch as a whole cannot be trusted (a STOP).
    """
    judge(
        run,
        "orders",
        {
            "orders_in": found.orders,
            "order_lines_in": found.lines,
            "transactions_in": found.transactions,
        },
    )
    return found.without(run.refused_keys)


@step("validate-sales-orders-out", PURE)
def validate_desired(run: Run, transformed: Transformed) -> Desired:
    """The desired documents less those that may not be sent.

    Raises: ContractError when the batch as a whole cannot be trusted (a STOP).
    """
    run.refuse(transformed.refused)
    run.report.counts["rounding rows"] += transformed.rounded
    desired = transformed.desired
    judge(
        run,
        "orders",
        {
            "sales_orders_out": with_row_sums(desired),
            "sales_order_rows_out": desired.rows,
            "payments_out": desired.payments,
            "contacts_out": _contacts_by_order(desired),
        },
    )
    return desired.without(run.refused_keys)


def with_row_sums(desired: Desired) -> pd.DataFrame:
    """SALES_ORDERS beside `rows_total`, the sum of net and tax of each order's rows."""
    gross = desired.rows["net"] + desired.rows["tax"]
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for order_id, amount in zip(desired.rows["order_id"], gross, strict=True):
        sums[order_id] += amount
    totals = [sums[order_id] for order_id in desired.sales_orders["order_id"]]
    return desired.sales_orders.assign(rows_total=pd.Series(totals, dtype="object"))


def _contacts_by_order(desired: Desired) -> pd.DataFrame:
    """Each order's contact, so that a refusal names the orders it holds up."""
    people = desired.sales_orders[["order_id", "email_key"]]
    return people.merge(desired.contacts, on="email_key", how="inner")
