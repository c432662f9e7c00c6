"""Brightpearl's side of a batch of orders, and how its rows are compared with the store's. Pure.

Each side is also compared with what was agreed on last: a change on one side may travel to the
other, a change on both is a person's to decide. Times are never compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from core.money import ZERO, two_places
from tasks.brightpearl.sales_orders import AgreedOrder, Row

Allocation = Literal["not required", "none", "part", "all"]


@dataclass(frozen=True)
class Content:
    """What of a row both sides have to agree on."""

    product_id: str
    quantity: int | Decimal
    """Whole in orders of ours; staff may enter parts of a unit."""
    net: Decimal
    tax: Decimal

    def plus(self, other: Content) -> Content:
        """Both together, as one row of this product."""
        return Content(
            self.product_id,
            self.quantity + other.quantity,
            self.net + other.net,
            self.tax + other.tax,
        )

    def __str__(self) -> str:
        """For people and the ledger: products by id, units and money."""
        what = f"product {self.product_id}" if self.product_id else "free text"
        return f"{self.quantity} x {what}, net {self.net}, tax {self.tax}"


Contents = Mapping[str, Content]
"""What is in an order's rows, by row reference."""


@dataclass(frozen=True)
class ActualRow:
    """A row of a sales order as it is; rows of back orders made of it are added in."""

    row_id: str
    content: Content
    has_ref: bool = True
    """Whether Brightpearl knows our reference of it."""


@dataclass(frozen=True)
class ActualOrder:
    """A sales order as it is in Brightpearl."""

    order_id_bp: str
    gross: Decimal = ZERO
    rows: Mapping[str, ActualRow] = field(default_factory=dict)
    """By our row reference."""
    foreign: tuple[ActualRow, ...] = ()
    """Rows that are not ours."""
    status_id: str = ""
    contact_id: str = ""
    delivery: str = ""
    """Hash of the delivery address."""
    shipping_method_id: str = ""
    allocation: Allocation = "none"
    reserved: Mapping[str, int] = field(default_factory=dict)
    """Units reserved by row id; filled where `allocation` is `part`."""
    transaction_refs: frozenset[str] = frozenset()
    paid: Decimal = ZERO
    """What Brightpearl has received for it."""
    written: Contents = field(default_factory=dict)
    """Its rows as we created them, where that was never settled: what differs from them was changed
    by somebody else."""
    has_notes: bool = False
    """Whether goods are on a goods-out note, sent or not."""
    units_on_notes: Mapping[str, int] | None = None
    """By row id; filled where `allocation` is `part` and there are notes."""
    unsent_notes: tuple[str, ...] = ()
    """Ids of goods-out notes that have not left; read where the order may be cancelled or amended
    although it has notes."""
    back_orders: tuple[str, ...] = ()
    """Ids of back orders that staff made of it, and of the sales orders of further addresses."""
    consignments: Mapping[str, ActualOrder] = field(default_factory=dict)
    """The latter, by BigCommerce's order_address_id, each as it is by itself."""
    moved: Mapping[str, int] = field(default_factory=dict)
    """Units by our row reference that are in these back orders."""
    moved_unreserved: Mapping[str, int] = field(default_factory=dict)
    """Those of them that the back orders of staff have not reserved, by our row reference."""
    is_shipped: bool = False
    is_cancelled: bool = False
    is_invoiced: bool = False

    @property
    def knows_units_on_notes(self) -> bool:
        """Whether it is known which units are on goods notes, if any are."""
        return self.units_on_notes is not None or not (self.has_notes or self.is_shipped)

    @property
    def row_ids(self) -> dict[str, str]:
        """Row id by our row reference."""
        return {ref: row.row_id for ref, row in self.rows.items()}

    def allocated(self, ref: str) -> int:
        """Units of one of its own rows that are reserved or on goods notes."""
        row = self.rows.get(ref)
        if row is None:
            return 0
        if self.allocation == "all":
            return int(row.content.quantity) - self.moved.get(ref, 0)
        on_notes = self.units_on_notes or {}
        return self.reserved.get(row.row_id, 0) + on_notes.get(row.row_id, 0)


@dataclass(frozen=True)
class Account:
    """Brightpearl's side of a batch."""

    orders: Mapping[str, ActualOrder] = field(default_factory=dict)
    """By BigCommerce's order id."""
    contacts: Mapping[str, str] = field(default_factory=dict)
    """Contact id by e-mail as compared."""
    on_hand: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Units free by (warehouse id, product id); filled for products of part-reserved orders."""
    deleted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Orders that were in Brightpearl once and are gone, with the ids of their back orders that
    still exist."""
    agreed: Mapping[str, AgreedOrder] = field(default_factory=dict)
    """What was agreed on last, by BigCommerce's order id."""


FOREIGN = "bp:"
"""How the reference of a row begins that is not ours."""


@dataclass(frozen=True)
class RowChange:
    """One row that differs: None where there is none."""

    ref: str
    before: Content | None
    after: Content | None
    row_id: str = ""
    """Brightpearl's, of a row that exists."""

    def describe(self) -> dict[str, str]:
        """The change for people and the ledger."""
        return {
            "row": self.ref,
            "before": str(self.before or "nothing"),
            "after": str(self.after or "nothing"),
        }


@dataclass(frozen=True)
class Comparison:
    """What changed since both sides agreed."""

    is_store_changed: bool
    is_account_changed: bool
    changes: tuple[RowChange, ...]
    """What would have to change in Brightpearl to be as the store has it; none: both agree."""


def contents(rows: Iterable[Row]) -> dict[str, Content]:
    """What should be in an order's rows."""
    return {
        row.row_ref: Content(row.product_id, row.quantity, two_places(row.net), two_places(row.tax))
        for row in rows
    }


def compare(desired: Contents, actual: ActualOrder, agreed: AgreedOrder) -> Comparison:
    """The rows of both sides, with each other and with what was agreed on."""
    base = {
        ref: Content(row.product_id, row.quantity, two_places(row.net), two_places(row.tax))
        for ref, row in agreed.rows.items()
    } or actual.written
    rows = {**actual.rows, **{f"{FOREIGN}{row.row_id}": row for row in actual.foreign}}
    in_account = {ref: row.content for ref, row in rows.items()}
    changes = [
        RowChange(ref, in_account.get(ref), content, rows[ref].row_id if ref in rows else "")
        for ref, content in desired.items()
        if in_account.get(ref) != content
    ]
    unwanted = [
        RowChange(ref, row.content, None, row.row_id)
        for ref, row in rows.items()
        if ref not in desired
    ]
    return Comparison(
        is_store_changed=not base or dict(desired) != base,
        is_account_changed=not base or in_account != base,
        changes=(*changes, *unwanted),
    )


def with_back_order(
    order: ActualOrder, child: ActualOrder, agreed: AgreedOrder | None, address_id: str = ""
) -> ActualOrder:
    """The order, with the units and money of a back order in its own rows.

    In: the address that the back order is the sales order of, if it is one of ours.
    """
    known = agreed.rows if agreed else {}
    by_product = {row.product_id: ref for ref, row in known.items() if row.product_id}
    others = ((by_product.get(row.content.product_id), row) for row in child.foreign)
    rows, foreign, moved = dict(order.rows), list(order.foreign), Counter(order.moved)
    unreserved = Counter(order.moved_unreserved)
    has_unreserved = not address_id and child.allocation in {"none", "part"}
    for ref, row in (*child.rows.items(), *others):
        if ref is None:
            foreign.append(row)
            continue
        content = rows[ref].content.plus(row.content) if ref in rows else row.content
        rows[ref] = replace(rows.get(ref, row), content=content)
        moved[ref] += int(row.content.quantity)
        if has_unreserved:
            unreserved[ref] += int(row.content.quantity) - child.reserved.get(row.row_id, 0)
    return replace(
        order,
        rows=rows,
        foreign=tuple(foreign),
        gross=order.gross + child.gross,
        back_orders=(*order.back_orders, child.order_id_bp),
        consignments={**order.consignments, **({address_id: child} if address_id else {})},
        moved=moved,
        moved_unreserved=+unreserved,
        is_shipped=order.is_shipped or child.is_shipped,
        has_notes=order.has_notes or child.has_notes,
    )


def adopt_rows(desired: Contents, actual: ActualOrder) -> ActualOrder:
    """The order, with rows that carry no reference taken for those of ours that they equal.

    A row that was added by a call whose answer was lost is there without our reference.
    """
    missing = {ref: content for ref, content in desired.items() if ref not in actual.rows}
    rows, foreign = dict(actual.rows), []
    for row in actual.foreign:
        ref = next((ref for ref, content in missing.items() if content == row.content), None)
        if ref is None:
            foreign.append(row)
        else:
            rows[ref] = replace(row, has_ref=False)
            del missing[ref]
    return replace(actual, rows=rows, foreign=tuple(foreign))
