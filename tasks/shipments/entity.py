"""Shipments as the reconciler knows them: where a sweep asks what left, and how they are audited.

Goods-out notes are found by when they left. Drop-ship notes have no search, and notes that were
taken back show in none: both are found by their orders, which change with them. The audit proves
that the store has a shipment of all that left: both sides' units of some days, by line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors.bigcommerce.models import Order
from connectors.brightpearl.models import Unreadable
from connectors.budget import Priority
from core.frames import frame, records
from core.ids import GOODS_OUT, note_key
from core.shipments import NOTES
from mappings.engine import Context, apply
from store.links import Links
from tasks.brightpearl.goods_notes import Notes, read_drop_ship_notes, read_notes
from tasks.brightpearl.sales_orders import ORDERS, Owners
from tasks.policy import with_retries
from tasks.reconciler.audit import DEFECTS, WindowAudit, but_waiting, unsettled
from tasks.reconciler.connections import Connections, current_bundle
from tasks.reconciler.defects import divided, each
from tasks.reconciler.registry import Entity, Source
from tasks.shipments.extract import NoteReader, note_rows
from tasks.shipments.frames import ENTITY, AgreedShipments, ShippingState, added
from tasks.shipments.operations import read_statuses

NUMBER_AND_LINK = ("tracking_number", "tracking_link")
Units = Mapping[str, Mapping[str, int]]
"""Units that left, by order and line."""


def shipped_notes(
    connections: Connections, since: datetime, until: datetime | None = None
) -> list[str]:
    """Keys of goods-out notes that left from `since` on (until `until`); no transfers."""
    brightpearl = connections.brightpearl
    notes = with_retries(
        lambda: list(brightpearl.list_goods_out(shipped_since=since, shipped_to=until))
    )
    return [note_key(GOODS_OUT, note.note_id) for note in notes if not note.is_transfer]


def changed_notes(connections: Connections, since: datetime) -> list[str]:
    """Keys of notes of ours whose orders changed since, and that the store may not know of.

    Drop-ship notes that left, and notes of which the store has a shipment and that left no longer.
    """
    brightpearl = connections.brightpearl
    links, pair = Links(connections.database), connections.pair.name
    refs = with_retries(lambda: list(brightpearl.list_changed_refs(since)))
    ids = [one for ref in refs for one in (ref.order_id, ref.parent_id) if one]
    orders = links.get(pair, ORDERS, ids, by="id_bp")
    ours = [ref.order_id for ref in refs if {ref.order_id, ref.parent_id} & orders.keys()]
    if not ours:
        return []
    agreed = links.get(pair, ENTITY, [link.key_bc for link in orders.values()])
    shipped, unclear = each(agreed.items(), AgreedShipments.of)
    known = {part.note_key for one in shipped.values() for part in one.parts}
    drop_ship = _shipped(read_drop_ship_notes(brightpearl, ours))
    goods_out = read_notes(brightpearl, (key for key in known if key.startswith(GOODS_OUT)))
    # The sync of a record that our own code fails for says so.
    return sorted({*unclear, *drop_ship, *(known - drop_ship - _shipped(goods_out))})


def _shipped(notes: Notes) -> set[str]:
    """Keys of the notes that left; one that cannot be read may have."""
    return {key for key, one in notes.items() if isinstance(one, Unreadable) or one.is_shipped}


def compare(connections: Connections, since: datetime) -> dict[str, Any]:
    """The orders of which goods left since, or that changed in the store: what left of each."""
    store, account = connections.bigcommerce, connections.brightpearl
    bundle = current_bundle(connections)
    reader = NoteReader(connections, bundle.tables["skus"], Owners(connections))
    left = with_retries(lambda: list(account.list_goods_out(shipped_since=since)))
    reader.owners.find(row.order_id for row in left if not row.is_transfer)
    changed = with_retries(lambda: list(store.list_orders(min_date_modified=since)))
    orders = {order.id: order for order in changed if isinstance(order, Order)}
    others = sorted(set(reader.owners.order_of.values()) - orders.keys(), key=int)
    found = with_retries(lambda: store.get_orders(others))
    orders |= {order.id: order for order in found if isinstance(order, Order)}
    known, unclear = divided(
        orders, lambda keys: reader.states_of({key: orders[key] for key in keys})
    )
    states = {key: one for key, one in known.items() if one.order_id_bp}
    reader.read_all(states)
    placements, unplaced = divided(states, lambda keys: reader.place(states[key] for key in keys))
    states = {key: one for key, one in states.items() if key not in unplaced}
    in_account = {
        key: added({one.line_id or f"of row {one.row_id}": one.qty} for one in placement.placed)
        for key, placement in placements.items()
    }
    # What had left before the order came to Brightpearl is on no note there.
    in_store = {
        key: Counter(state.shipped) - Counter(reader.agreed[key].gone)
        for key, state in states.items()
    }
    notes = frame(note_rows(reader, placements), NOTES)
    desired = apply(bundle.mappings["shipments"], notes, Context("UTC", bundle.tables)).frame
    without_tracking = _without_tracking(states, records(desired))
    waiting = unsettled(connections, ENTITY, list(states))
    table = read_statuses(bundle.tables["shipment_status"])
    collected = [
        key
        for key, placement in placements.items()
        for state in [replace(states[key], collected=placement.collected)]
        if state.is_collected
        and state.is_open
        and key not in waiting
        and state.status_after(state.order.status_id, table) not in {None, state.order.status_id}
    ]
    differing = differences(in_store, in_account, without_tracking, waiting)
    return {**differing, "collected": collected, DEFECTS: {**unclear, **unplaced}}


def differences(
    store: Units, account: Units, without_tracking: Sequence[str], waiting: Mapping[str, str]
) -> dict[str, Any]:
    """What differs by order, empty where both sides agree. Pure.

    In: orders with a note whose tracking number the store does not have; why orders are not
    settled: parked, due, quarantined.
    """
    orders = sorted({key for side in (store, account) for key, one in side.items() if one}, key=int)
    missing: dict[str, str] = {}
    beyond: dict[str, str] = {}
    for order_id in orders:
        shipped, left = Counter(store.get(order_id)), Counter(account.get(order_id))
        for found, lines in ((missing, left - shipped), (beyond, shipped - left)):
            if lines:
                found[order_id] = "; ".join(
                    f"line {one}: {left[one]} left, {shipped[one]} in BigCommerce"
                    for one in sorted(lines)
                )
    differ = {*missing, *beyond, *without_tracking}
    return {
        "orders": len(orders),
        "agreeing": len(orders) - len(differ),
        "units": sum(sum(units.values()) for units in account.values()),
        **but_waiting(
            waiting,
            missing=missing,
            beyond=beyond,
            without_tracking=sorted(set(without_tracking), key=int),
        ),
    }


def _without_tracking(
    states: Mapping[str, ShippingState], desired: Iterable[Mapping[str, str]]
) -> list[str]:
    """Orders with a note whose tracking number or link the store does not have. In: SHIPMENTS."""
    known = {
        (key, part.ref): part.tracking
        for key, state in states.items()
        for part in state.agreed.parts
        if part.shipment_id
    }
    found = (
        row["order_id"]
        for row in desired
        for tracking in [known.get((row["order_id"], row["part_ref"]))]
        if tracking is not None
        and any(row[name] and row[name] != tracking.get(name) for name in NUMBER_AND_LINK)
    )
    return list(dict.fromkeys(found))


AUDIT = WindowAudit(
    entity=ENTITY,
    compare=compare,
    headings={
        "missing": "Left Brightpearl, not in BigCommerce; put back into the inbox",
        "beyond": "In BigCommerce, but on no goods note",
        "without_tracking": "Tracking number not in BigCommerce; put back into the inbox",
        "collected": "Collected, status not set in BigCommerce; put back into the inbox",
        "waiting": "Waiting",
    },
    enqueued=["missing", "beyond", "without_tracking", "collected"],
    says="{agreeing} of {orders} orders of which goods left since {since} agree, {units} units.",
)
SHIPMENTS = Entity(
    name=ENTITY,
    priority=Priority.ORDERS,
    suites="expectations.shipments",
    sources=[
        Source("goods-swept", "brightpearl", shipped_notes),
        Source("goods-orders-swept", "brightpearl", changed_notes),
    ],
    changed=shipped_notes,
    created=shipped_notes,
    audit=AUDIT,
)
