"""What to write so that both sides agree on each customer: merged three ways, by owner. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from connectors.bigcommerce.customer_models import Customer
from connectors.brightpearl.account_models import Contact
from core.customers import BILLING
from core.refusals import Refusal, release_remedy
from mappings.rules import Owner
from mappings.tables import Table
from tasks.bigcommerce import customers as store_writes
from tasks.bigcommerce.customers import CreateCustomer, StoreCustomer, UpdateCustomer
from tasks.brightpearl import contact_operations as account_writes
from tasks.brightpearl.contact_operations import PatchContact, SetTag
from tasks.brightpearl.contacts import plan_contact, read_contacts
from tasks.customers.frames import (
    FIELDS,
    TEXTS,
    USES,
    AccountCustomer,
    AgreedCustomer,
    Desired,
    Found,
    Record,
    group_tags,
)
from tasks.customers.operations import CustomerPlan
from tasks.policy import PURE, step
from tasks.reconciler.agreed import Conflict, Values, resolve
from tasks.reconciler.cases import Decisions, refusal_by_value
from tasks.reconciler.operations import Operation
from tasks.reconciler.run import Run

KEPT_S = 3600.0
"""How long the contacts of companies are used before they are read again."""
PATHS = {
    "email": "/communication/emails/PRI/email",
    "first_name": "/firstName",
    "last_name": "/lastName",
    "phone": "/communication/telephones/PRI",
}
NEWSLETTER = "/marketingDetails/isReceiveEmailNewsletter"


@dataclass(frozen=True)
class PlanContext:
    """What plans are worked out from, by record."""

    desired: Mapping[str, AccountCustomer]
    """Customers, as Brightpearl writes them."""
    actual: Mapping[str, AccountCustomer]
    """Contacts as they are."""
    for_store: Mapping[str, StoreCustomer]
    """Contacts, as BigCommerce writes them."""
    owners: Mapping[str, Owner]
    groups: Table
    companies: Mapping[str, Contact]
    """Contacts of the companies that customers may buy for, by id."""
    decisions: Decisions


@step("plan-customers", PURE)
def plan_customers(run: Run, found: Found, desired: Desired) -> list[CustomerPlan]:
    """The plans of a batch. In: validated frames, and both sides as read."""
    context = PlanContext(
        desired=desired.for_account(),
        actual=found.actual(),
        for_store=desired.for_store(),
        owners=run.bundle.mappings["customers"].owners,
        groups=run.bundle.tables["customer_groups"],
        companies=_companies(run),
        decisions=run.decisions(),
    )
    refused = run.refused_keys
    return [plan_record(context, one) for key, one in found.records.items() if key not in refused]


def _companies(run: Run) -> Mapping[str, Contact]:
    """The contacts that the table of companies names, by id."""
    ids = {row.becomes for row in run.bundle.tables["companies"].rows if row.becomes.isdecimal()}
    if not ids:
        return {}
    read, cache = partial(read_contacts, run.connections, ids), run.connections.cache
    found, _ = cache.get(f"companies {sorted(ids)}", read, max_age_s=KEPT_S)
    return found


def plan_record(context: PlanContext, record: Record) -> CustomerPlan:
    """The operations that make both sides agree on one customer."""
    key, agreed = record.key, record.agreed
    if record.case is not None:
        return CustomerPlan(key=key, agreed=agreed, cases=(record.case,), result="held")
    if record.customer is None:
        return _unlinked(record) if record.is_linked else _plan_customer(context, record)
    if record.contact is not None:
        return _plan_both(context, record, record.customer, record.contact)
    if agreed.lead:
        return CustomerPlan(key=key, agreed=agreed, result="same contact")
    is_wanted = record.is_asked_for or not record.is_linked
    return _plan_contact(context, record) if is_wanted else _unlinked(record)


def _unlinked(record: Record) -> CustomerPlan:
    """A record that was deleted on one side. The other side keeps it, and nobody makes it anew."""
    contact_id = record.contact.id if record.contact else ""
    where = "brightpearl" if record.customer else "bigcommerce"
    gone = AgreedCustomer(gone_from=where)
    return CustomerPlan(key=record.key, agreed=gone, contact_id=contact_id, result="unlinked")


def _plan_contact(context: PlanContext, record: Record) -> CustomerPlan:
    """A new contact for a customer: of its company, where staff put it into a group."""
    desired = context.desired[record.key]
    company, cases = _company(context, desired), tuple(_unknown_company(context, desired))
    operations: list[Operation[Any]] = []
    if desired.tag_id:
        operations.append(SetTag(desired.tag_id, is_on=True))
    if company is not None:
        terms = str(company.credit_term_days or "")
        desired = replace(desired, price_list_id=company.price_list_id, credit_term_days=terms)
        operations.append(PatchContact(_joins(company)))
    return CustomerPlan(
        key=record.key,
        operations=tuple(operations),
        cases=cases,
        result="created",
        contact=plan_contact(desired),
        agreed=_agreed(record, desired.values(), {}, newsletter=False),
    )


def _plan_customer(context: PlanContext, record: Record) -> CustomerPlan:
    """A new customer for a contact that staff gave the tag of a group."""
    store, actual = context.for_store[record.key], context.actual[record.key]
    return CustomerPlan(
        key=record.key,
        operations=(CreateCustomer(store),),
        result="created",
        contact_id=record.contact.id if record.contact else "",
        agreed=_agreed(record, actual.values(), actual.read_back(store), mails=False),
    )


def _plan_both(
    context: PlanContext, record: Record, customer: Customer, contact: Contact
) -> CustomerPlan:
    key, agreed = record.key, record.agreed
    desired, actual, store = context.desired[key], context.actual[key], context.for_store[key]
    mine, other = desired.values(), actual.values()
    names = [name for name in FIELDS if not (name == BILLING and contact.company_id)]
    owners = {n: context.owners.get(f"{n}_line_1" if n in USES else n, "") for n in names}
    merged = agreed.merge(mine, other, owners)
    merged, cases = resolve(merged, key, "bigcommerce", context.decisions, shows=False)
    to_account, to_store = set(merged.for_brightpearl), set(merged.for_bigcommerce)
    if "company" in to_account:
        # No call changes the company of a contact. Source: fact sheet, contacts.
        to_account.discard("company")
        conflict = Conflict("company", None, mine["company"], other["company"])
        why = "Brightpearl lets nobody but staff change it"
        cases["company"] = conflict.case(key, "", why=why, shows=False)
    changing = [use for use in USES if use in to_store]
    entries = list(store_writes.change_addresses(customer, store, record.entries, changing))
    cases |= {use: _incomplete(key) for use in {*changing} - {one.use for one in entries}}
    values = {
        name: other[name] if name in to_store else mine[name]
        for name in names
        if name not in cases and (name in to_account | to_store or mine[name] == other[name])
    }
    read_back = {name: one for name, one in actual.read_back(store).items() if name in to_store}
    after = _agreed(record, values, read_back)
    operations = (
        *_change_contact(context, contact, desired, to_account, after),
        *_change_customer(customer, store, to_store, after),
        *entries,
    )
    is_new = not record.is_linked or not agreed.hashes
    return CustomerPlan(
        key=key,
        operations=operations,
        cases=(*cases.values(), *_unknown_company(context, desired)),
        result="linked" if is_new else "updated" if operations else "unchanged",
        contact_id=contact.id,
        agreed=after,
    )


def _change_contact(
    context: PlanContext,
    contact: Contact,
    desired: AccountCustomer,
    names: Collection[str],
    after: AgreedCustomer,
) -> Iterator[Operation[Any]]:
    """What gives the contact the customer's values of these fields, and withdraws consent."""
    fields: dict[str, Any] = {
        path: getattr(desired, name) or (None if name == "phone" else "")
        for name, path in PATHS.items()
        if name in names
    }
    if contact.takes_newsletter and not after.takes_newsletter:
        fields[NEWSLETTER] = False
    fields |= _joins(_company(context, desired), contact)
    if fields:
        yield PatchContact(fields)
    if "tag_id" in names:
        yield from account_writes.change_tag(group_tags(contact, context.groups), desired.tag_id)
    places = {use: desired.postal_address(use) for use in USES if use in names}
    yield from account_writes.change_addresses(contact, places)


def _change_customer(
    customer: Customer, store: StoreCustomer, names: Collection[str], after: AgreedCustomer
) -> Iterator[Operation[Any]]:
    """What gives the customer the contact's values of these fields, and withdraws consent."""
    fields: dict[str, Any] = {name: getattr(store, name) for name in TEXTS[:-1] if name in names}
    if "tag_id" in names:
        fields["group_id"] = int(store.group_id or 0)
    if customer.takes_mails and not after.takes_mails:
        fields["takes_mails"] = False
    if fields:
        yield UpdateCustomer(fields)


def _company(context: PlanContext, desired: AccountCustomer) -> Contact | None:
    """The company that a customer buys for. Staff have to have put the customer into a group."""
    return context.companies.get(desired.company_contact_id) if desired.tag_id else None


def _unknown_company(context: PlanContext, desired: AccountCustomer) -> Iterator[Refusal]:
    """The case of a company whose contact the account lacks."""
    wanted = desired.company_contact_id
    if wanted and desired.tag_id and wanted not in context.companies:
        reason = f"the table maps the company to contact {wanted}, which the account lacks"
        action = "Correct mappings/tables/companies.csv"
        yield refusal_by_value("company", "company", wanted, reason, action)


def _joins(company: Contact | None, contact: Contact | None = None) -> dict[str, int]:
    """What makes a contact one of a company, where it is not yet, and not the company itself."""
    if company is None or (contact and contact.id == company.id):
        return {}
    wanted = company.organisation_id or company.id
    return {} if contact and contact.company_id == wanted else {"/companyId": int(wanted)}


def _incomplete(key: str) -> Refusal:
    action = "Complete the contact's address in Brightpearl: line 1, city and country"
    reason = "the contact's address is not complete enough for BigCommerce"
    return Refusal("address", "address", "", reason, release_remedy(action, "address", key=key))


def _agreed(
    record: Record,
    values: Values,
    read_back: Values,
    *,
    mails: bool | None = None,
    newsletter: bool | None = None,
) -> AgreedCustomer:
    """What both sides agree on once the plan is carried out.

    In: what the store reads back of what it is written; consents of what is to be made.
    """
    customer, contact, before = record.customer, record.contact, record.agreed
    mails = customer.takes_mails if customer else mails
    newsletter = contact.takes_newsletter if contact else newsletter
    # Consent that one side withdrew is withdrawn on the other; it is given on neither.
    mails = mails and not (before.takes_newsletter and not newsletter)
    newsletter = newsletter and not (before.takes_mails and not mails)
    return before.with_values(values, read_back).model_copy(
        update={
            "addresses": {use: one for use, one in record.entries.items() if one},
            "takes_mails": mails,
            "takes_newsletter": newsletter,
            "lead": "",
            "gone_from": "",
        }
    )
