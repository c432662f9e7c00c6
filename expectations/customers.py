"""What must be true of customers and contacts before and after they are mapped.

Limits of BigCommerce's fields are from its fact sheet (customers), those of names in Brightpearl
from its API reference (contact).
"""

from __future__ import annotations

from core.ids import EMAIL
from expectations.rows import (
    ExpectValueLengthsToBeBetween,
    ExpectValuesToBeUnique,
    ExpectValuesToMatchRegex,
    suite,
)
from expectations.rules import note, refuse, refuse_card, stop

LONGEST_NAME_BP = 32
LONGEST_EMAIL_BC = 250
IN_STORE = "Enter one e-mail address for the customer in BigCommerce"
IN_ACCOUNT = "Enter one primary e-mail address for the contact in Brightpearl"
NAME = ("first_name", "last_name", "company", "phone")
STORE_PLACE = tuple(
    f"{use}_{name}"
    for use in ("billing", "shipping")
    for name in ("street_1", "street_2", "city", "state")
)
ACCOUNT_PLACE = tuple(
    f"{use}_line_{number}" for use in ("billing", "delivery") for number in range(1, 5)
)


def _no_email(remedy: str) -> dict[str, object]:
    reason = "there is no usable e-mail address, or more than one in its place"
    return refuse("document", reason, remedy, field="email", value_from="")


customers_in = suite(
    "customers_in",
    ExpectValuesToBeUnique(columns=["customer_key"], meta=stop("the same customer is there twice")),
    ExpectValuesToMatchRegex(column="email", regex=rf"\s*{EMAIL}\s*", meta=_no_email(IN_STORE)),
    ExpectValueLengthsToBeBetween(
        column="first_name",
        max_value=LONGEST_NAME_BP,
        meta=note("a first name is cut to the 32 characters that Brightpearl takes"),
    ),
    ExpectValueLengthsToBeBetween(
        column="last_name",
        max_value=LONGEST_NAME_BP,
        meta=note("a last name is cut to the 32 characters that Brightpearl takes"),
    ),
    refuse_card("customer_name", NAME, "Take it out of the customer in BigCommerce"),
    refuse_card("customer_address", STORE_PLACE, "Take it out of the customer in BigCommerce"),
)
"""In: STORE_CUSTOMERS."""

contacts_in = suite(
    "contacts_in",
    ExpectValuesToBeUnique(
        columns=["customer_key"], meta=stop("a customer has more than one contact")
    ),
    ExpectValuesToMatchRegex(column="email", regex=rf"\s*{EMAIL}\s*", meta=_no_email(IN_ACCOUNT)),
    refuse_card("contact_name", NAME, "Take it out of the contact in Brightpearl"),
    refuse_card("contact_address", ACCOUNT_PLACE, "Take it out of the contact in Brightpearl"),
)
"""In: ACCOUNT_CUSTOMERS, of contacts as they are."""

customers_out = suite(
    "customers_out",
    ExpectValuesToBeUnique(columns=["customer_key"], meta=stop("a contact would be made twice")),
    ExpectValueLengthsToBeBetween(
        column="last_name",
        max_value=LONGEST_NAME_BP,
        meta=stop("a name is longer than Brightpearl takes"),
    ),
    ExpectValuesToMatchRegex(
        column="price_list_id",
        regex=r"|[1-9]\d*",
        meta=refuse(
            "price_list",
            "the price list of the customer group is not an id",
            "Correct the right column of mappings/tables/group_price_lists.csv",
            field="price_list_id",
        ),
    ),
    ExpectValuesToMatchRegex(
        column="credit_term_days",
        regex=r"|\d+",
        meta=refuse(
            "credit_terms",
            "the credit terms of the customer group are not a number of days",
            "Correct the right column of mappings/tables/group_credit_terms.csv",
            field="credit_term_days",
        ),
    ),
)
"""In: ACCOUNT_CUSTOMERS, of customers as they are to be."""

store_customers_out = suite(
    "store_customers_out",
    ExpectValuesToBeUnique(columns=["customer_key"], meta=stop("a customer would be made twice")),
    ExpectValueLengthsToBeBetween(
        column="email",
        max_value=LONGEST_EMAIL_BC,
        meta=refuse(
            "document",
            "the e-mail address is longer than BigCommerce takes",
            IN_ACCOUNT,
            field="email",
            value_from="",
        ),
    ),
    ExpectValueLengthsToBeBetween(
        column="last_name",
        min_value=1,
        meta=refuse(
            "document",
            "the contact has no name, and BigCommerce wants one",
            "Enter the contact's name in Brightpearl",
            field="last_name",
            value_from="",
        ),
    ),
)
"""In: STORE_CUSTOMERS, of contacts as the store is to have them."""

SUITES = {one.name: one for one in (customers_in, contacts_in, customers_out, store_customers_out)}
