"""What must be true of an order's frames before they are sent to Brightpearl.

It is the second net: the mapping has refused already what it could not translate. Limits of
Brightpearl's fields are from its fact sheet (sales order POST, contact, customer payment).
"""

from __future__ import annotations

import expectations.great as gxe
from expectations.rules import note, refuse, stop
from expectations.shared import (
    CORRECT,
    COUNTRY,
    CURRENCY,
    DAY,
    EMAIL,
    MOST,
    NO_CURRENCY,
    NO_EMAIL,
    NUMBER,
)

STATUS = r"^(?:[1-9][0-9]*)?$"
"""Blank for an order that stands already and whose status is not followed."""

sales_orders_out = gxe.ExpectationSuite(
    name="sales_orders_out",
    expectations=[
        gxe.ExpectColumnValuesToBeUnique(
            column="external_ref", meta=stop("two sales orders carry the same external reference")
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="external_ref",
            regex=r"^BC-[1-9][0-9]*$",
            meta=stop("a sales order has no external reference"),
        ),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="rows_total",
            column_B="total_inc_tax",
            meta=refuse(
                "money",
                "the rows do not add up to the order's total",
                "Compare the order's lines, discounts and taxes in BigCommerce",
                field="total_inc_tax",
                tell="",
            ),
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="status_id",
            regex=STATUS,
            meta=refuse(
                "order_status",
                "the status becomes no Brightpearl status id",
                "Correct the right column of mappings/tables/order_status.csv",
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
        gxe.ExpectColumnValuesToMatchRegex(
            column="currency_code", regex=CURRENCY, meta=NO_CURRENCY
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="tax_on",
            regex=DAY,
            meta=refuse("document", "the order has no tax date", CORRECT, field="tax_on"),
        ),
        gxe.ExpectColumnValueLengthsToBeBetween(
            column="ref",
            max_value=64,
            meta=refuse(
                "document",
                "the reference is longer than 64 characters",
                "Clip the field ref in mappings/orders.yaml to 64",
                field="ref",
            ),
        ),
    ],
)
"""In: SALES_ORDERS beside `rows_total`, the sum of net and tax of each order's rows (Decimal)."""

sales_order_rows_out = gxe.ExpectationSuite(
    name="sales_order_rows_out",
    expectations=[
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["order_id", "row_ref"], meta=stop("two rows carry the same reference")
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="quantity",
            min_value=1,
            max_value=MOST,
            meta=refuse("document", "a row's quantity is impossible", CORRECT, field="quantity"),
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
        gxe.ExpectColumnValuesToMatchRegex(
            column="product_id",
            regex=NUMBER,
            row_condition=gxe.Column("kind") == "product",
            meta=refuse(
                "sku",
                "a row of a product has no Brightpearl product",
                "Create a product with the SKU {value} in Brightpearl, or add "
                "`{value},<Brightpearl SKU>` to mappings/tables/skus.csv",
                field="product_id",
                tell="sku_key",
            ),
        ),
        gxe.ExpectColumnValueLengthsToBeBetween(
            column="name",
            min_value=1,
            row_condition=gxe.Column("product_id") == "",
            meta=refuse(
                "document", "a row has neither a product nor a name", CORRECT, field="name"
            ),
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="net",
            min_value=0,
            max_value=MOST,
            row_condition=gxe.Column("kind").is_not_in(["rounding", "fee"]),
            meta=refuse("money", "a row's net amount is negative", CORRECT, field="net"),
        ),
    ],
)
"""In: ROWS, as the mapping finished them. A fee and the rounding row may be negative."""

payments_out = gxe.ExpectationSuite(
    name="payments_out",
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
            meta=refuse(
                "document",
                "a payment is not a positive amount",
                "Look at the order's transactions in BigCommerce",
                field="amount",
            ),
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
            value_set=["RECEIPT"],
            meta=stop("an order's payment is not a receipt"),
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="currency_code", regex=CURRENCY, meta=NO_CURRENCY
        ),
    ],
)
"""In: PAYMENTS."""

contacts_out = gxe.ExpectationSuite(
    name="contacts_out",
    expectations=[
        gxe.ExpectColumnValuesToMatchRegex(column="email", regex=EMAIL, meta=NO_EMAIL),
        gxe.ExpectColumnValueLengthsToBeBetween(
            column="first_name",
            max_value=32,
            meta=refuse(
                "document",
                "the first name is longer than 32 characters",
                "Clip the field first_name in mappings/contacts.yaml to 32",
                field="first_name",
                tell="",
            ),
        ),
        gxe.ExpectColumnValueLengthsToBeBetween(
            column="last_name",
            max_value=32,
            meta=refuse(
                "document",
                "the last name is longer than 32 characters",
                "Clip the field last_name in mappings/contacts.yaml to 32",
                field="last_name",
                tell="",
            ),
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="billing_country_iso3",
            regex=COUNTRY,
            meta=refuse(
                "country",
                "the billing country is no ISO alpha-3 code",
                "Correct the right column of mappings/tables/countries.csv",
                field="billing_country_iso3",
            ),
        ),
        gxe.ExpectColumnValueLengthsToBeBetween(
            column="billing_line_1",
            min_value=1,
            meta=note("a contact has no street, which Brightpearl asks of a new one"),
        ),
    ],
)
"""In: CONTACTS beside the `order_id` of each order that the contact is for."""
