"""Stock, the fields we read and write. Source: REST Management API, Inventory V3."""

from __future__ import annotations

from dataclasses import dataclass as plain_dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AliasPath, BeforeValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from connectors.documents import Document, Flag, Id, Text

Identity: TypeAlias = Literal["sku", "variant_id", "product_id"]
"""By what an item is named. One tracked by product is named by `product_id` alone."""
Kind: TypeAlias = Literal["absolute", "relative"]
_LEAN = ConfigDict(
    extra="ignore",
    populate_by_name=True,
    hide_input_in_errors=True,
    # Ids are read by pydantic's own means: a function of ours would be called a million times.
    coerce_numbers_to_str=True,
)
_ZeroForNothing = Annotated[int, BeforeValidator(lambda value: 0 if value is None else value)]


class Location(Document):
    """A place that holds stock. `1` is the default one, from which the storefront sells."""

    id: Id
    enabled: Flag


# A whole inventory is held at once: slots keep it small, and cheap to make.
@dataclass(frozen=True, slots=True, kw_only=True, config=_LEAN)
class LocationStock:
    """An item's stock at one location, which may lag behind a write by seconds."""

    location_id: str
    on_hand: int = Field(validation_alias="total_inventory_onhand")
    is_enabled: Flag = Field(validation_alias="location_enabled")
    safety_stock: _ZeroForNothing = Field(
        default=0, validation_alias=AliasPath("settings", "safety_stock")
    )


@dataclass(frozen=True, slots=True, kw_only=True, config=_LEAN)
class StockItem:
    """An item: a variant, or a product whose stock is not kept by variant."""

    product_id: str = Field(min_length=1, validation_alias=AliasPath("identity", "product_id"))
    locations: tuple[LocationStock, ...]
    sku: Text = Field(default="", validation_alias=AliasPath("identity", "sku"))
    """Empty where several variants share their product's stock."""
    variant_id: str | None = Field(
        default=None, validation_alias=AliasPath("identity", "variant_id")
    )
    """None where several variants share their product's stock."""

    def at(self, location_id: str) -> LocationStock | None:
        """The stock at one location, if the item has any record of it."""
        return next((one for one in self.locations if one.location_id == location_id), None)


@plain_dataclass(frozen=True)
class UnreadableItem:
    """A row of the inventory that breaks the model."""

    sku: str
    product_id: str
    field: str
    reason: str
    """What is wrong with the field; never its value."""


@plain_dataclass(frozen=True, slots=True)
class StockChange:
    """One item at one location: what is on hand, or by how much it changes."""

    location_id: str
    identity: Identity
    value: str
    quantity: int

    def wire(self) -> dict[str, Any]:
        """The row as sent."""
        named = self.value if self.identity == "sku" else int(self.value)
        return {
            "location_id": int(self.location_id),
            self.identity: named,
            "quantity": self.quantity,
        }


class InventorySettings(Document):
    """When orders change stock by themselves."""

    update_stock_behavior: Text
    """`order_placed`, or `order_completed_or_shipped`."""
