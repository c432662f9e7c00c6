"""Customers: reading (V3)."""

from typing import Any

from sandbox.bigcommerce.api import Call, Routes, filtered, v3_cursor_page
from sandbox.bigcommerce.formats import iso
from sandbox.bigcommerce.records import Customer
from sandbox.bigcommerce.store import Store
from sandbox.kit.routing import Reply

routes = Routes()


@routes("GET", "/v3/customers")
def list_customers(store: Store, call: Call) -> Reply:
    """A page of customers, by number or by cursor."""
    rows = filtered(
        call,
        store.customers.values(),
        {"id": lambda c: str(c.id), "email": lambda c: c.email},
    )
    with_addresses = "addresses" in call.query.get("include", "")
    return v3_cursor_page(
        store, call, rows, lambda c: c.id, lambda c: _customer(c, with_addresses=with_addresses)
    )


def _customer(customer: Customer, *, with_addresses: bool) -> dict[str, Any]:
    person = customer.address
    document: dict[str, Any] = {
        "id": customer.id,
        "email": customer.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "company": person.company,
        "phone": person.phone,
        "registration_ip_address": "",
        "notes": "",
        "tax_exempt_category": "",
        "customer_group_id": 0,
        "date_created": iso(customer.created_at),
        "date_modified": iso(customer.modified_at),
        "address_count": 1,
        "attribute_count": 0,
        "authentication": {"force_password_reset": False},
        "accepts_product_review_abandoned_cart_emails": True,
        "origin_channel_id": customer.channel_id,
        "channel_ids": None,
    }
    if with_addresses:
        document["addresses"] = [
            {
                "id": 90_000 + customer.id,
                "customer_id": customer.id,
                "first_name": person.first_name,
                "last_name": person.last_name,
                "company": person.company,
                "address1": person.street_1,
                "address2": person.street_2,
                "city": person.city,
                "state_or_province": person.state,
                "postal_code": person.zip,
                "country_code": person.country_iso2,
                "country": person.country,
                "phone": person.phone,
                "address_type": "residential",
            }
        ]
    return document
