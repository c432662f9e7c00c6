"""Goods notes: what leaves, what a supplier sends, what comes back. Source: API reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import AliasPath, Field, model_validator

from connectors.documents import Document, Flag, Id, Moment, Money, OtherId, RequestBody, Text


class NoteUnits(Document):
    """Units of one order row on a note, from one location."""

    product_id: Id = Field(alias="productId")
    quantity: int


class GoodsNote(Document):
    """What notes that leave have in common."""

    id: Id
    order_id: Id = Field(alias="orderId")
    """Of the sales order; "0" for a transfer between warehouses."""
    is_shipped: bool = Field(validation_alias=AliasPath("status", "shipped"))
    shipped_at: Moment | None = Field(
        default=None, validation_alias=AliasPath("status", "shippedOn")
    )
    reference: Text = Field(default="", validation_alias=AliasPath("shipping", "reference"))
    """The tracking number, as a rule."""
    shipping_method_id: OtherId = Field(
        default="", validation_alias=AliasPath("shipping", "shippingMethodId")
    )
    entries: Mapping[str, tuple[NoteUnits, ...]] = Field(alias="orderRows")
    """By order row; one row comes once for each location and batch."""

    @property
    def rows(self) -> Mapping[str, int]:
        """Units by order row id."""
        return {row_id: sum(one.quantity for one in many) for row_id, many in self.entries.items()}

    @property
    def products(self) -> Mapping[str, str]:
        """Product id by order row id."""
        return {row_id: many[0].product_id for row_id, many in self.entries.items() if many}


class GoodsOutNote(GoodsNote):
    """Goods of one order that leave one warehouse."""

    warehouse_id: Id = Field(alias="warehouseId")
    is_transfer: Flag = Field(default=False, alias="transfer")
    is_picked: Flag = Field(default=False, validation_alias=AliasPath("status", "picked"))
    is_packed: Flag = Field(default=False, validation_alias=AliasPath("status", "packed"))
    created_by: OtherId = Field(default="", alias="createdBy")
    """Contact id of the member of staff, or of the app."""


class DropShipNote(GoodsNote):
    """Goods of one order that a supplier sends to the customer.

    That tracking is where goods-out notes have it is our reading.
    """


class GoodsOutRow(Document):
    """A goods-out note as a search shows it: no tracking, no rows."""

    note_id: Id = Field(alias="goodsOutNoteId")
    order_id: Id = Field(alias="orderId")
    is_transfer: Flag = Field(default=False, alias="transfer")
    shipped_at: Moment | None = Field(default=None, alias="shippedOn")


class GoodsMoved(Document):
    """Units of one row that came in, at one location."""

    row_id: Id = Field(alias="purchaseOrderRowId")
    """Of the sales credit, too: the vendor's name is that of purchases."""
    product_id: Id = Field(alias="productId")
    quantity: int


class GoodsInNote(Document):
    """Goods of a sales credit that came back."""

    id: Id
    order_id: Id = Field(alias="orderId")
    warehouse_id: OtherId = Field(default="", alias="warehouseId")
    batch_ref: Text = Field(default="", alias="userBatchReference")
    """Ours, unique over all notes."""
    status: Text = Field(default="", alias="goodsNoteStatus")
    """OPEN, CLOSED or CANCELLED, where they say it."""
    moved: tuple[GoodsMoved, ...] = Field(alias="goodsMoved")

    @model_validator(mode="before")
    @classmethod
    def _either_form(cls, value: Any) -> Any:  # noqa: ANN401 - their JSON
        """Movements as a list, or by row as goods-out notes have them."""
        by_row = value.get("orderRows") if isinstance(value, dict) else None
        if not isinstance(by_row, dict) or "goodsMoved" in value:
            return value
        return {**value, "goodsMoved": _moved(by_row)}

    @property
    def rows(self) -> Mapping[str, int]:
        """Units by credit row id."""
        units: Counter[str] = Counter()
        for one in self.moved:
            units[one.row_id] += one.quantity
        return dict(units)


def _moved(by_row: Mapping[str, Any]) -> Sequence[Any]:
    return [
        {"purchaseOrderRowId": row_id, **one} if isinstance(one, dict) else one
        for row_id, many in by_row.items()
        for one in (many if isinstance(many, list) else [many])
    ]


class UnitCost(RequestBody):
    """What a unit cost, in the account's base currency."""

    currency: str
    value: Money


class GoodsMovedCreate(RequestBody):
    """Units of one credit row that come back to one location."""

    product_id: int = Field(serialization_alias="productId", gt=0)
    row_id: int = Field(serialization_alias="purchaseOrderRowId", gt=0)
    quantity: int = Field(gt=0)
    location_id: int = Field(serialization_alias="destinationLocationId", gt=0)
    unit_cost: UnitCost = Field(serialization_alias="productValue")


class GoodsInCreate(RequestBody):
    """Goods that come back to one warehouse; `batch_ref` is the key against doubling."""

    transfer: Literal[False] = False
    warehouse_id: int = Field(serialization_alias="warehouseId", gt=0)
    moved: tuple[GoodsMovedCreate, ...] = Field(serialization_alias="goodsMoved", min_length=1)
    received_at: Moment = Field(serialization_alias="receivedOn")
    batch_ref: str = Field(serialization_alias="userBatchReference", min_length=1)
