"""What must be true of refunds before they are mapped, and of credits before they are sent.

Limits of Brightpearl's fields are from its fact sheet (sales credit POST, customer payment).
"""

from __future__ import annotations

from expectations.rows import (
    ExpectColumnsToBeEqual,
    ExpectValuesToBeBetween,
    ExpectValuesToBeInSet,
    ExpectValuesToBeUnique,
    ExpectValuesToMatchRegex,
    suite,
)
from expectations.rules import (
    DAY,
    MOST,
    NO_CHANNEL,
    NUMBER,
    note,
    note_cards,
    payments_suite,
    refuse,
    row_expectations,
    stop,
)

BY_HAND = "Check the refund in BigCommerce and enter the sales credit in Brightpearl by hand"
IN_STORE = "Have the refund corrected in BigCommerce"
LARGEST_DIFFERENCE = 0.005
"""Part of an exchange rate beyond which a difference is reported."""

refunds_in = suite(
    "refunds_in",
    ExpectValuesToBeUnique(
        columns=["order_id", "refund_id"], meta=stop("the same refund is there twice")
    ),
    ExpectValuesToMatchRegex(
        column="refund_id", regex=NUMBER, meta=stop("a refund's id is not a number")
    ),
    ExpectValuesToBeBetween(
        column="total_amount",
        min_value=0,
        max_value=MOST,
        meta=refuse("money", "a refund is a negative amount", IN_STORE, field="total_amount"),
    ),
    ExpectValuesToBeBetween(
        column="total_tax",
        min_value=0,
        max_value=MOST,
        meta=refuse("money", "a refund gives back less than no tax", BY_HAND, field="total_tax"),
    ),
    ExpectValuesToBeBetween(
        column="is_overridden",
        max_value=0,
        meta=note("the merchant stated total and tax of a refund"),
    ),
    ExpectValuesToBeBetween(
        column="beyond_order",
        max_value=0,
        meta=refuse(
            "money",
            "the order's refunds are more than the order",
            BY_HAND,
            field="beyond_order",
        ),
    ),
    ExpectColumnsToBeEqual(
        column="payments_total",
        other="total_amount",
        meta=note("a refund's payments add up to another amount than the refund"),
    ),
    ExpectValuesToBeBetween(
        column="rate_difference",
        max_value=LARGEST_DIFFERENCE,
        meta=note("the store's exchange rate is more than 0.5 % from the sales order's"),
    ),
)
"""In: REFUNDS."""

refund_items_in = suite(
    "refund_items_in",
    note_cards(["reason"], "what staff keep elsewhere"),
    ExpectValuesToBeInSet(
        column="kind",
        value_set=["product", "wrapping", "shipping", "handling", "fee", "order", "tax"],
        meta=refuse(
            "document",
            "a refund gives back something of a kind that is not known",
            BY_HAND,
            field="kind",
        ),
    ),
    ExpectValuesToBeBetween(
        column="quantity",
        min_value=1,
        max_value=MOST,
        meta=refuse("document", "a refund's quantity is impossible", BY_HAND, field="quantity"),
    ),
    ExpectValuesToBeBetween(
        column="qty_beyond",
        max_value=0,
        meta=refuse(
            "document",
            "a refund gives back more units than are left of the line",
            BY_HAND,
            field="qty_beyond",
        ),
    ),
)
"""In: REFUND_ITEMS."""

refund_payments_in = suite(
    "refund_payments_in",
    ExpectColumnsToBeEqual(
        column="currency_code",
        other="order_currency_code",
        meta=refuse(
            "currency",
            "the gateway paid back in another currency than the order's",
            "Check the order's transactions in BigCommerce and enter the sales credit in "
            "Brightpearl by hand",
            field="currency_code",
        ),
    ),
)
"""In: REFUND_PAYMENTS."""

credits_out = suite(
    "credits_out",
    ExpectValuesToBeUnique(
        columns=["external_ref"], meta=stop("two sales credits carry the same external reference")
    ),
    ExpectValuesToMatchRegex(
        column="external_ref",
        regex=r"BC-[1-9][0-9]*-R[1-9][0-9]*",
        meta=stop("a sales credit has no external reference"),
    ),
    ExpectColumnsToBeEqual(
        column="rows_total",
        other="total_inc_tax",
        meta=stop("the rows do not add up to the refund's total"),
    ),
    ExpectColumnsToBeEqual(
        column="rows_tax",
        other="total_tax",
        meta=stop("the rows' tax does not add up to the refund's tax"),
    ),
    ExpectValuesToMatchRegex(
        column="status_id",
        regex=NUMBER,
        meta=refuse(
            "order_status",
            "new sales credits have no Brightpearl status id",
            "Correct the row `new` of mappings/tables/credit_statuses.csv",
            field="status_id",
        ),
    ),
    ExpectValuesToMatchRegex(column="channel_id", regex=NUMBER, meta=NO_CHANNEL),
    ExpectColumnsToBeEqual(
        column="currency_code",
        other="sales_currency_code",
        meta=refuse(
            "currency",
            "the refund is in another currency than its sales order",
            "Compare the order's currency in both systems and enter the sales credit in "
            "Brightpearl by hand",
            field="currency_code",
        ),
    ),
    ExpectValuesToMatchRegex(
        column="tax_on",
        regex=DAY,
        meta=refuse("document", "the refund has no tax date", BY_HAND, field="tax_on"),
    ),
)
"""In: CREDITS with `rows_total` and `rows_tax`, the sums over each credit's rows (Decimal), and
the sales order's currency."""

credit_rows_out = suite(
    "credit_rows_out",
    ExpectValuesToBeUnique(
        columns=["order_id", "refund_id", "row_ref"],
        meta=stop("two rows of a credit carry the same reference"),
    ),
    *row_expectations(BY_HAND),
    ExpectValuesToBeInSet(
        column="condition",
        value_set=["", "restock", "quarantine"],
        meta=refuse(
            "condition",
            "a reason becomes a condition that is not known",
            "Write restock, quarantine or nothing in place of {value} in the right column of "
            "mappings/tables/return_conditions.csv",
            field="condition",
        ),
    ),
)
"""In: CREDIT_ROWS, as the mapping finished them."""

payouts_out = payments_suite(
    "payouts_out",
    "PAYMENT",
    otherwise="money that went back is not a payment",
    remedy=BY_HAND,
)
"""In: PAYOUTS."""

SUITES = {
    one.name: one
    for one in (
        refunds_in,
        refund_items_in,
        refund_payments_in,
        credits_out,
        credit_rows_out,
        payouts_out,
    )
}
"""The suites of the refund sync by name: each checks the frame it is called after."""
