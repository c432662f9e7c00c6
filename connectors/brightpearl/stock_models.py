"""Availability, reservations, bundles, corrections of stock. Source: Brightpearl API reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from pydantic import Field, model_validator

from connectors.brightpearl.goods_note_models import UnitCost
from connectors.documents import Document, Id, Moment, RequestBody

FIELDS = ("inStock", "onHand", "allocated")
MOST = 10**12
"""No warehouse holds, and no bundle contains, more units than that."""


@dataclass(frozen=True, slots=True)
class ProductStock:
    """What may still be promised of a product; a warehouse without the product is not named."""

    product_id: str
    on_hand: Mapping[str, int]
    """Units by warehouse id; a warehouse that owes more than it has is below 0."""


@dataclass(frozen=True, slots=True)
class NotTracked:
    """A product of which no stock is kept, or that does not exist: they answer both alike."""

    product_id: str


@dataclass(frozen=True, slots=True)
class UnreadableProduct:
    """A product of which an answer says what cannot be."""

    product_id: str
    field: str
    reason: str
    """What is wrong with the field; never its value."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A product made of others: units by component's product id, for one of it."""

    product_id: str
    sku: str
    components: Mapping[str, int]


class Movement(Document):
    """Goods that came, went, or were counted, as a search shows it."""

    product_id: Id = Field(alias="productId")
    updated_on: Moment | None = Field(default=None, alias="updatedOn")


class ReservationRow(Document):
    """Units reserved for one order row."""

    product_id: Id = Field(alias="productId")
    quantity: int


class Reservation(Document):
    """What is reserved for an order, by order row id."""

    warehouse_id: Id = Field(alias="warehouseId")
    rows: Mapping[str, ReservationRow] = Field(alias="orderRows")


class ReservedProduct(RequestBody):
    """Units of one order row."""

    product_id: int = Field(serialization_alias="productId")
    row_id: int = Field(serialization_alias="salesOrderRowId")
    quantity: int


class StockCorrection(RequestBody):
    """Units to add to, or take from, a product in one location; adding says what a unit cost."""

    product_id: int = Field(serialization_alias="productId", gt=0)
    quantity: int
    """A difference, not a level."""
    location_id: int = Field(serialization_alias="locationId", gt=0)
    unit_cost: UnitCost | None = Field(default=None, serialization_alias="cost")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if not self.quantity:
            raise ValueError("a correction of 0 units corrects nothing")
        if self.quantity > 0 and self.unit_cost is None:
            raise ValueError("units that are added have a cost")
        return self


class _Odd(Exception):  # noqa: N818 - never leaves this module
    """A field, and what is wrong with it."""


def read_stock(product_id: str, document: object) -> ProductStock | UnreadableProduct:
    """A product's part of an answer. Read without pydantic: a sweep may have 100,000.

    Units in no warehouse at all are a sign that the answer is not what it seems: taken for nothing
    it would empty a shelf.
    """
    try:
        return ProductStock(product_id, _levels(document))
    except _Odd as odd:
        return UnreadableProduct(product_id, *odd.args)


def _levels(answered: object) -> dict[str, int]:
    document = _object(answered, "product")
    levels = {
        _id(warehouse_id, "warehouses"): _on_hand(warehouse_id, level)
        for warehouse_id, level in _object(document.get("warehouses"), "warehouses").items()
    }
    if not levels and _object(document.get("total") or {}, "total").get("onHand"):
        raise _Odd("warehouses", "units on hand are in no warehouse")
    return levels


def _on_hand(warehouse_id: str, answered: object) -> int:
    """What may still be promised; where another number of the level is odd, it is not believed."""
    field = f"warehouses.{warehouse_id}"
    level = _object(answered, field)
    _, on_hand, _ = (_whole(level.get(name), field, name) for name in FIELDS)
    return on_hand


def read_bundle(row: object) -> Bundle | UnreadableProduct | None:
    """What a product is made of; None for one that is no bundle."""
    product_id = ""
    try:
        document = _object(row, "product")
        product_id = _id(document.get("id"), "id")
        composition = _object(document.get("composition") or {}, "composition")
        if not _flag(composition.get("bundle"), "composition.bundle"):
            return None
        identity = _object(document.get("identity") or {}, "identity")
        components = _components(composition.get("bundleComponents") or [])
    except _Odd as odd:
        return UnreadableProduct(product_id, *odd.args)
    return Bundle(product_id, str(identity.get("sku") or ""), components)


def _components(listed: object) -> dict[str, int]:
    """Units by component; one that is listed twice counts twice."""
    where = "composition.bundleComponents"
    if not isinstance(listed, list):
        raise _Odd(where, "not a list")
    units: Counter[str] = Counter()
    for number, one in enumerate(listed):
        field = f"{where}.{number}"
        part = _object(one, field)
        quantity = part.get("productQuantity")
        if isinstance(quantity, str):
            quantity = _number(quantity)
        product_id = _id(part.get("productId"), f"{field}.productId")
        units[product_id] += _whole(quantity, field, "productQuantity")
    return dict(units)


def _object(value: object, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Odd(field, "missing" if value is None else "not an object")
    return value


def _flag(value: object, field: str) -> bool:
    if value is not None and not isinstance(value, bool):
        raise _Odd(field, "not a flag")
    return bool(value)


def _id(value: object, field: str) -> str:
    text = "" if isinstance(value, bool) else str(value)
    if not (text.isascii() and text.isdigit() and text.strip("0")):
        raise _Odd(field, "missing" if value is None else "not an id")
    return text


def _whole(value: object, field: str, name: str) -> int:
    """A whole number of units, also as `2.0000`, within what is possible."""
    if type(value) is int and -MOST < value < MOST:
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
        if number.is_finite() and abs(number) < MOST and number == number.to_integral_value():
            return int(number)
    reason = "missing" if value is None else "not a whole number of units"
    raise _Odd(f"{field}.{name}", reason)


def _number(text: str) -> Decimal:
    """The number that a text spells; infinite, so no number of units, for any other text."""
    try:
        return Decimal(text)
    except ArithmeticError:
        return Decimal("Infinity")
