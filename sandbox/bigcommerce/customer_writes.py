"""Customers and their addresses over the API: batches of ten, refused or carried out as a whole.

A customer whose e-mail another one has spoils its batch, and the answer does not name it. An
address like one that the customer has is left out of the answer, and nothing is changed.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import orjson
import pycountry

from sandbox.bigcommerce import customers
from sandbox.bigcommerce.api import (
    BAD_REQUEST,
    NO_CONTENT,
    OK,
    TOO_LARGE,
    UNPROCESSABLE,
    Call,
    Routes,
    refuse,
)
from sandbox.bigcommerce.customers_api import book_document, customer_document
from sandbox.bigcommerce.formats import read_money
from sandbox.bigcommerce.records import Customer, CustomerAddress
from sandbox.bigcommerce.reference import GROUPS
from sandbox.bigcommerce.store import Store
from sandbox.catalogue.model import Address
from sandbox.kit.routing import Reply

routes = Routes()
MOST = 10
LENGTHS: Mapping[str, tuple[int, int]] = {
    "email": (3, 250),
    "first_name": (1, 100),
    "last_name": (1, 100),
    "company": (0, 255),
    "phone": (0, 50),
    "notes": (0, 65_535),
    "tax_exempt_category": (0, 255),
}
PLACE: Mapping[str, tuple[int, int]] = {
    "first_name": (1, 255),
    "last_name": (1, 255),
    "company": (0, 255),
    "address1": (1, 255),
    "address2": (0, 255),
    "city": (1, 100),
    "state_or_province": (0, 100),
    "postal_code": (0, 30),
    "country_code": (2, 2),
    "phone": (0, 50),
}
NEEDED = ("first_name", "last_name", "address1", "city", "country_code")
KINDS = ("residential", "commercial")
FIELD_OF = {"address1": "street_1", "address2": "street_2", "state_or_province": "state",
            "postal_code": "zip", "country_code": "country_iso2"}  # fmt: skip
"""Names of ours for fields of an address that the API calls otherwise."""
Body = dict[str, Any]


@routes("POST", "/v3/customers")
def create_customers(store: Store, call: Call) -> Reply:
    """Up to ten accounts with their addresses, or none of them."""
    sent = _batch(call, "Create customers failed.")
    emails = [str(one.get("email", "")).casefold() for one in sent]
    faults = {
        f"{place}.{name}": text
        for place, one in enumerate(sent)
        for name, text in _customer_faults(one, ("email", "first_name", "last_name")).items()
    }
    if faults:
        refuse(UNPROCESSABLE, "Create customers failed.", faults)
    if len(set(emails)) < len(emails) or any(customers.owner_of(store, one) for one in emails):
        errors = {".customer_create": "Error creating customers"}
        refuse(UNPROCESSABLE, "Create customers failed.", errors)
    made = []
    for one in sent:
        mails = bool(one.get("trigger_account_created_notification", False))
        customer = customers.register(store, _fields(one), mails=mails)
        customer.channel_id = one.get("origin_channel_id", 1)
        for place in one.get("addresses", ()):
            customers.add_address(store, customer, _address(place), _kind(place))
        for attribute in one.get("attributes", ()):
            customer.attributes[attribute["attribute_id"]] = str(attribute["attribute_value"])
        made.append(customer)
    return _customers(made)


@routes("PUT", "/v3/customers")
def update_customers(store: Store, call: Call) -> Reply:
    """Fields of up to ten accounts; what is left out of one stays."""
    sent = _batch(call, "Update customers failed.")
    found: list[tuple[Customer, Body]] = []
    faults: dict[str, str] = {}
    emails: dict[str, int] = {}
    for place, one in enumerate(sent):
        customer = store.customers.get(one["id"]) if _is_id(one.get("id")) else None
        if customer is None:
            faults[f"{place}.id"] = "error.path.missing" if "id" not in one else "invalid customer"
            continue
        faults |= {f"{place}.{name}": text for name, text in _customer_faults(one).items()}
        email = str(one.get("email", customer.email)).casefold()
        owner = emails.setdefault(email, customers.owner_of(store, email) or customer.id)
        if owner != customer.id:
            faults[".customer_update"] = "Error updating customers"
        found.append((customer, one))
    if faults:
        refuse(UNPROCESSABLE, "Update customers failed.", faults)
    for customer, one in found:
        customers.change(store, customer, _fields(one))
    return _customers([customer for customer, _ in found])


@routes("DELETE", "/v3/customers")
def delete_customers(store: Store, call: Call) -> Reply:
    """The accounts of `id:in`; nothing without it."""
    for number in _ids(call):
        if number in store.customers:
            customers.remove(store, store.customers[number])
    return Reply(NO_CONTENT)


@routes("POST", "/v3/customers/addresses")
def create_addresses(store: Store, call: Call) -> Reply:
    """New entries of address books; one that a customer has already is left out."""
    return _write_addresses(store, call, is_new=True)


@routes("PUT", "/v3/customers/addresses")
def update_addresses(store: Store, call: Call) -> Reply:
    """Entries of address books; one that would be like another entry is left out."""
    return _write_addresses(store, call, is_new=False)


@routes("DELETE", "/v3/customers/addresses")
def delete_addresses(store: Store, call: Call) -> Reply:
    """The entries of `id:in`; nothing without it."""
    wanted = _ids(call)
    for customer in store.customers.values():
        for number in wanted & customer.addresses.keys():
            customers.remove_address(store, customer, number)
    return Reply(NO_CONTENT)


def _write_addresses(store: Store, call: Call, *, is_new: bool) -> Reply:
    title = f"{'Create' if is_new else 'Update'} customer addresses failed."
    sent = _batch(call, title)
    owners: list[Customer] = []
    faults: dict[str, str] = {}
    by_address = {} if is_new else _owners(store, [one.get("id") for one in sent])
    for place, one in enumerate(sent):
        name = "customer_id" if is_new else "id"
        given = one.get(name)
        owner = None
        if isinstance(given, int) and _is_id(given):
            owner = store.customers.get(given) if is_new else by_address.get(given)
        if owner is None:
            faults[f"{place}.{name}"] = "error.path.missing" if given is None else "not found"
            continue
        needed = NEEDED if is_new else ()
        faults |= {f"{place}.{field}": why for field, why in _place_faults(one, needed).items()}
        owners.append(owner)
    if faults:
        refuse(UNPROCESSABLE, title, faults)
    made: list[Body] = []
    for owner, one in zip(owners, sent, strict=True):
        if is_new:
            entry = customers.add_address(store, owner, _address(one), _kind(one))
        else:
            known = owner.addresses[one["id"]]
            kind = one.get("address_type", known.kind)
            changed = CustomerAddress(known.id, _address(one, known.address), kind)
            entry = customers.change_address(store, owner, changed)
        if entry is not None:
            made.append(book_document(owner, entry) | {"form_fields": []})
    return Reply(OK, {"data": made, "meta": {}})


def _owners(store: Store, ids: Sequence[object]) -> dict[int, Customer]:
    wanted = {one for one in ids if isinstance(one, int)}
    return {
        number: customer
        for customer in store.customers.values()
        for number in wanted & customer.addresses.keys()
    }


def _customers(found: Sequence[Customer]) -> Reply:
    data = [
        customer_document(one)
        | {"addresses": [book_document(one, entry) for entry in one.addresses.values()]}
        for one in found
    ]
    return Reply(OK, {"data": data, "meta": {}})


def _batch(call: Call, title: str) -> list[Body]:
    try:
        sent = orjson.loads(call.raw_body)
    except orjson.JSONDecodeError:
        refuse(BAD_REQUEST, "The request body is not valid JSON.")
    if not isinstance(sent, list) or not sent or not all(isinstance(one, dict) for one in sent):
        refuse(UNPROCESSABLE, title, {"": "error.expected.jsarray"})
    if len(sent) > MOST:
        text = "The request payload is too large. The maximum items allowed in the array is 10."
        refuse(TOO_LARGE, text, {})
    return sent


def _customer_faults(given: Body, needed: Sequence[str] = ()) -> dict[str, str]:
    faults = _text_faults(given, LENGTHS, needed)
    if "@" not in str(given.get("email", "@")):
        faults["email"] = "must be a valid e-mail"
    group = given.get("customer_group_id", 0)
    if not isinstance(group, int) or isinstance(group, bool) or group not in {0, *GROUPS}:
        faults["customer_group_id"] = "Invalid customer group"
    for name in ("addresses", "attributes"):
        listed = given.get(name, [])
        if not isinstance(listed, list) or len(listed) > MOST:
            faults[name] = "must be a list of at most 10"
        elif name == "addresses":
            for place, one in enumerate(listed):
                found = _place_faults(one, NEEDED) if isinstance(one, dict) else {"": "no object"}
                faults |= {f"addresses.{place}.{field}": why for field, why in found.items()}
    return faults


def _place_faults(given: Body, needed: Sequence[str]) -> dict[str, str]:
    faults = _text_faults(given, PLACE, needed)
    country = given.get("country_code")
    if isinstance(country, str) and "country_code" not in faults:
        if pycountry.countries.get(alpha_2=country) is None:
            faults["country_code"] = "Invalid country code"
        state = given.get("state_or_province", "")
        # Codes of states are refused, names are not checked. Source: fact sheet, customers.
        if f"{country}-{str(state).upper()}" in _state_codes():
            faults["state_or_province"] = "must be the full name of the state"
    if given.get("address_type", KINDS[0]) not in KINDS:
        faults["address_type"] = f"must be one of {', '.join(KINDS)}"
    return faults


def _text_faults(
    given: Body, lengths: Mapping[str, tuple[int, int]], needed: Sequence[str]
) -> dict[str, str]:
    faults = {name: "error.path.missing" for name in needed if given.get(name) is None}
    for name, (shortest, longest) in lengths.items():
        value = given.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            faults[name] = "error.expected.jsstring"
        elif not shortest <= len(value) <= longest:
            faults[name] = f"must be {shortest} to {longest} characters"
    return faults


def _fields(given: Body) -> Body:
    found = {name: given[name] for name in LENGTHS if given.get(name) is not None}
    for name, ours in (
        ("customer_group_id", "group_id"),
        ("accepts_product_review_abandoned_cart_emails", "takes_mails"),
        ("form_fields", "form_fields"),
        ("channel_ids", "channel_ids"),
    ):
        if name in given:
            found[ours] = given[name]
    if credit := given.get("store_credit_amounts"):
        found["store_credit"] = read_money(credit[0].get("amount", 0)) or Decimal(0)
    if "authentication" in given:
        found["must_reset_password"] = bool(given["authentication"].get("force_password_reset"))
    return found


def _address(given: Body, known: Address | None = None) -> Address:
    fields = {name: getattr(known, name) for name in Address.__slots__} if known else {}
    fields |= {FIELD_OF.get(name, name): given[name] for name in PLACE if name in given}
    country = pycountry.countries.get(alpha_2=fields["country_iso2"])
    return Address(**{**fields, "country": country.name if country else ""})


@cache
def _state_codes() -> frozenset[str]:
    return frozenset(one.code for one in pycountry.subdivisions)


def _kind(given: Body) -> str:
    return str(given.get("address_type", KINDS[0]))


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _ids(call: Call) -> set[int]:
    asked = call.query.get("id:in", "").replace(" ", "").split(",")
    if asked != [""] and not all(one.isascii() and one.isdigit() for one in asked):
        refuse(UNPROCESSABLE, "The filter id:in is not valid.", {})
    return {int(one) for one in asked if one}
