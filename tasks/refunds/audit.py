"""Proof that nothing is missing: the refunds of a window, and the credits that undo them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.bigcommerce.refund_models import Refund
from connectors.brightpearl.models import SalesCredit
from connectors.budget import Priority
from core.ids import credit_ref, order_id_of
from core.money import ZERO, two_places
from core.times import to_iso
from store.inbox import Inbox
from store.links import Links
from tasks.bigcommerce.refunds import REFUNDS, counted, link_key
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.audit import conclude, unsettled
from tasks.reconciler.connections import Connections, connect
from tasks.refunds.matching import AgreedRefund

HEADINGS = {
    "missing": "Without a sales credit, put back into the inbox",
    "doubled": "Credited more than once",
    "amounts_differ": "Amounts differ",
    "payouts_differ": "Money paid out differs",
    "undone": "Credited, but taken back in BigCommerce; put back into the inbox",
    "waiting": "Waiting",
}


@dataclass(frozen=True)
class Given:
    """What a refund gave back."""

    total: Decimal
    paid: Decimal
    """Less what was declined."""


@dataclass(frozen=True)
class Credited:
    """A sales credit in Brightpearl."""

    credit_id: str
    gross: Decimal
    paid: Decimal


@dataclass(frozen=True)
class Window:
    """The refunds of a window on both sides, by our reference of the credit."""

    store: Mapping[str, Given]
    account: Mapping[str, Sequence[Credited]]
    waiting: Mapping[str, str] = field(default_factory=dict)
    """Why a refund has no credit yet."""
    undone: Sequence[str] = ()
    """References of credits whose refund gave nothing back in the end."""


def differences(window: Window) -> dict[str, Any]:
    """What an audit found: references, empty when both sides agree. Pure."""
    credited = {
        ref: (given, found[0])
        for ref, given in window.store.items()
        if (found := window.account.get(ref))
    }
    missing = [ref for ref in window.store if ref not in credited]
    amounts = {
        ref: (given.total, credit.gross)
        for ref, (given, credit) in credited.items()
        if given.total != credit.gross
    }
    payouts = {
        ref: (given.paid, credit.paid)
        for ref, (given, credit) in credited.items()
        if given.paid != credit.paid
    }
    return {
        "refunds": len(window.store),
        "credited": len(credited),
        "missing": sorted(ref for ref in missing if ref not in window.waiting),
        "waiting": {ref: window.waiting[ref] for ref in missing if ref in window.waiting},
        "doubled": {
            ref: ", ".join(one.credit_id for one in found)
            for ref, found in window.account.items()
            if len(found) > 1
        },
        "amounts_differ": _in_words(amounts),
        "payouts_differ": _in_words(payouts),
        "undone": sorted(window.undone),
        "cents_off": _cents(amounts) + _cents(payouts),
    }


def _in_words(pairs: Mapping[str, tuple[Decimal, Decimal]]) -> dict[str, str]:
    return {ref: f"store {given}, Brightpearl {actual}" for ref, (given, actual) in pairs.items()}


def _cents(pairs: Mapping[str, tuple[Decimal, Decimal]]) -> int:
    return int(sum(abs(given - actual) for given, actual in pairs.values()) * 100)


@step("audit-refunds", RETRIED)
def audit(pair: str, days: int | None) -> dict[str, Any]:
    """Compare the refunds of the last `days`, enqueue what is missing or undone, report the rest.

    Raises: TransientError, ConfigError.
    """
    connections = connect(pair)
    started_at = connections.clock()
    since = started_at - timedelta(days=days or connections.pair.refunds.audit_days)
    found = differences(read_window(connections, since))
    keys = sorted({order_id_of(ref) for ref in (*found["missing"], *found["undone"])})
    inbox = Inbox(connections.database)
    requeued = inbox.put(pair, REFUNDS, keys, source="audit", now=connections.clock())
    return conclude(
        connections,
        "audit-refunds",
        {"since": to_iso(since), **found, "requeued": requeued},
        says=f"{found['credited']} of {found['refunds']} refunds since {to_iso(since)} are "
        f"credited, {found['cents_off']} cents off.",
        headings=HEADINGS,
        agrees=not any(found[name] for name in HEADINGS if name != "waiting"),
        started_at=started_at,
    )


def read_window(connections: Connections, since: datetime) -> Window:
    """Both sides of the window that starts at `since`, in pages."""
    bigcommerce = connections.bigcommerce.at(Priority.BACKFILL)
    listed = with_retries(lambda: list(bigcommerce.list_refunds(created_from=since)))
    refunds = [refund for refund in listed if isinstance(refund, Refund)]
    final = [r for r in counted(refunds) if not r.is_pending and two_places(r.total_amount)]
    links = Links(connections.database).get(
        connections.pair.name, REFUNDS, [link_key(one.order_id, one.id) for one in refunds]
    )
    by_ref = {
        credit_ref(*key.split("/")): link.id_bp
        for key, link in links.items()
        if not AgreedRefund.of(link).is_undone
    }
    account = _account_side(connections, since, by_ref)
    waiting = unsettled(connections, REFUNDS, [one.order_id for one in final])
    store = {credit_ref(one.order_id, one.id): _given(one) for one in final}
    pending = {credit_ref(r.order_id, r.id) for r in refunds if r.is_pending}
    gone = {credit_ref(r.order_id, r.id) for r in refunds} - set(store) - pending
    return Window(
        store,
        {ref: found for ref, found in account.items() if ref in store},
        {ref: waiting[key] for ref in store if (key := order_id_of(ref)) in waiting},
        [ref for ref in gone if ref in by_ref and account.get(ref)],
    )


def _given(refund: Refund) -> Given:
    paid = sum((one.amount for one in refund.payments if not one.is_declined), ZERO)
    return Given(two_places(refund.total_amount), two_places(paid))


def _account_side(
    connections: Connections, since: datetime, by_ref: Mapping[str, str]
) -> dict[str, list[Credited]]:
    """Credits by reference: those that carry one, and those that are linked."""
    brightpearl = connections.brightpearl.at(Priority.BACKFILL)
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
    found: dict[str, list[Credited]] = defaultdict(list)
    for one in live:
        amounts = two_places(one.total.gross), two_places(paid[one.id])
        found[linked.get(one.id) or one.external_ref].append(Credited(one.id, *amounts))
    return dict(found)
