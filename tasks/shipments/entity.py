"""Shipments as the reconciler knows them: where a sweep asks what left, and by which windows.

Goods-out notes are found by when they left. Drop-ship notes have no search, and notes that were
taken back show in none: both are found by their orders, which change with them.
"""

from __future__ import annotations

from datetime import datetime

from connectors.brightpearl.models import Unreadable
from connectors.budget import Priority
from core.ids import GOODS_OUT, note_key
from store.links import Links
from tasks.brightpearl.goods_notes import Notes, read_drop_ship_notes, read_notes
from tasks.brightpearl.sales_orders import ORDERS
from tasks.policy import with_retries
from tasks.reconciler.connections import Connections
from tasks.reconciler.registry import Entity, Source
from tasks.shipments.audit import AUDIT
from tasks.shipments.frames import ENTITY, AgreedShipments


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
    known = {part.note_key for one in agreed.values() for part in AgreedShipments.of(one).parts}
    drop_ship = _shipped(read_drop_ship_notes(brightpearl, ours))
    goods_out = read_notes(brightpearl, (key for key in known if key.startswith(GOODS_OUT)))
    return sorted(drop_ship | (known - drop_ship - _shipped(goods_out)))


def _shipped(notes: Notes) -> set[str]:
    """Keys of the notes that left; one that cannot be read may have."""
    return {key for key, one in notes.items() if isinstance(one, Unreadable) or one.is_shipped}


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
