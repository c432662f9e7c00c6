"""From the store's words to Brightpearl's: the mapping files applied, the money made to add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from core.frames import concat
from core.refusals import REFUSALS
from mappings.bundle import Bundle
from mappings.credit_rows import credit_rows
from mappings.engine import Context, apply
from tasks.policy import PURE, step
from tasks.reference import unknown_ids
from tasks.refunds.frames import Desired, Found
from tasks.refunds.reference import Known

ID_COLUMNS: Mapping[str, Mapping[str, tuple[str, str, str]]] = {
    "credits": {
        "status_id": ("credit_status", "order_status", "sales credit status"),
        "channel_id": ("channel", "channel", "channel"),
        "warehouse_id": ("warehouse", "warehouse", "warehouse"),
        "currency_code": ("currency", "currency", "currency"),
    },
    "rows": {"tax_code": ("tax_code", "tax_code", "tax code")},
    "payouts": {"payment_method_code": ("payment_method", "payment_method", "payment method")},
}
"""Columns whose values must exist in the account: by what is known, the refusal's class, and its
name for people."""


@dataclass(frozen=True)
class Transformed:
    """Desired frames, and what may not travel on (REFUSALS)."""

    desired: Desired
    refused: pd.DataFrame


@step("transform-refunds", PURE)
def transform_refunds(found: Found, known: Known, bundle: Bundle) -> Transformed:
    """Desired sales credits, rows and payments out of a validated batch. Pure."""
    context = Context(
        zone=known.zone, tables=bundle.tables, account_currency=known.account_currency
    )
    added_up = credit_rows(found.refunds, found.items, found.sold)
    headers = apply(bundle.mapping("refunds"), found.refunds, context)
    rows = apply(bundle.mapping("refund_rows"), added_up.rows, context)
    payouts = apply(bundle.mapping("refund_payments"), found.payments, context)
    desired = Desired(headers.frame, rows.frame, payouts.frame)
    refused = concat(
        [
            added_up.refusals,
            headers.refusals,
            rows.refusals,
            payouts.refusals,
            *_unknown(desired, known),
        ],
        REFUSALS,
    )
    return Transformed(desired.without(set(refused["key"])), refused)


def _unknown(desired: Desired, known: Known) -> list[pd.DataFrame]:
    return [
        unknown_ids(getattr(desired, name), column, known.ids[what], class_, spoken)
        for name, columns in ID_COLUMNS.items()
        for column, (what, class_, spoken) in columns.items()
    ]
