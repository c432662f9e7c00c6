"""Customers as an entity: what changed on either side, and what proves that both agree."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from connectors.bigcommerce.customer_models import Customer
from connectors.budget import Priority
from core.ids import contact_key
from store.links import Links
from tasks.brightpearl.contacts import read_contacts
from tasks.customers.frames import (
    ENTITY,
    AgreedCustomer,
    Desired,
    Found,
    Record,
)
from tasks.policy import with_retries
from tasks.reconciler.audit import WindowAudit, but_waiting, unsettled
from tasks.reconciler.connections import Connections, current_bundle
from tasks.reconciler.registry import Entity, Source


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
    people = (row for row in rows if not (row.is_staff or row.is_supplier))
    return list(dict.fromkeys(contact_key(row.contact_id) for row in people))


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
    desired, actual = Desired.mapped(bundle, found).for_account(), found.actual()
    differ = {
        key: ", ".join(names)
        for key, one in desired.items()
        if (names := both[key].agreed.differing(one.values(), actual[key].values()))
    }
    unlinked = {key for key, one in records.items() if one.agreed.lead or one.agreed.gone_from}
    missing = customers.keys() - both.keys() - unlinked
    waiting = unsettled(connections, ENTITY, list(customers))
    return {
        "customers": len(customers),
        "agreeing": len(customers) - len(differ) - len(missing),
        "sharing": len(unlinked),
        **but_waiting(waiting, missing=sorted(missing, key=int), differing=differ),
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
