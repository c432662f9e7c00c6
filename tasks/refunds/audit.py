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
from core.ids import credit_ref
from core.money import ZERO, two_places
from core.times import to_iso, utc_now
from store.inbox import Inbox
from store.links import Links
from store.quarantine import Quarantine
from tasks.audit import conclude
from tasks.policy import PATIENT, patiently, step
from tasks.reconciler.connections import Connections, connect
from tasks.refunds.memory import REFUNDS, RefundMemory, link_key
from tasks.refunds.standing import counted

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
    is_staffs: bool = False


@dataclass(frozen=True)
class Sides:
    """The refunds of a window on both sides, by our reference of the credit."""

    store: Mapping[str, Given]
    account: Mapping[str, Sequence[Credited]]
    waiting: Mapping[str, str] = field(default_factory=dict)
    """Why a refund has no credit yet."""
    undone: Sequence[str] = ()
    """References of credits whose refund gave nothing back in the end."""


def differences(sides: Sides) -> dict[str, Any]:
    """What an audit found: references, empty when both sides agree. Pure."""
    there = sides.account
    missing = [ref for ref in sides.store if not there.get(ref)]
    amounts = {
        ref: (given.total, there[ref][0].gross)
        for ref, given in sides.store.items()
        if there.get(ref) and given.total != there[ref][0].gross
    }
    payouts = {
        ref: (given.paid, there[ref][0].paid)
        for ref, given in sides.store.items()
        if there.get(ref) and given.paid != there[ref][0].paid
    }
    return {
        "refunds": len(sides.store),
        "credited": sum(bool(there.get(ref)) for ref in sides.store),
        "missing": sorted(ref for ref in missing if ref not in sides.waiting),
        "waiting": {ref: sides.waiting[ref] for ref in missing if ref in sides.waiting},
        "doubled": {
            ref: ", ".join(one.credit_id for one in many)
            for ref, many in there.items()
            if len(many) > 1
        },
        "amounts_differ": _spoken(amounts),
        "payouts_differ": _spoken(payouts),
        "undone": sorted(sides.undone),
        "cents_off": _cents(amounts) + _cents(payouts),
    }


def _spoken(pairs: Mapping[str, tuple[Decimal, Decimal]]) -> dict[str, str]:
    return {ref: f"store {ours}, Brightpearl {theirs}" for ref, (ours, theirs) in pairs.items()}


def _cents(pairs: Mapping[str, tuple[Decimal, Decimal]]) -> int:
    return int(sum(abs(ours - theirs) for ours, theirs in pairs.values()) * 100)


@step("audit-refunds", PATIENT)
def audit(pair: str, days: int | None) -> dict[str, Any]:
    """Compare the refunds of the last `days`, re-queue what is missing or undone, report the rest.

    Raises: TransientError, ConfigError.
    """
    world = connect(pair)
    started_at = utc_now()
    since = started_at - timedelta(days=days or world.pair.refunds.audit_days)
    found = differences(read_sides(world, since))
    keys = {_order_of(ref) for ref in (*found["missing"], *found["undone"])}
    requeued = Inbox(world.database).put(pair, REFUNDS, sorted(keys), source="audit", now=utc_now())
    return conclude(
        world,
        "audit-refunds",
        {"since": to_iso(since), **found, "requeued": requeued},
        says=f"{found['credited']} of {found['refunds']} refunds since {to_iso(since)} are "
        f"credited, {found['cents_off']} cents off.",
        headings=HEADINGS,
        agrees=not any(found[name] for name in HEADINGS if name != "waiting"),
        started_at=started_at,
    )


def read_sides(world: Connections, since: datetime) -> Sides:
    """Both sides of the window that starts at `since`, in pages."""
    listed = patiently(lambda: list(world.bigcommerce.list_refunds(created_from=since)))
    refunds = [refund for refund in listed if isinstance(refund, Refund)]
    final = [r for r in counted(refunds) if not r.is_pending and two_places(r.total_amount)]
    links = Links(world.database).get(
        world.pair.name, REFUNDS, [link_key(one.order_id, one.id) for one in refunds]
    )
    by_ref = {
        credit_ref(*key.split("/")): link.id_bp
        for key, link in links.items()
        if not RefundMemory.of(link).is_undone
    }
    account = _account_side(world, since, by_ref)
    store = {credit_ref(one.order_id, one.id): _given(one) for one in final}
    gone = {credit_ref(r.order_id, r.id) for r in refunds} - set(store)
    pending = {credit_ref(r.order_id, r.id) for r in refunds if r.is_pending}
    return Sides(
        store,
        {ref: many for ref, many in account.items() if ref in store},
        _waiting(world, final),
        [ref for ref in gone - pending if ref in by_ref and account.get(ref)],
    )


def _given(refund: Refund) -> Given:
    paid = sum((one.amount for one in refund.payments if not one.is_declined), ZERO)
    return Given(two_places(refund.total_amount), two_places(paid))


def _account_side(
    world: Connections, since: datetime, by_ref: Mapping[str, str]
) -> dict[str, list[Credited]]:
    """Credits by reference: those that carry one, and those that are linked."""
    brightpearl = world.brightpearl
    instance = str(world.pair.brightpearl.instance_id)
    refs = patiently(lambda: list(brightpearl.list_credit_refs(updated_since=since)))
    ids = {row.order_id for row in refs if row.instance_id == instance} | set(by_ref.values())
    documents = patiently(lambda: brightpearl.get_sales_credits(ids)) if ids else []
    credits_ = [one for one in documents if isinstance(one, SalesCredit) and not one.is_cancelled]
    paid: dict[str, Decimal] = defaultdict(Decimal)
    if credits_:
        payments = patiently(lambda: list(brightpearl.list_payments([one.id for one in credits_])))
        for payment in payments:
            if payment.payment_type == "PAYMENT":
                paid[payment.order_id] += payment.amount
    linked = {credit_id: ref for ref, credit_id in by_ref.items()}
    found: dict[str, list[Credited]] = defaultdict(list)
    for one in credits_:
        ref = linked.get(one.id) or one.external_ref
        gross = two_places(one.total.gross)
        found[ref].append(Credited(one.id, gross, two_places(paid[one.id]), ref in linked))
    return dict(found)


def _waiting(world: Connections, refunds: Sequence[Refund]) -> dict[str, str]:
    pair = world.pair.name
    keys = sorted({refund.order_id for refund in refunds})
    states = Inbox(world.database).states(pair, REFUNDS, keys)
    waiting = {key: state for key, state in states.items() if state not in {"done", "dead"}}
    for entry in Quarantine(world.database).list(pair=pair, entity=REFUNDS):
        waiting[entry.key] = f"quarantined: {entry.class_}"
    return {
        credit_ref(one.order_id, one.id): waiting[one.order_id]
        for one in refunds
        if one.order_id in waiting
    }


def _order_of(ref: str) -> str:
    return ref.removeprefix("BC-").partition("-")[0]
