"""Proof that the store has a shipment of all that left: both sides' units of a window, by line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.bigcommerce.models import Order
from connectors.budget import Priority
from core.times import to_iso
from store.inbox import Inbox
from store.links import Links
from tasks.brightpearl.sales_orders import ORDERS, AgreedOrder, Owners
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.audit import conclude, unsettled
from tasks.reconciler.connections import Connections, connect, current_bundle
from tasks.shipments.extract import NoteReader
from tasks.shipments.state import ENTITY, AgreedShipments, ShippingState, added

Units = Mapping[str, Mapping[str, int]]
"""Units that left, by order and line."""
HEADINGS = {
    "missing": "Left Brightpearl, not in BigCommerce; put back into the inbox",
    "beyond": "In BigCommerce, but on no goods note",
    "without_tracking": "Tracking number not in BigCommerce; put back into the inbox",
    "waiting": "Waiting",
}


@dataclass(frozen=True)
class Sides:
    """What left in a window, on both sides."""

    store: Units
    account: Units
    without_tracking: list[str] = field(default_factory=list)
    """Orders with a note whose tracking number the store does not have."""
    waiting: Mapping[str, str] = field(default_factory=dict)
    """Why an order is not settled: parked, due, quarantined."""


@step("audit-shipments", RETRIED)
def audit_shipments(pair: str, days: int | None) -> dict[str, Any]:
    """Compare what left in the last `days`, re-queue what differs, report it.

    Raises: TransientError, ConfigError.
    """
    connections = connect(pair)
    started_at = connections.clock()
    since = started_at - timedelta(days=days or connections.pair.shipments.audit_days)
    found = differences(read_sides(connections, since))
    keys = [*found["missing"], *found["beyond"], *found["without_tracking"]]
    inbox = Inbox(connections.database)
    requeued = inbox.put(pair, ENTITY, keys, source="audit", now=connections.clock())
    return conclude(
        connections,
        "audit-shipments",
        {"since": to_iso(since), **found, "requeued": requeued},
        says=f"{found['agreeing']} of {found['orders']} orders of which goods left since "
        f"{to_iso(since)} agree, {found['units']} units.",
        headings=HEADINGS,
        agrees=not keys,
        started_at=started_at,
    )


def differences(sides: Sides) -> dict[str, Any]:
    """What an audit found by order, empty where both sides agree. Pure."""
    orders = sorted({*sides.store, *sides.account}, key=int)
    compared = {one: _compare(sides, one) for one in orders}
    missing = {one: fewer for one, (fewer, _) in compared.items() if fewer}
    beyond = {one: more for one, (_, more) in compared.items() if more}
    differ = {*missing, *beyond, *sides.without_tracking}
    waiting = sides.waiting
    return {
        "orders": len(orders),
        "agreeing": len(orders) - len(differ),
        "units": sum(sum(units.values()) for units in sides.account.values()),
        "missing": {one: why for one, why in missing.items() if one not in waiting},
        "beyond": {one: why for one, why in beyond.items() if one not in waiting},
        "without_tracking": sorted(set(sides.without_tracking) - waiting.keys(), key=int),
        "waiting": {one: waiting[one] for one in sorted(differ & waiting.keys())},
    }


def read_sides(connections: Connections, since: datetime) -> Sides:
    """Both sides of the window that starts at `since`, in pages."""
    brightpearl = connections.brightpearl.at(Priority.BACKFILL)
    links, pair = Links(connections.database), connections.pair.name
    owners = Owners(connections, brightpearl)
    left = with_retries(lambda: list(brightpearl.list_goods_out(shipped_since=since)))
    owners.find(row.order_id for row in left if not row.is_transfer)
    orders = _read_orders(connections, since, owners.order_of.values())
    order_links = links.get(pair, ORDERS, list(orders))
    owners.add(order_links.values())
    ours = {key: order for key, order in orders.items() if owners.sales_order_ids(key)}
    reader = NoteReader(
        connections,
        owners,
        current_bundle(connections).table("skus"),
        {key: AgreedOrder.of(link) for key, link in order_links.items()},
    )
    reader.read_all(ours)
    agreed = links.get(pair, ENTITY, list(ours))
    states = {
        key: ShippingState.of(order, AgreedShipments.of(agreed.get(key)))
        for key, order in ours.items()
    }
    placements = reader.place(ours.values(), states)
    account = {
        key: added({one.line_id or f"of row {one.row_id}": one.units} for one in placement.placed)
        for key, (_, placement) in placements.items()
    }
    account = {key: units for key, units in account.items() if units}
    store = {key: state.shipped for key, state in states.items() if state.shipped}
    without_tracking = [key for key, state in states.items() if _lacks_tracking(reader, state)]
    waiting = unsettled(connections, ENTITY, [*store, *account])
    return Sides(store, account, without_tracking, waiting)


def _read_orders(
    connections: Connections, since: datetime, further: Iterable[str]
) -> dict[str, Order]:
    """The store's orders that changed since, and further ones."""
    bigcommerce = connections.bigcommerce.at(Priority.BACKFILL)
    changed = with_retries(lambda: list(bigcommerce.list_orders(min_date_modified=since)))
    orders = {order.id: order for order in changed if isinstance(order, Order)}
    others = sorted(set(further) - orders.keys(), key=int)
    for order in with_retries(lambda: bigcommerce.get_orders(others)):
        if isinstance(order, Order):
            orders[order.id] = order
    return orders


def _compare(sides: Sides, order_id: str) -> tuple[str, str]:
    """Lines of which the store has too few, and those of which it has too many, in words."""
    store, account = sides.store.get(order_id, {}), sides.account.get(order_id, {})
    fewer: list[str] = []
    more: list[str] = []
    for line_id in sorted({*store, *account}):
        shipped, left = store.get(line_id, 0), account.get(line_id, 0)
        if shipped != left:
            text = f"line {line_id}: {left} left, {shipped} in BigCommerce"
            (fewer if shipped < left else more).append(text)
    return "; ".join(fewer), "; ".join(more)


def _lacks_tracking(reader: NoteReader, state: ShippingState) -> bool:
    """Whether a note has a tracking number of which the store knows nothing."""
    notes = reader.shipped(state.order_id)
    numbers = [
        (part.tracking.get("tracking_number", ""), notes[part.note_key].reference)
        for part in state.agreed.parts
        if part.shipment_id and part.note_key in notes
    ]
    return any(reference and (not sent or sent not in reference) for sent, reference in numbers)
