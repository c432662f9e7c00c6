"""Which order line the units of a goods note belong to. Pure.

A row of the sales order is known by the line's id, which it carries as reference. Rows that staff
or Brightpearl itself made (components of a bundle, rows of a back order that lost their reference)
are placed by the row they hang on, by their product, or by their SKU.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from connectors.bigcommerce.models import Order, OrderLine
from connectors.brightpearl.models import SalesOrder, SalesOrderRow
from core.ids import sku_key
from mappings.tables import Table
from tasks.brightpearl.goods_notes import Note, key_of
from tasks.brightpearl.sales_orders import AgreedOrder
from tasks.shipments.state import NO_ADDRESS

ALMOST = Decimal("0.000001")
"""What a division may lack of the whole number that it stands for."""


@dataclass
class Rows:
    """Where rows of Brightpearl belong in one order of the store."""

    lines: dict[str, str] = field(default_factory=dict)
    """Line by row id."""
    products: dict[str, list[str]] = field(default_factory=dict)
    """Lines by Brightpearl's product id, for rows that say nothing else."""
    components: dict[str, str] = field(default_factory=dict)
    """Line by row id of a bundle's component."""
    bundles: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    """By line: units of each component with stock, by product id, that make one of the line."""


@dataclass(frozen=True)
class Placed:
    """Units of a note on a line."""

    note_key: str
    row_id: str
    line_id: str
    """"" where the order has no line for them."""
    address_id: str
    units: int


@dataclass(frozen=True)
class Placement:
    """All units of an order's notes."""

    placed: tuple[Placed, ...]
    references: Mapping[str, str]
    """Tracking by note, one thing to a line; behind a note's own those of earlier notes that only
    sent components of a bundle."""
    not_shipped: int
    """Units of lines without an address, such as what is downloaded or collected."""


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
    lines = {line.id: line for line in order.lines}
    rows = Rows()
    for ref, row in agreed.rows.items():
        if ref in lines:
            _add(rows, row.row_id, row.product_id, ref)
    found = [row for one in sales_orders for row in one.rows]
    plain = [row for row in found if not row.is_bundle_child]
    for one in sorted(plain, key=lambda one: one.external_ref not in lines):
        if one.external_ref in lines:
            _add(rows, one.id, one.product_id, one.external_ref)
        elif one.id not in rows.lines:
            _add_by_product(rows, one, order.lines, skus)
    for one in found:
        if one.is_bundle_child:
            _add_component(rows, one, found, has_stock)
    return rows


def _add(rows: Rows, row_id: str, product_id: str, line_id: str) -> None:
    rows.lines[row_id] = line_id
    if product_id and line_id not in rows.products.setdefault(product_id, []):
        rows.products[product_id].append(line_id)


def _add_by_product(
    rows: Rows, row: SalesOrderRow, lines: Iterable[OrderLine], skus: Table
) -> None:
    """By product, else by SKU; which of several lines is found when units come."""
    if not row.product_id:
        return
    same = rows.products.get(row.product_id) or [
        line.id for line in lines if row.sku and _same_sku(line.sku, row.sku, skus)
    ]
    if len(same) == 1:
        rows.lines[row.id] = same[0]
    if same:
        rows.products[row.product_id] = list(same)


def _same_sku(store: str, account: str, skus: Table) -> bool:
    key = sku_key(store)
    return sku_key(skus.get(key) or key) == sku_key(account)


def _add_component(
    rows: Rows, row: SalesOrderRow, found: Sequence[SalesOrderRow], has_stock: Mapping[str, bool]
) -> None:
    parent = next((one for one in found if one.id == row.parent_row_id), None)
    line_id = rows.lines.get(row.parent_row_id)
    if parent is None or line_id is None or not parent.quantity:
        return
    rows.components[row.id] = line_id
    if has_stock.get(sku_key(row.sku), True):
        rows.bundles.setdefault(line_id, {})[row.product_id] = row.quantity / parent.quantity


def place(order: Order, rows: Rows, notes: Iterable[Note], taken: Mapping[str, int]) -> Placement:
    """Every unit of the notes on its line, in the order in which the notes left.

    `taken` are units of lines that other notes have, by line.
    """
    notes = sorted(notes, key=_left_at)
    named = {rows.lines.get(row_id) for note in notes for row_id in note.rows}
    placing = _Placing(order, rows, taken, named)
    for note in notes:
        placing.add(note)
    return Placement(tuple(placing.placed), placing.references, placing.not_shipped)


def _left_at(note: Note) -> tuple[float, int]:
    moment = note.shipped_at.timestamp() if note.shipped_at else 0.0
    return (moment, int(note.id) if note.id.isdecimal() else 0)


class _Placing:
    """The state while notes are placed one after the other."""

    def __init__(
        self, order: Order, rows: Rows, taken: Mapping[str, int], named: Container[str | None]
    ) -> None:
        self.placed: list[Placed] = []
        self.references: dict[str, str] = {}
        self.not_shipped = 0
        self._rows = rows
        self._named = named
        self._address = {
            line.id: "" if line.order_address_id in NO_ADDRESS else line.order_address_id
            for line in order.lines
        }
        self._left = Counter({line.id: line.quantity for line in order.lines})
        self._left.subtract(taken)
        self._sent: Counter[tuple[str, str]] = Counter()
        self._whole: Counter[str] = Counter()
        self._pending: dict[str, list[str]] = {}

    def add(self, note: Note) -> None:
        """Place all units of a note."""
        key = key_of(note)
        earlier: list[str] = []
        components: dict[str, str] = {}
        for row_id, units in note.rows.items():
            if not units:
                continue
            if (line_id := self._rows.components.get(row_id)) is not None:
                # A note that names the bundle's own row has said it all.
                if line_id not in self._named:
                    self._sent[line_id, note.products[row_id]] += units
                    components[line_id] = row_id
                continue
            for line_id, some in self._lines(row_id, note.products.get(row_id, ""), units):
                self._put(key, row_id, line_id, some)
        for line_id, row_id in components.items():
            earlier += self._complete(key, row_id, line_id, note.reference)
        self.references[key] = "\n".join(filter(None, [note.reference, *earlier]))

    def _lines(self, row_id: str, product_id: str, units: int) -> Iterable[tuple[str, int]]:
        known = self._rows.lines.get(row_id)
        if known is not None:
            yield known, units
            return
        same = self._rows.products.get(product_id, [])
        for line_id in same:
            some = max(0, min(units, self._left[line_id]))
            if some:
                yield line_id, some
            units -= some
        if units:
            yield (same[0] if same else ""), units

    def _put(self, key: str, row_id: str, line_id: str, units: int) -> None:
        self._left[line_id] -= units
        address_id = self._address.get(line_id, "")
        if line_id in self._address and not address_id:
            self.not_shipped += units
            return
        known = line_id if line_id in self._address else ""
        self.placed.append(Placed(key, row_id, known, address_id, units))

    def _complete(self, key: str, row_id: str, line_id: str, reference: str) -> list[str]:
        """Put as many bundles on their line as are whole now; tracking of the earlier parcels."""
        needed = self._rows.bundles.get(line_id, {})
        whole = min(
            (int(self._sent[line_id, one] / units + ALMOST) for one, units in needed.items()),
            default=0,
        )
        more = whole - self._whole[line_id]
        if more <= 0:
            self._pending.setdefault(line_id, []).append(reference)
            return []
        self._whole[line_id] = whole
        self._put(key, row_id, line_id, more)
        return self._pending.pop(line_id, [])
