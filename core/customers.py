"""Columns of customers on their way between both systems, in the words of either."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.orders import CONTACTS

if TYPE_CHECKING:  # mappings are checked without pandas
    from core.frames import Schema

PERSON = ("email_key", "email", "first_name", "last_name", "company", "phone")
STORE_PLACE = ("street_1", "street_2", "city", "state", "zip", "country_iso2")
"""Parts of an address, as frames of the store name them."""
STORE_CUSTOMERS: Schema = {
    "customer_key": "text",
    **dict.fromkeys(PERSON, "text"),
    "group_id": "text",
    **{f"{use}_{part}": "text" for use in ("billing", "shipping") for part in STORE_PLACE},
}  # fmt: skip
"""Customers as BigCommerce has them, or is to have them. `customer_key`: the id of the customer, or
`contact:9` of a contact that is to become one; `group_id` is "" for none."""

ACCOUNT_CUSTOMERS: Schema = {
    "customer_key": "text",
    **CONTACTS,
    "tag_id": "text",
    "price_list_id": "text",
    "credit_term_days": "text",
    "company_contact_id": "text",
}
"""The same as Brightpearl has them, or is to have them. Of the tags only the one that stands for a
customer group; `company_contact_id` is the contact of the company that the person buys for."""

BILLING, DELIVERY = "billing", "delivery"
"""What an address is for, as columns of Brightpearl's frames begin."""
STORE_USES = {BILLING: "billing", DELIVERY: "shipping"}
"""How the columns of the store's frames begin."""
