"""Customers, their addresses and groups: reading, V3 with its filters, and V2 where links lead.

Groups have no V3 resource.
"""

from collections.abc import Iterable
from typing import Any

from sandbox.bigcommerce import filters
from sandbox.bigcommerce.api import OK, Call, Routes, first_or_404, v2_page, v3_cursor_page, v3_page
from sandbox.bigcommerce.filters import LISTS
from sandbox.bigcommerce.formats import iso_z, money, number, rfc2822
from sandbox.bigcommerce.order_documents import address_document, link
from sandbox.bigcommerce.records import Customer, CustomerAddress
from sandbox.bigcommerce.reference import GROUPS, GROUPS_MADE
from sandbox.bigcommerce.store import Store
from sandbox.catalogue.model import Address
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
IN = LISTS[0]
PERSON = ("first_name", "last_name", "company", "phone")
FILTERS: dict[str, filters.Filter[Customer]] = {
    "id": filters.number(lambda customer: customer.id, IN),
    "email": filters.text(lambda customer: customer.email, IN),
    "company": filters.text(lambda customer: customer.company, IN),
    "phone": filters.text(lambda customer: customer.phone, IN),
    "name": filters.text(lambda customer: customer.name, IN, "like"),
    "customer_group_id": filters.number(lambda customer: customer.group_id, IN),
    "registration_ip_address": filters.text(lambda _: "", IN),
    "date_created": filters.moment(lambda customer: customer.created_at),
    "date_modified": filters.moment(lambda customer: customer.modified_at),
}
Owned = tuple[Customer, CustomerAddress]
ADDRESS_FILTERS: dict[str, filters.Filter[Owned]] = {
    "id": filters.number(lambda owned: owned[1].id, IN),
    "customer_id": filters.number(lambda owned: owned[0].id, IN),
    "company": filters.text(lambda owned: owned[1].address.company, IN),
    "name": filters.text(lambda owned: _name(owned[1].address), IN),
}
SORTS = {
    "date_created": lambda customer: customer.created_at,
    "last_name": lambda customer: customer.last_name.casefold(),
    "date_modified": lambda customer: customer.modified_at,
}


@routes("GET", "/v3/customers")
def list_customers(store: Store, call: Call) -> Reply:
    """A page of customers, by number or by cursor."""
    others = {*filters.PAGING, *filters.CURSORS, "include", "sort"}
    rows = filters.select(call, _candidates(store, call), FILTERS, others)
    rows = filters.arranged(call, rows, SORTS)
    included = filters.includes(call, INCLUDES)

    def make(customer: Customer) -> dict[str, Any]:
        return customer_document(customer) | _included(customer, included)

    if "sort" in call.query:
        return v3_page(store, call, rows, make)
    return v3_cursor_page(store, call, rows, lambda customer: customer.id, make)


@routes("GET", "/v3/customers/addresses")
def list_addresses(store: Store, call: Call) -> Reply:
    """A page of addresses, customer by customer."""
    owned = ((one, entry) for one in _candidates(store, call) for entry in one.addresses.values())
    rows = filters.select(call, owned, ADDRESS_FILTERS, {*filters.PAGING, "include"})
    included = filters.includes(call, ("formfields",))
    extra: dict[str, Any] = {"form_fields": []} if included else {}
    return v3_page(store, call, rows, lambda owned: book_document(*owned) | extra)


def _candidates(store: Store, call: Call) -> Iterable[Customer]:
    """The customers that a filter by id leaves; all of them without one."""
    name = "customer_id:in" if call.path.endswith("/addresses") else "id:in"
    asked = call.query.get(name, "").replace(" ", "").split(",")
    if not all(one.isascii() and one.isdigit() for one in asked):
        return store.customers.values()
    wanted = sorted({int(one) for one in asked} & store.customers.keys())
    return [store.customers[number] for number in wanted]


@routes("GET", "/v2/customer_groups")
def list_groups(store: Store, call: Call) -> Reply:
    """A page of customer groups."""
    return v2_page(store, call, list(GROUPS.items()), lambda group: _group(*group))


@routes("GET", "/v2/customer_groups/{id}")
def get_group(_store: Store, call: Call) -> Reply:
    """One customer group."""
    wanted = call.id()
    number, name = first_or_404(group for group in GROUPS.items() if group[0] == wanted)
    return Reply(OK, _group(number, name))


def _group(number: int, name: str) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "is_default": False,
        "category_access": {"type": "all"},
        "discount_rules": [],
        "date_created": GROUPS_MADE,
        "date_modified": GROUPS_MADE,
    }


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
            "store_credit": money(customer.store_credit),
            "registration_ip_address": "",
            "customer_group_id": customer.group_id,
            "notes": customer.notes,
            "tax_exempt_category": customer.tax_exempt_category,
            "reset_pass_on_login": customer.must_reset_password,
            "accepts_marketing": False,
            "addresses": link(f"/customers/{customer.id}/addresses"),
        },
    )


@routes("GET", "/v2/customers/{id}/addresses")
def list_v2_addresses(store: Store, call: Call) -> Reply:
    """The addresses of one customer as V2 has them."""
    customer = _found(store, call)
    rows = list(customer.addresses.values())
    return v2_page(store, call, rows, lambda entry: _v2_address(customer, entry))


def _found(store: Store, call: Call) -> Customer:
    wanted = call.id()
    return first_or_404(one for one in [store.customers.get(wanted)] if one is not None)


def _person(person: Customer | Address) -> dict[str, str]:
    return {name: getattr(person, name) for name in PERSON}


def _name(address: Address) -> str:
    return f"{address.first_name} {address.last_name}"


def customer_document(customer: Customer) -> dict[str, Any]:
    """The resource, without what has to be asked for."""
    return {
        "id": customer.id,
        "email": customer.email,
        **_person(customer),
        "registration_ip_address": "",
        "notes": customer.notes,
        "tax_exempt_category": customer.tax_exempt_category,
        "customer_group_id": customer.group_id,
        "date_created": iso_z(customer.created_at),
        "date_modified": iso_z(customer.modified_at),
        "address_count": len(customer.addresses),
        "attribute_count": len(customer.attributes),
        "authentication": {"force_password_reset": customer.must_reset_password},
        "accepts_product_review_abandoned_cart_emails": customer.takes_mails,
        "origin_channel_id": customer.channel_id,
        "channel_ids": customer.channel_ids,
    }


def _included(customer: Customer, asked: frozenset[str]) -> dict[str, Any]:
    parts: dict[str, tuple[str, Any]] = {
        "addresses": (
            "addresses",
            [book_document(customer, entry) for entry in customer.addresses.values()],
        ),
        "storecredit": ("store_credit_amounts", [{"amount": number(customer.store_credit)}]),
        "attributes": ("attributes", _attributes(customer)),
        "formfields": ("form_fields", customer.form_fields),
        "shopper_profile_id": ("shopper_profile_id", None),
        "segment_ids": ("segment_ids", []),
    }
    return dict(parts[name] for name in INCLUDES if name in asked)


def _attributes(customer: Customer) -> list[dict[str, Any]]:
    return [
        {
            "id": customer.id * 100 + one,
            "customer_id": customer.id,
            "attribute_id": one,
            "attribute_value": value,
            "date_created": iso_z(customer.created_at),
            "date_modified": iso_z(customer.modified_at),
        }
        for one, value in customer.attributes.items()
    ]


def book_document(customer: Customer, entry: CustomerAddress) -> dict[str, Any]:
    """One entry of a customer's address book."""
    place = entry.address
    return {
        "id": entry.id,
        "customer_id": customer.id,
        **_person(place),
        "address1": place.street_1,
        "address2": place.street_2,
        "city": place.city,
        "state_or_province": place.state,
        "postal_code": place.zip,
        "country_code": place.country_iso2,
        "country": place.country,
        "address_type": entry.kind,
    }


def _v2_address(customer: Customer, entry: CustomerAddress) -> dict[str, Any]:
    document = address_document(entry.address, customer.email)
    del document["email"]
    ids = {"id": entry.id, "customer_id": customer.id}
    return ids | document | {"address_type": entry.kind}
