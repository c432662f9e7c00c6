"""Refunds as an entity: which orders have new ones, and what proves that none is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.bigcommerce.refund_models import Refund
from connectors.budget import Priority
from core.ids import credit_ref
from core.money import ZERO
from store.links import Links
from tasks.bigcommerce.refunds import REFUNDS as ENTITY
from tasks.bigcommerce.refunds import counted, is_empty, link_key
from tasks.brightpearl.sales_orders import ORDERS
from tasks.policy import with_retries
from tasks.reconciler.audit import DEFECTS, Booked, WindowAudit, compare_amounts, unsettled
from tasks.reconciler.connections import Connections
from tasks.reconciler.defects import each
from tasks.reconciler.registry import Entity, Source
from tasks.refunds.extract import read_credits
from tasks.refunds.matching import AgreedRefund


def refunded_orders(
    connections: Connections, since: datetime, until: datetime | None = None
) -> list[str]:
    """Ids of the orders that were refunded in a window, each once, the earliest refund first."""
    bigcommerce = connections.bigcommerce
    refunds = with_retries(lambda: list(bigcommerce.list_refunds(created_from=since)))
    found = (
        refund.order_id
        for refund in refunds
        if not isinstance(refund, Refund) or until is None or refund.created <= until
    )
    return [order_id for order_id in dict.fromkeys(found) if order_id]


def credited_orders(connections: Connections, since: datetime) -> list[str]:
    """Ids of our orders whose sales credits are new or changed since, whoever made them."""
    brightpearl = connections.brightpearl
    refs = with_retries(lambda: list(brightpearl.list_credit_refs(updated_since=since)))
    parents = {ref.parent_id for ref in refs if ref.parent_id}
    links = Links(connections.database).get(
        connections.pair.name, ORDERS, sorted(parents), by="id_bp"
    )
    return [links[parent].key_bc for parent in sorted(links, key=int)]


def compare(connections: Connections, since: datetime) -> dict[str, Any]:
    """The refunds made since, and the credits they became: what was given back, and paid out.

    Declined payments are none. A credit stands for a refund by its link, or by its reference.
    """
    bigcommerce = connections.bigcommerce
    listed = with_retries(lambda: list(bigcommerce.list_refunds(created_from=since)))
    refunds = [refund for refund in listed if isinstance(refund, Refund)]
    final = [r for r in counted(refunds) if not (r.is_pending or is_empty(r))]
    given = {
        credit_ref(one.order_id, one.id): (
            one.total_amount,
            sum((payment.amount for payment in one.payments if not payment.is_declined), ZERO),
        )
        for one in final
    }
    links = Links(connections.database).get(
        connections.pair.name, ENTITY, [link_key(one.order_id, one.id) for one in refunds]
    )
    agreed, unclear = each(links.items(), AgreedRefund.of)
    linked = {
        credit_ref(*key.split("/")): links[key].id_bp
        for key, one in agreed.items()
        if not one.is_undone
    }
    for key in unclear:
        given.pop(credit_ref(*key.split("/")), None)
    credits_ = _read_credits(connections, since, linked)
    booked = {ref: found for ref, found in credits_.items() if ref in given}
    gone = {credit_ref(r.order_id, r.id) for r in refunds if not r.is_pending} - given.keys()
    waiting = unsettled(connections, ENTITY, [one.order_id for one in final])
    amounts = compare_amounts(["amounts_differ", "payouts_differ"], given, booked, waiting)
    pending = sum(one.is_pending for one in counted(refunds))
    return {
        "made": len(listed),
        "pending": pending,
        "nothing_given": len(refunds) - len(final) - pending,
        "unreadable": len(listed) - len(refunds),
        "refunds": len(given),
        "credited": len(booked),
        **amounts,
        "doubled": {ref: ", ".join(ids) for ref, ids in amounts["doubled"].items()},
        "undone": sorted(ref for ref in gone if ref in linked and credits_.get(ref)),
        DEFECTS: {key.partition("/")[0]: why for key, why in unclear.items()},
    }


def _read_credits(
    connections: Connections, since: datetime, by_ref: Mapping[str, str]
) -> dict[str, list[Booked]]:
    """Credits by reference: those that carry one, and those that are linked."""
    brightpearl = connections.brightpearl
    instance = str(connections.pair.brightpearl.instance_id)
    refs = with_retries(lambda: list(brightpearl.list_credit_refs(updated_since=since)))
    ids = {row.order_id for row in refs if row.instance_id == instance} | set(by_ref.values())
    linked = {credit_id: ref for ref, credit_id in by_ref.items()}
    found: dict[str, list[Booked]] = defaultdict(list)
    for one in read_credits(brightpearl, ids):
        if not one.is_cancelled:
            booked = Booked(one.id, (one.document.total.gross, one.paid_out))
            found[linked.get(one.id) or one.document.external_ref].append(booked)
    return dict(found)


REFUNDS = Entity(
    name="refunds",
    priority=Priority.ORDERS,
    suites="expectations.refunds",
    sources=[
        Source("refunds-swept", "bigcommerce", refunded_orders),
        # Nothing announces credits.
        Source("credits-swept", "brightpearl", credited_orders, source="credit"),
    ],
    changed=refunded_orders,
    created=refunded_orders,
    audit=WindowAudit(
        entity=ENTITY,
        compare=compare,
        headings={
            "missing": "Without a sales credit, put back into the inbox",
            "doubled": "Credited more than once",
            "amounts_differ": "Amounts differ",
            "payouts_differ": "Money paid out differs",
            "undone": "Credited, but taken back in BigCommerce; put back into the inbox",
            "waiting": "Waiting",
        },
        enqueued=["missing", "undone"],
        says="{made} refunds were made since {since}: {pending} pending, {nothing_given} gave "
        "nothing back, {unreadable} cannot be read, {refunds} are to be credited. {credited} of "
        "these are, {cents_off} cents off.",
    ),
)
