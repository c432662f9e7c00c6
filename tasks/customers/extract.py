"""Read customers and contacts, both as they are now, in the fewest requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectors.bigcommerce.customer_models import Customer, UnreadableCustomer
from connectors.brightpearl.account_models import Contact
from core.ids import contact_id_of, contact_key, email_key, merge_of
from tasks.brightpearl import contacts as account
from tasks.brightpearl.contacts import find_candidates, is_person
from tasks.customers.frames import ENTITY, AgreedCustomer, Found, Record, group_tags
from tasks.customers.matching import match_records
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.cases import Outcome, skipped
from tasks.reconciler.gate import refuse_unreadable
from tasks.reconciler.run import Run


@step("identify-customers", RETRIED)
def identify_customers(run: Run) -> tuple[dict[str, Contact], list[Outcome]]:
    """Contacts of the batch that no customer stands for yet; outcomes of those that need nothing.

    Keys that name a contact of a customer become the customer's own. A contact becomes a customer
    where it has a tag that stands for a customer group.
    """
    named = {one: key for key in run.batch.keys if (one := contact_id_of(key))}
    links = run.links.get(run.pair, ENTITY, list(named), by="id_bp")
    agreed = {one: AgreedCustomer.of(link) for one, link in links.items()}
    records = {named[one]: links[one].key_bc for one, a in agreed.items() if not a.gone_from}
    outcomes = [skipped(named[one], "gone", "deleted") for one, a in agreed.items() if a.gone_from]
    contacts = read_contacts(run, [one for one in named if one not in links])
    people = {one.id: one for one in contacts.values() if is_person(one)}
    emails = [email for one in people.values() for email in one.email_keys]
    found = with_retries(lambda: list(run.bigcommerce.find_customers(emails)))
    by_email = {email_key(one.email): one.id for one in found if isinstance(one, Customer)}
    groups = run.bundle.tables["customer_groups"]
    makes = run.connections.pair.customers.create_customers == "tagged"
    fresh: dict[str, Contact] = {}
    for contact_id in [one for one in named if one not in links]:
        key, contact = named[contact_id], people.get(contact_id)
        own = contact.email_keys if contact else []
        same = [by_email[one] for one in own if one in by_email]
        if same:
            records[key] = same[0]
        elif makes and contact is not None and group_tags(contact, groups):
            fresh[key] = contact
        elif key not in run.refused_keys:
            outcomes.append(skipped(key, "no customer", "nobody of the store"))
    if records:
        run.rekey(records)
    return fresh, outcomes


@step("extract-customers", RETRIED)
def extract_customers(run: Run, fresh: Mapping[str, Contact]) -> tuple[Found, list[Outcome]]:
    """Customers of the batch with their contacts, matched; those that the store does not show."""
    keys = [key for key in run.batch.keys if not (contact_id_of(key) or merge_of(key))]
    links = run.links.get(run.pair, ENTITY, keys)
    customers = read_customers(run, keys)
    contacts = read_contacts(run, [link.id_bp for link in links.values() if link.id_bp])
    asked, refused = run.batch.asked_for, run.refused_keys
    records = {
        key: Record(
            key,
            customers.get(key),
            contacts.get(links[key].id_bp) if key in links else None,
            AgreedCustomer.of(links.get(key)),
            is_linked=key in links,
            is_asked_for=key in asked,
        )
        for key in keys
        if key in customers or (key in links and key not in refused)
    }
    _add_candidates(run, records)
    match_records(records, _leads(run, records), run.decisions())
    records |= {key: Record(key, contact=contact) for key, contact in fresh.items()}
    alone = [key for key in keys if key not in records and key not in run.refused_keys]
    found = Found.of(records, run.bundle.tables["customer_groups"])
    return found, run.batch.missing(alone)


def _add_candidates(run: Run, records: Mapping[str, Record]) -> None:
    """Contacts with the e-mails of customers that are not linked, or whose contact is gone."""
    wanted = {
        email_key(one.customer.email): one
        for one in records.values()
        if one.customer is not None and one.contact is None and one.customer.email
    }
    ids = find_candidates(run.connections, set(wanted))
    read = read_contacts(run, {one for listed in ids.values() for one in listed})
    for email, listed in ids.items():
        people = [read[one] for one in listed if one in read and is_person(read[one])]
        wanted[email].candidates = tuple(one for one in people if email in one.email_keys)


def _leads(run: Run, records: Mapping[str, Record]) -> dict[str, str]:
    """The customers that candidates are linked with, if these still exist."""
    chosen = {one.id for record in records.values() for one in record.candidates}
    links = run.links.get(run.pair, ENTITY, list(chosen), by="id_bp")
    known = {key for key, record in records.items() if record.customer is not None}
    others = {link.key_bc for link in links.values()} - set(records)
    live = known | (set(read_customers(run, others)) if others else set())
    return {one: link.key_bc for one, link in links.items() if link.key_bc in live}


def read_customers(run: Run, ids: Iterable[str]) -> dict[str, Customer]:
    """Customers by id; one that cannot be read is refused."""
    found = with_retries(lambda: list(run.bigcommerce.get_customers(list(ids))))
    broken = [one for one in found if isinstance(one, UnreadableCustomer)]
    refuse_unreadable(run, ((one.id, one) for one in broken), "customer")
    return {one.id: one for one in found if isinstance(one, Customer)}


def read_contacts(run: Run, ids: Iterable[str]) -> dict[str, Contact]:
    """Contacts by id; one that cannot be read is refused under the key of its customer."""
    found, broken = account.read_contacts(run.connections.at(run.priority), ids)
    links = run.links.get(run.pair, ENTITY, [one.id for one in broken], by="id_bp")
    keys = {number: link.key_bc for number, link in links.items()}
    by_key = ((keys.get(one.id, contact_key(one.id)), one) for one in broken)
    refuse_unreadable(run, by_key, "contact")
    return found
