"""What is erased of a person: the plan, and its writes through the ledger like all others.

BigCommerce deletes customers. Brightpearl keeps contacts for ever and lets some fields be blanked
(fact sheet, contacts). Documents of trade are kept by law, each with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from connectors.brightpearl.account_models import AddressRow, Contact, PostalAddress
from connectors.budget import Priority
from core.errors import CausewayError
from core.ids import contact_key, email_key
from store.personal_data import PersonalData
from tasks.bigcommerce.customers import DeleteCustomer
from tasks.brightpearl.contact_operations import (
    ContactProgress,
    PatchContact,
    ReplaceAddress,
    SetTag,
)
from tasks.customers.entity import CUSTOMERS
from tasks.privacy.person import ERASED, Person, find_person
from tasks.reconciler.apply import Phase, apply
from tasks.reconciler.connections import Connections
from tasks.reconciler.operations import Operation, RecordPlan
from tasks.reconciler.run import Run

FLOW = "erase-person"
LAW = (
    "Records of trade are kept for as long as tax and commercial law say, which the right to "
    "erasure leaves untouched (GDPR, article 17 (3) b)."
)

ERASED_LINE = "-"
"""The street of what was erased: the first line of an address cannot be blank."""
PHASES = (
    # A tag that stands for a customer group would make a customer anew.
    Phase((DeleteCustomer, ReplaceAddress, SetTag), together=True),
    # Last, because the person is found by the e-mail.
    Phase((PatchContact,), together=True),
)
"""No write is in doubt twice: all are harmless to repeat."""


@dataclass(frozen=True)
class Kept:
    """A record that stays, and why."""

    system: str
    record: str
    id: str
    reason: str


@dataclass(frozen=True)
class Erasure:
    """What is, or would be, erased of a person."""

    plans: tuple[RecordPlan, ...]
    kept: tuple[Kept, ...]
    by_hand: tuple[Kept, ...]
    """What no API can erase, and a person can."""


def plan_erasure(person: Person) -> Erasure:
    """What is to be erased, what stays, and why. Pure."""
    plans = [
        RecordPlan(key=one.id, operations=(DeleteCustomer(one.id),), result="deleted")
        for one in person.customers
    ]
    on_its_way = "Its sync may bring the person back: erase again once it is done."
    by_hand = [Kept("bigcommerce", "order", key, on_its_way) for key in person.unsettled]
    for contact in person.contacts:
        if contact.is_staff or contact.is_supplier:
            reason = "It is of staff or a supplier: decide about it in Brightpearl."
            by_hand.append(Kept("brightpearl", "contact", contact.id, reason))
            continue
        by_hand += _left(contact)
        fields = _blanks(contact)
        operations: list[Operation[Any]] = [
            _blanked(one) for one in contact.addresses if not _is_blank(one)
        ]
        operations += [SetTag(tag, is_on=False, contact_id=contact.id) for tag in contact.tags]
        operations += [PatchContact(fields, contact.id)] if fields else []
        if operations:
            key = contact_key(contact.id)
            plans.append(RecordPlan(key=key, operations=tuple(operations), result="blanked"))
    for contact in person.mentions:
        kinds = contact.emails_by_kind.items()
        paths = [_email(kind) for kind, one in kinds if email_key(one) == email_key(person.email)]
        operation = PatchContact(dict.fromkeys(paths), contact.id)
        plans.append(
            RecordPlan(key=contact_key(contact.id), operations=(operation,), result="blanked")
        )
        reason = "Its first e-mail is another one. Is it the same person? Then erase that one, too."
        by_hand.append(Kept("brightpearl", "contact", contact.id, reason))
    return Erasure(tuple(plans), tuple(_kept(person)), tuple(by_hand))


def erase_person(connections: Connections, email: str) -> tuple[Person, Erasure, dict[str, int]]:
    """Erase a person in both systems, then in our own tables; how many rows of these changed.

    Repeatable, and harmless to interrupt: it is found anew what is left to do.

    Raises: CausewayError of the first write that failed, after all others were tried; our own
    tables are untouched then, because they are how the rest is found.
    """
    person = find_person(connections, email)
    erasure = plan_erasure(person)
    if erasure.plans:
        run = Run(
            CUSTOMERS,
            connections.pair.name,
            flow=FLOW,
            keeps_report=False,
            priority=Priority.ORDERS,
            connections=connections,
        )
        with run:
            records = apply(run, [ContactProgress(plan=plan) for plan in erasure.plans], PHASES)
            if error := next((one.error for one in records if one.error is not None), None):
                raise _named(error)
    # The hashes go last: by them an interrupted erasure is found.
    rows = PersonalData(connections.database).erase(connections.pair.name, person.subject)
    return person, erasure, rows


def _named(error: CausewayError) -> CausewayError:
    remedy = error.remedy or "Set right what it says, then run this again: it goes on."
    return type(error)(error.message, remedy=remedy)


def _blanks(contact: Contact) -> dict[str, Any]:
    """What is set of a contact's fields that can be; nothing of one that was erased."""
    fields: dict[str, Any] = {}
    if contact.first_name != ERASED:
        fields["/firstName"] = ERASED
    if contact.last_name != contact.id:
        fields["/lastName"] = contact.id
    if contact.salutation:
        fields["/salutation"] = ""
    for kind, number in contact.telephones.items():
        if number:
            fields[f"/communication/telephones/{kind}"] = None
    fields |= {_email(kind): None for kind in contact.emails_by_kind}
    if contact.takes_newsletter:
        fields["/marketingDetails/isReceiveEmailNewsletter"] = False
    return fields


def _email(kind: str) -> str:
    return f"/communication/emails/{kind}/email"


def _blanked(address: AddressRow) -> ReplaceAddress:
    """Only the country stays."""
    blank = PostalAddress(line_1=ERASED_LINE, country_iso3=address.country_iso3 or None)
    return ReplaceAddress("postal", address.id, blank)


def _is_blank(address: AddressRow) -> bool:
    lines = _lines(address)
    return lines.pop("line_1") == ERASED_LINE and not any(lines.values())


def _lines(address: AddressRow) -> dict[str, str]:
    return {
        "line_1": address.line_1, "line_2": address.line_2, "line_3": address.line_3,
        "line_4": address.line_4, "post_code": address.post_code,
    }  # fmt: skip


def _left(contact: Contact) -> Iterator[Kept]:
    """What Brightpearl's API cannot blank of a contact."""
    if contact.company:
        reason = "The name of its organisation can be changed in Brightpearl's screens alone."
        yield Kept("brightpearl", "organisation of contact", contact.id, reason)


def _kept(person: Person) -> Iterator[Kept]:
    for order in person.orders:
        yield Kept("bigcommerce", "order", str(order.get("id")), LAW)
    for contact in person.contacts:
        reason = "Brightpearl deletes no contact; what can be blanked of it is."
        yield Kept("brightpearl", "contact", contact.id, reason)
    for one in person.sales_orders:
        record = str(one.get("resource", "")).replace("-", " ")
        yield Kept("brightpearl", record, str(one.get("id")), LAW)
        invoice = one.get("invoice") or next(iter(one.get("invoices") or ()), None)
        if isinstance(invoice, Mapping) and invoice.get("invoiceReference"):
            yield Kept("brightpearl", "invoice", str(invoice["invoiceReference"]), LAW)
    for payment in person.payments:
        yield Kept("brightpearl", "payment", payment.payment_id, LAW)


def document_of(erasure: Erasure, rows: Mapping[str, int]) -> dict[str, Any]:
    """The erasure as a document, without personal data."""
    return {
        "writes": [
            {"record": plan.key, "does": one.describe()}
            for plan in erasure.plans
            for one in plan.operations
        ],
        "own_rows": dict(rows),
        "kept": [asdict(one) for one in erasure.kept],
        "by_hand": [asdict(one) for one in erasure.by_hand],
    }
