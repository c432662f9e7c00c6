"""Brightpearl's side of a batch of refunds, as it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.brightpearl.account_models import PaymentRow
from connectors.brightpearl.goods_note_models import GoodsInNote, GoodsOutNote
from connectors.brightpearl.models import SalesCredit, SalesOrder, SalesOrderRow
from core.ids import sku_key
from store.links import Link

AT = "-at-"
"""Ends the reference of a charge that stands in several rows, one per tax rate."""


@dataclass(frozen=True)
class Sale:
    """A sales order, with the back orders that staff split off it."""

    document: SalesOrder
    back_orders: tuple[SalesOrder, ...] = ()

    @property
    def id(self) -> str:
        """Brightpearl's id of the sales order itself."""
        return self.document.id

    @property
    def ids(self) -> list[str]:
        """Of the sales order and its back orders."""
        return [self.id, *(one.id for one in self.back_orders)]

    @property
    def rows(self) -> Iterator[tuple[SalesOrder, SalesOrderRow]]:
        """Every row with the order that it stands in; components of bundles among them."""
        for order in (self.document, *self.back_orders):
            for row in order.rows:
                yield order, row

    def rows_of(self, ref: str, sku: str = "") -> list[tuple[SalesOrder, SalesOrderRow]]:
        """Rows that carry a reference of ours; else one that staff entered for the same SKU."""
        rows = [(order, row) for order, row in self.rows if row.external_ref == ref]
        if rows or not sku:
            return rows
        staffs = ((order, row) for order, row in self.rows if not row.external_ref)
        return [(o, row) for o, row in staffs if sku_key(row.sku) == sku][:1]

    def components(self, order: SalesOrder, row: SalesOrderRow) -> list[tuple[SalesOrderRow, int]]:
        """What a row is sent as, with units per unit of the row: itself, or a bundle's parts."""
        parts = [part for part in order.rows if part.parent_row_id == row.id]
        if not parts or not row.quantity:
            return [(row, 1)]
        return [(part, int(part.quantity / row.quantity)) for part in parts]


@dataclass(frozen=True)
class Credit:
    """A sales credit with the money and the goods that were booked on it."""

    document: SalesCredit
    is_cancelled: bool
    payments: tuple[PaymentRow, ...] = ()
    received: tuple[GoodsInNote, ...] = ()

    @property
    def id(self) -> str:
        """Brightpearl's id of the credit."""
        return self.document.id

    @property
    def paid(self) -> Mapping[str, PaymentRow]:
        """Payments by transaction reference."""
        return {one.transaction_ref: one for one in self.payments if one.transaction_ref}

    def units_in(self) -> Mapping[str, int]:
        """Units that came back so far, by row id, whoever booked them."""
        units: dict[str, int] = {}
        for note in self.received:
            for row_id, quantity in note.rows.items():
                units[row_id] = units.get(row_id, 0) + quantity
        return units


@dataclass(frozen=True)
class Actual:
    """Brightpearl's side of a batch, by BigCommerce's order id."""

    sales: Mapping[str, Sale]
    credits: Mapping[str, Sequence[Credit]]
    """In the order of their ids."""
    links: Mapping[str, Link]
    """What the links say about refunds and credits: by `link_key`."""
    notes: Mapping[str, Sequence[GoodsOutNote]] = field(default_factory=dict)
    """Goods-out notes; of orders with refunds that are not settled yet."""
    held: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Units reserved by row id, by Brightpearl's order id."""
    tracked: frozenset[str] = frozenset()
    """Brightpearl's ids of the products that have stock."""
    untracked: frozenset[str] = frozenset()
    """Those that certainly have none, even if a note sends them."""
    deleted: frozenset[str] = frozenset()
    """Orders whose sales order stood in Brightpearl once and is gone."""

    @property
    def linked(self) -> Mapping[str, str]:
        """The refund's link key by credit id."""
        return {link.id_bp: key for key, link in self.links.items()}
