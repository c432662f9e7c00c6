"""What is written of customers: to contacts one by one or ten at once, to customers ten at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.customer_models import AddressBody, Customer, CustomerBody
from core.ids import email_key
from store.links import Link
from tasks.brightpearl.contact_operations import (
    ContactProgress,
    CreateAddress,
    PatchContact,
    ReplaceAddress,
    SetTag,
    UseAddress,
)
from tasks.brightpearl.contacts import ContactPlan, create_contacts
from tasks.customers.frames import ENTITY, AgreedCustomer, StoreCustomer
from tasks.policy import PURE, step, with_retries
from tasks.reconciler.apply import Phase, apply, outcome_of
from tasks.reconciler.cases import Outcome
from tasks.reconciler.operations import BigCommerceRow, Operation, RecordPlan
from tasks.reconciler.run import Run

REMEDY = (
    "Correct the customer in BigCommerce or the contact in Brightpearl: an e-mail that another "
    "customer has is refused. Then release it."
)


@dataclass(frozen=True, kw_only=True)
class CustomerPlan(RecordPlan):
    """Everything that one customer needs."""

    agreed: AgreedCustomer
    """As it is kept once the plan is carried out."""
    contact_id: str = ""
    contact: ContactPlan | None = None
    """The contact that is to be made."""


@dataclass(kw_only=True)
class CustomerProgress(ContactProgress[CustomerPlan]):
    """A customer on its way."""

    customer_id: str = ""
    """Of a customer that was made."""
    entries: dict[str, str] = field(default_factory=dict)
    """Ids in the store's book, by use."""

    @property
    def agreed(self) -> AgreedCustomer:
        """What is kept of the record, with the entries that were made."""
        addresses = {**self.plan.agreed.addresses, **{u: e for u, e in self.entries.items() if e}}
        return self.plan.agreed.model_copy(update={"addresses": addresses})


CustomerOperation = Operation[CustomerProgress]


@dataclass(frozen=True)
class UpdateCustomer(CustomerOperation):
    """Fields of the customer."""

    fields: Mapping[str, Any]
    kind = "update customer"

    def describe(self) -> str:
        return f"customer: {', '.join(self.fields)}"

    def write(self, _run: Run, record: CustomerProgress) -> BigCommerceRow:
        return BigCommerceRow(
            natural_key=record.key,
            after={"fields": sorted(self.fields)},
            row=CustomerBody(id=int(record.key), **self.fields),
            send_rows=BigCommerce.update_customers,
        )


@dataclass(frozen=True)
class ChangeAddress(CustomerOperation):
    """An entry of the store's address book."""

    use: str
    entry_id: str
    place: Mapping[str, str]
    kind = "update address"

    def describe(self) -> str:
        return f"{self.use} address in BigCommerce"

    def write(self, _run: Run, _record: CustomerProgress) -> BigCommerceRow:
        return BigCommerceRow(
            natural_key=self.entry_id,
            row=AddressBody(id=int(self.entry_id), **self.place),
            send_rows=BigCommerce.update_addresses,
        )


@dataclass(frozen=True)
class AddAddress(CustomerOperation):
    """A new entry of the store's address book; one like another is dropped by the store."""

    use: str
    place: Mapping[str, str]
    first_name: str
    last_name: str
    kind = "create address"

    def describe(self) -> str:
        return f"new {self.use} address in BigCommerce"

    def write(self, _run: Run, record: CustomerProgress) -> BigCommerceRow:
        names = {"first_name": self.first_name, "last_name": self.last_name}
        body = AddressBody(customer_id=int(record.key), **names, **self.place)
        return BigCommerceRow(
            natural_key=self.use, row=body, send_rows=BigCommerce.create_addresses
        )

    def apply(self, record: CustomerProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of the API
        record.entries[self.use] = str(answer or "")


@dataclass(frozen=True)
class UseEntry(CustomerOperation):
    """An entry of the store's book that reads as it should: nothing is written."""

    use: str
    entry_id: str
    kind = "use address"

    def describe(self) -> str:
        return ""

    def write(self, _run: Run, record: CustomerProgress) -> None:
        record.entries[self.use] = self.entry_id


@dataclass(frozen=True)
class CreateCustomer(CustomerOperation):
    """The customer itself, with addresses. Nobody is mailed; no consent is given."""

    store: StoreCustomer
    places: Sequence[Mapping[str, str]]
    kind = "create customer"

    def describe(self) -> str:
        return "customer"

    def write(self, _run: Run, record: CustomerProgress) -> BigCommerceRow:
        one = self.store
        names = {"first_name": one.first_name, "last_name": one.last_name}
        body = CustomerBody(
            email=one.email,
            company=one.company,
            phone=one.phone,
            group_id=int(one.group_id or 0),
            takes_mails=False,
            addresses=tuple(AddressBody(**names, **place) for place in self.places),
            **names,
        )
        return BigCommerceRow(
            natural_key=record.key,
            is_repeatable=False,
            row=body,
            send_rows=BigCommerce.create_customers,
        )

    def find(self, run: Run, _record: CustomerProgress) -> str | None:
        email = self.store.email
        found = with_retries(lambda: list(run.bigcommerce.find_customers([email])))
        same = (one for one in found if isinstance(one, Customer))
        return next((one.id for one in same if email_key(one.email) == email_key(email)), None)

    def apply(self, record: CustomerProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of the API
        record.customer_id = str(answer or "")


PHASES: Sequence[Phase[CustomerProgress]] = (
    Phase(
        (
            CreateCustomer, PatchContact, SetTag, ReplaceAddress, CreateAddress,
            UpdateCustomer, ChangeAddress, AddAddress, UseEntry,
        ),
        together=True,
    ),
    Phase((UseAddress,), together=True),
)  # fmt: skip


@step("load-customers", PURE)
def load_customers(run: Run, plans: Sequence[CustomerPlan]) -> list[CustomerProgress]:
    """Carry the plans out; new contacts first, which orders may be about to make as well."""
    if run.dry_run:
        return []
    records = [CustomerProgress(plan=plan, contact_id=plan.contact_id) for plan in plans]
    wanted = {one.plan.contact.person.email_key: one for one in records if one.plan.contact}
    made = [one.plan.contact for one in wanted.values() if one.plan.contact]
    ids, failed = create_contacts(run, made) if made else ({}, {})
    for email, record in wanted.items():
        record.contact_id = ids.get(email, "")
        if email in failed:
            record.fail(failed[email])
    apply(run, records, PHASES)
    return records


@step("link-customers", PURE)
def link_customers(run: Run, records: Sequence[CustomerProgress]) -> list[Outcome]:
    """Keep what both sides agree on by now; what became of each record."""
    outcomes = [outcome_of(record, REMEDY) for record in records]
    links: list[Link] = []
    for record in records:
        key = record.customer_id or record.key
        if record.error is None and record.plan.result != "held" and key.isdigit():
            contact_id = "" if record.plan.agreed.lead else record.contact_id
            links.append(Link(key, contact_id, record.agreed.detail()))
    known = run.links.get(run.pair, ENTITY, [one.id_bp for one in links if one.id_bp], by="id_bp")
    mine = {one.key_bc for one in links}
    lost = [one.key_bc for one in known.values() if one.key_bc not in mine]
    run.links.drop(run.pair, ENTITY, lost)
    run.links.put(run.pair, ENTITY, links, now=run.now())
    return outcomes
