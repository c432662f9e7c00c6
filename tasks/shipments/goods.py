"""Brightpearl's side of a batch: the notes of its orders, and where their units belong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.bigcommerce.models import Order
from connectors.brightpearl.models import SalesOrder, Unreadable
from core.ids import sku_key
from mappings.tables import Table
from tasks.connections import Connections
from tasks.orders.memory import Memory
from tasks.reference import find_products
from tasks.shipments.family import Family, add_children, find_owners, read_orders
from tasks.shipments.memory import added
from tasks.shipments.notes import Note, is_sale, key_of, notes_of_orders
from tasks.shipments.placing import Placement, Rows, place, rows_of
from tasks.shipments.standing import Standing


@dataclass
class Goods:
    """What is known of the goods of some orders; more is read as it is needed."""

    world: Connections
    family: Family
    skus: Table
    """Renamed SKUs."""
    agreed: Mapping[str, Memory]
    """What the order sync agreed on, by order."""
    notes: dict[str, list[Note]] = field(default_factory=dict)
    """Notes that were looked at, by order, whether they left or not."""
    broken: dict[str, Unreadable] = field(default_factory=dict)
    """Notes that break the model, by key."""

    def read_all_notes(self, order_ids: Iterable[str]) -> None:
        """All notes of these orders and of their back orders, in the fewest requests."""
        wanted = set(order_ids)
        if not wanted:
            return
        add_children(self.world, wanted, self.family)
        ids_bp = [one for one, owner in self.family.order_of.items() if owner in wanted]
        self.notes.update({order_id: [] for order_id in wanted})
        for note in notes_of_orders(self.world, ids_bp):
            if isinstance(note, Unreadable):
                self.broken[key_of(note)] = note
            elif is_sale(note):
                self.notes[self.family.order_of[note.order_id]].append(note)

    def existing(self, order_ids: Sequence[str]) -> set[str]:
        """Those of these orders that still stand in Brightpearl."""
        ids = {one: order_id for order_id in order_ids for one in self.family.of(order_id)}
        read_orders(self.world, ids, self.family)
        return {order_id for one, order_id in ids.items() if one in self.family.sales_orders}

    def rows(self, orders: Iterable[Order]) -> dict[str, Rows]:
        """Where the rows of the notes belong, by order; reads the sales orders that it takes."""
        orders = [order for order in orders if self.left(order.id)]
        self._read_unknown(order.id for order in orders)
        has_stock = self._has_stock(order.id for order in orders)
        return {
            order.id: rows_of(
                order, self._memory(order.id), self._sales_orders(order.id), self.skus, has_stock
            )
            for order in orders
        }

    def place(self, order: Order, rows: Rows, standing: Standing) -> Placement:
        """The units of the order's notes that left, on their lines.

        Notes that were not looked at keep the units that the store was told of.
        """
        parts = standing.memory.parts
        others = [part.whole for part in parts if not standing.was_looked_at(part.note_key)]
        return place(order, rows, self.left(order.id), added(others))

    def left(self, order_id: str) -> list[Note]:
        """The notes of an order that left, of those that were looked at."""
        return [note for note in self.notes.get(order_id, []) if note.is_shipped]

    def _memory(self, order_id: str) -> Memory:
        return self.agreed.get(order_id, Memory())

    def _sales_orders(self, order_id: str) -> Sequence[SalesOrder]:
        read = self.family.sales_orders
        return [read[one] for one in self.family.of(order_id) if one in read]

    def _read_unknown(self, order_ids: Iterable[str]) -> None:
        """Sales orders with rows on notes that our memory does not know."""
        unknown = []
        for order_id in order_ids:
            known = {row.row_id for row in self._memory(order_id).rows.values()}
            unknown += [n.order_id for n in self.left(order_id) if n.rows.keys() - known]
        read_orders(self.world, unknown, self.family)
        find_owners(self.world, unknown, self.family)

    def _has_stock(self, order_ids: Iterable[str]) -> dict[str, bool]:
        """Whether components of bundles have stock, by SKU as compared."""
        keys = {
            sku_key(row.sku)
            for order_id in order_ids
            for order in self._sales_orders(order_id)
            for row in order.rows
            if row.is_bundle_child and row.sku
        }
        products = find_products(self.world, keys) if keys else {}
        return {key: product.stock_tracked for key, product in products.items()}
