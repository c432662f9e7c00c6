"""Plans of customers carried out: contacts and customers are written, links are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from store.links import Link
from tasks.bigcommerce import customers as store
from tasks.brightpearl import contact_operations as account
from tasks.brightpearl.contacts import ContactPlan, create_contacts
from tasks.customers.frames import ENTITY, AgreedCustomer
from tasks.policy import PURE, step
from tasks.reconciler.apply import Phase, apply, link
from tasks.reconciler.cases import Outcome
from tasks.reconciler.operations import RecordPlan
from tasks.reconciler.run import Run

CORRECT = (
    "Correct the customer in BigCommerce or the contact in Brightpearl: an e-mail that another "
    "customer has is refused"
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
class CustomerAndContact(
    account.ContactProgress[CustomerPlan], store.CustomerProgress[CustomerPlan]
):
    """A customer on its way to both systems."""

    @property
    def agreed(self) -> AgreedCustomer:
        """What is kept of the record, with the entries that were made."""
        addresses = {**self.plan.agreed.addresses, **{u: e for u, e in self.entries.items() if e}}
        return self.plan.agreed.model_copy(update={"addresses": addresses})

    @property
    def link(self) -> Link | None:
        key, agreed = self.customer_id or self.key, self.agreed
        if not self.goes_on or self.plan.result == "held" or not key.isdigit():
            return None
        return Link(key, "" if agreed.lead else self.contact_id, agreed.detail())


PHASES: Sequence[Phase[CustomerAndContact]] = (
    Phase((*store.WRITES, *account.WRITES), together=True),
    Phase((account.UseAddress,), together=True),
)


@step("load-customers", PURE)
def load_customers(run: Run, plans: Sequence[CustomerPlan]) -> list[CustomerAndContact]:
    """Carry the plans out; new contacts first, which orders may be about to make as well."""
    if run.dry_run:
        return []
    records = [CustomerAndContact(plan=plan, contact_id=plan.contact_id) for plan in plans]
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
def link_customers(run: Run, records: Sequence[CustomerAndContact]) -> list[Outcome]:
    """Keep what both sides agree on by now; whoever had the same contact before has it no more."""
    links = [one for record in records if (one := record.link)]
    known = run.links.get(run.pair, ENTITY, [one.id_bp for one in links if one.id_bp], by="id_bp")
    mine = {one.key_bc for one in links}
    run.links.drop(run.pair, ENTITY, [o.key_bc for o in known.values() if o.key_bc not in mine])
    return link(run, records, CORRECT)
