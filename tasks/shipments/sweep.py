"""Which goods left: what the sweep puts into the inbox.

Goods-out notes are found by when they left. Drop-ship notes have no search, and notes that were
taken back show in none: both are found by their orders, which change with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.brightpearl.models import Unreadable
from core.ids import GOODS_OUT, note_key
from core.times import utc_now
from store.links import Links
from tasks.connections import Connections, connect
from tasks.policy import PATIENT, patiently, step
from tasks.shipments.family import ORDERS
from tasks.shipments.memory import ShipmentMemory
from tasks.shipments.notes import key_of
from tasks.sweep import Source, sweep

LEFT = "goods-swept"
CHANGED = "goods-orders-swept"
ENTITY = "shipments"


@step("sweep-shipments", PATIENT)
def sweep_shipments(pair: str) -> dict[str, Any]:
    """Put every note that left since the last sweep into the inbox.

    Raises: TransientError, ConfigError.
    """
    world = connect(pair)

    started_at = patiently(world.brightpearl.get_server_time) or utc_now()
    return sweep(
        world,
        ENTITY,
        [
            Source(LEFT, lambda: started_at, lambda since: shipped_notes(world, since)),
            Source(CHANGED, lambda: started_at, lambda since: changed_notes(world, since)),
        ],
    )


def shipped_notes(world: Connections, since: datetime, until: datetime | None = None) -> list[str]:
    """Keys of goods-out notes that left from `since` on (until `until`); no transfers."""
    return patiently(
        lambda: [
            note_key(GOODS_OUT, row.note_id)
            for row in world.brightpearl.list_goods_out(shipped_since=since, shipped_to=until)
            if not row.is_transfer
        ]
    )


def changed_notes(world: Connections, since: datetime) -> list[str]:
    """Keys of notes of ours whose orders changed since, and that the store may not know of.

    Drop-ship notes that left, and notes that the store knows and that left no longer.
    """
    refs = patiently(lambda: list(world.brightpearl.list_changed_refs(since)))
    ids = [one for ref in refs for one in (ref.order_id, ref.parent_id) if one]
    links = Links(world.database).find(world.pair.name, ORDERS, ids)
    ours = [ref.order_id for ref in refs if {ref.order_id, ref.parent_id} & links.keys()]
    if not ours:
        return []
    drops = patiently(lambda: world.brightpearl.list_drop_ship_of_orders(ours))
    left = {key_of(one) for one in drops if isinstance(one, Unreadable) or one.is_shipped}
    told = _told(world, [link.key_bc for link in links.values()])
    ids = [key.partition("-")[2] for key in told if key.startswith(GOODS_OUT)]
    notes = patiently(lambda: world.brightpearl.get_goods_out(ids)) if ids else []
    still = {key_of(one) for one in notes if isinstance(one, Unreadable) or one.is_shipped}
    return sorted(left | (told - left - still))


def _told(world: Connections, order_ids: Sequence[str]) -> set[str]:
    """Notes of these orders that the store was told of."""
    links = Links(world.database).get(world.pair.name, ENTITY, order_ids)
    parts = [part for link in links.values() for part in ShipmentMemory.of(link).parts]
    return {part.note_key for part in parts}
