"""Customers as an entity: what changed on either side, and what proves that both agree."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from connectors.bigcommerce.customer_models import Customer
from connectors.brightpearl.account_models import Contact
from connectors.budget import Priority
from core.ids import contact_key
from mappings.bundle import Bundle
from store.links import Links
from tasks.brightpearl.contacts import read_contacts
from tasks.customers.frames import (
    ENTITY,
    AgreedCustomer,
    Desired,
    Found,
    Record,
    Sides,
)
from tasks.customers.operations import CustomerPlan
from tasks.customers.plan import PlanContext, plan_record
from tasks.policy import PURE, step, with_retries
from tasks.reconciler.audit import WindowAudit, unsettled
from tasks.reconciler.connections import Connections, current_bundle
from tasks.reconciler.registry import Entity, Source
from tasks.reconciler.run import Run

KEPT_S = 3600.0
"""How long the contacts of companies are used before they are read again."""


def customers_since(
    which: str, connections: Connections, since: datetime, until: datetime | None = None
) -> list[str]:
    """Ids of the customers who were changed, or registered, from `since` on.

    In: `modified_since` or `created_since`.
    """
    del until  # what changed since was read now, whenever it changed last
    listed = connections.bigcommerce.list_customers
    return with_retries(lambda: [one.id for one in listed(**{which: since})])


changed_customers = partial(customers_since, "modified_since")
registered_customers = partial(customers_since, "created_since")


def changed_contacts(connections: Connections, since: datetime) -> list[str]:
    """Keys of the contacts changed since; Brightpearl sends no events of them."""
    listed = connections.brightpearl.list_contacts
    rows = with_retries(lambda: list(listed(updated_since=since)))
    return [
        contact_key(one)
        for one in dict.fromkeys(
            row.contact_id for row in rows if not (row.is_staff or row.is_supplier)
        )
    ]


@step("plan-customers", PURE)
def plan_customers(run: Run, found: Found, desired: Desired) -> list[CustomerPlan]:
    """The plans of a batch. In: validated frames, and both sides as read."""
    context = PlanContext(
        sides=Sides.of(found, desired),
        owners=run.bundle.mappings["customers"].owners,
        groups=run.bundle.tables["customer_groups"],
        companies=_companies(run.connections, run.bundle),
        decisions=run.decisions(),
    )
    refused = run.refused_keys
    return [plan_record(context, one) for key, one in found.records.items() if key not in refused]


def _companies(connections: Connections, bundle: Bundle) -> Mapping[str, Contact]:
    """The contacts that the table of companies names, by id."""
    ids = {row.becomes for row in bundle.tables["companies"].rows if row.becomes.isdecimal()}
    if not ids:
        return {}

    read = partial(read_contacts, connections, ids)
    found, _ = connections.cache.get(f"companies {sorted(ids)}", read, max_age_s=KEPT_S)
    return found


def compare(connections: Connections, since: datetime) -> dict[str, Any]:
    """The customers changed since, and the contacts that stand for them: field by field."""
    bundle = current_bundle(connections)
    listed = connections.bigcommerce.list_customers
    customers = {
        one.id: one
        for one in with_retries(lambda: list(listed(modified_since=since)))
        if isinstance(one, Customer)
    }
    links = Links(connections.database).get(connections.pair.name, ENTITY, list(customers))
    contacts, _ = read_contacts(connections, [one.id_bp for one in links.values() if one.id_bp])
    records = {
        key: Record(key, one, contacts.get(links[key].id_bp), AgreedCustomer.of(links[key]))
        for key, one in customers.items()
        if key in links
    }
    both = {key: one for key, one in records.items() if one.contact is not None}
    found = Found.of(both, bundle.tables["customer_groups"])
    compared = Sides.of(found, Desired.mapped(bundle, found))
    differ = {
        key: ", ".join(names)
        for key, desired in compared.desired.items()
        if (names := both[key].agreed.differing(desired.values(), compared.actual[key].values()))
    }
    unlinked = {key for key, one in records.items() if one.agreed.lead or one.agreed.gone_from}
    missing = customers.keys() - both.keys() - unlinked
    waiting = unsettled(connections, ENTITY, list(customers))
    return {
        "customers": len(customers),
        "agreeing": len(customers) - len(differ) - len(missing),
        "sharing": len(unlinked),
        "missing": sorted(missing - waiting.keys(), key=int),
        "differing": {key: why for key, why in differ.items() if key not in waiting},
        "waiting": {key: why for key, why in waiting.items() if key in missing or key in differ},
    }


CUSTOMERS = Entity(
    name=ENTITY,
    priority=Priority.CATALOGUE,
    suites="expectations.customers",
    sources=[
        Source("customers-swept", "bigcommerce", changed_customers),
        Source("contacts-swept", "brightpearl", changed_contacts),
    ],
    changed=changed_customers,
    created=registered_customers,
    audit=WindowAudit(
        entity=ENTITY,
        compare=compare,
        headings={
            "missing": "Without a contact, put back into the inbox",
            "differing": "Fields differ; put back into the inbox",
            "waiting": "Waiting",
        },
        enqueued=["missing", "differing"],
        says="{agreeing} of {customers} customers changed since {since} agree with their contacts; "
        "{sharing} share another's contact or were deleted on one side.",
    ),
)
