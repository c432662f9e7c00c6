"""What must be true of an order's frames as BigCommerce tells it, before they are mapped."""

from __future__ import annotations

import expectations.great as gxe
from expectations.rules import note, refuse, stop
from expectations.shared import (
    CORRECT,
    CURRENCY,
    EMAIL,
    MOST,
    NO_CURRENCY,
    NO_EMAIL,
    NUMBER,
    USUAL_BATCH,
)

orders_in = gxe.ExpectationSuite(
    name="orders_in",
    expectations=[
        gxe.ExpectColumnValuesToBeUnique(
            column="order_id", meta=stop("the same order is there twice")
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="order_id", regex=NUMBER, meta=stop("an order's id is not a number")
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="currency_code", regex=CURRENCY, meta=NO_CURRENCY
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="total_inc_tax",
            min_value=0,
            max_value=MOST,
            meta=refuse(
                "document", "the order's total is impossible", CORRECT, field="total_inc_tax"
            ),
        ),
        gxe.ExpectColumnValuesToMatchRegex(column="email_key", regex=EMAIL, meta=NO_EMAIL),
        gxe.ExpectColumnValuesToBeBetween(
            column="placed_at",
            max_value={"$PARAMETER": "tomorrow"},
            meta=note("the order was placed more than a day from now"),
        ),
        gxe.ExpectTableRowCountToBeBetween(
            max_value=USUAL_BATCH, meta=note(f"the batch holds more than {USUAL_BATCH} orders")
        ),
    ],
)
"""In: ORDERS."""

order_lines_in = gxe.ExpectationSuite(
    name="order_lines_in",
    expectations=[
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["order_id", "line_id"], meta=stop("the same order line is there twice")
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="quantity",
            min_value=0,  # staff who remove a line leave it with nothing on it
            max_value=MOST,
            meta=refuse("document", "a line's quantity is impossible", CORRECT, field="quantity"),
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="total_inc_tax",
            min_value=0,
            max_value=MOST,
            meta=refuse(
                "document", "a line's amount is impossible", CORRECT, field="total_inc_tax"
            ),
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="kind",
            value_set=["physical", "digital", "giftcertificate"],
            meta=refuse(
                "document",
                "a line is of a kind that is not known",
                "Enter the order in Brightpearl by hand, or report the kind {value}",
                field="kind",
            ),
        ),
        gxe.ExpectColumnValueLengthsToBeBetween(
            column="sku",
            max_value=32,
            meta=note("a SKU is longer than the 32 characters that Brightpearl's SKUs can have"),
        ),
    ],
)
"""In: LINES."""

transactions_in = gxe.ExpectationSuite(
    name="transactions_in",
    expectations=[
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["order_id", "transaction_id"],
            meta=stop("the same transaction is there twice"),
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="amount",
            min_value=0,
            max_value=MOST,
            meta=refuse(
                "document",
                "a transaction's amount is impossible",
                "Look at the order's transactions in BigCommerce and enter the payment in "
                "Brightpearl by hand",
                field="amount",
            ),
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="event",
            value_set=[
                "purchase",
                "authorization",
                "capture",
                "refund",
                "void",
                "pending",
                "settled",
            ],
            meta=note("a transaction is of an event that is not known and counts as no money"),
        ),
    ],
)
"""In: TRANSACTIONS."""
