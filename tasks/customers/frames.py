"""Customers on the way of a batch: both sides as read, as mapped, and what they last agreed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd
from pydantic import Field

from connectors.bigcommerce.customer_models import Customer
from connectors.brightpearl.account_models import Contact
from core.customers import ACCOUNT_CUSTOMERS, BILLING, DELIVERY, STORE_CUSTOMERS
from core.frames import frame
from core.ids import email_key
from core.refusals import Refusal
from mappings.steps import one_line
from mappings.tables import Table, comparable
from tasks.bigcommerce.customers import StoreCustomer, customer_row
from tasks.brightpearl.contacts import LINES, Person, contact_row
from tasks.reconciler.agreed import AgreedHashes
from tasks.reconciler.gate import Frames, rows, typed_by_record

ENTITY = "customers"
USES = (BILLING, DELIVERY)
LONGEST = 32
"""Characters of a name in Brightpearl."""
TEXTS = ("email", "first_name", "last_name", "company", "phone", "tag_id")
FIELDS = (*TEXTS, *USES)
"""What is merged; an address is one field."""


class AgreedCustomer(AgreedHashes):
    """One customer as both sides last agreed on it. Values are kept as hashes (decision 5)."""

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

    @property
    def entries(self) -> dict[str, str]:
        """Which entry of the address book is meant by use: the one agreed on, else by age.

        The oldest is for bills, the newest for parcels.
        """
        book = self.customer.addresses if self.customer else ()
        ids = sorted((one.id for one in book), key=int) or [""]
        oldest_and_newest = {BILLING: ids[0], DELIVERY: ids[-1]}
        agreed = {use: one for use, one in self.agreed.addresses.items() if one in ids}
        return {**oldest_and_newest, **agreed}


@dataclass(frozen=True)
class AccountCustomer(Person):
    """A row of ACCOUNT_CUSTOMERS: how Brightpearl has a customer, or is to have it."""

    tag_id: str = ""
    price_list_id: str = ""
    credit_term_days: str = ""
    company_contact_id: str = ""

    @property
    def finance(self) -> Mapping[str, int]:
        """Price list and days of credit, where its group or company says which."""
        named = {"priceListId": self.price_list_id, "creditTermDays": self.credit_term_days}
        return {name: int(value) for name, value in named.items() if value}

    def values(self) -> dict[str, str | tuple[str, ...]]:
        """What is merged, field by field; an address is one."""
        found: dict[str, str | tuple[str, ...]] = {
            name: one_line(getattr(self, name)) for name in TEXTS
        }
        found["email"] = self.email_key
        for use in USES:
            place = [one_line(getattr(self, f"{use}_{name}")) for name in LINES]
            # A line has to be there: `-` stands for none.
            found[use] = ("" if place[0] == "-" else place[0], *place[1:])
        return found

    def read_back(self, store: StoreCustomer) -> dict[str, str | tuple[str, ...]]:
        """The same as it is read back once the store has all of it."""
        found = self.values()
        for name, longest in (("first_name", LONGEST), ("last_name", LONGEST), ("company", None)):
            found[name] = getattr(store, name)[:longest].strip()
        for use in USES:
            *parts, _ = (one_line(part) for part in store.place(use).values())
            country = getattr(self, f"{use}_country_iso3")
            found[use] = (*parts, country) if store.is_complete(use) else ("",) * len(LINES)
        return found


@dataclass(frozen=True)
class Found(Frames):
    """Both sides of a batch."""

    KEY = "customer_key"

    records: Mapping[str, Record] = field(default_factory=dict)
    customers: pd.DataFrame = rows(STORE_CUSTOMERS, suite="customers_in")
    contacts: pd.DataFrame = rows(ACCOUNT_CUSTOMERS, suite="contacts_in")

    def actual(self) -> dict[str, AccountCustomer]:
        """Contacts as they are, by record."""
        return typed_by_record(self.contacts, AccountCustomer, self.KEY)

    @classmethod
    def of(cls, records: Mapping[str, Record], groups: Table) -> Found:
        """With the frames of the records that are not left alone."""
        live = [one for one in records.values() if one.contact or not one.agreed.lead]
        customers = (
            {**customer_row(one.customer, one.entries), "customer_key": one.key}
            for one in live
            if one.customer is not None
        )
        contacts = (
            {
                **contact_row(one.contact, meant_email(one.contact, one)),
                "customer_key": one.key,
                "tag_id": next(iter(group_tags(one.contact, groups)), ""),
            }
            for one in live
            if one.contact is not None
        )
        return cls(
            records=records,
            customers=frame(customers, STORE_CUSTOMERS),
            contacts=frame(contacts, ACCOUNT_CUSTOMERS),
        )


@dataclass(frozen=True)
class Desired(Frames):
    """Each side as the other one has to be if nothing else happened there."""

    KEY = "customer_key"

    customers: pd.DataFrame = rows(ACCOUNT_CUSTOMERS, suite="customers_out", mapping="customers")
    contacts: pd.DataFrame = rows(
        STORE_CUSTOMERS, suite="store_customers_out", mapping="store_customers"
    )

    def for_account(self) -> dict[str, AccountCustomer]:
        """Customers, as Brightpearl writes them, by record."""
        return typed_by_record(self.customers, AccountCustomer, self.KEY)

    def for_store(self) -> dict[str, StoreCustomer]:
        """Contacts, as BigCommerce writes them, by record."""
        return typed_by_record(self.contacts, StoreCustomer, self.KEY)


def meant_email(contact: Contact, record: Record) -> str:
    """The contact's e-mail that the customer has, or both sides agreed on; else the primary one."""
    emails = list(contact.emails_by_kind.values())
    wanted = record.customer.email if record.customer else ""
    same = [one for one in emails if email_key(one) == email_key(wanted)]
    known = [one for one in emails if record.agreed.has("email", email_key(one))]
    return next(iter([*same, *known, *emails]), "")


def group_tags(contact: Contact, groups: Table) -> list[str]:
    """Those of a contact's tags that stand for a customer group."""
    known = {comparable(row.becomes) for row in groups.rows if row.becomes}
    return sorted((tag for tag in contact.tags if comparable(tag) in known), key=int)
