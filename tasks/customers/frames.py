"""Customers on the way of a batch: both sides as read, as mapped, and what they last agreed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from pydantic import Field

from connectors.bigcommerce.customer_models import Customer
from connectors.brightpearl.account_models import Contact
from core.customers import ACCOUNT_CUSTOMERS, STORE_CUSTOMERS, STORE_PLACE
from core.frames import frame
from core.ids import email_key
from core.refusals import Refusal
from mappings.bundle import Bundle
from mappings.engine import Context, apply
from mappings.steps import one_line
from mappings.tables import Table, comparable
from tasks.brightpearl.contacts import LINES, Person
from tasks.reconciler.agreed import Agreed, fingerprint
from tasks.reconciler.gate import Frames, rows, typed_rows
from tasks.reconciler.run import Run

ENTITY = "customers"
BILLING, DELIVERY = "billing", "delivery"
USES = {BILLING: ("BIL", "DEF"), DELIVERY: ("DEL",)}
"""What Brightpearl uses an address for that is one of desired."""
STORE_USES = {BILLING: "billing", DELIVERY: "shipping"}
"""How the columns of the store's frames begin."""
LONGEST = 32
"""Characters of a name in Brightpearl."""
TEXTS = ("email", "first_name", "last_name", "company", "phone", "tag_id")
FIELDS = (*TEXTS, BILLING, DELIVERY)
"""What is merged; an address is one field."""


class AgreedCustomer(Agreed):
    """One customer as both sides last agreed on it. Values are kept as hashes (decision 5)."""

    hashes: dict[str, str] = Field(default={})
    """The hash of each field's value, by name."""
    in_store: dict[str, str] = Field(default={})
    """The hash of what the store reads in its place, where that is not the same: BigCommerce wants
    names of states, and a first name of everybody."""
    addresses: dict[str, str] = Field(default={})
    """Ids in the store's address book, by billing and delivery."""
    takes_mails: bool | None = None
    takes_newsletter: bool | None = None
    lead: str = ""
    """The customer whose contact it shares: that one's fields are synced, this one's are not."""
    gone_from: str = ""
    """The system in which it was deleted: it is made anew nowhere unless a person asks for it."""


@dataclass
class Record:
    """One customer with its contact, as far as each of them exists."""

    key: str
    customer: Customer | None = None
    contact: Contact | None = None
    agreed: AgreedCustomer = field(default_factory=AgreedCustomer)
    is_linked: bool = False
    candidates: tuple[Contact, ...] = ()
    """Contacts with its e-mail, while it is not linked; the one that is meant first."""
    is_asked_for: bool = False
    """Whether a person named it."""
    case: Refusal | None = None
    """Why a person has to say which contact is meant."""

    def entry_id(self, use: str) -> str:
        """Which entry of the address book is meant: the one agreed on, else by age.

        The oldest is for bills, the newest for parcels.
        """
        book = self.customer.addresses if self.customer else ()
        ids = sorted((one.id for one in book), key=int)
        known = self.agreed.addresses.get(use, "")
        if known in ids or not ids:
            return known if known in ids else ""
        return ids[0 if use == BILLING else -1]


@dataclass(frozen=True)
class AccountCustomer(Person):
    """A row of ACCOUNT_CUSTOMERS: how Brightpearl has a customer, or is to have it."""

    customer_key: str = ""
    tag_id: str = ""
    price_list_id: str = ""
    credit_term_days: str = ""
    company_contact_id: str = ""

    @property
    def finance(self) -> Mapping[str, int]:
        """Price list and days of credit, where its group or company says which."""
        named = {"priceListId": self.price_list_id, "creditTermDays": self.credit_term_days}
        return {name: int(value) for name, value in named.items() if value}

    def values(self) -> dict[str, Any]:
        """What is merged, field by field; an address is one."""
        found: dict[str, Any] = {name: one_line(getattr(self, name)) for name in TEXTS}
        found["email"] = self.email_key
        for use in USES:
            place = [one_line(getattr(self, f"{use}_{name}")) for name in LINES]
            # A line has to be there: `-` stands for none.
            found[use] = ("" if place[0] == "-" else place[0], *place[1:])
        return found


@dataclass(frozen=True)
class StoreCustomer:
    """A row of STORE_CUSTOMERS: how BigCommerce is to have a customer."""

    customer_key: str
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
        names = ("address1", "address2", "city", "state_or_province", "postal_code", "country_code")
        parts = (getattr(self, f"{STORE_USES[use]}_{part}") for part in STORE_PLACE)
        return dict(zip(names, parts, strict=True))

    def is_complete(self, use: str) -> bool:
        """Whether BigCommerce takes an address."""
        place = self.place(use)
        return all(place[name] for name in ("address1", "city", "country_code"))

    def values(self, actual: AccountCustomer) -> dict[str, Any]:
        """What is merged, as it is read back once the store has all of it."""
        found = actual.values()
        for name, longest in (("first_name", LONGEST), ("last_name", LONGEST), ("company", None)):
            found[name] = getattr(self, name)[:longest].strip()
        for use in USES:
            *parts, _ = (one_line(part) for part in self.place(use).values())
            country = getattr(actual, f"{use}_country_iso3")
            found[use] = (*parts, country) if self.is_complete(use) else ("",) * len(LINES)
        return found


@dataclass(frozen=True)
class Found(Frames):
    """Both sides of a batch."""

    KEY = "customer_key"

    records: Mapping[str, Record] = field(default_factory=dict)
    customers: pd.DataFrame = rows(STORE_CUSTOMERS, suite="customers_in")
    contacts: pd.DataFrame = rows(ACCOUNT_CUSTOMERS, suite="contacts_in")


@dataclass(frozen=True)
class Desired(Frames):
    """Each side as the other one has to be if nothing else happened there."""

    KEY = "customer_key"

    for_account: pd.DataFrame = rows(ACCOUNT_CUSTOMERS, suite="customers_out")
    for_store: pd.DataFrame = rows(STORE_CUSTOMERS, suite="store_customers_out")


@dataclass(frozen=True)
class Sides:
    """The typed rows of a batch, by record."""

    desired: Mapping[str, AccountCustomer]
    """Customers, as Brightpearl writes them."""
    actual: Mapping[str, AccountCustomer]
    """Contacts as they are."""
    for_store: Mapping[str, StoreCustomer]
    """Contacts, as BigCommerce writes them."""


def map_customers(run: Run, found: Found) -> Desired:
    """Customers as contacts, and contacts as customers."""
    return map_sides(run.bundle, found)


def map_sides(bundle: Bundle, found: Found) -> Desired:
    """The same by any version of the mappings."""
    context, mappings = Context("UTC", bundle.tables), bundle.mappings
    for_account = apply(mappings["customers"], found.customers, context)
    for_store = apply(mappings["store_customers"], found.contacts, context)
    return Desired(
        for_account=for_account.frame[list(ACCOUNT_CUSTOMERS)],
        for_store=for_store.frame[list(STORE_CUSTOMERS)],
        refusals=pd.concat([for_account.refusals, for_store.refusals], ignore_index=True),
    )


def sides(found: Found, desired: Desired) -> Sides:
    """The rows of both, typed."""
    return Sides(
        desired={one.customer_key: one for one in typed_rows(desired.for_account, AccountCustomer)},
        actual={one.customer_key: one for one in typed_rows(found.contacts, AccountCustomer)},
        for_store={one.customer_key: one for one in typed_rows(desired.for_store, StoreCustomer)},
    )


def customer_rows(records: Mapping[str, Record]) -> pd.DataFrame:
    """STORE_CUSTOMERS of the records that are in the store."""
    found = []
    for key, record in records.items():
        customer = record.customer
        if customer is None:
            continue
        row = {name: getattr(customer, name) for name in (*TEXTS[:-1], "group_id")}
        row |= {"customer_key": key, "email_key": email_key(customer.email)}
        book = {one.id: one for one in customer.addresses}
        for use, start in STORE_USES.items():
            if entry := book.get(record.entry_id(use)):
                parts = (entry.address1, entry.address2, entry.city, entry.state_or_province,
                         entry.postal_code, entry.country_code)  # fmt: skip
                row |= {f"{start}_{n}": p for n, p in zip(STORE_PLACE, parts, strict=True)}
        found.append(row)
    return frame(found, STORE_CUSTOMERS)


def contact_rows(records: Mapping[str, Record], groups: Table) -> pd.DataFrame:
    """ACCOUNT_CUSTOMERS of the records that are in the account."""
    found = []
    for key, record in records.items():
        contact = record.contact
        if contact is None:
            continue
        email = meant_email(contact, record)
        row = {
            "customer_key": key,
            "email_key": email_key(email),
            "email": email,
            "first_name": contact.first_name,
            "last_name": contact.last_name,
            "company": contact.company,
            "phone": contact.telephones.get("PRI", ""),
            "tag_id": next(iter(group_tags(contact, groups)), ""),
        }
        for use, (kind, *_) in USES.items():
            if place := contact.address(kind):
                row |= {f"{use}_{name}": getattr(place, name) for name in LINES}
        found.append(row)
    return frame(found, ACCOUNT_CUSTOMERS)


def meant_email(contact: Contact, record: Record) -> str:
    """The contact's e-mail that the customer has, or both sides agreed on; else the primary one."""
    emails = list(contact.emails_by_kind.values())
    wanted = record.customer.email if record.customer else ""
    same = [one for one in emails if email_key(one) == email_key(wanted)]
    known = [one for one in emails if is_agreed(record.agreed, "email", email_key(one))]
    return next(iter([*same, *known, *emails]), "")


def is_agreed(agreed: AgreedCustomer, name: str, value: Any) -> bool:  # noqa: ANN401 - a text or an address
    """Whether a value is the one that both sides last agreed on."""
    return agreed.hashes.get(name) == hash_of(name, value)


def hash_of(name: str, value: Any) -> str:  # noqa: ANN401 - a text or an address
    """A field's value as the link keeps it."""
    return fingerprint([name, *([value] if isinstance(value, str) else value)])


def changed(agreed: AgreedCustomer, name: str, value: Any, *, in_store: bool) -> str:  # noqa: ANN401
    """The hash of a value that one side changed since both agreed; "" for one that it did not.

    A blank does not count as a change where nothing was ever agreed on.
    """
    found = hash_of(name, value)
    known = {agreed.hashes.get(name, "" if any(value) else found)}
    if in_store and name in agreed.in_store:
        known = {agreed.in_store[name]}
    return "" if found in known else found


def differing(
    agreed: AgreedCustomer, desired: AccountCustomer, actual: AccountCustomer
) -> list[str]:
    """Fields that do not read as agreed, and not the same on both sides."""
    mine, other = desired.values(), actual.values()
    return [
        name
        for name in FIELDS
        if mine[name] != other[name]
        and (
            changed(agreed, name, mine[name], in_store=True)
            or changed(agreed, name, other[name], in_store=False)
        )
    ]


def group_tags(contact: Contact, groups: Table) -> list[str]:
    """Those of a contact's tags that stand for a customer group."""
    known = {comparable(row.becomes) for row in groups.rows if row.becomes}
    return sorted((tag for tag in contact.tags if comparable(tag) in known), key=int)
