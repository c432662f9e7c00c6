"""Proof that no order is missing: both systems' orders of a window, as sets, to the cent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.bigcommerce.models import Order
from connectors.brightpearl.models import SalesOrder
from connectors.budget import Priority
from core.ids import external_ref, order_id_of
from core.money import two_places
from core.times import to_iso
from store.inbox import Inbox
from store.quarantine import Quarantine
from tasks.brightpearl.sales_orders import AROUND, back_order_ids
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.audit import conclude
from tasks.reconciler.connections import Connections, connect

ENTITY = "orders"
HEADINGS = {
    "missing": "Missing, put back into the inbox",
    "doubled": "In Brightpearl more than once",
    "amounts_differ": "Amounts differ",
    "waiting": "Waiting",
}


@dataclass(frozen=True)
class Sides:
    """The orders of a window on both sides."""

    store: dict[str, Decimal]
    """Total including tax by external reference, of orders that ought to be in Brightpearl."""
    account: dict[str, list[tuple[str, Decimal]]]
    """Sales orders (id, gross) by external reference."""
    waiting: dict[str, str]
    """Why an order is not in Brightpearl yet, by external reference: parked, quarantined, due."""


def differences(sides: Sides) -> dict[str, Any]:
    """What an audit found: lists of external references, empty when both sides agree. Pure."""
    account = sides.account
    missing = [ref for ref in sides.store if ref not in account]
    cents = {
        ref: (two_places(total), two_places(account[ref][0][1]))
        for ref, total in sides.store.items()
        if ref in account and two_places(total) != two_places(account[ref][0][1])
    }
    return {
        "orders": len(sides.store),
        "in_brightpearl": sum(ref in account for ref in sides.store),
        "missing": sorted(ref for ref in missing if ref not in sides.waiting),
        "waiting": {ref: sides.waiting[ref] for ref in missing if ref in sides.waiting},
        "doubled": {
            ref: [order_id for order_id, _ in orders]
            for ref, orders in account.items()
            if len(orders) > 1
        },
        "amounts_differ": {
            ref: f"store {store}, Brightpearl {gross}" for ref, (store, gross) in cents.items()
        },
        "cents_off": int(sum(abs(store - gross) for store, gross in cents.values()) * 100),
    }


@step("audit-orders", RETRIED)
def audit_orders(pair: str, days: int | None) -> dict[str, Any]:
    """Compare the orders placed in the last `days`, re-queue what is missing, report the rest.

    Raises: TransientError, ConfigError.
    """
    connections = connect(pair)
    started_at = connections.clock()
    since = started_at - timedelta(days=days or connections.pair.orders.audit_days)
    found = differences(_read(connections, since))
    keys = [order_id_of(ref) for ref in found["missing"]]
    requeued = Inbox(connections.database).put(
        pair, ENTITY, keys, source="audit", now=connections.clock()
    )
    return conclude(
        connections,
        "audit-orders",
        {"since": to_iso(since), **found, "requeued": requeued},
        says=f"{found['in_brightpearl']} of {found['orders']} orders since {to_iso(since)} are "
        f"in Brightpearl, {found['cents_off']} cents off.",
        headings=HEADINGS,
        agrees=not (found["missing"] or found["doubled"] or found["amounts_differ"]),
        started_at=started_at,
    )


def _read(connections: Connections, since: datetime) -> Sides:
    """Both sides of the window that starts at `since`, in pages."""
    bigcommerce = connections.bigcommerce.at(Priority.BACKFILL)
    importable = set(connections.pair.orders.importable_statuses) - {0}
    store = {
        external_ref(order.id): order.total_inc_tax
        for order in with_retries(lambda: list(bigcommerce.list_orders(min_date_created=since)))
        if isinstance(order, Order) and order.status_id in importable
    }
    return Sides(store, _read_account(connections, since), _waiting(connections, set(store)))


def _read_account(
    connections: Connections, since: datetime
) -> dict[str, list[tuple[str, Decimal]]]:
    brightpearl = connections.brightpearl.at(Priority.BACKFILL)
    until, instance_id = connections.clock() + AROUND, connections.pair.brightpearl.instance_id
    refs = with_retries(
        lambda: list(brightpearl.list_order_refs(since - AROUND, until, instance_id))
    )
    ids = [row.order_id for row in refs]
    owners = back_order_ids(brightpearl, ids)
    wanted = list(dict.fromkeys([*ids, *owners]))
    documents = with_retries(lambda: brightpearl.get_sales_orders(wanted))
    return _with_back_orders([one for one in documents if isinstance(one, SalesOrder)], owners)


def _with_back_orders(
    orders: Sequence[SalesOrder], owners: dict[str, str]
) -> dict[str, list[tuple[str, Decimal]]]:
    """Orders with what they are worth, by reference; a back order is part of its order."""
    split: dict[str, Decimal] = defaultdict(Decimal)
    for order in orders:
        if order.id in owners and not order.is_cancelled:
            split[owners[order.id]] += order.total.gross
    found: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    for order in orders:
        if order.id not in owners:
            found[order.external_ref].append((order.id, order.total.gross + split[order.id]))
    return dict(found)


def _waiting(connections: Connections, refs: set[str]) -> dict[str, str]:
    pair = connections.pair.name
    states = Inbox(connections.database).states(pair, ENTITY, [order_id_of(ref) for ref in refs])
    waiting = {
        external_ref(key): state for key, state in states.items() if state not in {"done", "dead"}
    }
    held = Quarantine(connections.database).list(pair=pair, entity=ENTITY)
    waiting.update({external_ref(entry.key): f"quarantined: {entry.class_}" for entry in held})
    return waiting
