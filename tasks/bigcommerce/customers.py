"""Customers as BigCommerce has them, and what is written to them and to their address books."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.customer_models import AddressBody, Customer, CustomerBody
from core.customers import BILLING, DELIVERY, STORE_PLACE, STORE_USES
from core.ids import email_key
from mappings.steps import one_line
from tasks.policy import with_retries
from tasks.reconciler.operations import BigCommerceRow, Operation, PlanT, Progress
from tasks.reconciler.run import Run

PLACE = ("address1", "address2", "city", "state_or_province", "postal_code", "country_code")
"""Parts of an address, as the store's API calls those of STORE_PLACE."""
TEXTS = ("email", "first_name", "last_name", "company", "phone")


@dataclass(frozen=True)
class StoreCustomer:
    """A row of STORE_CUSTOMERS: how BigCommerce is to have a customer."""

    email: str
    first_name: str
    last_name: str
    company: str
    phone: str
    group_id: str
    billing_street_1: str
    billing_street_2: str
    billing_city: str
    billing_state: str
    billing_zip: str
    billing_country_iso2: str
    shipping_street_1: str
    shipping_street_2: str
    shipping_city: str
    shipping_state: str
    shipping_zip: str
    shipping_country_iso2: str

    def place(self, use: str) -> dict[str, str]:
        """The parts of an address as the store's API calls them."""
        parts = (getattr(self, f"{STORE_USES[use]}_{part}") for part in STORE_PLACE)
        return dict(zip(PLACE, parts, strict=True))

    def is_complete(self, use: str) -> bool:
        """Whether BigCommerce takes an address."""
        place = self.place(use)
        return all(place[name] for name in ("address1", "city", "country_code"))


def customer_row(customer: Customer, entries: Mapping[str, str]) -> dict[str, str]:
    """A customer as a row of STORE_CUSTOMERS. In: the entry of the address book by use."""
    row = {name: getattr(customer, name) for name in (*TEXTS, "group_id")}
    row["email_key"] = email_key(customer.email)
    book = {one.id: one for one in customer.addresses}
    for use, entry_id in entries.items():
        if entry := book.get(entry_id):
            columns = (f"{STORE_USES[use]}_{part}" for part in STORE_PLACE)
            row |= {to: getattr(entry, name) for to, name in zip(columns, PLACE, strict=True)}
    return row


@dataclass(kw_only=True)
class CustomerProgress(Progress[PlanT]):
    """A record on its way whose customer is written to; its key is the customer's id."""

    customer_id: str = ""
    """Of a customer that was made."""
    entries: dict[str, str] = field(default_factory=dict)
    """Ids in the address book by use, as far as they were written."""


CustomerOperation = Operation[Any]
"""A write to a record whose progress is a CustomerProgress."""


@dataclass(frozen=True)
class UpdateCustomer(CustomerOperation):
    """Fields of the customer."""

    fields: Mapping[str, Any]
    kind = "update customer"

    def describe(self) -> str:
        return f"customer: {', '.join(self.fields)}"

    def write(self, _run: Run, record: CustomerProgress[Any]) -> BigCommerceRow:
        return BigCommerceRow(
            natural_key=record.key,
            after={"fields": sorted(self.fields)},
            row=CustomerBody(id=int(record.key), **self.fields),
            send_rows=BigCommerce.update_customers,
        )


@dataclass(frozen=True)
class ChangeAddress(CustomerOperation):
    """An entry of the address book."""

    use: str
    entry_id: str
    place: Mapping[str, str]
    kind = "update address"

    def describe(self) -> str:
        return f"{self.use} address in BigCommerce"

    def write(self, _run: Run, _record: CustomerProgress[Any]) -> BigCommerceRow:
        return BigCommerceRow(
            natural_key=self.entry_id,
            row=AddressBody(id=int(self.entry_id), **self.place),
            send_rows=BigCommerce.update_addresses,
        )


@dataclass(frozen=True)
class AddAddress(CustomerOperation):
    """A new entry of the address book; one like another is dropped by the store."""

    use: str
    place: Mapping[str, str]
    first_name: str
    last_name: str
    kind = "create address"

    def describe(self) -> str:
        return f"new {self.use} address in BigCommerce"

    def write(self, _run: Run, record: CustomerProgress[Any]) -> BigCommerceRow:
        names = {"first_name": self.first_name, "last_name": self.last_name}
        body = AddressBody(customer_id=int(record.key), **names, **self.place)
        return BigCommerceRow(
            natural_key=self.use, row=body, send_rows=BigCommerce.create_addresses
        )

    def apply(self, record: CustomerProgress[Any], answer: Any) -> None:  # noqa: ANN401 - an answer of the API
        record.entries[self.use] = str(answer or "")


@dataclass(frozen=True)
class UseEntry(CustomerOperation):
    """An entry of the address book that reads as it should: nothing is written."""

    use: str
    entry_id: str
    kind = "use address"

    def describe(self) -> str:
        return ""

    def write(self, _run: Run, record: CustomerProgress[Any]) -> None:
        record.entries[self.use] = self.entry_id


@dataclass(frozen=True)
class CreateCustomer(CustomerOperation):
    """The customer itself, with addresses. Nobody is mailed; no consent is given."""

    store: StoreCustomer
    kind = "create customer"

    def describe(self) -> str:
        return "customer"

    def write(self, _run: Run, record: CustomerProgress[Any]) -> BigCommerceRow:
        one = self.store
        names = {"first_name": one.first_name, "last_name": one.last_name}
        places = [one.place(use) for use in (BILLING, DELIVERY) if one.is_complete(use)]
        distinct = [place for at, place in enumerate(places) if place not in places[:at]]
        body = CustomerBody(
            email=one.email,
            company=one.company,
            phone=one.phone,
            group_id=int(one.group_id or 0),
            takes_mails=False,
            addresses=tuple(AddressBody(**names, **place) for place in distinct),
            **names,
        )
        return BigCommerceRow(
            natural_key=record.key,
            is_repeatable=False,
            row=body,
            send_rows=BigCommerce.create_customers,
        )

    def find(self, run: Run, _record: CustomerProgress[Any]) -> str | None:
        email = self.store.email
        found = with_retries(lambda: list(run.bigcommerce.find_customers([email])))
        same = (one for one in found if isinstance(one, Customer))
        return next((one.id for one in same if email_key(one.email) == email_key(email)), None)

    def apply(self, record: CustomerProgress[Any], answer: Any) -> None:  # noqa: ANN401 - an answer of the API
        record.customer_id = str(answer or "")


@dataclass(frozen=True)
class DeleteCustomer(CustomerOperation):
    """The customer with the address book."""

    customer_id: str
    kind = "delete customer"

    def describe(self) -> str:
        return "customer deleted in BigCommerce"

    def write(self, _run: Run, _record: Progress[Any]) -> BigCommerceRow:
        return BigCommerceRow(
            natural_key=self.customer_id,
            row=self.customer_id,
            send_rows=BigCommerce.delete_customers,
        )


WRITES: Sequence[type[CustomerOperation]] = (
    CreateCustomer, UpdateCustomer, ChangeAddress, AddAddress, UseEntry,
)  # fmt: skip
"""Of customers that are synced; they are independent of each other."""


def change_addresses(
    customer: Customer, store: StoreCustomer, entries: Mapping[str, str], uses: Collection[str]
) -> Iterator[UseEntry | ChangeAddress | AddAddress]:
    """What gives the address book the addresses of some uses; nothing of one that is incomplete.

    In: the entry of each use. One that serves another use as well stays, and a new one is added.
    """
    book = {
        one.id: {name: one_line(getattr(one, name)) for name in PLACE} for one in customer.addresses
    }
    kept = {entry for use, entry in entries.items() if use not in uses}
    for use in uses:
        place, entry = store.place(use), entries[use]
        if same := [one for one, known in book.items() if known == place]:
            yield UseEntry(use, same[0])
        elif store.is_complete(use) and entry and entry not in kept:
            kept.add(entry)
            book[entry] = place
            yield ChangeAddress(use, entry, place)
        elif store.is_complete(use):
            book[""] = place
            yield AddAddress(use, place, store.first_name, store.last_name)
