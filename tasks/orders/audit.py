"""Proof that nothing is missing: both systems' orders of a window, as sets, to the cent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.bigcommerce.models import Order
from connectors.brightpearl.models import SalesOrder
from core.ids import external_ref
from core.money import two_places
from core.times import to_iso, utc_now
from store.inbox import Inbox
from store.quarantine import Quarantine
from tasks.audit import conclude
from tasks.connections import Connections, connect
from tasks.policy import PATIENT, patiently, step

AROUND = timedelta(days=1)
"""How much wider Brightpearl's side is read: its dates are days in the account's zone."""
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
    there = sides.account
    missing = [ref for ref in sides.store if ref not in there]
    cents = {
        ref: (two_places(total), two_places(there[ref][0][1]))
        for ref, total in sides.store.items()
        if ref in there and two_places(total) != two_places(there[ref][0][1])
    }
    return {
        "orders": len(sides.store),
        "in_brightpearl": sum(ref in there for ref in sides.store),
        "missing": sorted(ref for ref in missing if ref not in sides.waiting),
        "waiting": {ref: sides.waiting[ref] for ref in missing if ref in sides.waiting},
        "doubled": {
            ref: [order_id for order_id, _ in orders]
            for ref, orders in there.items()
            if len(orders) > 1
        },
        "amounts_differ": {
            ref: f"store {ours}, Brightpearl {theirs}" for ref, (ours, theirs) in cents.items()
        },
        "cents_off": int(sum(abs(ours - theirs) for ours, theirs in cents.values()) * 100),
    }


@step("audit-orders", PATIENT)
def audit(pair: str, days: int | None) -> dict[str, Any]:
    """Compare the orders placed in the last `days`, re-queue what is missing, report the rest.

    Raises: TransientError, ConfigError.
    """
    world = connect(pair)
    started_at = utc_now()
    since = started_at - timedelta(days=days or world.pair.orders.audit_days)
    found = differences(read_sides(world, since))
    keys = [ref.removeprefix(external_ref("")) for ref in found["missing"]]
    requeued = Inbox(world.database).put(pair, "orders", keys, source="audit", now=utc_now())
    return conclude(
        world,
        "audit-orders",
        {"since": to_iso(since), **found, "requeued": requeued},
        says=f"{found['in_brightpearl']} of {found['orders']} orders since {to_iso(since)} stand "
        f"in Brightpearl, {found['cents_off']} cents off.",
        headings=HEADINGS,
        agrees=not (found["missing"] or found["doubled"] or found["amounts_differ"]),
        started_at=started_at,
    )


def read_sides(world: Connections, since: datetime) -> Sides:
    """Both sides of the window that starts at `since`, in pages."""
    importable = set(world.pair.orders.importable_statuses) - {0}
    store = {
        external_ref(order.id): order.total_inc_tax
        for order in patiently(lambda: list(world.bigcommerce.list_orders(min_date_created=since)))
        if isinstance(order, Order) and order.status_id in importable
    }
    return Sides(store, _account_side(world, since), _waiting(world, set(store)))


def _account_side(world: Connections, since: datetime) -> dict[str, list[tuple[str, Decimal]]]:
    refs = patiently(
        lambda: list(
            world.brightpearl.list_order_refs(
                since - AROUND, utc_now() + AROUND, world.pair.brightpearl.instance_id
            )
        )
    )
    ids = [row.order_id for row in refs]
    children = patiently(lambda: list(world.brightpearl.list_child_refs(ids)))
    wanted = list(dict.fromkeys([*ids, *(row.order_id for row in children)]))
    orders = [
        order
        for order in patiently(lambda: world.brightpearl.get_sales_orders(wanted))
        if isinstance(order, SalesOrder)
    ]
    return _whole(orders)


def _whole(orders: Sequence[SalesOrder]) -> dict[str, list[tuple[str, Decimal]]]:
    """Orders with what they are worth, by reference; a back order is part of its order."""
    ids = {order.id for order in orders}
    split: dict[str, Decimal] = defaultdict(Decimal)
    for order in orders:
        if order.parent_id in ids and not order.is_cancelled:
            split[order.parent_id] += order.total.gross
    found: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    for order in orders:
        if order.parent_id not in ids:
            found[order.external_ref].append((order.id, order.total.gross + split[order.id]))
    return dict(found)


def _waiting(world: Connections, refs: set[str]) -> dict[str, str]:
    keys = [ref.removeprefix(external_ref("")) for ref in refs]
    pair = world.pair.name
    states = Inbox(world.database).states(pair, "orders", keys)
    waiting = {
        external_ref(key): state for key, state in states.items() if state not in {"done", "dead"}
    }
    held = Quarantine(world.database).list(pair=pair, entity="orders")
    waiting.update({external_ref(entry.key): f"quarantined: {entry.class_}" for entry in held})
    return waiting
