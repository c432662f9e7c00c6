"""Batches judged by Great Expectations, before they are mapped and before they are sent."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pandas as pd

from tasks.claim import Run
from tasks.judge import judge
from tasks.policy import PURE, step
from tasks.refunds.frames import Desired, Found
from tasks.refunds.transform import Transformed


@step("validate-refunds-in", PURE)
def validate_found(run: Run, found: Found) -> Found:
    """The batch less the orders whose refunds may not be mapped; these are refused.

    Raises: ContractError when the batch as a whole cannot be trusted (a STOP).
    """
    judge(
        run,
        "refunds",
        {
            "refunds_in": found.refunds,
            "refund_items_in": found.items,
            "refund_payments_in": found.payments,
        },
    )
    return found.without(run.refused_keys)


@step("validate-credits-out", PURE)
def validate_desired(run: Run, transformed: Transformed, found: Found) -> Desired:
    """The desired documents less those that may not be sent.

    Raises: ContractError when the batch as a whole cannot be trusted (a STOP).
    """
    run.refuse(transformed.refused)
    desired = transformed.desired
    judge(
        run,
        "refunds",
        {
            "credits_out": _beside_sums(desired, found),
            "credit_rows_out": desired.rows,
            "payouts_out": desired.payouts,
        },
    )
    return desired.without(run.refused_keys)


def _beside_sums(desired: Desired, found: Found) -> pd.DataFrame:
    """CREDITS beside the sums of their rows, and the sales order's currency."""
    totals: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    taxes: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    columns = ("order_id", "refund_id", "net", "tax")
    for order_id, refund_id, net, tax in zip(*(desired.rows[c] for c in columns), strict=True):
        totals[order_id, refund_id] += net + tax
        taxes[order_id, refund_id] += tax
    currencies = dict(
        zip(_keys(found.refunds), found.refunds["sales_currency_code"].tolist(), strict=True)
    )
    keys = _keys(desired.credits)
    return desired.credits.assign(
        rows_total=pd.Series([totals[key] for key in keys], dtype="object"),
        rows_tax=pd.Series([taxes[key] for key in keys], dtype="object"),
        sales_currency_code=pd.Series([currencies[key] for key in keys], dtype="str"),
    )


def _keys(rows: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(rows["order_id"], rows["refund_id"], strict=True))
