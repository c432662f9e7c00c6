"""What must be true of an order's frames: as BigCommerce has it, and before it goes to Brightpearl.

What goes out is checked a second time here: the mapping has refused already what it could not
translate. Limits of Brightpearl's fields are from its fact sheet (sales order POST, contact,
customer payment).
"""

from __future__ import annotations

from core.ids import EMAIL
from expectations.rows import (
    ExpectColumnsToBeEqual,
    ExpectTimesNotToBeLater,
    ExpectValueLengthsToBeBetween,
    ExpectValuesToBeBetween,
    ExpectValuesToBeInSet,
    ExpectValuesToBeUnique,
    ExpectValuesToMatchRegex,
    suite,
)
from expectations.rules import (
    CORRECT,
    CURRENCY,
    DAY,
    MOST,
    NO_CHANNEL,
    NO_CURRENCY,
    NO_EMAIL,
    NO_PERSON,
    NUMBER,
    PERSON,
    note,
    note_cards,
    payments_suite,
    refuse,
    refuse_card,
    row_expectations,
    stop,
)

COUNTRY = r"(?:[A-Z]{3})?"
"""May be blank: what is downloaded needs no address."""
STATUS = r"(?:[1-9][0-9]*)?"
"""Blank for an order that stands already and whose status is not followed."""
NAME = ("first_name", "last_name", "company", "phone")
PLACE = ("street_1", "street_2", "city", "state")
TYPED = (
    *("customer_message", "staff_notes", "form_fields", "gift_messages", "destinations"),
    *("pickup_details", "line_details"),
)
"""What people typed for staff to read."""
NO_CARD = "Take it out of the order in BigCommerce"

orders_in = suite(
    "orders_in",
    ExpectValuesToBeUnique(columns=["order_id"], meta=stop("the same order is there twice")),
    ExpectValuesToMatchRegex(
        column="order_id", regex=NUMBER, meta=stop("an order's id is not a number")
    ),
    ExpectValuesToMatchRegex(
        column="currency_code",
        regex=CURRENCY,
        meta=refuse(
            "currency", "the currency is not a three-letter code", CORRECT, field="currency_code"
        ),
    ),
    ExpectValuesToBeBetween(
        column="total_inc_tax",
        min_value=0,
        max_value=MOST,
        meta=refuse("document", "the order's total is impossible", CORRECT, field="total_inc_tax"),
    ),
    ExpectValuesToMatchRegex(column="email_key", regex=PERSON, meta=NO_PERSON),
    ExpectTimesNotToBeLater(
        column="placed_at",
        days_from_now=1,
        meta=note("the order was placed more than a day from now"),
    ),
    *(
        refuse_card(f"{party}_{field}", [f"{party}_{name}" for name in names], NO_CARD)
        for party in ("billing", "shipping")
        for field, names in {"name": NAME, "address": PLACE}.items()
    ),
    note_cards(TYPED, "the order in BigCommerce"),
)
"""In: ORDERS."""

consignments_in = suite(
    "consignments_in",
    *(
        refuse_card(f"shipping_{field}", [f"shipping_{name}" for name in names], NO_CARD)
        for field, names in {"name": NAME, "address": PLACE}.items()
    ),
)
"""In: FURTHER_ADDRESSES."""

order_lines_in = suite(
    "order_lines_in",
    ExpectValuesToBeUnique(
        columns=["order_id", "line_id"], meta=stop("the same order line is there twice")
    ),
    ExpectValuesToBeBetween(
        column="quantity",
        min_value=0,  # staff who remove a line leave it with nothing on it
        max_value=MOST,
        meta=refuse("document", "a line's quantity is impossible", CORRECT, field="quantity"),
    ),
    ExpectValuesToBeBetween(
        column="total_inc_tax",
        min_value=0,
        max_value=MOST,
        unless={"product_id": ["0"]},  # what is taken in exchange is below zero
        meta=refuse("document", "a line's amount is impossible", CORRECT, field="total_inc_tax"),
    ),
    ExpectValueLengthsToBeBetween(
        column="sku",
        max_value=32,
        meta=note("a SKU is longer than the 32 characters that Brightpearl's SKUs can have"),
    ),
    note_cards(["options"], "the order in BigCommerce"),
)
"""In: LINES."""

transactions_in = suite(
    "transactions_in",
    ExpectValuesToBeUnique(
        columns=["order_id", "transaction_id"],
        meta=stop("the same transaction is there twice"),
    ),
    ExpectValuesToBeBetween(
        column="amount",
        min_value=0,
        max_value=MOST,
        meta=refuse(
            "document",
            "a transaction's amount is impossible",
            "Have the order's transactions corrected in BigCommerce",
            field="amount",
        ),
    ),
    ExpectValuesToBeInSet(
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
)
"""In: TRANSACTIONS."""

sales_orders_out = suite(
    "sales_orders_out",
    ExpectValuesToBeUnique(
        columns=["external_ref"], meta=stop("two sales orders carry the same external reference")
    ),
    ExpectValuesToMatchRegex(
        column="external_ref",
        regex=r"BC-[1-9][0-9]*",
        meta=stop("a sales order has no external reference"),
    ),
    ExpectColumnsToBeEqual(
        column="rows_total",
        other="total_inc_tax",
        meta=refuse(
            "money",
            "the rows do not add up to the order's total",
            "Compare the order's lines, discounts and taxes in BigCommerce",
            field="total_inc_tax",
            value_from="",
        ),
    ),
    ExpectValuesToMatchRegex(
        column="status_id",
        regex=STATUS,
        meta=refuse(
            "order_status",
            "the status becomes no Brightpearl status id",
            "Correct the right column of mappings/tables/order_status.csv",
            field="status_id",
        ),
    ),
    ExpectValuesToMatchRegex(column="channel_id", regex=NUMBER, meta=NO_CHANNEL),
    ExpectValuesToMatchRegex(column="currency_code", regex=CURRENCY, meta=NO_CURRENCY),
    ExpectValuesToMatchRegex(
        column="tax_on",
        regex=DAY,
        meta=refuse("document", "the order has no tax date", CORRECT, field="tax_on"),
    ),
    ExpectValueLengthsToBeBetween(
        column="ref",
        max_value=64,
        meta=refuse(
            "document",
            "the reference is longer than 64 characters",
            "Clip the field ref in mappings/orders.yaml to 64",
            field="ref",
        ),
    ),
)
"""In: SALES_ORDERS with `rows_total`, the sum of net and tax of each order's rows (Decimal)."""

sales_order_rows_out = suite(
    "sales_order_rows_out",
    ExpectValuesToBeUnique(
        columns=["order_id", "row_ref"], meta=stop("two rows carry the same reference")
    ),
    ExpectValuesToBeBetween(
        column="quantity",
        min_value=1,
        max_value=MOST,
        meta=refuse("document", "a row's quantity is impossible", CORRECT, field="quantity"),
    ),
    ExpectValuesToMatchRegex(
        column="product_id",
        regex=NUMBER,
        where={"kind": ["product"]},
        meta=refuse(
            "sku",
            "a row of a product has no Brightpearl product",
            "Create a product with the SKU {value} in Brightpearl, or add "
            "`{value},<Brightpearl SKU>` to mappings/tables/skus.csv",
            field="product_id",
            value_from="sku_key",
        ),
    ),
    *row_expectations(CORRECT, may_be_negative=["rounding", "fee", "custom"]),
)
"""In: ROWS, as the mapping finished them. Fees, free text and rounding may be negative."""

payments_out = payments_suite(
    "payments_out",
    "RECEIPT",
    otherwise="an order's payment is not a receipt",
    remedy="Check the order's transactions in BigCommerce",
)
"""In: PAYMENTS."""

contacts_out = suite(
    "contacts_out",
    ExpectValuesToMatchRegex(column="email", regex=EMAIL, meta=NO_EMAIL),
    ExpectValueLengthsToBeBetween(
        column="first_name",
        max_value=32,
        meta=refuse(
            "document",
            "the first name is longer than 32 characters",
            "Clip the field first_name in mappings/contacts.yaml to 32",
            field="first_name",
            value_from="",
        ),
    ),
    ExpectValueLengthsToBeBetween(
        column="last_name",
        max_value=32,
        meta=refuse(
            "document",
            "the last name is longer than 32 characters",
            "Clip the field last_name in mappings/contacts.yaml to 32",
            field="last_name",
            value_from="",
        ),
    ),
    ExpectValuesToMatchRegex(
        column="billing_country_iso3",
        regex=COUNTRY,
        meta=refuse(
            "country",
            "the billing country is no ISO alpha-3 code",
            "Correct the right column of mappings/tables/countries.csv",
            field="billing_country_iso3",
        ),
    ),
    ExpectValueLengthsToBeBetween(
        column="billing_line_1",
        min_value=1,
        meta=note("a contact has no street, which Brightpearl asks of a new one"),
    ),
)
"""In: CONTACTS with the `order_id` of each order that the contact is for."""

SUITES = {
    one.name: one
    for one in (
        orders_in,
        consignments_in,
        order_lines_in,
        transactions_in,
        sales_orders_out,
        sales_order_rows_out,
        payments_out,
        contacts_out,
    )
}
"""The suites of the order sync by name: each checks the frame it is called after."""
