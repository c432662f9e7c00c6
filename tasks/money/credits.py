"""Brightpearl's sales credits of a day's orders and refunds, with the money that left by them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from connectors.brightpearl.models import OrderRef, SalesCredit, Unreadable
from core.ids import credit_ref, external_ref
from core.money import ZERO, two_places
from store.links import Links
from tasks.bigcommerce.refunds import REFUNDS, link_key
from tasks.brightpearl.sales_orders import UNDONE
from tasks.money.day import Day
from tasks.money.sides import Credited, StoreSide, cents
from tasks.policy import patiently
from tasks.reconciler.connections import Connections, current_bundle

CLOCKS_APART = timedelta(hours=1)
"""How far a credit's time may lie before its refund's."""
PAID_OUT = {"PAYMENT": 1, "RECEIPT": -1}
"""Payment types that move money, and which way as seen from a sales credit."""
_OF_REFUND = re.compile(rf"{re.escape(external_ref(''))}(\d+)-R(\d+)")


@dataclass(frozen=True)
class FoundCredits:
    """Credits that count, and what is not one of them."""

    credits: tuple[Credited, ...]
    undone: Mapping[str, Decimal]
    """What the credits that undo whole orders are worth, by BigCommerce's order id."""
    broken: frozenset[str]
    """Orders with a credit that breaks the model."""


@dataclass(frozen=True)
class CreditReads:
    """What the reading of credits depends on."""

    world: Connections
    day: Day
    store: StoreSide
    sales_orders: Mapping[str, str]
    """BigCommerce's order id by Brightpearl's, of the day's orders."""

    @property
    def refunds(self) -> dict[str, tuple[str, str]]:
        """Order and refund by the reference that their credit carries."""
        return {
            credit_ref(one.order_id, one.refund_id): (one.order_id, one.refund_id)
            for one in self.store.refunds
        }


def read_credits(reads: CreditReads) -> FoundCredits:
    """Credits under the day's orders, of the refunds in hand, and those entered on the day.

    One search for all that is new or changed since the day's start (500 a request), then 200 whole
    credits, and 200 credits' payments, to a request.
    """
    brightpearl = reads.world.brightpearl
    since = reads.day.starts_at - CLOCKS_APART
    rows = patiently(lambda: list(brightpearl.list_credit_refs(updated_since=since)))
    linked = _linked(reads)
    parents = _parents(reads, rows)
    ids = {row.order_id for row in rows if _concerns(reads, row, parents)} | set(linked)
    documents = patiently(lambda: brightpearl.get_sales_credits(ids)) if ids else []
    broken = {
        linked[one.order_id][0]
        for one in documents
        if isinstance(one, Unreadable) and one.order_id in linked
    }
    off = current_bundle(reads.world).table("credit_statuses").get("cancelled")
    live = [
        one
        for one in documents
        if isinstance(one, SalesCredit) and not one.is_cancelled and one.status_id != off
    ]
    undoing = {c.external_ref.removesuffix(UNDONE): c for c in live if _undoes(c)}
    paid = _paid_out(reads, [credit for credit in live if not _undoes(credit)])
    return FoundCredits(
        credits=tuple(
            _credited(credit, linked, parents, paid.get(credit.id, ZERO))
            for credit in sorted(live, key=lambda one: int(one.id))
            if not _undoes(credit)
        ),
        undone={
            ref.removeprefix(external_ref("")): two_places(credit.total.gross)
            for ref, credit in undoing.items()
        },
        broken=frozenset(broken),
    )


def _linked(reads: CreditReads) -> dict[str, tuple[str, str]]:
    """Order and refund by credit id, as our memory has them."""
    keys = {
        link_key(one.order_id, one.refund_id): (one.order_id, one.refund_id)
        for one in reads.store.refunds
    }
    links = Links(reads.world.database).get(reads.world.pair.name, REFUNDS, list(keys))
    return {link.id_bp: keys[key] for key, link in links.items()}


def _parents(reads: CreditReads, rows: Collection[OrderRef]) -> dict[str, str]:
    """BigCommerce's order id by sales order id: the day's, and others that our memory has."""
    unknown = [row.parent_id for row in rows if row.parent_id not in {"", *reads.sales_orders}]
    links = Links(reads.world.database).find(reads.world.pair.name, "orders", unknown)
    others = {id_: link.key_bc for id_, link in links.items()}
    return {**others, **reads.sales_orders}


def _concerns(reads: CreditReads, row: OrderRef, parents: Mapping[str, str]) -> bool:
    if row.external_ref in reads.refunds or row.parent_id in reads.sales_orders:
        return True
    ours = row.parent_id in parents or _OF_REFUND.fullmatch(row.external_ref) is not None
    return ours and reads.day.holds(row.created_on)


def _undoes(credit: SalesCredit) -> bool:
    return credit.external_ref.endswith(UNDONE)


def _paid_out(reads: CreditReads, live: Collection[SalesCredit]) -> dict[str, Decimal]:
    """What left by each credit, in its own currency."""
    currencies = {credit.id: credit.currency_code for credit in live}
    found: dict[str, Decimal] = defaultdict(lambda: ZERO)
    if not currencies:
        return found
    for row in patiently(lambda: list(reads.world.brightpearl.list_payments(currencies))):
        if row.currency_code in {"", currencies[row.order_id]}:
            found[row.order_id] += PAID_OUT.get(row.payment_type, 0) * two_places(row.amount)
    return found


def _credited(
    credit: SalesCredit,
    linked: Mapping[str, tuple[str, str]],
    parents: Mapping[str, str],
    paid_back: Decimal,
) -> Credited:
    named = _OF_REFUND.fullmatch(credit.external_ref)
    order_id, refund_id = linked.get(credit.id) or (named.groups() if named else ("", ""))
    return Credited(
        order_id=order_id or parents.get(credit.parent_id, ""),
        credit_id=credit.id,
        currency_code=credit.currency_code,
        figures={
            "refunds": Decimal(1),
            **cents(
                {
                    "refunded": credit.total.gross,
                    "refunded_tax": credit.total.tax,
                    "paid_back": paid_back,
                }
            ),
        },
        refund_id=refund_id,
        made_at=credit.created_on,
    )
