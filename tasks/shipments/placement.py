"""Which order line the units of a goods note belong to. Pure.

A row of the sales order is known by the line's id, which it carries as reference. Rows that staff
or Brightpearl itself made (components of a bundle, rows of a back order that lost their reference)
are placed by the row they hang on, by their product, or by their SKU.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from connectors.bigcommerce.models import Order
from connectors.brightpearl.models import SalesOrder
from core.ids import sku_key
from mappings.tables import Table
from tasks.brightpearl.goods_notes import Note, key_of
from tasks.brightpearl.sales_orders import AgreedOrder
from tasks.shipments.frames import NO_ADDRESS, Placed, part_ref

ALMOST = Decimal("0.000001")
"""What a division may lack of the whole number that it stands for."""


@dataclass
class Rows:
    """Where rows of Brightpearl belong in one order of the store."""

    lines: dict[str, str] = field(default_factory=dict)
    """Line by row id."""
    products: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Lines by Brightpearl's product id, for rows that say nothing else."""
    components: dict[str, str] = field(default_factory=dict)
    """Line by row id of a bundle's component."""
    bundles: defaultdict[str, dict[str, Decimal]] = field(default_factory=lambda: defaultdict(dict))
    """By line: units of each component with stock, by product id, that make one of the line."""


def rows_of(
    order: Order,
    agreed: AgreedOrder,
    sales_orders: Iterable[SalesOrder],
    skus: Table,
    has_stock: Mapping[str, bool],
) -> Rows:
    """Everything that is known about the rows of one order.

    In: what the order sync agreed on; the sales order and its back orders, as far as they were
    read; whether a product has stock, by SKU as compared.
    """
    rows, line_ids = Rows(), {line.id for line in order.lines}
    found = {row.id: row for one in sales_orders for row in one.rows}
    plain = [row for row in found.values() if not row.is_bundle_child]
    own = [(ref, known.row_id, known.product_id) for ref, known in agreed.rows.items()]
    own += [(row.external_ref, row.id, row.product_id) for row in plain]
    for line_id, row_id, product_id in own:
        if line_id in line_ids:
            rows.lines[row_id] = line_id
            if product_id and line_id not in rows.products[product_id]:
                rows.products[product_id].append(line_id)
    for row in plain:
        if row.product_id and row.id not in rows.lines:
            same = rows.products[row.product_id] or _lines_of_sku(order, row.sku, skus)
            rows.products[row.product_id] = same
            if len(same) == 1:  # which of several is found when units come
                rows.lines[row.id] = same[0]
    for row in found.values():
        parent = found.get(row.parent_row_id) if row.is_bundle_child else None
        line_id = rows.lines.get(parent.id, "") if parent else ""
        if parent and parent.quantity and line_id:
            rows.components[row.id] = line_id
            if has_stock.get(sku_key(row.sku), True):
                rows.bundles[line_id][row.product_id] = row.quantity / parent.quantity
    return rows


def _lines_of_sku(order: Order, sku: str, skus: Table) -> list[str]:
    """Lines of a product by its SKU in Brightpearl, where lines may have another one."""
    keys = {line.id: sku_key(line.sku) for line in order.lines}
    wanted = sku_key(sku)
    return [one for one, key in keys.items() if wanted and sku_key(skus.get(key) or key) == wanted]


def place(order: Order, rows: Rows, notes: Iterable[Note], taken: Mapping[str, int]) -> Placement:
    """Every unit of the notes on its line, in the order in which the notes left.

    `taken` are units of lines that other notes have, by line.
    """
    notes = sorted(notes, key=_left_at)
    named = {rows.lines.get(row_id) for note in notes for row_id in note.rows}
    left = Counter({line.id: line.quantity for line in order.lines})
    left.subtract(taken)
    placement = Placement(order, rows, named, left)
    for note in notes:
        placement.add(note)
    return placement


def _left_at(note: Note) -> tuple[float, int]:
    moment = note.shipped_at.timestamp() if note.shipped_at else 0.0
    return (moment, int(note.id) if note.id.isdecimal() else 0)


@dataclass
class Placement:
    """All units of an order's notes, which are placed one after the other."""

    order: Order
    rows: Rows
    named: Container[str | None]
    """Lines whose own rows are on notes."""
    left: Counter[str]
    """Units that notes may still send, by line."""
    placed: list[Placed] = field(default_factory=list)
    references: dict[str, str] = field(default_factory=dict)
    """Tracking by note, one thing to a line; behind a note's own those of earlier notes that only
    sent components of a bundle."""
    not_shipped: int = 0
    """Units of lines without an address, such as what is downloaded."""
    collected: Counter[str] = field(default_factory=Counter)
    """Units that the shopper collected, by line."""
    has_components: bool = False
    """Whether a note sends components of a bundle."""
    _sent: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Units of components, by line and product."""
    _whole: Counter[str] = field(default_factory=Counter)
    """Bundles that were placed, by line."""
    _pending: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Tracking of notes that made no bundle whole, by line."""

    def add(self, note: Note) -> None:
        """Place all units of a note."""
        units: list[tuple[str, str, int]] = []
        components: dict[str, str] = {}
        for row_id, count in note.rows.items():
            product_id = note.products.get(row_id, "")
            bundle = self.rows.components.get(row_id)
            if bundle is None:
                for line_id, some in self._on_lines(row_id, product_id, count):
                    self.left[line_id] -= some
                    units.append((row_id, line_id, some))
                continue
            self.has_components = True
            # A note that names the bundle's own row has said it all.
            if count and bundle not in self.named:
                self._sent[bundle, product_id] += count
                components[bundle] = row_id
        references = [note.reference]
        for line_id, row_id in components.items():
            if more := self._whole_bundles(line_id):
                self.left[line_id] -= more
                units.append((row_id, line_id, more))
                references += self._pending.pop(line_id, [])
            else:
                self._pending[line_id].append(note.reference)
        self.references[key_of(note)] = "\n".join(filter(None, references))
        self._put(key_of(note), units)

    def _on_lines(self, row_id: str, product_id: str, units: int) -> Iterable[tuple[str, int]]:
        """Units of a row on its line, else on those of its product that have units left."""
        known = self.rows.lines.get(row_id)
        same = self.rows.products.get(product_id, []) if known is None else []
        for line_id in same:
            some = max(0, min(units, self.left[line_id]))
            if some:
                yield line_id, some
            units -= some
        if units:
            yield known or next(iter(same), ""), units

    def _whole_bundles(self, line_id: str) -> int:
        """How many more bundles of a line are whole now."""
        needed = self.rows.bundles.get(line_id, {})
        sent = (self._sent[line_id, one] / units for one, units in needed.items())
        more = min((int(share + ALMOST) for share in sent), default=0) - self._whole[line_id]
        self._whole[line_id] += max(0, more)
        return max(0, more)

    def _put(self, note_key: str, units: Sequence[tuple[str, str, int]]) -> None:
        """Keep units of a note, by row and line; those without a line go with its first part."""
        address_of = {line.id: line.order_address_id for line in self.order.lines}
        addresses = (address_of.get(line_id, "") for _, line_id, _ in units)
        first = next((one for one in addresses if one not in NO_ADDRESS), "")
        for row_id, line_id, count in units:
            address_id = address_of.get(line_id, first)
            if line_id in self.order.consignments.collected_ids:
                self.collected[line_id] += count
            elif line_id and address_id in NO_ADDRESS:
                self.not_shipped += count
            else:
                ref = part_ref(note_key, address_id)
                self.placed.append(Placed(self.order.id, ref, row_id, line_id, count))
