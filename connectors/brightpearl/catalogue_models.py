"""Products and what they are sorted by. Source: Brightpearl API reference, product-service."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AliasPath, BeforeValidator, Field

from connectors.documents import Document, Id, OrDefault, OtherId, RequestBody, Text

Size = Annotated[Decimal, BeforeValidator(lambda value: 0 if value is None else value)]


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

    option: Text = Field(default="", alias="optionName")
    value: Text = Field(default="", alias="optionValue")


class CategoryRef(Document):
    """A category that a product is in."""

    code: Id = Field(alias="categoryCode")


class Description(Document):
    """A text, as HTML or plain."""

    text: Text = ""


class SalesChannel(Document):
    """Name, categories and texts of a product; only the channel `Brightpearl` exists."""

    name: Text = Field(default="", alias="productName")
    categories: Annotated[tuple[CategoryRef, ...], OrDefault] = ()
    description: Annotated[Description, OrDefault] = Description()


class AccountProduct(Document):
    """A product of the account, the fields that are synced."""

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
    tax_code: Text = Field(
        default="", validation_alias=AliasPath("financialDetails", "taxCode", "code")
    )
    channels: Annotated[tuple[SalesChannel, ...], OrDefault] = Field(
        default=(), alias="salesChannels"
    )
    is_bundle: bool = Field(default=False, validation_alias=AliasPath("composition", "bundle"))
    variations: Annotated[tuple[Variation, ...], OrDefault] = ()
    status: Text = "LIVE"
    custom_fields: Annotated[Mapping[str, Any], OrDefault] = Field(default={}, alias="customFields")

    @property
    def channel(self) -> SalesChannel:
        """The one channel."""
        return self.channels[0] if self.channels else SalesChannel()

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
