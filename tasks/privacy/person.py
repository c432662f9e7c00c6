"""One person in both systems, found by an e-mail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from connectors.bigcommerce.customer_models import Customer
from connectors.brightpearl.account_models import Contact, PaymentRow
from core.errors import RejectedError
from core.ids import contact_key, email_key
from intelligence.risk import email_name
from store.inbox import Inbox
from store.links import Links
from store.personal_data import Subject
from tasks.brightpearl.contacts import CONTACTS, name_of
from tasks.customers.frames import ENTITY
from tasks.policy import with_retries
from tasks.reconciler.connections import Connections

ERASED = "Erased"
"""The first name of a contact that was erased: Brightpearl keeps contacts for ever."""
BY_ORDER = ("orders", "refunds", "shipments")
"""Entities whose keys are orders of the store."""
DISTINCT = 6
"""Characters from which on a value is nobody else's."""
Documents = list[Mapping[str, Any]]


@dataclass(frozen=True)
class Person:
    """Everything that was found under an e-mail, as it was read."""

    email: str
    customers: tuple[Customer, ...] = ()
    contacts: tuple[Contact, ...] = ()
    """Those that have the e-mail as their first one, or stand for one of the customers."""
    mentions: tuple[Contact, ...] = ()
    """Other contacts, with the e-mail as second or third one."""
    customer_documents: Documents = field(default_factory=list)
    orders: Documents = field(default_factory=list)
    """Of BigCommerce, whole."""
    unsettled: tuple[str, ...] = ()
    """Ids of those that a sync works on or is still to work on."""
    contact_documents: Documents = field(default_factory=list)
    sales_orders: Documents = field(default_factory=list)
    """Sales orders and sales credits of Brightpearl, whole."""
    payments: tuple[PaymentRow, ...] = ()
    subject: Subject = field(default_factory=lambda: Subject("", ""))

    def document(self) -> dict[str, Any]:
        """What both systems say, for the person themselves."""
        return {
            "bigcommerce": {"customers": self.customer_documents, "orders": self.orders},
            "brightpearl": {
                "contacts": self.contact_documents,
                "orders": self.sales_orders,
                "payments": [one.model_dump(mode="json") for one in self.payments],
            },
        }


def find_person(connections: Connections, email: str) -> Person:
    """Everything that both systems have under an e-mail, in any case.

    Raises: TransientError, ConfigError; RejectedError for a customer or contact that cannot be
    read: what is not known cannot be erased.
    """
    key = email_key(email)
    store, account = connections.bigcommerce, connections.brightpearl
    customers = [
        _readable(one, Customer, "customer")
        for one in with_retries(lambda: list(store.find_customers([key])))
    ]
    orders = with_retries(lambda: list(store.list_order_documents(email)))
    unsettled = _unsettled(connections, [str(one.get("id")) for one in orders])
    contacts = _contacts(connections, key, customers)
    own = [one for one in contacts if _is_own(one, key)]
    ids = [one.id for one in own]
    sales_orders = with_retries(lambda: list(account.list_documents_of(ids)))
    order_ids = [str(one.get("id")) for one in sales_orders]
    named = [one.id for one in customers]
    customer_documents = with_retries(lambda: list(store.list_customer_documents(named)))
    contact_documents = with_retries(lambda: list(account.get_contact_documents(ids)))
    payments = with_retries(lambda: list(account.list_payments(order_ids)))
    person = Person(
        email=email,
        customers=tuple(customers),
        contacts=tuple(own),
        mentions=tuple(one for one in contacts if not _is_own(one, key)),
        customer_documents=customer_documents,
        orders=orders,
        unsettled=unsettled,
        contact_documents=contact_documents,
        sales_orders=sales_orders,
        payments=tuple(payments),
    )
    return _with_subject(connections, person, key)


def _unsettled(connections: Connections, order_ids: Sequence[str]) -> tuple[str, ...]:
    states = Inbox(connections.database).states(connections.pair.name, "orders", order_ids)
    return tuple(sorted(key for key, state in states.items() if state != "done"))


def _contacts(connections: Connections, key: str, customers: Iterable[Customer]) -> list[Contact]:
    """Contacts with the e-mail, those of the customers, and one whose erasure was interrupted."""
    account, links = connections.brightpearl, Links(connections.database)
    pair = connections.pair.name
    rows = with_retries(partial(account.list_contacts_with, key))
    linked = links.get(pair, ENTITY, [one.id for one in customers])
    remembered = links.get(pair, CONTACTS, [name_of(key)])
    ids = {row.contact_id for row in rows} | {one.id_bp for one in linked.values() if one.id_bp}
    maybe = {one.id_bp for one in remembered.values()} - ids
    read = with_retries(lambda: list(account.get_contacts(sorted(ids | maybe))))
    found = [_readable(one, Contact, "contact") for one in read]
    return [one for one in found if one.id in ids or one.first_name == ERASED]


def _is_own(contact: Contact, key: str) -> bool:
    """Whether a contact is the person, rather than somebody with the e-mail among others."""
    emails = {kind: email_key(email) for kind, email in contact.emails_by_kind.items()}
    return key not in emails.values() or emails.get("PRI", key) == key


def _readable(found: Any, model: type[Any], what: str) -> Any:  # noqa: ANN401 - either kind
    if isinstance(found, model):
        return found
    raise RejectedError(
        f"The {what} {found.id} cannot be read: {found.field}: {found.reason}.",
        remedy=f"Correct the {what}, or export and erase it by hand; then run this again.",
    )


def _with_subject(connections: Connections, person: Person, key: str) -> Person:
    """The person with what our own tables may know them under."""
    pair, links = connections.pair.name, Links(connections.database)
    ids = [one.id for one in person.contacts]
    by_contact = links.get(pair, ENTITY, ids, by="id_bp")
    customers = {one.id for one in person.customers}
    customers |= {link.key_bc for link in by_contact.values()}
    keys = [str(one.get("id")) for one in person.orders]
    values = set(_values(person))
    names = {f"{first} {last}".strip() for first, last in _names(person) if first and last}
    plain = {one for pair_ in _names(person) for one in pair_ if one}
    subject = Subject(
        contact_name=name_of(key),
        checks_name=email_name(person.email),
        records=(
            *((entity, one) for entity in BY_ORDER for one in keys),
            *((ENTITY, one) for one in sorted(customers)),
            *((ENTITY, contact_key(one)) for one in ids),
        ),
        values=values | names | plain,
        unmistakable={one for one in values | names if len(one) >= DISTINCT},
    )
    return Person(**{**vars(person), "subject": subject})


def _names(person: Person) -> Iterator[tuple[str, str]]:
    """First and last names; nothing of contacts that were erased."""
    yield from ((one.first_name, one.last_name) for one in person.customers)
    live = (one for one in person.contacts if one.first_name != ERASED)
    yield from ((one.first_name, one.last_name) for one in live)
    for place in _places(person.orders):
        yield str(place.get("first_name") or ""), str(place.get("last_name") or "")


def _values(person: Person) -> Iterator[str]:
    """E-mails, phones, companies and street lines."""
    yield person.email
    for customer in person.customers:
        yield from (customer.email, customer.phone, customer.company)
        for entry in customer.addresses:
            yield from (entry.address1, entry.address2, entry.phone, entry.company)
    for contact in person.contacts:
        yield from contact.emails_by_kind.values()
        yield from contact.telephones.values()
        for row in contact.addresses:
            yield from (row.line_1, row.line_2)
    for place in _places(person.orders):
        for name in ("email", "phone", "company", "street_1", "street_2"):
            yield str(place.get(name) or "")


def _places(orders: Documents) -> Iterator[Mapping[str, Any]]:
    """Addresses of the store's orders."""
    for order in orders:
        billing, sent = order.get("billing_address"), order.get("consignments")
        if isinstance(billing, Mapping):
            yield billing
        shipping = sent.get("shipping") if isinstance(sent, Mapping) else None
        yield from (one for one in shipping or () if isinstance(one, Mapping))
