"""Customers and their addresses: reading, V3 with its filters, and V2 where links lead."""

from typing import Any

from sandbox.bigcommerce import filters
from sandbox.bigcommerce.api import OK, Call, Routes, first_or_404, v2_page, v3_cursor_page, v3_page
from sandbox.bigcommerce.filters import LISTS
from sandbox.bigcommerce.formats import iso_z, rfc2822
from sandbox.bigcommerce.order_documents import address_document, link
from sandbox.bigcommerce.records import Customer
from sandbox.bigcommerce.store import Store
from sandbox.kit.routing import Reply

routes = Routes()
INCLUDES = (
    "addresses",
    "storecredit",
    "attributes",
    "formfields",
    "shopper_profile_id",
    "segment_ids",
)
NO_GROUP = 0
IN = LISTS[0]
FILTERS: dict[str, filters.Filter[Customer]] = {
    "id": filters.number(lambda customer: customer.id, IN),
    "email": filters.text(lambda customer: customer.email, IN),
    "company": filters.text(lambda customer: customer.address.company, IN),
    "phone": filters.text(lambda customer: customer.address.phone, IN),
    "name": filters.text(lambda customer: customer.name, IN, "like"),
    "customer_group_id": filters.number(lambda _: NO_GROUP, IN),
    "registration_ip_address": filters.text(lambda _: "", IN),
    "date_created": filters.moment(lambda customer: customer.created_at),
    "date_modified": filters.moment(lambda customer: customer.modified_at),
}
ADDRESS_FILTERS: dict[str, filters.Filter[Customer]] = {
    "id": filters.number(lambda customer: customer.address_id, IN),
    "customer_id": filters.number(lambda customer: customer.id, IN),
    "company": filters.text(lambda customer: customer.address.company, IN),
    "name": filters.text(lambda customer: customer.name, IN),
}
SORTS = {
    "date_created": lambda customer: customer.created_at,
    "last_name": lambda customer: customer.address.last_name.casefold(),
    "date_modified": lambda customer: customer.modified_at,
}


@routes("GET", "/v3/customers")
def list_customers(store: Store, call: Call) -> Reply:
    """A page of customers, by number or by cursor."""
    others = {*filters.PAGING, *filters.CURSORS, "include", "sort"}
    rows = filters.select(call, store.customers.values(), FILTERS, others)
    rows = filters.arranged(call, rows, SORTS)
    included = filters.includes(call, INCLUDES)

    def make(customer: Customer) -> dict[str, Any]:
        return _customer(customer) | _included(customer, included)

    if "sort" in call.query:
        return v3_page(store, call, rows, make)
    return v3_cursor_page(store, call, rows, lambda customer: customer.id, make)


@routes("GET", "/v3/customers/addresses")
def list_addresses(store: Store, call: Call) -> Reply:
    """A page of addresses; every customer has one."""
    rows = filters.select(
        call, store.customers.values(), ADDRESS_FILTERS, {*filters.PAGING, "include"}
    )
    included = filters.includes(call, ("formfields",))
    extra: dict[str, Any] = {"form_fields": []} if included else {}
    return v3_page(store, call, rows, lambda customer: _address(customer) | extra)


@routes("GET", "/v2/customers/{id}")
def get_customer(store: Store, call: Call) -> Reply:
    """One customer as V2 has it, where the link in an order's message leads."""
    customer = _found(store, call)
    return Reply(
        OK,
        {
            "id": customer.id,
            **_person(customer),
            "email": customer.email,
            "form_fields": [],
            "date_created": rfc2822(customer.created_at),
            "date_modified": rfc2822(customer.modified_at),
            "store_credit": "0.0000",
            "registration_ip_address": "",
            "customer_group_id": NO_GROUP,
            "notes": "",
            "tax_exempt_category": "",
            "reset_pass_on_login": False,
            "accepts_marketing": False,
            "addresses": link(f"/customers/{customer.id}/addresses"),
        },
    )


@routes("GET", "/v2/customers/{id}/addresses")
def list_v2_addresses(store: Store, call: Call) -> Reply:
    """The addresses of one customer as V2 has them."""
    return v2_page(store, call, [_found(store, call)], _v2_address)


def _found(store: Store, call: Call) -> Customer:
    wanted = call.id()
    return first_or_404(one for one in [store.customers.get(wanted)] if one is not None)


def _person(customer: Customer) -> dict[str, str]:
    names = ("first_name", "last_name", "company", "phone")
    return {name: getattr(customer.address, name) for name in names}


def _customer(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.id,
        "email": customer.email,
        **_person(customer),
        "registration_ip_address": "",
        "notes": "",
        "tax_exempt_category": "",
        "customer_group_id": NO_GROUP,
        "date_created": iso_z(customer.created_at),
        "date_modified": iso_z(customer.modified_at),
        "address_count": 1,
        "attribute_count": 0,
        "authentication": {"force_password_reset": False},
        "accepts_product_review_abandoned_cart_emails": True,
        "origin_channel_id": customer.channel_id,
        "channel_ids": None,
    }


def _included(customer: Customer, asked: frozenset[str]) -> dict[str, Any]:
    parts: dict[str, tuple[str, Any]] = {
        "addresses": ("addresses", [_address(customer)]),
        "storecredit": ("store_credit_amounts", [{"amount": 0}]),
        "attributes": ("attributes", []),
        "formfields": ("form_fields", []),
        "shopper_profile_id": ("shopper_profile_id", None),
        "segment_ids": ("segment_ids", []),
    }
    return dict(parts[name] for name in INCLUDES if name in asked)


def _address(customer: Customer) -> dict[str, Any]:
    person = customer.address
    return {
        "id": customer.address_id,
        "customer_id": customer.id,
        **_person(customer),
        "address1": person.street_1,
        "address2": person.street_2,
        "city": person.city,
        "state_or_province": person.state,
        "postal_code": person.zip,
        "country_code": person.country_iso2,
        "country": person.country,
        "address_type": "residential",
    }


def _v2_address(customer: Customer) -> dict[str, Any]:
    document = address_document(customer.address, customer.email)
    del document["email"]
    ids = {"id": customer.address_id, "customer_id": customer.id}
    return ids | document | {"address_type": "residential"}
