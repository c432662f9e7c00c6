"""What becomes of customers: registered, changed, deleted, their address books; events follow.

Both the API and the screens of shoppers and staff end here. `updated` is not sent for changes of
addresses, which have events of their own.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import model_validator

from sandbox.bigcommerce.records import Customer, CustomerAddress
from sandbox.bigcommerce.staff import NotFound
from sandbox.bigcommerce.store import Store
from sandbox.catalogue.model import Address
from sandbox.kit.controls import ControlBody


class EmailTaken(Exception):  # noqa: N818 - a verdict, with its reason for people
    """Another account has the e-mail."""


class BookEntry(ControlBody):
    """One address of a book; `id` names one that exists, and `delete` takes it out."""

    id: int | None = None
    delete: bool = False
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    street_1: str = ""
    street_2: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = "United Kingdom"
    country_iso2: str = "GB"
    phone: str = ""


class CustomerEdit(ControlBody):
    """`POST /_sandbox/customers`: registers without an `id`; else changes what is given."""

    id: int | None = None
    delete: bool = False
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    phone: str | None = None
    group_id: int | None = None
    takes_mails: bool | None = None
    addresses: tuple[BookEntry, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> "CustomerEdit":
        if self.id is None and (self.delete or not self.email):
            raise ValueError("a new customer needs an email; else name the id")
        return self


FIELDS = ("email", "first_name", "last_name", "company", "phone", "group_id", "takes_mails")


def edit_customer(store: Store, wanted: CustomerEdit) -> dict[str, Any]:
    """Do it; answers the customer's id and those of its addresses.

    Raises: NotFound, EmailTaken.
    """
    given = {name: value for name in FIELDS if (value := getattr(wanted, name)) is not None}
    if wanted.id is None:
        customer = register(store, given)
    else:
        found = store.customers.get(wanted.id)
        if found is None:
            raise NotFound(f"there is no customer {wanted.id}")
        customer = found
        if wanted.delete:
            remove(store, customer)
            return {"id": customer.id, "deleted": True}
        if given:
            change(store, customer, given)
    for entry in wanted.addresses:
        _edit_address(store, customer, entry)
    return {"id": customer.id, "address_ids": list(customer.addresses)}


def _edit_address(store: Store, customer: Customer, entry: BookEntry) -> None:
    if entry.id is not None and entry.id not in customer.addresses:
        raise NotFound(f"customer {customer.id} has no address {entry.id}")
    if entry.delete and entry.id is not None:
        remove_address(store, customer, entry.id)
        return
    given = entry.model_dump(exclude={"id", "delete"}, exclude_unset=True)
    if entry.id is not None:
        known = customer.addresses[entry.id]
        change_address(store, customer, replace(known, address=replace(known.address, **given)))
        return
    person = {"first_name": customer.first_name, "last_name": customer.last_name}
    add_address(store, customer, Address(**{**person, **given}))


def owner_of(store: Store, email: str) -> int | None:
    """The customer with an e-mail, in any case."""
    return store.customer_by_email.get(email.casefold())


def register(store: Store, fields: Mapping[str, Any], *, mails: bool = False) -> Customer:
    """A new account with these fields. Raises: EmailTaken."""
    if owner_of(store, fields["email"]) is not None:
        raise EmailTaken("another customer has this e-mail")
    now = store.now()
    names = {"first_name": "", "last_name": "", **fields}
    customer = Customer(store.sequences.next("customer"), created_at=now, modified_at=now, **names)
    customer.welcomed += mails
    store.customers[customer.id] = customer
    store.customer_by_email[customer.email.casefold()] = customer.id
    store.emit("store/customer/created", {"type": "customer", "id": customer.id})
    return customer


def change(store: Store, customer: Customer, fields: Mapping[str, Any]) -> None:
    """Change fields. Raises: EmailTaken."""
    email = fields.get("email", customer.email)
    if owner_of(store, email) not in {None, customer.id}:
        raise EmailTaken("another customer has this e-mail")
    del store.customer_by_email[customer.email.casefold()]
    store.customer_by_email[email.casefold()] = customer.id
    for name, value in fields.items():
        setattr(customer, name, value)
    customer.modified_at = store.now()
    store.emit("store/customer/updated", {"type": "customer", "id": customer.id})


def remove(store: Store, customer: Customer) -> None:
    """Delete an account; its orders stay."""
    del store.customers[customer.id]
    del store.customer_by_email[customer.email.casefold()]
    store.emit("store/customer/deleted", {"type": "customer", "id": customer.id})


def add_address(
    store: Store, customer: Customer, address: Address, kind: str = "residential"
) -> CustomerAddress | None:
    """A new entry of the book; None, and nothing is changed, if there is one like it."""
    entry = CustomerAddress(store.sequences.next("customer_address"), address, kind)
    if any(entry.content == known.content for known in customer.addresses.values()):
        return None
    customer.addresses[entry.id] = entry
    _emit_address(store, customer, entry.id, "created")
    return entry


def change_address(
    store: Store, customer: Customer, entry: CustomerAddress
) -> CustomerAddress | None:
    """Replace an entry; None, and nothing is changed, if another one is like it."""
    others = (known for known in customer.addresses.values() if known.id != entry.id)
    if any(entry.content == known.content for known in others):
        return None
    customer.addresses[entry.id] = entry
    _emit_address(store, customer, entry.id, "updated")
    return entry


def remove_address(store: Store, customer: Customer, address_id: int) -> None:
    """Take an entry out of the book."""
    del customer.addresses[address_id]
    _emit_address(store, customer, address_id, "deleted")


def _emit_address(store: Store, customer: Customer, address_id: int, what: str) -> None:
    data = {"type": "customer", "id": address_id, "address": {"customer_id": customer.id}}
    store.emit(f"store/customer/address/{what}", data)
