"""What to write so that both sides agree on each customer: merged three ways, by owner. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connectors.brightpearl.account_models import Contact, PostalAddress
from core.refusals import Refusal, release_remedy
from mappings.rules import Owner
from mappings.steps import one_line
from mappings.tables import Table
from tasks.brightpearl.contact_operations import (
    CreateAddress,
    PatchContact,
    ReplaceAddress,
    SetTag,
    UseAddress,
)
from tasks.brightpearl.contacts import LINES, ContactPlan, plan_contact
from tasks.customers import operations as ops
from tasks.customers.frames import (
    BILLING,
    DELIVERY,
    FIELDS,
    TEXTS,
    USES,
    AccountCustomer,
    AgreedCustomer,
    Record,
    Sides,
    StoreCustomer,
    changed,
    group_tags,
    hash_of,
)
from tasks.customers.operations import CustomerPlan
from tasks.reconciler.agreed import Merged, merge
from tasks.reconciler.cases import Decisions, digest, review
from tasks.reconciler.operations import Operation

PATHS = {
    "email": "/communication/emails/PRI/email",
    "first_name": "/firstName",
    "last_name": "/lastName",
    "phone": "/communication/telephones/PRI",
}
NEWSLETTER = "/marketingDetails/isReceiveEmailNewsletter"
LAST_AGREED = "last agreed"


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
        return _plan_both(context, record, record.contact)
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
    if company is not None:
        terms = str(company.credit_term_days or "")
        desired = replace(desired, price_list_id=company.price_list_id, credit_term_days=terms)
    contact: ContactPlan = plan_contact(desired)
    joins = {"/companyId": int(company.organisation_id or company.id)} if company else {}
    operations: list[Operation[Any]] = [
        *([SetTag(desired.tag_id, is_on=True)] if desired.tag_id else []),
        *([PatchContact(joins)] if joins else []),
    ]
    values = desired.values()
    return CustomerPlan(
        key=record.key,
        operations=tuple(operations),
        cases=(case,) if case else (),
        result="created",
        contact=contact,
        agreed=_agreed(record, values, dict.fromkeys(FIELDS, "bigcommerce"), newsletter=False),
    )


def _plan_customer(context: PlanContext, record: Record) -> CustomerPlan:
    """A new customer for a contact that staff gave the tag of a group."""
    store, actual = context.sides.for_store[record.key], context.sides.actual[record.key]
    billing, delivery = store.place(BILLING), store.place(DELIVERY)
    places = [store.place(use) for use in USES if store.is_complete(use)]
    return CustomerPlan(
        key=record.key,
        operations=(ops.CreateCustomer(store, places[:1] if billing == delivery else places),),
        result="created",
        contact_id=record.contact.id if record.contact else "",
        agreed=_agreed(
            record,
            actual.values(),
            dict.fromkeys(FIELDS, "brightpearl"),
            store.values(actual),
            mails=False,
        ),
    )


def _plan_both(context: PlanContext, record: Record, contact: Contact) -> CustomerPlan:
    desired, actual = context.sides.desired[record.key], context.sides.actual[record.key]
    store = context.sides.for_store[record.key]
    cases: list[Refusal] = []
    mine, other = desired.values(), actual.values()
    names = [name for name in FIELDS if not (name == BILLING and contact.company_id)]
    merged = _merge(context, record, mine, other, names)
    left = set()
    for conflict in merged.conflicts:
        case = _conflict(record, conflict.name, mine, other)
        if context.decisions.approves(record.key, case):
            merged = replace(merged, for_brightpearl={**merged.for_brightpearl, conflict.name: ""})
        else:
            left.add(conflict.name)
            cases.append(case)
    to_account, to_store = set(merged.for_brightpearl), set(merged.for_bigcommerce)
    if "company" in to_account:
        # No call changes the company of a contact. Source: fact sheet, contacts.
        to_account.discard("company")
        left.add("company")
        cases.append(_conflict(record, "company", mine, other, can_apply=False))
    unknown, company = _company(context, desired)
    cases += [unknown] if unknown else []
    account = list(_to_account(context, record, contact, desired, to_account, company))
    found = list(_to_store(record, store, to_store))
    cases += [one for one in found if isinstance(one, Refusal)]
    if any(isinstance(one, Refusal) for one in found):
        left |= {BILLING, DELIVERY} & to_store
    operations = (*account, *(one for one in found if isinstance(one, Operation)))
    winners = dict.fromkeys(to_account, "bigcommerce") | dict.fromkeys(to_store, "brightpearl")
    values = {
        name: other[name] if name in to_store else mine[name]
        for name in names
        if name not in left and (name in winners or mine[name] == other[name])
    }
    is_new = not record.is_linked or not record.agreed.hashes
    return CustomerPlan(
        key=record.key,
        operations=operations,
        cases=tuple(cases),
        result="linked" if is_new else "updated" if operations else "unchanged",
        contact_id=contact.id,
        agreed=_agreed(record, values, winners, store.values(actual)),
    )


def _merge(
    context: PlanContext,
    record: Record,
    mine: Mapping[str, Any],
    other: Mapping[str, Any],
    names: list[str],
) -> Merged:
    """Both sides merged by what they last agreed on. A blank never wins over what was never agreed.

    What both last agreed on is known by its hash alone, and cannot be put back: a field that it
    owns is decided by a person.
    """
    owners: dict[str, Owner] = {}
    for name in names:
        owner = context.owners.get(f"{name}_line_1" if name in USES else name, "")
        owners[name] = "" if owner == LAST_AGREED else owner
    in_store = {n: changed(record.agreed, n, mine[n], in_store=True) for n in names}
    in_account = {n: changed(record.agreed, n, other[n], in_store=False) for n in names}
    return merge(dict.fromkeys(names, ""), in_store, in_account, owners)


def _to_account(  # noqa: PLR0913, PLR0917 - a record, its sides, and what is to change
    context: PlanContext,
    record: Record,
    contact: Contact,
    desired: AccountCustomer,
    names: set[str],
    company: Contact | None,
) -> Iterator[Operation[Any]]:
    fields: dict[str, Any] = {
        path: getattr(desired, name) or (None if name == "phone" else "")
        for name, path in PATHS.items()
        if name in names
    }
    if record.agreed.takes_mails and not (record.customer and record.customer.takes_mails):
        fields |= {NEWSLETTER: False} if contact.takes_newsletter else {}
    if company is not None and company.id != contact.id:
        wanted = company.organisation_id or company.id
        fields |= {"/companyId": int(wanted)} if contact.company_id != wanted else {}
    if fields:
        yield PatchContact(fields)
    if "tag_id" in names:
        known = group_tags(contact, context.groups)
        yield from (SetTag(tag, is_on=False) for tag in known if tag != desired.tag_id)
        if desired.tag_id and desired.tag_id not in known:
            yield SetTag(desired.tag_id, is_on=True)
    changing = [use for use in USES if use in names]
    places = {use: _postal(desired, use) for use in changing}
    kinds: dict[str, tuple[str, ...]]
    if len(changing) == len(USES) and places[BILLING] == places[DELIVERY]:
        changing, kinds = changing[:1], {BILLING: ("BIL", "DEF", "DEL")}
    else:
        kinds = {use: tuple(USES[use]) for use in changing}
    for use in changing:
        ids = {contact.address_ids.get(kind, "") for kind in kinds[use]}
        rest = {one for kind, one in contact.address_ids.items() if kind not in kinds[use]}
        if len(ids) == 1 and all(ids) and not ids & rest:
            yield ReplaceAddress(use, ids.pop(), places[use])
        else:
            yield CreateAddress(use, places[use])
            yield UseAddress(use, kinds[use])


def _to_store(
    record: Record, store: StoreCustomer, names: set[str]
) -> Iterator[Operation[Any] | Refusal]:
    customer, agreed = record.customer, record.agreed
    if customer is None:
        return
    fields: dict[str, Any] = {name: getattr(store, name) for name in TEXTS[:-1] if name in names}
    if "tag_id" in names:
        fields["group_id"] = int(store.group_id or 0)
    takes_newsletter = bool(record.contact and record.contact.takes_newsletter)
    if agreed.takes_newsletter and not takes_newsletter and customer.takes_mails:
        fields["takes_mails"] = False
    if fields:
        yield ops.UpdateCustomer(fields)
    book = {
        one.id: {name: one_line(getattr(one, name)) for name in store.place(BILLING)}
        for one in customer.addresses
    }
    kept = {record.entry_id(use) for use in USES if use not in names}
    for use in [use for use in USES if use in names]:
        place, entry = store.place(use), record.entry_id(use)
        if same := [one for one, known in book.items() if known == place]:
            yield ops.UseEntry(use, same[0])
        elif not store.is_complete(use):
            yield _incomplete(record.key)
        elif entry and entry not in kept:
            kept.add(entry)
            book[entry] = place
            yield ops.ChangeAddress(use, entry, place)
        else:
            book[""] = place
            yield ops.AddAddress(use, place, store.first_name, store.last_name)


def _postal(desired: AccountCustomer, use: str) -> PostalAddress:
    filled = {name: part for name in LINES if (part := getattr(desired, f"{use}_{name}"))}
    return PostalAddress(**{"line_1": "-"} | filled)


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
    action = "Correct mappings/tables/companies.csv"
    reason = f"the table maps the company to contact {wanted}, which the account lacks"
    remedy = release_remedy(action, "company", value=wanted)
    return Refusal("company", "company", wanted, reason, remedy), None


def _conflict(
    record: Record,
    name: str,
    mine: Mapping[str, Any],
    other: Mapping[str, Any],
    *,
    can_apply: bool = True,
) -> Refusal:
    """A field that both sides changed, and whose values stand with the case until it is decided."""
    values = {"bigcommerce": mine[name], "brightpearl": other[name]}
    case = review(
        name,
        digest(record.key, *values.values()),
        f"{name.replace('_', ' ')} differs, and nobody owns it"
        if can_apply
        else f"{name} differs, and Brightpearl lets nobody but staff change it",
        {"field": name, "takes": "bigcommerce"} if can_apply else {},
    )
    return replace(case, detail={**case.detail, "values": values})


def _incomplete(key: str) -> Refusal:
    action = "Complete the contact's address in Brightpearl: line 1, city and country"
    reason = "the contact's address is not complete enough for BigCommerce"
    return Refusal("address", "address", "", reason, release_remedy(action, "address", key=key))


def _agreed(  # noqa: PLR0913 - a record, what is agreed on, and how that came about
    record: Record,
    values: Mapping[str, Any],
    winners: Mapping[str, str],
    written: Mapping[str, Any] | None = None,
    *,
    mails: bool | None = None,
    newsletter: bool | None = None,
) -> AgreedCustomer:
    """What both sides agree on once the plan is carried out. In: what is written to the store."""
    customer, contact, before = record.customer, record.contact, record.agreed
    in_store = {name: one for name, one in before.in_store.items() if name not in values}
    for name, one in (written or {}).items():
        if winners.get(name) == "brightpearl" and name in values and one != values[name]:
            in_store[name] = hash_of(name, one)
    mails = customer.takes_mails if customer else mails
    newsletter = contact.takes_newsletter if contact else newsletter
    # Consent that one side withdrew is withdrawn on the other; it is given on neither.
    mails = mails and not (before.takes_newsletter and not newsletter)
    newsletter = newsletter and not (before.takes_mails and not mails)
    return AgreedCustomer(
        hashes={**before.hashes, **{name: hash_of(name, one) for name, one in values.items()}},
        in_store=in_store,
        addresses={use: one for use in USES if (one := record.entry_id(use))},
        takes_mails=mails,
        takes_newsletter=newsletter,
    )
