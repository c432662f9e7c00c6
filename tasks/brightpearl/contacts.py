"""Who in Brightpearl is behind an e-mail address, and people whom it does not know yet.

Matched exactly, asked for in as few requests as possible, and remembered under a hash, so that our
links hold no addresses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from connectors.brightpearl import messages
from connectors.brightpearl.account_models import ContactCreate, ContactRow, PostalAddress
from core.errors import CausewayError, TransientError
from core.ids import email_key
from store.links import Link, Links
from store.runs import Cursors, Leases
from tasks.policy import with_retries
from tasks.reconciler.apply import Phase, apply
from tasks.reconciler.connections import Connections
from tasks.reconciler.operations import BrightpearlWrite, Operation, Progress, RecordPlan
from tasks.reconciler.run import Run

FEW = 2
"""Up to so many unknown people are searched one by one; more are cheaper by a page of 500."""
OVERLAP = timedelta(minutes=10)
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
    found = _remembered(connections, keys)
    unknown = keys - set(found)
    if not unknown:
        return found
    if len(unknown) <= FEW:
        rows = [row for key in sorted(unknown) for row in search(connections, key)]
        remember(connections, best_by_email(rows))
    else:
        scan(connections)
    return found | _remembered(connections, unknown)


def search(connections: Connections, key: str) -> Sequence[ContactRow]:
    """Contacts that carry this address as primary or other e-mail, compared exactly."""
    return with_retries(lambda: connections.brightpearl.find_contacts(key))


def remember(connections: Connections, contacts: Mapping[str, str]) -> None:
    """Keep contact ids by e-mail as compared."""
    links = [Link(key_bc=name_of(key), id_bp=contact_id) for key, contact_id in contacts.items()]
    if links:
        Links(connections.database).put(
            connections.pair.name, CONTACTS, links, now=connections.clock()
        )


def scan(connections: Connections) -> None:
    """Remember contacts that are new or changed since the last scan; the first time, all of them.

    The cursor overlaps and moves last.
    """
    cursors, pair = Cursors(connections.database), connections.pair.name
    started_at = connections.clock()
    since = cursors.get(pair, SCANNED)
    rows = with_retries(
        lambda: list(connections.brightpearl.list_contacts(updated_since=since and since - OVERLAP))
    )
    remember(connections, best_by_email(rows))
    cursors.set(pair, SCANNED, started_at)


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

    def address(self, use: str) -> PostalAddress:
        """The billing or the delivery address."""
        parts = {name: getattr(self, f"{use}_{name}") or None for name in LINES}
        return PostalAddress(**{**parts, "line_1": parts["line_1"] or "-"})


@dataclass(frozen=True, kw_only=True)
class ContactPlan(RecordPlan):
    """A person Brightpearl does not know yet."""

    email_key: str
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
        email = record.plan.email_key
        return best_by_email(search(run.connections, email)).get(email)

    def apply(self, record: NewContact, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        record.contact_id = str(answer)


PHASES: tuple[Phase[NewContact], ...] = (
    Phase((CreateAddress,), together=True),
    Phase((CreateContact,)),
)


def plan_contact(person: Person) -> ContactPlan:
    """A contact with its addresses: one, or two where billing and delivery differ. Pure."""
    billing, delivery = (person.address(use) for use in ("billing", "delivery"))
    uses = {"BIL": billing} if billing == delivery else {"BIL": billing, "DEL": delivery}
    return ContactPlan(
        key=name_of(person.email_key),
        operations=(
            *(CreateAddress(use, address) for use, address in uses.items()),
            CreateContact(),
        ),
        email_key=person.email_key,
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
    try:
        known = _remembered(run.connections, {names[name].email_key for name in held})
        wanted = [names[name] for name in sorted(held) if names[name].email_key not in known]
        records = apply(run, [NewContact(plan=plan) for plan in wanted], PHASES)
        created = {one.plan.email_key: one.contact_id for one in records if one.contact_id}
        remember(run.connections, created)
    finally:
        leases.release_all(held, run.owner)
    failed: dict[str, CausewayError] = {
        one.plan.email_key: one.error for one in records if one.error is not None
    }
    for name in names.keys() - held:
        failed[names[name].email_key] = TransientError("Another run is creating this customer.")
    return known | created, failed


def _remembered(connections: Connections, keys: set[str]) -> dict[str, str]:
    links = Links(connections.database).get(
        connections.pair.name, CONTACTS, [name_of(key) for key in keys]
    )
    return {key: links[name_of(key)].id_bp for key in keys if name_of(key) in links}
