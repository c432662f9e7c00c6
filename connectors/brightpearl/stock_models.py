"""What is reserved and what is there, the fields we read. Source: Brightpearl API reference."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from connectors.documents import Document, Id


class ReservationRow(Document):
    """Units reserved for one order row."""

    product_id: Id = Field(alias="productId")
    quantity: int


class Reservation(Document):
    """What is reserved for an order, by order row id."""

    warehouse_id: Id = Field(alias="warehouseId")
    rows: Mapping[str, ReservationRow] = Field(alias="orderRows")


class StockLevel(Document):
    """Units of a product in a warehouse; on hand is what may still be promised."""

    on_hand: int = Field(alias="onHand")


class ProductLevels(Document):
    """A product's units by warehouse id."""

    warehouses: Mapping[str, StockLevel] = {}


class Availability(Document):
    """Products' units by product id."""

    products: Mapping[str, ProductLevels]
