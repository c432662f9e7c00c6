"""Proof that the store knows what left: both sides' units of a window, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.bigcommerce.models import Order
from core.times import to_iso, utc_now
from store.inbox import Inbox
from store.links import Links
from store.quarantine import Quarantine
from tasks.audit import conclude
from tasks.connections import Connections, connect, current_bundle
from tasks.orders.memory import Memory
from tasks.policy import PATIENT, patiently, step
from tasks.shipments.family import ORDERS, Family, find_owners
from tasks.shipments.goods import Goods
from tasks.shipments.memory import ShipmentMemory, added
from tasks.shipments.notes import key_of
from tasks.shipments.standing import Standing
from tasks.shipments.sweep import ENTITY

Units = Mapping[str, Mapping[str, int]]
"""Units that left, by order and line."""
HEADINGS = {
    "missing": "Left Brightpearl, not in BigCommerce; put back into the inbox",
    "beyond": "In BigCommerce, but not said by a goods note",
    "untold": "Tracking number not told; put back into the inbox",
    "waiting": "Waiting",
}


@dataclass(frozen=True)
class Sides:
    """What left in a window, on both sides."""

    store: Units
    account: Units
    untold: list[str] = field(default_factory=list)
    """Orders with a note whose tracking number the store does not have."""
    waiting: Mapping[str, str] = field(default_factory=dict)
    """Why an order is not settled: parked, due, quarantined."""


def differences(sides: Sides) -> dict[str, Any]:
    """What an audit found by order, empty where both sides agree. Pure."""
    orders = sorted({*sides.store, *sides.account}, key=int)
    apart = {one: _apart(sides, one) for one in orders}
    missing = {one: lines for one, (lines, _) in apart.items() if lines}
    beyond = {one: lines for one, (_, lines) in apart.items() if lines}
    differ = {*missing, *beyond, *sides.untold}
    return {
        "orders": len(orders),
        "agreeing": len(orders) - len(differ),
        "units": sum(sum(units.values()) for units in sides.account.values()),
        "missing": {one: why for one, why in missing.items() if one not in sides.waiting},
        "beyond": {one: why for one, why in beyond.items() if one not in sides.waiting},
        "untold": sorted(set(sides.untold) - sides.waiting.keys(), key=int),
        "waiting": {one: sides.waiting[one] for one in sorted(differ & sides.waiting.keys())},
    }


def _apart(sides: Sides, order_id: str) -> tuple[str, str]:
    """Lines of which the store has too few, and those of which it has too many, in words."""
    store, account = sides.store.get(order_id, {}), sides.account.get(order_id, {})
    fewer: list[str] = []
    more: list[str] = []
    for line_id in sorted({*store, *account}):
        there, left = store.get(line_id, 0), account.get(line_id, 0)
        if there != left:
            text = f"line {line_id}: {left} left, {there} told"
            (fewer if there < left else more).append(text)
    return "; ".join(fewer), "; ".join(more)


@step("audit-shipments", PATIENT)
def audit(pair: str, days: int | None) -> dict[str, Any]:
    """Compare what left in the last `days`, re-queue what differs, report it.

    Raises: TransientError, ConfigError.
    """
    world = connect(pair)
    started_at = utc_now()
    since = started_at - timedelta(days=days or world.pair.shipments.audit_days)
    found = differences(read_sides(world, since))
    keys = [*found["missing"], *found["beyond"], *found["untold"]]
    requeued = Inbox(world.database).put(pair, ENTITY, keys, source="audit", now=utc_now())
    return conclude(
        world,
        "audit-shipments",
        {"since": to_iso(since), **found, "requeued": requeued},
        says=f"{found['agreeing']} of {found['orders']} orders of which goods left since "
        f"{to_iso(since)} agree, {found['units']} units.",
        headings=HEADINGS,
        agrees=not keys,
        started_at=started_at,
    )


def read_sides(world: Connections, since: datetime) -> Sides:
    """Both sides of the window that starts at `since`, in pages."""
    family = Family()
    changed = patiently(lambda: list(world.bigcommerce.list_orders(min_date_modified=since)))
    orders = {order.id: order for order in changed if isinstance(order, Order)}
    linked, pair = Links(world.database), world.pair.name
    left = patiently(lambda: list(world.brightpearl.list_goods_out(shipped_since=since)))
    find_owners(world, (row.order_id for row in left if not row.is_transfer), family)
    elsewhere = sorted(set(family.order_of.values()) - orders.keys(), key=int)
    for order in patiently(lambda: world.bigcommerce.get_orders(elsewhere)):
        if isinstance(order, Order):
            orders[order.id] = order
    links = linked.get(pair, ORDERS, list(orders))
    family.order_of.update({link.id_bp: key for key, link in links.items()})
    ours = {key: order for key, order in orders.items() if family.of(key)}
    goods = Goods(
        world,
        family,
        current_bundle(world).table("skus"),
        {key: Memory.of(link) for key, link in links.items()},
    )
    goods.read_all_notes(ours)
    told = linked.get(pair, ENTITY, list(ours))
    standings = {
        key: Standing.of(order, ShipmentMemory.of(told.get(key)), "") for key, order in ours.items()
    }
    account = _account(goods, ours, standings)
    store = {key: one.shipped for key, one in standings.items() if one.shipped}
    untold = [key for key in ours if _lacks_tracking(goods, standings[key])]
    return Sides(store, account, untold, _waiting(world, [*store, *account]))


def _account(goods: Goods, orders: Mapping[str, Order], standings: Mapping[str, Standing]) -> Units:
    rows = goods.rows(orders.values())
    found = {}
    for key in rows:
        placed = goods.place(orders[key], rows[key], standings[key]).placed
        found[key] = added({one.line_id or f"of row {one.row_id}": one.units} for one in placed)
    return {key: units for key, units in found.items() if units}


def _lacks_tracking(goods: Goods, standing: Standing) -> bool:
    """Whether a note has a tracking number of which the store was told nothing."""
    references = {key_of(note): note.reference for note in goods.left(standing.order_id)}
    numbers = [
        (part.told.get("tracking_number", ""), references.get(part.note_key, ""))
        for part in standing.memory.parts
        if part.shipment_id
    ]
    return any(reference and (not told or told not in reference) for told, reference in numbers)


def _waiting(world: Connections, order_ids: list[str]) -> dict[str, str]:
    pair = world.pair.name
    states = Inbox(world.database).states(pair, ENTITY, order_ids)
    waiting = {key: state for key, state in states.items() if state not in {"done", "dead"}}
    held = Quarantine(world.database).list(pair=pair, entity=ENTITY)
    waiting.update({entry.key: f"quarantined: {entry.class_}" for entry in held})
    return waiting
