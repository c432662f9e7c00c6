"""Brightpearl's side of a batch, as it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from core.money import ZERO
from tasks.orders.memory import Memory

Allocation = Literal["not required", "none", "part", "all"]


@dataclass(frozen=True)
class Content:
    """What of a row both sides have to agree on."""

    product_id: str
    quantity: int | Decimal
    """Whole in orders of ours; staff may enter parts of a unit."""
    net: Decimal
    tax: Decimal


@dataclass(frozen=True)
class ActualRow:
    """A row of a sales order as it stands; rows of back orders made of it are added in."""

    row_id: str
    content: Content
    has_ref: bool = True
    """Whether Brightpearl knows our reference of it."""


@dataclass(frozen=True)
class Note:
    """A goods-out note."""

    note_id: str
    is_shipped: bool
    is_picked: bool


@dataclass(frozen=True)
class ActualOrder:
    """A sales order as it stands in Brightpearl."""

    order_id_bp: str
    external_ref: str
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
    has_notes: bool = False
    """Whether goods are on a goods-out note, sent or not."""
    noted: Mapping[str, int] | None = None
    """Units on goods notes by row id; filled where `allocation` is `part` and there are notes."""
    notes: tuple[Note, ...] = ()
    """Filled where the order is to be called off or amended although it has notes."""
    children: tuple[str, ...] = ()
    """Ids of back orders that staff made of it."""
    moved: Mapping[str, int] = field(default_factory=dict)
    """Units by our row reference that stand in these back orders."""
    is_shipped: bool = False
    is_cancelled: bool = False
    is_invoiced: bool = False

    @property
    def knows_noted(self) -> bool:
        """Whether it is known which units are on goods notes, if any are."""
        return self.noted is not None or not (self.has_notes or self.is_shipped)

    @property
    def row_ids(self) -> dict[str, str]:
        """Row id by our row reference."""
        return {ref: row.row_id for ref, row in self.rows.items()}

    @property
    def contents(self) -> dict[str, Content]:
        """What stands in our rows, by reference."""
        return {ref: row.content for ref, row in self.rows.items()}


@dataclass(frozen=True)
class Actual:
    """Brightpearl's side of a batch."""

    orders: Mapping[str, ActualOrder]
    """By external reference."""
    contacts: Mapping[str, str]
    """Contact id by e-mail as compared."""
    on_hand: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Units free by (warehouse id, product id); filled for products of part-reserved orders."""
    deleted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Orders that stood in Brightpearl once and are gone, by external reference, with the ids of
    their back orders that still stand."""
    memories: Mapping[str, Memory] = field(default_factory=dict)
    """What was agreed on last, by external reference."""
