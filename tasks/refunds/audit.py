"""Proof that nothing is missing: the refunds of some days, and the credits that undo them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.bigcommerce.refund_models import Refund
from connectors.brightpearl.models import SalesCredit
from core.ids import credit_ref
from core.money import ZERO, two_places
from store.links import Links
from tasks.bigcommerce.refunds import REFUNDS, counted, link_key
from tasks.policy import with_retries
from tasks.reconciler.audit import Booked, WindowAudit, compare_amounts, unsettled
from tasks.reconciler.connections import Connections
from tasks.refunds.matching import AgreedRefund


def compare(connections: Connections, since: datetime) -> dict[str, Any]:
    """The refunds made since, and the credits they became: what was given back, and paid out."""
    bigcommerce = connections.bigcommerce
    listed = with_retries(lambda: list(bigcommerce.list_refunds(created_from=since)))
    refunds = [refund for refund in listed if isinstance(refund, Refund)]
    final = [r for r in counted(refunds) if not r.is_pending and two_places(r.total_amount)]
    given = {credit_ref(one.order_id, one.id): (one.total_amount, _paid(one)) for one in final}
    linked = _linked(connections, refunds)
    credits_ = _read_credits(connections, since, linked)
    booked = {ref: found for ref, found in credits_.items() if ref in given}
    gone = {credit_ref(r.order_id, r.id) for r in refunds if not r.is_pending} - given.keys()
    waiting = unsettled(connections, REFUNDS, [one.order_id for one in final])
    amounts = compare_amounts(["amounts_differ", "payouts_differ"], given, booked, waiting)
    return {
        "refunds": len(given),
        "credited": len(booked),
        **amounts,
        "doubled": {ref: ", ".join(ids) for ref, ids in amounts["doubled"].items()},
        "undone": sorted(ref for ref in gone if ref in linked and credits_.get(ref)),
    }


def _paid(refund: Refund) -> Decimal:
    """What was paid out, less what was declined."""
    return sum((one.amount for one in refund.payments if not one.is_declined), ZERO)


def _linked(connections: Connections, refunds: list[Refund]) -> dict[str, str]:
    """Ids of the credits that stand for these refunds, by our reference."""
    links = Links(connections.database).get(
        connections.pair.name, REFUNDS, [link_key(one.order_id, one.id) for one in refunds]
    )
    return {
        credit_ref(*key.split("/")): link.id_bp
        for key, link in links.items()
        if not AgreedRefund.of(link).is_undone
    }


def _read_credits(
    connections: Connections, since: datetime, by_ref: Mapping[str, str]
) -> dict[str, list[Booked]]:
    """Credits by reference: those that carry one, and those that are linked."""
    brightpearl = connections.brightpearl
    instance = str(connections.pair.brightpearl.instance_id)
    refs = with_retries(lambda: list(brightpearl.list_credit_refs(updated_since=since)))
    ids = {row.order_id for row in refs if row.instance_id == instance} | set(by_ref.values())
    documents = with_retries(lambda: brightpearl.get_sales_credits(ids)) if ids else []
    live = [one for one in documents if isinstance(one, SalesCredit) and not one.is_cancelled]
    paid: dict[str, Decimal] = defaultdict(Decimal)
    if live:
        payments = with_retries(lambda: list(brightpearl.list_payments([one.id for one in live])))
        for payment in payments:
            if payment.payment_type == "PAYMENT":
                paid[payment.order_id] += payment.amount
    linked = {credit_id: ref for ref, credit_id in by_ref.items()}
    found: dict[str, list[Booked]] = defaultdict(list)
    for one in live:
        booked = Booked(one.id, (one.total.gross, paid[one.id]))
        found[linked.get(one.id) or one.external_ref].append(booked)
    return dict(found)


AUDIT = WindowAudit(
    entity=REFUNDS,
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
    says="{credited} of {refunds} refunds since {since} are credited, {cents_off} cents off.",
)
