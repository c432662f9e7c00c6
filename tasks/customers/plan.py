"""What to write so that both sides agree on each customer: merged three ways, by owner. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
from tasks.brightpearl.contacts import plan_contact
from tasks.customers.frames import (
    FIELDS,
    TEXTS,
    USES,
    AccountCustomer,
    AgreedCustomer,
    Record,
    Sides,
    group_tags,
)
from tasks.customers.operations import CustomerPlan
from tasks.reconciler.agreed import Conflict, Values, resolve
from tasks.reconciler.cases import Decisions, refusal_by_value
from tasks.reconciler.operations import Operation

PATHS = {
    "email": "/communication/emails/PRI/email",
    "first_name": "/firstName",
    "last_name": "/lastName",
    "phone": "/communication/telephones/PRI",
}
NEWSLETTER = "/marketingDetails/isReceiveEmailNewsletter"


@dataclass(frozen=True)
class PlanContext:
    """What a plan is worked out from."""

    sides: Sides
    owners: Mapping[str, Owner]
    groups: Table
    companies: Mapping[str, Contact]
    """Contacts of the companies that customers may buy for, by id."""
    decisions: Decisions


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
    desired = context.sides.desired[record.key]
    case, company = _company(context, desired)
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
        cases=(case,) if case else (),
        result="created",
        contact=plan_contact(desired),
        agreed=_agreed(record, desired.values(), {}, newsletter=False),
    )


def _plan_customer(context: PlanContext, record: Record) -> CustomerPlan:
    """A new customer for a contact that staff gave the tag of a group."""
    store, actual = context.sides.for_store[record.key], context.sides.actual[record.key]
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
    desired, actual = context.sides.desired[record.key], context.sides.actual[record.key]
    store, agreed = context.sides.for_store[record.key], record.agreed
    mine, other = desired.values(), actual.values()
    names = [name for name in FIELDS if not (name == BILLING and contact.company_id)]
    owners = {n: context.owners.get(f"{n}_line_1" if n in USES else n, "") for n in names}
    merged = agreed.merge(mine, other, owners)
    merged, open_cases = resolve(merged, record.key, "bigcommerce", context.decisions, shows=False)
    to_account, to_store = set(merged.for_brightpearl), set(merged.for_bigcommerce)
    if "company" in to_account:
        # No call changes the company of a contact. Source: fact sheet, contacts.
        to_account.discard("company")
        conflict = Conflict("company", None, mine["company"], other["company"])
        why = "Brightpearl lets nobody but staff change it"
        open_cases["company"] = conflict.case(record.key, "", why=why, shows=False)
    unknown, company = _company(context, desired)
    fields = _contact_fields(agreed, customer, contact, desired, to_account, company)
    known_tags = group_tags(contact, context.groups) if "tag_id" in to_account else ()
    changing = [use for use in USES if use in to_store]
    entries = list(store_writes.change_addresses(customer, store, record.entries, changing))
    done = {one.use for one in entries}
    open_cases |= {use: _incomplete(record.key) for use in changing if use not in done}
    store_fields = _customer_fields(agreed, customer, contact, store, to_store)
    operations: list[Operation[Any]] = [
        *([PatchContact(fields)] if fields else []),
        *(account_writes.change_tag(known_tags, desired.tag_id) if "tag_id" in to_account else ()),
        *account_writes.change_addresses(
            contact, {use: desired.postal_address(use) for use in USES if use in to_account}
        ),
        *([UpdateCustomer(store_fields)] if store_fields else []),
        *entries,
    ]
    values = {
        name: other[name] if name in to_store else mine[name]
        for name in names
        if name not in open_cases and (name in to_account | to_store or mine[name] == other[name])
    }
    read_back = {name: one for name, one in actual.read_back(store).items() if name in to_store}
    is_new = not record.is_linked or not agreed.hashes
    return CustomerPlan(
        key=record.key,
        operations=tuple(operations),
        cases=(*open_cases.values(), *([unknown] if unknown else [])),
        result="linked" if is_new else "updated" if operations else "unchanged",
        contact_id=contact.id,
        agreed=_agreed(record, values, read_back),
    )


def _contact_fields(  # noqa: PLR0913, PLR0917 - both sides, and what is to change
    agreed: AgreedCustomer,
    customer: Customer,
    contact: Contact,
    desired: AccountCustomer,
    names: set[str],
    company: Contact | None,
) -> dict[str, Any]:
    """What changes of the contact itself, by path."""
    fields: dict[str, Any] = {
        path: getattr(desired, name) or (None if name == "phone" else "")
        for name, path in PATHS.items()
        if name in names
    }
    if agreed.takes_mails and not customer.takes_mails and contact.takes_newsletter:
        fields[NEWSLETTER] = False
    if company is not None and company.id != contact.id:
        wanted = company.organisation_id or company.id
        fields |= _joins(company) if contact.company_id != wanted else {}
    return fields


def _customer_fields(
    agreed: AgreedCustomer,
    customer: Customer,
    contact: Contact,
    store: StoreCustomer,
    names: set[str],
) -> dict[str, Any]:
    """What changes of the customer itself."""
    fields: dict[str, Any] = {name: getattr(store, name) for name in TEXTS[:-1] if name in names}
    if "tag_id" in names:
        fields["group_id"] = int(store.group_id or 0)
    if agreed.takes_newsletter and not contact.takes_newsletter and customer.takes_mails:
        fields["takes_mails"] = False
    return fields


def _joins(company: Contact) -> dict[str, int]:
    """What makes a contact one of a company."""
    return {"/companyId": int(company.organisation_id or company.id)}


def _company(
    context: PlanContext, desired: AccountCustomer
) -> tuple[Refusal | None, Contact | None]:
    """The company that a customer buys for. Staff have to have put the customer into a group."""
    wanted = desired.company_contact_id
    if not wanted or not desired.tag_id:
        return None, None
    company = context.companies.get(wanted)
    if company is not None:
        return None, company
    reason = f"the table maps the company to contact {wanted}, which the account lacks"
    action = "Correct mappings/tables/companies.csv"
    return refusal_by_value("company", "company", wanted, reason, action), None


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
