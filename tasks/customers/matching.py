"""Which contact is a customer's: by any of its three e-mails, compared exactly. Pure.

An e-mail may be shared. A contact with another name at another address, or several that fit, is a
question for a person, with the evidence: likeness of the names from 0 to 1, and of the addresses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rapidfuzz.fuzz import token_sort_ratio

from connectors.bigcommerce.customer_models import Customer
from connectors.brightpearl.account_models import Contact
from core.ids import email_key
from core.refusals import Refusal, release_command
from mappings.tables import comparable
from tasks.customers.frames import AgreedCustomer, Record
from tasks.reconciler.cases import REVIEW, Decisions, digest, review

LIKE = 0.8
"""From here on two names are taken for the same person's."""


@dataclass(frozen=True)
class Evidence:
    """How much a contact is like a customer."""

    contact_id: str
    name: float
    """Likeness of the names, 0 to 1."""
    is_near: bool
    """Whether one address of each is the same."""
    is_named: bool
    """Whether the contact has a name at all."""

    @property
    def fits(self) -> bool:
        """Whether it is the same person as far as can be seen."""
        return self.name >= LIKE or self.is_near or not self.is_named

    def __str__(self) -> str:
        """The evidence in words, without personal data."""
        where = "the same address" if self.is_near else "another address"
        return f"contact {self.contact_id} (names {self.name:.2f} alike, {where})"


def match_records(
    records: Mapping[str, Record], owners: Mapping[str, str], decisions: Decisions
) -> None:
    """Give each record that is not linked its contact, or the case that a person decides.

    In: the customer that each contact is linked with. A further customer of a contact shares it:
    it is named as such, and its fields are left alone.
    """
    taken = dict(owners)
    for key, record in sorted(records.items(), key=lambda one: _rank(one[1])):
        if record.contact is not None or record.customer is None or not record.candidates:
            continue
        case = _case(record.customer, record.candidates)
        if case is not None and not decisions.approves(key, case):
            record.case = case
            continue
        fitting = [one for one in record.candidates if evidence(record.customer, one).fits]
        contact = (fitting or record.candidates)[0]
        lead = taken.setdefault(contact.id, key)
        if lead == key:
            record.contact = contact
            if not record.is_linked or record.agreed.gone_from:
                record.agreed = AgreedCustomer()
        else:
            record.agreed = replace_lead(record.agreed, lead)


def replace_lead(agreed: AgreedCustomer, lead: str) -> AgreedCustomer:
    """What is kept of a customer that shares the contact of another one."""
    return agreed.model_copy(update={"lead": lead, "hashes": {}, "gone_from": ""})


def evidence(customer: Customer, contact: Contact) -> Evidence:
    """How much a contact is like a customer."""
    name = comparable(f"{customer.first_name} {customer.last_name}")
    contact_name = comparable(f"{contact.first_name} {contact.last_name}")
    here = {(comparable(one.address1), _packed(one.postal_code)) for one in customer.addresses}
    in_account = {(comparable(one.line_1), _packed(one.post_code)) for one in contact.addresses}
    return Evidence(
        contact.id,
        token_sort_ratio(name, contact_name) / 100,
        any(place in in_account for place in here if all(place)),
        bool(contact_name),
    )


def _case(customer: Customer, candidates: Sequence[Contact]) -> Refusal | None:
    found = [evidence(customer, one) for one in candidates]
    fitting = [one for one in found if one.fits]
    if len(fitting) == 1:
        return None
    best = (fitting or found)[0]
    why = "several contacts have the e-mail" if len(found) > 1 else "the e-mail is somebody else's"
    case = review(
        "match",
        digest(*(one.contact_id for one in found), customer.id),
        f"{why}: {'; '.join(map(str, found))}",
        {"contact": best.contact_id, "candidates": [str(one) for one in found]},
    )
    remedy = (
        f"Compare them. If contact {best.contact_id} is this customer: "
        f"{release_command(REVIEW, value=case.value, apply=True)}. Else correct the e-mail in "
        "either system, or merge the contacts in Brightpearl, then: "
        f"{release_command(REVIEW, value=case.value)}"
    )
    return replace(case, remedy=remedy)


def _rank(record: Record) -> tuple[bool, int]:
    """Whose e-mail is a contact's primary one comes first."""
    email = email_key(record.customer.email) if record.customer else ""
    first = record.candidates[0].emails_by_kind.get("PRI", "") if record.candidates else ""
    number = int(record.key) if record.key.isdigit() else 0
    return email_key(first) != email, number


def _packed(text: str) -> str:
    return "".join(text.split()).casefold()
