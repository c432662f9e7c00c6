"""Who in Brightpearl is behind an e-mail address, and people whom it does not know yet.

Matched exactly, asked for in as few requests as possible, and remembered under a hash, so that our
links hold no addresses.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from connectors.brightpearl import messages
from connectors.brightpearl.account_models import (
    Contact,
    ContactCreate,
    ContactRow,
    PostalAddress,
    UnreadableContact,
)
from core.customers import BILLING, DELIVERY
from core.errors import CausewayError, TransientError
from core.ids import email_key
from store.links import Link, Links
from store.runs import Cursors, Leases
from tasks.brightpearl.contact_operations import USES, ContactProgress, CreateAddress
from tasks.brightpearl.reference import changed_rows
from tasks.policy import with_retries
from tasks.reconciler.apply import Phase, apply
from tasks.reconciler.connections import Connections
from tasks.reconciler.operations import BrightpearlWrite, Operation, RecordPlan
from tasks.reconciler.run import Run

FEW = 2
"""Up to so many unknown people are searched one by one, three requests each, where the last scan
was long ago; else two pages of those that changed since say it of all."""
RECENTLY = timedelta(days=1)
MANY = 100
"""From so many unknown people on, a scan of moments ago is good enough."""
FRESH = timedelta(seconds=60)
OTHERS, MOST_KNOWN = "others", 5
"""Where a link keeps further contacts that have its e-mail, and how many."""
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
    anew = _search(connections, lost)
    remember(connections, anew)
    found |= _first(anew)
    unknown = keys - set(remembered)
    if not unknown:
        return found
    scanned_at = Cursors(connections.database).get(connections.pair.name, SCANNED)
    age = connections.clock() - scanned_at if scanned_at is not None else RECENTLY
    if len(unknown) <= FEW and age >= RECENTLY:
        remember(connections, _search(connections, unknown))
    elif len(unknown) <= MANY or age >= FRESH:
        list_contacts = connections.brightpearl.list_contacts
        with changed_rows(connections, SCANNED, list_contacts) as (changed, _):
            remember(connections, ids_by_email(changed))
    return found | _remembered(connections, unknown)


def find_candidates(connections: Connections, keys: set[str]) -> dict[str, list[str]]:
    """Ids of all contacts that had an e-mail when it was last read, the one that is meant first.

    In: e-mails as compared. Whether they still exist and have it, their documents say.
    """
    best, links = find_contacts(connections, keys), _links(connections, keys)
    return {
        key: list(dict.fromkeys([one, *links[key].detail.get(OTHERS, ())]))
        for key, one in best.items()
        if key in links
    }


def read_contacts(
    connections: Connections, ids: Iterable[str]
) -> tuple[dict[str, Contact], list[UnreadableContact]]:
    """Contacts by id, and those that break the model."""
    get = connections.brightpearl.get_contacts
    found = with_retries(lambda: list(get(set(ids))))
    broken = [one for one in found if isinstance(one, UnreadableContact)]
    return {one.id: one for one in found if isinstance(one, Contact)}, broken


def existing_contacts(connections: Connections, ids: Iterable[str]) -> set[str]:
    """Those of the contact ids that still are contacts: not deleted, not merged into others."""
    wanted = dict.fromkeys(ids)
    list_rows = connections.brightpearl.list_contacts_of
    rows = with_retries(lambda: list(list_rows(wanted))) if wanted else []
    return {str(row.contact_id) for row in rows}


def search(connections: Connections, keys: Iterable[str]) -> dict[str, str]:
    """Contact id by e-mail, of these that somebody has as primary or other e-mail."""
    return _first(_search(connections, keys))


def _search(connections: Connections, keys: Iterable[str]) -> dict[str, list[str]]:
    find = connections.brightpearl.find_contacts
    found = (row for key in sorted(keys) for row in with_retries(partial(find, key)))
    return ids_by_email(found)


def remember(connections: Connections, contacts: Mapping[str, Sequence[str]]) -> None:
    """Keep contact ids by e-mail as compared, the one that is meant first.

    Those that were known before are kept as well: a scan shows only what changed.
    """
    known = _links(connections, contacts) if contacts else {}
    links = []
    for key, ids in contacts.items():
        before = [known[key].id_bp, *known[key].detail.get(OTHERS, ())] if key in known else []
        others = [one for one in dict.fromkeys((*ids[1:], *before)) if one != ids[0]]
        detail = {OTHERS: others[:MOST_KNOWN]} if others else {}
        links.append(Link(key_bc=name_of(key), id_bp=ids[0], detail=detail))
    if links:
        Links(connections.database).put(
            connections.pair.name, CONTACTS, links, now=connections.clock()
        )


def best_by_email(rows: Iterable[ContactRow]) -> dict[str, str]:
    """Contact id by each e-mail as compared: of several the first of `ids_by_email`. Pure."""
    return _first(ids_by_email(rows))


def _first(ids: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {key: listed[0] for key, listed in ids.items()}


def ids_by_email(rows: Iterable[ContactRow]) -> dict[str, list[str]]:
    """Contact ids by each e-mail as compared, the one that is meant first. Pure.

    An e-mail is not unique in Brightpearl: staff and suppliers are passed over, then the contact
    that has it as primary address wins, then an organisation's primary contact, then the oldest.
    """
    ranks: dict[str, set[tuple[bool, bool, int]]] = defaultdict(set)
    for row in rows:
        if row.is_staff or row.is_supplier:
            continue
        for place, email in enumerate((row.primary_email, row.secondary_email, row.tertiary_email)):
            if not email:
                continue
            rank = (place > 0, not row.is_primary, int(row.contact_id))
            ranks[email_key(email)].add(rank)
    return {
        key: list(dict.fromkeys(str(one) for _, _, one in sorted(found)))
        for key, found in ranks.items()
    }


MERGED = "@merged.causeway.invalid"
"""How the e-mail ends of a contact that was merged into another one. No mail can reach it: nobody
can own such a domain (RFC 2606)."""


def merged_email(kept: str) -> str:
    """The e-mail of a contact that was merged into another one."""
    return f"into-{kept}{MERGED}"


def is_merged(contact: Contact) -> bool:
    """Whether a contact was merged into another one."""
    return contact.emails_by_kind.get("PRI", "").endswith(MERGED)


def is_person(contact: Contact) -> bool:
    """Whether a contact may be a customer."""
    return not (contact.is_staff or contact.is_supplier or is_merged(contact))


def name_of(key: str) -> str:
    """The name under which an e-mail address (as compared) stands in our links and the ledger."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def contact_row(contact: Contact, email: str) -> dict[str, str]:
    """A contact as a row of CONTACTS. In: the one of its e-mails that is meant."""
    row = {
        "email_key": email_key(email),
        "email": email,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "company": contact.company,
        "phone": contact.telephones.get("PRI", ""),
    }
    for use, (kind, *_) in USES.items():
        if place := contact.address(kind):
            row |= {f"{use}_{name}": getattr(place, name) for name in LINES}
    return row


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

    def postal_address(self, use: str) -> PostalAddress:
        """The address for `billing` or `delivery`; a line has to be there: `-` stands for none."""
        parts = {name: getattr(self, f"{use}_{name}") for name in LINES}
        filled = {name: part for name, part in parts.items() if part}
        return PostalAddress(**{"line_1": "-"} | filled)

    @property
    def finance(self) -> Mapping[str, int]:
        """What a contact has from its first day on, and staff alone change later."""
        return {}


@dataclass(frozen=True, kw_only=True)
class ContactPlan(RecordPlan):
    """A person Brightpearl does not know yet."""

    person: Person


@dataclass(kw_only=True)
class NewContact(ContactProgress[ContactPlan]):
    """A contact on its way; its postal addresses are BIL, and DEL where it differs."""

    entity = CONTACTS


@dataclass(frozen=True)
class CreateContact(Operation[NewContact]):
    """The contact itself. It has no natural key: an earlier try is looked up by e-mail."""

    kind = "create contact"

    def describe(self) -> str:
        return "contact"

    def write(self, _run: Run, record: NewContact) -> BrightpearlWrite:
        person = record.plan.person
        billing = int(record.new_addresses["BIL"])
        delivery = int(record.new_addresses.get("DEL", billing))
        phones = {"telephones": {"PRI": person.phone}} if person.phone else {}
        contact = ContactCreate(
            first_name=person.first_name,
            last_name=person.last_name,
            address_ids={"DEF": billing, "BIL": billing, "DEL": delivery},
            communication={"emails": {"PRI": {"email": person.email}}, **phones},
            organisation={"name": person.company} if person.company else None,
            finance=person.finance or None,
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
    billing, delivery = person.postal_address(BILLING), person.postal_address(DELIVERY)
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
        remember(run.connections, {email: [one] for email, one in created.items()})
        ended = [mine[email].key for email in (*known, *created)]
        run.ledger.close_open(run.pair, CONTACTS, ended, now=run.now())
    finally:
        leases.release_all(held, run.owner)
    failed |= {email: one.error for email, one in wanted.items() if one.error is not None}
    return known | created, failed


def _links(connections: Connections, keys: Iterable[str]) -> dict[str, Link]:
    names = {name_of(key): key for key in keys}
    links = Links(connections.database).get(connections.pair.name, CONTACTS, list(names))
    return {names[name]: link for name, link in links.items()}


def _remembered(connections: Connections, keys: set[str]) -> dict[str, str]:
    return {key: link.id_bp for key, link in _links(connections, keys).items()}


def _confirmed(connections: Connections, contacts: Mapping[str, str]) -> dict[str, str]:
    """Those of the contacts (id by e-mail) that still exist and have the e-mail."""
    if not contacts:
        return {}
    list_rows = connections.brightpearl.list_contacts_of
    rows = with_retries(lambda: list(list_rows(dict.fromkeys(contacts.values()))))
    actual = {(email, one) for row in rows for email, one in best_by_email([row]).items()}
    return {email: one for email, one in contacts.items() if (email, one) in actual}
