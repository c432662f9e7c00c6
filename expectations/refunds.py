"""What must be true of refunds before they are mapped, and of credits before they are sent.

An expectation costs milliseconds per batch, so a suite asks only what would do harm unseen. Limits
of Brightpearl's fields are from its fact sheet (sales credit POST, customer payment).
"""

from __future__ import annotations

import expectations.great as gxe
from expectations.rules import note, refuse, stop
from expectations.shared import CURRENCY, DAY, MOST, NO_CURRENCY, NUMBER

BY_HAND = "Look at the refund in BigCommerce and enter the sales credit in Brightpearl by hand"
LARGEST_APART = 0.005
"""Part of a rate beyond which a difference is told."""

refunds_in = gxe.ExpectationSuite(
    name="refunds_in",
    expectations=[
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["order_id", "refund_id"], meta=stop("the same refund is there twice")
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="refund_id", regex=NUMBER, meta=stop("a refund's id is not a number")
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="total_amount",
            min_value=0,
            strict_min=True,
            max_value=MOST,
            meta=refuse(
                "money", "a refund is not a positive amount", BY_HAND, field="total_amount"
            ),
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="total_tax",
            min_value=0,
            max_value=MOST,
            meta=refuse(
                "money", "a refund gives back less than no tax", BY_HAND, field="total_tax"
            ),
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="beyond_order",
            max_value=0,
            meta=refuse(
                "money",
                "the order's refunds are more than the order",
                BY_HAND,
                field="beyond_order",
            ),
        ),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="payments_total",
            column_B="total_amount",
            meta=note("a refund's payments add up to another amount than the refund"),
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="rate_apart",
            max_value=LARGEST_APART,
            meta=note("the store's exchange rate is more than 0.5 % from the sales order's"),
        ),
    ],
)
"""In: REFUNDS."""

refund_items_in = gxe.ExpectationSuite(
    name="refund_items_in",
    expectations=[
        gxe.ExpectColumnValuesToBeInSet(
            column="kind",
            value_set=["product", "wrapping", "shipping", "handling", "fee", "order", "tax"],
            meta=refuse(
                "document",
                "a refund gives back something of a kind that is not known",
                BY_HAND,
                field="kind",
            ),
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="quantity",
            min_value=1,
            max_value=MOST,
            meta=refuse("document", "a refund's quantity is impossible", BY_HAND, field="quantity"),
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="qty_beyond",
            max_value=0,
            meta=refuse(
                "document",
                "a refund gives back more units than are left of the line",
                BY_HAND,
                field="qty_beyond",
            ),
        ),
    ],
)
"""In: REFUND_ITEMS."""

refund_payments_in = gxe.ExpectationSuite(
    name="refund_payments_in",
    expectations=[
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="currency_code",
            column_B="order_currency_code",
            meta=refuse(
                "currency",
                "the gateway paid back in another currency than the order's",
                "Look at the order's transactions in BigCommerce and enter the sales credit in "
                "Brightpearl by hand",
                field="currency_code",
            ),
        ),
    ],
)
"""In: REFUND_PAYMENTS."""

credits_out = gxe.ExpectationSuite(
    name="credits_out",
    expectations=[
        gxe.ExpectColumnValuesToBeUnique(
            column="external_ref", meta=stop("two sales credits carry the same external reference")
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="external_ref",
            regex=r"^BC-[1-9][0-9]*-R[1-9][0-9]*$",
            meta=stop("a sales credit has no external reference"),
        ),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="rows_total",
            column_B="total_inc_tax",
            meta=stop("the rows do not add up to the refund's total"),
        ),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="rows_tax",
            column_B="total_tax",
            meta=stop("the rows' tax does not add up to the refund's tax"),
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="status_id",
            regex=NUMBER,
            meta=refuse(
                "order_status",
                "new sales credits have no Brightpearl status id",
                "Correct the row `new` of mappings/tables/credit_statuses.csv",
                field="status_id",
            ),
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="channel_id",
            regex=NUMBER,
            meta=refuse(
                "channel",
                "the channel becomes no Brightpearl channel id",
                "Correct the right column of mappings/tables/channels.csv",
                field="channel_id",
            ),
        ),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="currency_code",
            column_B="sales_currency_code",
            meta=refuse(
                "currency",
                "the refund is in another currency than its sales order",
                "Compare the order's currency in both systems and enter the sales credit in "
                "Brightpearl by hand",
                field="currency_code",
            ),
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="tax_on",
            regex=DAY,
            meta=refuse("document", "the refund has no tax date", BY_HAND, field="tax_on"),
        ),
    ],
)
"""In: CREDITS beside `rows_total` and `rows_tax`, the sums over each credit's rows (Decimal), and
the sales order's currency."""

credit_rows_out = gxe.ExpectationSuite(
    name="credit_rows_out",
    expectations=[
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["order_id", "refund_id", "row_ref"],
            meta=stop("two rows of a credit carry the same reference"),
        ),
        gxe.ExpectColumnValueLengthsToBeBetween(
            column="tax_code",
            min_value=1,
            meta=refuse(
                "tax_code",
                "a row has no tax code",
                "Add `{value},<Brightpearl tax code>` to mappings/tables/tax_codes.csv",
                field="tax_code",
                tell="rate_percent",
            ),
        ),
        gxe.ExpectColumnValueLengthsToBeBetween(
            column="name",
            min_value=1,
            row_condition=gxe.Column("product_id") == "",
            meta=refuse(
                "document", "a row has neither a product nor a name", BY_HAND, field="name"
            ),
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="net",
            min_value=0,
            max_value=MOST,
            meta=refuse("money", "a row's net amount is negative", BY_HAND, field="net"),
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="condition",
            value_set=["", "restock", "quarantine"],
            meta=refuse(
                "condition",
                "a reason becomes a condition that is not known",
                "Write restock, quarantine or nothing for {value} in the right column of "
                "mappings/tables/return_conditions.csv",
                field="condition",
            ),
        ),
    ],
)
"""In: CREDIT_ROWS, as the mapping finished them."""

payouts_out = gxe.ExpectationSuite(
    name="payouts_out",
    expectations=[
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["transaction_ref", "payment_method_code"],
            meta=stop("two payments carry the same reference and method"),
        ),
        gxe.ExpectColumnValueLengthsToBeBetween(
            column="transaction_ref",
            min_value=1,
            max_value=64,
            meta=stop("a payment's reference, its key, is blank or longer than 64 characters"),
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="amount",
            min_value=0,
            strict_min=True,
            max_value=MOST,
            meta=refuse("document", "a payment is not a positive amount", BY_HAND, field="amount"),
        ),
        gxe.ExpectColumnValueLengthsToBeBetween(
            column="payment_method_code",
            min_value=1,
            max_value=36,
            meta=refuse(
                "payment_method",
                "a payment has no method code of at most 36 characters",
                "Correct the right column of mappings/tables/payment_methods.csv",
                field="payment_method_code",
            ),
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="payment_type",
            value_set=["PAYMENT"],
            meta=stop("money that went back is not a payment"),
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="currency_code", regex=CURRENCY, meta=NO_CURRENCY
        ),
    ],
)
"""In: PAYOUTS."""

SUITES = {
    suite.name: suite
    for suite in (
        refunds_in,
        refund_items_in,
        refund_payments_in,
        credits_out,
        credit_rows_out,
        payouts_out,
    )
}
"""The suites of the refund sync by name: each judges the frame it is called after."""
