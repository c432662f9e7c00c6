"""Proof that the store has a shipment of all that left: both sides' units of some days, by line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.bigcommerce.models import Order
from tasks.brightpearl.sales_orders import Owners
from tasks.policy import with_retries
from tasks.reconciler.audit import WindowAudit, unsettled
from tasks.reconciler.connections import Connections, current_bundle
from tasks.shipments.extract import NoteReader
from tasks.shipments.frames import ENTITY, ShippingState, added

Units = Mapping[str, Mapping[str, int]]
"""Units that left, by order and line."""


def compare(connections: Connections, since: datetime) -> dict[str, Any]:
    """The orders of which goods left since, or that changed in the store: what left of each."""
    store, account = connections.bigcommerce, connections.brightpearl
    reader = NoteReader(
        connections, current_bundle(connections).tables["skus"], Owners(connections)
    )
    left = with_retries(lambda: list(account.list_goods_out(shipped_since=since)))
    reader.owners.find(row.order_id for row in left if not row.is_transfer)
    changed = with_retries(lambda: list(store.list_orders(min_date_modified=since)))
    orders = {order.id: order for order in changed if isinstance(order, Order)}
    others = sorted(set(reader.owners.order_of.values()) - orders.keys(), key=int)
    found = with_retries(lambda: store.get_orders(others))
    orders |= {order.id: order for order in found if isinstance(order, Order)}
    states = {key: one for key, one in reader.states_of(orders).items() if one.order_id_bp}
    reader.read_all(states)
    in_account = {
        key: added({one.line_id or f"of row {one.row_id}": one.qty} for one in placement.placed)
        for key, placement in reader.place(states.values()).items()
    }
    in_store = {key: state.shipped for key, state in states.items()}
    without_tracking = [key for key, state in states.items() if _lacks_tracking(reader, state)]
    waiting = unsettled(connections, ENTITY, list(states))
    return differences(in_store, in_account, without_tracking, waiting)


def differences(
    store: Units, account: Units, without_tracking: Sequence[str], waiting: Mapping[str, str]
) -> dict[str, Any]:
    """What differs by order, empty where both sides agree. Pure.

    In: orders with a note whose tracking number the store does not have; why orders are not
    settled: parked, due, quarantined.
    """
    orders = sorted({key for side in (store, account) for key, one in side.items() if one}, key=int)
    missing: dict[str, list[str]] = defaultdict(list)
    beyond: dict[str, list[str]] = defaultdict(list)
    for order_id in orders:
        shipped_by_line, left_by_line = store.get(order_id, {}), account.get(order_id, {})
        for line_id in sorted({*shipped_by_line, *left_by_line}):
            shipped, left = shipped_by_line.get(line_id, 0), left_by_line.get(line_id, 0)
            if shipped != left:
                text = f"line {line_id}: {left} left, {shipped} in BigCommerce"
                (missing if shipped < left else beyond)[order_id].append(text)
    differ = {*missing, *beyond, *without_tracking}
    return {
        "orders": len(orders),
        "agreeing": len(orders) - len(differ),
        "units": sum(sum(units.values()) for units in account.values()),
        "missing": {one: "; ".join(why) for one, why in missing.items() if one not in waiting},
        "beyond": {one: "; ".join(why) for one, why in beyond.items() if one not in waiting},
        "without_tracking": sorted(set(without_tracking) - waiting.keys(), key=int),
        "waiting": {one: waiting[one] for one in sorted(differ & waiting.keys())},
    }


def _lacks_tracking(reader: NoteReader, state: ShippingState) -> bool:
    """Whether a note has a tracking number of which the store knows nothing."""
    notes = reader.shipped(state.order.id)
    numbers = [
        (part.tracking.get("tracking_number", ""), notes[part.note_key].reference)
        for part in state.agreed.parts
        if part.shipment_id and part.note_key in notes
    ]
    return any(reference and (not sent or sent not in reference) for sent, reference in numbers)


AUDIT = WindowAudit(
    entity=ENTITY,
    compare=compare,
    headings={
        "missing": "Left Brightpearl, not in BigCommerce; put back into the inbox",
        "beyond": "In BigCommerce, but on no goods note",
        "without_tracking": "Tracking number not in BigCommerce; put back into the inbox",
        "waiting": "Waiting",
    },
    enqueued=["missing", "beyond", "without_tracking"],
    says="{agreeing} of {orders} orders of which goods left since {since} agree, {units} units.",
)
