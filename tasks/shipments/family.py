"""Whose order a goods note belongs to: ours, a back order made out of one of ours, or a stranger's.

Brightpearl moves units of an order to a back order, a sales order of its own that names the first
one as its parent. Its notes ship lines of the same store order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from connectors.brightpearl.models import OrderRef, SalesOrder
from core.ids import external_ref
from store.links import Links
from tasks.connections import Connections
from tasks.policy import patiently

ORDERS = "orders"
GENERATIONS = 5
"""So often may a back order have been split off a back order."""


@dataclass
class Family:
    """Sales orders by the store's order, and those that were read on the way."""

    order_of: dict[str, str] = field(default_factory=dict)
    """The store's order by Brightpearl's order id, back orders among them."""
    sales_orders: dict[str, SalesOrder] = field(default_factory=dict)

    def of(self, order_id: str) -> list[str]:
        """Brightpearl's ids of one store order."""
        return [one for one, owner in self.order_of.items() if owner == order_id]


def find_owners(world: Connections, ids_bp: Iterable[str], family: Family) -> None:
    """Add to the family whose these sales orders are; strangers' are left out.

    Only orders that our memory does not know are read, 200 to a request: those of other channels,
    back orders, and ours that were created a moment ago.
    """
    wanted = {one for one in ids_bp if one and one not in family.order_of}
    _remembered(world, wanted, family)
    asked = wanted - family.order_of.keys()
    for _ in range(GENERATIONS):
        read_orders(world, asked, family)
        parents = {
            order.parent_id
            for order in family.sales_orders.values()
            if order.id not in family.order_of and order.parent_id
        }
        _remembered(world, parents - family.order_of.keys(), family)
        asked = parents - family.order_of.keys() - family.sales_orders.keys()
        if not asked:
            break
    _inherit(family)


def read_orders(world: Connections, ids_bp: Iterable[str], family: Family) -> None:
    """Read sales orders that were not read yet; whose they are is told by their own reference."""
    ids = [one for one in dict.fromkeys(ids_bp) if one not in family.sales_orders]
    if not ids:
        return
    for order in patiently(lambda: world.brightpearl.get_sales_orders(ids)):
        if not isinstance(order, SalesOrder):
            continue
        family.sales_orders[order.id] = order
        ours = order.external_ref.removeprefix(external_ref(""))
        is_ours = order.instance_id == str(world.pair.brightpearl.instance_id)
        if is_ours and ours.isdecimal() and order.external_ref == external_ref(ours):
            family.order_of.setdefault(order.id, ours)


def add_children(world: Connections, order_ids: Iterable[str], family: Family) -> None:
    """Add the back orders of these store orders, one generation after the other."""
    wanted = set(order_ids)
    asked = {one for one, owner in family.order_of.items() if owner in wanted}
    for _ in range(GENERATIONS):
        if not asked:
            return
        rows = patiently(partial(_child_refs, world, asked))
        children = {row.order_id: family.order_of[row.parent_id] for row in rows}
        asked = children.keys() - family.order_of.keys()
        family.order_of.update(children)


def _child_refs(world: Connections, parents: Iterable[str]) -> list[OrderRef]:
    return list(world.brightpearl.list_child_refs(parents))


def _remembered(world: Connections, ids_bp: set[str], family: Family) -> None:
    links = Links(world.database).find(world.pair.name, ORDERS, sorted(ids_bp))
    family.order_of.update({id_bp: link.key_bc for id_bp, link in links.items()})


def _inherit(family: Family) -> None:
    """A back order is whose its parent is."""
    for _ in range(GENERATIONS):
        heirs: Mapping[str, str] = {
            order.id: family.order_of[order.parent_id]
            for order in family.sales_orders.values()
            if order.id not in family.order_of and order.parent_id in family.order_of
        }
        family.order_of.update(heirs)
