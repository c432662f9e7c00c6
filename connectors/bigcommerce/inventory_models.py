"""Stock, the fields we read and write. Source: REST Management API, Inventory V3."""

from __future__ import annotations

import re
from dataclasses import dataclass as plain_dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AliasPath, BeforeValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from connectors.documents import Document, Flag, Id, Text
from core.errors import RejectedError

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


class TrackedProduct(Document):
    """How a product of the catalogue keeps stock: `none`, `product` or `variant`."""

    id: Id
    inventory_tracking: Text


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
    backordered: _ZeroForNothing = Field(default=0, validation_alias="qty_backordered")
    """Units sold beyond what there was, which the next ones that come in are for."""
    backorder_limit: int | None = Field(
        default=0, validation_alias=AliasPath("settings", "backorder_limit")
    )
    """How many units may be sold beyond what there is; None for any number."""

    @property
    def balance(self) -> int:
        """Units on hand less those that are owed."""
        return self.on_hand - self.backordered


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
    variant_id: str = ""


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


Why: TypeAlias = Literal[
    "tracked_by_product",
    "tracked_by_variant",
    "needs_absolute",
    "unknown_location",
    "insufficient",
    "other",
]
_KINDS: tuple[tuple[Why, re.Pattern[str]], ...] = (
    ("tracked_by_product", re.compile(r"is tracked by product", re.IGNORECASE)),
    ("tracked_by_variant", re.compile(r"is tracked by variant", re.IGNORECASE)),
    ("needs_absolute", re.compile(r"requires? absolute", re.IGNORECASE)),
    ("unknown_location", re.compile(r"location\S* not found", re.IGNORECASE)),
    ("insufficient", re.compile(r"insufficient|not enough|below|negative", re.IGNORECASE)),
)
_NAMED = r"(sku|variant_id|product_id) "
_TRACKED = re.compile(rf"Item with {_NAMED}(.+?) is tracked by ")
_LISTED = re.compile(r"identit(?:y|ies): \[(.*)\]", re.DOTALL)
_NEXT = re.compile(r",\s*(?=(?:sku|variant_id|product_id) )")
_PLACES = re.compile(r"\s*,\s*")


class RejectedStockError(RejectedError):
    """An adjustment of which nothing was carried out, because of the items it names.

    `why` says what is wrong with them; all other items of the request may be sent again.
    """

    def __init__(self, message: str, *, why: Why, identities: frozenset[tuple[str, str]]) -> None:
        super().__init__(message, status=422, code=why)
        self.why = why
        self.identities = identities
        """Name and value: `("sku", "A")`, `("product_id", "113")` or `("location_id", "3")`."""
        self._folded = {(name, value.casefold()) for name, value in identities}

    def names(self, row: StockChange) -> bool:
        """Whether a row that was sent is one of those that were refused."""
        if self.why == "unknown_location":
            return ("location_id", row.location_id) in self._folded
        return (row.identity, row.value.casefold()) in self._folded


def refused_stock(body: Any, what: str, reason: str) -> RejectedStockError:  # noqa: ANN401 - their JSON
    """The refusal that a 422 is. The message names at most as much as fits into a line."""
    title = str(body.get("title") or "") if isinstance(body, dict) else ""
    why: Why = next((kind for kind, pattern in _KINDS if pattern.search(title)), "other")
    return RejectedStockError(
        f"{what}: {reason}", why=why, identities=frozenset(_identities(title, why))
    )


def _identities(title: str, why: Why) -> list[tuple[str, str]]:
    tracked = _TRACKED.findall(title)
    listed = _LISTED.search(title)
    if tracked or listed is None:
        return [(name, value.strip()) for name, value in tracked]
    if why == "unknown_location":
        return [("location_id", value) for value in _PLACES.split(listed[1].strip()) if value]
    parts = _NEXT.split(listed[1])
    named = [re.fullmatch(rf"{_NAMED}(.+)", part.strip(), re.DOTALL) for part in parts]
    return [(match[1], match[2]) for match in named if match is not None]
