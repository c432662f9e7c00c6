"""Products and what they are sorted by. Source: Brightpearl API reference, product-service."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import AliasPath, BeforeValidator, Field

from connectors.documents import (
    Document,
    Id,
    OrDefault,
    OtherId,
    Repeated,
    RequestBody,
    Size,
    Text,
)

CHANNEL = "salesChannels", 0
"""Where name, categories and texts of a product are; only the channel `Brightpearl` exists."""
CODES = ("sku", "ean", "upc", "mpn")
TEXTS, SIZES = frozenset({"name", "description", "categories"}), ("length", "width", "height")


def _code(value: object) -> object:
    if isinstance(value, Mapping) and "categoryCode" in value:
        return value["categoryCode"]
    raise ValueError("a category without a code")


CategoryCode = Annotated[Repeated, BeforeValidator(_code)]
"""Of a category that a product is in."""


class Identity(Document):
    """SKU and barcodes."""

    sku: Text = ""
    ean: Text = ""
    upc: Text = ""
    isbn: Text = ""
    mpn: Text = ""
    barcode: Text = ""


class Variation(Document):
    """What a product of a group is, by one option."""

    option: Repeated = Field(default="", alias="optionName")
    value: Repeated = Field(default="", alias="optionValue")


class AccountProduct(Document):
    """A product of the account, the fields that are synced.

    A whole catalogue of them is in memory when all of it is compared: they are flat.
    """

    id: Id
    brand_id: OtherId = Field(default="", alias="brandId")
    type_id: OtherId = Field(default="", alias="productTypeId")
    group_id: OtherId = Field(default="", alias="productGroupId")
    identity: Annotated[Identity, OrDefault] = Identity()
    is_tracked: bool = Field(default=False, validation_alias=AliasPath("stock", "stockTracked"))
    weight: Size = Field(
        default=Decimal(0), validation_alias=AliasPath("stock", "weight", "magnitude")
    )
    length: Size = Field(
        default=Decimal(0), validation_alias=AliasPath("stock", "dimensions", "length")
    )
    width: Size = Field(
        default=Decimal(0), validation_alias=AliasPath("stock", "dimensions", "width")
    )
    height: Size = Field(
        default=Decimal(0), validation_alias=AliasPath("stock", "dimensions", "height")
    )
    tax_code: Repeated = Field(
        default="", validation_alias=AliasPath("financialDetails", "taxCode", "code")
    )
    name: Text = Field(default="", validation_alias=AliasPath(*CHANNEL, "productName"))
    categories: Annotated[tuple[CategoryCode, ...], OrDefault] = Field(
        default=(), validation_alias=AliasPath(*CHANNEL, "categories")
    )
    """Their codes."""
    description: Text = Field(
        default="", validation_alias=AliasPath(*CHANNEL, "description", "text")
    )
    """As HTML or plain."""
    is_bundle: bool = Field(default=False, validation_alias=AliasPath("composition", "bundle"))
    variations: Annotated[tuple[Variation, ...], OrDefault] = ()
    status: Repeated = "LIVE"
    custom_fields: Annotated[Mapping[str, Any], OrDefault] = Field(default={}, alias="customFields")

    def custom_field(self, code: str) -> str:
        """The value of a custom field as text; of a list the chosen text."""
        value = self.custom_fields.get(code)
        chosen = value.get("value") if isinstance(value, dict) else value
        return "" if chosen is None else str(chosen)


class Named(Document):
    """A brand, or a product type."""

    id: Id
    name: Text = ""


class AccountCategory(Document):
    """A place in the tree of categories; the top has parent 0."""

    id: Id
    name: Text = ""
    parent_id: OtherId = Field(default="", alias="parentId")


class ProductBody(RequestBody):
    """A product, or the fields of one that are to change; what is not set stays away."""

    brand_id: int | None = Field(default=None, serialization_alias="brandId")
    type_id: int | None = Field(default=None, serialization_alias="productTypeId")
    identity: Mapping[str, str] | None = None
    stock: Mapping[str, Any] | None = None
    financial_details: Mapping[str, Any] | None = Field(
        default=None, serialization_alias="financialDetails"
    )
    sales_channels: tuple[Mapping[str, Any], ...] | None = Field(
        default=None, serialization_alias="salesChannels"
    )
    status: str | None = None

    @classmethod
    def of(
        cls, row: Mapping[str, Any], columns: frozenset[str], known: AccountProduct | None = None
    ) -> Self:
        """Columns of a row as they are written: all of a new product, else what changes of one.

        Texts and sizes are written whole, so that what is known of them goes along. In: the id of
        the brand, codes of categories line by line, sizes in Brightpearl's units.
        """
        new: dict[str, Any] = {}
        if known is None:
            new = {
                "type_id": int(row["product_type_id"]),
                "identity": {name: row[name] for name in CODES if row[name]},
                "financial_details": {"taxCode": {"code": row["tax_code"]}},
                "status": row["status"],
            }
        old = known or AccountProduct.model_validate({"id": "0", "stock": {"stockTracked": True}})
        if "brand" in columns:
            new["brand_id"] = int(row["brand"])
        if columns & TEXTS:
            codes = list(old.categories)
            actual = {"name": old.name, "description": old.description}
            texts = {**actual, **{name: row[name] for name in columns & actual.keys()}}
            codes = row["categories"].splitlines() if "categories" in columns else codes
            channel = {
                "salesChannelName": "Brightpearl",
                "productName": texts["name"],
                "productCondition": "new",
                "categories": [{"categoryCode": one} for one in codes],
                "description": {
                    "languageCode": "en",
                    "text": texts["description"],
                    "format": "HTML_FRAGMENT",
                },
            }
            new["sales_channels"] = (channel,)
        if columns & {"weight_kg", *(f"{name}_cm" for name in SIZES)}:
            weight = row["weight_kg"] if "weight_kg" in columns else old.weight
            sizes = {
                name: row[f"{name}_cm"] if f"{name}_cm" in columns else getattr(old, name)
                for name in SIZES
            }
            new["stock"] = {
                "stockTracked": old.is_tracked,
                "weight": {"magnitude": float(weight or 0)},
                "dimensions": {name: float(value) for name, value in sizes.items()},
            }
        return cls(**new)
