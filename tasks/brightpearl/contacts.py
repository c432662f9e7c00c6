"""Who in Brightpearl is behind an e-mail address, and people whom it does not know yet.

Matched exactly, asked for in as few requests as possible, and remembered under a hash, so that our
links hold no addresses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from connectors.brightpearl import messages
from connectors.brightpearl.account_models import ContactCreate, ContactRow, PostalAddress
from core.errors import CausewayError, TransientError
from core.ids import email_key
from store.links import Link, Links
from store.runs import Cursors, Leases
from tasks.brightpearl.reference import changed_rows
from tasks.policy import with_retries
from tasks.reconciler.apply import Phase, apply
from tasks.reconciler.connections import Connections
from tasks.reconciler.operations import BrightpearlWrite, Operation, Progress, RecordPlan
from tasks.reconciler.run import Run

FEW = 2
"""Up to so many unknown people are searched one by one, three requests each, where the last scan
was long ago; else two pages of those that changed since say it of all."""
RECENTLY = timedelta(days=1)
LEASE_S = 120.0
"""A run that dies while it creates a contact keeps others from it no longer than this."""
SCANNED = "brightpearl-contacts"
CONTACTS = "contacts"
LINES = ("line_1", "line_2", "line_3", "line_4", "post_code", "country_iso3")
"""Parts of an address, as frames and Brightpearl's documents name them."""


def find_contacts(connections: Connections, keys: set[str]) -> dict[str, str]:
    """Contact id by e-mail as compared, for those that Brightpearl has.

    Raises: TransientError, ConfigError.
    """
    remembered = _remembered(connections, keys)
    found = _confirmed(connections, remembered)
    # Staff merged the others, deleted them, or moved their e-mails: no scan need show who has them.
    lost = set(remembered) - set(found)
    anew = search(connections, lost)
    remember(connections, anew)
    found |= anew
    unknown = keys - set(remembered)
    if not unknown:
        return found
    scanned_at = Cursors(connections.database).get(connections.pair.name, SCANNED)
    is_recent = scanned_at is not None and connections.clock() - scanned_at < RECENTLY
    if len(unknown) <= FEW and not is_recent:
        remember(connections, search(connections, unknown))
    else:
        list_contacts = connections.brightpearl.list_contacts
        with changed_rows(connections, SCANNED, list_contacts) as (changed, _):
            remember(connections, best_by_email(changed))
    return found | _remembered(connections, unknown)


def existing_contacts(connections: Connections, ids: Iterable[str]) -> set[str]:
    """Those of the contact ids that still are contacts: not deleted, not merged into others."""
    wanted = dict.fromkeys(ids)
    list_rows = connections.brightpearl.list_contacts_of
    rows = with_retries(lambda: list(list_rows(wanted))) if wanted else []
    return {str(row.contact_id) for row in rows}


def search(connections: Connections, keys: Iterable[str]) -> dict[str, str]:
    """Contact id by e-mail, of these that somebody has as primary or other e-mail."""
    find = connections.brightpearl.find_contacts
    found = (row for key in sorted(keys) for row in with_retries(partial(find, key)))
    return best_by_email(found)


def remember(connections: Connections, contacts: Mapping[str, str]) -> None:
    """Keep contact ids by e-mail as compared."""
    links = [Link(key_bc=name_of(key), id_bp=contact_id) for key, contact_id in contacts.items()]
    if links:
        Links(connections.database).put(
            connections.pair.name, CONTACTS, links, now=connections.clock()
        )


def best_by_email(rows: Iterable[ContactRow]) -> dict[str, str]:
    """Contact id by each e-mail as compared. Pure.

    An e-mail is not unique in Brightpearl: staff and suppliers are passed over, then the contact
    that has it as primary address wins, then an organisation's primary contact, then the oldest.
    """
    best: dict[str, tuple[bool, bool, int]] = {}
    for row in rows:
        if row.is_staff or row.is_supplier:
            continue
        for place, email in enumerate((row.primary_email, row.secondary_email, row.tertiary_email)):
            if not email:
                continue
            rank = (place > 0, not row.is_primary, int(row.contact_id))
            key = email_key(email)
            best[key] = min(best.get(key, rank), rank)
    return {key: str(contact_id) for key, (_, _, contact_id) in best.items()}


def name_of(key: str) -> str:
    """The name under which an e-mail address (as compared) stands in our links and the ledger."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


@dataclass(frozen=True)
class Person:
    """One row of CONTACTS."""

    email_key: str
    email: str
    first_name: str
    last_name: str
    company: str
    phone: str
    billing_line_1: str
    billing_line_2: str
    billing_line_3: str
    billing_line_4: str
    billing_post_code: str
    billing_country_iso3: str
    delivery_line_1: str
    delivery_line_2: str
    delivery_line_3: str
    delivery_line_4: str
    delivery_post_code: str
    delivery_country_iso3: str


@dataclass(frozen=True, kw_only=True)
class ContactPlan(RecordPlan):
    """A person Brightpearl does not know yet."""

    person: Person


@dataclass(kw_only=True)
class NewContact(Progress[ContactPlan]):
    """A contact on its way."""

    addresses: dict[str, int] = field(default_factory=dict)
    """Ids of postal addresses by use: BIL, and DEL where it differs."""
    contact_id: str = ""


@dataclass(frozen=True)
class CreateAddress(Operation[NewContact]):
    """A postal address of the new contact."""

    use: str
    address: PostalAddress
    kind = "create postal address"

    def describe(self) -> str:
        return ""

    def write(self, _run: Run, record: NewContact) -> BrightpearlWrite:
        return BrightpearlWrite(
            entity=CONTACTS,
            natural_key=self.use,
            after={"use": self.use},
            message=messages.create_address(f"{record.key}:{self.use}", self.address),
        )

    def apply(self, record: NewContact, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        record.addresses[self.use] = int(str(answer))


@dataclass(frozen=True)
class CreateContact(Operation[NewContact]):
    """The contact itself. It has no natural key: an earlier try is looked up by e-mail."""

    kind = "create contact"

    def describe(self) -> str:
        return "contact"

    def write(self, _run: Run, record: NewContact) -> BrightpearlWrite:
        person = record.plan.person
        billing = record.addresses["BIL"]
        delivery = record.addresses.get("DEL", billing)
        phones = {"telephones": {"PRI": person.phone}} if person.phone else {}
        contact = ContactCreate(
            first_name=person.first_name,
            last_name=person.last_name,
            address_ids={"DEF": billing, "BIL": billing, "DEL": delivery},
            communication={"emails": {"PRI": {"email": person.email}}, **phones},
            organisation={"name": person.company} if person.company else None,
        )
        return BrightpearlWrite(
            entity=CONTACTS,
            natural_key=record.key,
            after={"addresses": sorted({billing, delivery})},
            is_repeatable=False,
            message=messages.create_contact(f"contact:{record.key}", contact),
        )

    def find(self, run: Run, record: NewContact) -> str | None:
        email = record.plan.person.email_key
        return search(run.connections, [email]).get(email)

    def apply(self, record: NewContact, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        record.contact_id = str(answer)


PHASES = (Phase((CreateAddress,), together=True), Phase((CreateContact,)))


def plan_contact(person: Person) -> ContactPlan:
    """A contact with its addresses: one, or two where billing and delivery differ. Pure."""
    parts = [
        {name: part for name in LINES if (part := getattr(person, f"{use}_{name}"))}
        for use in ("billing", "delivery")
    ]
    billing, delivery = (PostalAddress(**{"line_1": "-"} | filled) for filled in parts)
    uses = {"BIL": billing} if billing == delivery else {"BIL": billing, "DEL": delivery}
    return ContactPlan(
        key=name_of(person.email_key),
        operations=(
            *(CreateAddress(use, address) for use, address in uses.items()),
            CreateContact(),
        ),
        person=person,
    )


def create_contacts(
    run: Run, plans: Sequence[ContactPlan]
) -> tuple[dict[str, str], dict[str, CausewayError]]:
    """Contact ids by e-mail as compared, and why there is none for some.

    Raises: ConfigError.
    """
    leases = Leases(run.database)
    names = {f"contact {run.pair} {plan.key}": plan for plan in plans}
    # Two runs that meet the same new customer must not both create a contact: what the other one
    # has created is known by the time its lease can be taken.
    held = leases.acquire_all(names, run.owner, ttl_s=LEASE_S, now=run.now())
    busy = TransientError("Another run is creating this customer.")
    failed: dict[str, CausewayError] = {
        plan.person.email_key: busy for name, plan in names.items() if name not in held
    }
    mine = {names[name].person.email_key: names[name] for name in sorted(held)}
    try:
        known = _confirmed(run.connections, _remembered(run.connections, set(mine)))
        wanted = {k: NewContact(plan=plan) for k, plan in mine.items() if k not in known}
        apply(run, [*wanted.values()], PHASES)
        created = {email: one.contact_id for email, one in wanted.items() if one.contact_id}
        remember(run.connections, created)
    finally:
        leases.release_all(held, run.owner)
    failed |= {email: one.error for email, one in wanted.items() if one.error is not None}
    return known | created, failed


def _remembered(connections: Connections, keys: set[str]) -> dict[str, str]:
    links = Links(connections.database).get(
        connections.pair.name, CONTACTS, [name_of(key) for key in keys]
    )
    return {key: links[name_of(key)].id_bp for key in keys if name_of(key) in links}


def _confirmed(connections: Connections, contacts: Mapping[str, str]) -> dict[str, str]:
    """Those of the contacts (id by e-mail) that still exist and have the e-mail."""
    if not contacts:
        return {}
    list_rows = connections.brightpearl.list_contacts_of
    rows = with_retries(lambda: list(list_rows(dict.fromkeys(contacts.values()))))
    actual = {(email, one) for row in rows for email, one in best_by_email([row]).items()}
    return {email: one for email, one in contacts.items() if (email, one) in actual}
