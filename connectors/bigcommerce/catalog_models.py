"""Products, variants, brands and categories. Source: REST Management API, Catalog V3."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from connectors.documents import (
    Document,
    Flag,
    Id,
    Measure,
    Money,
    OrDefault,
    Repeated,
    Size,
    Text,
)


class OptionValue(Document):
    """One choice that makes a variant."""

    id: Id
    label: Repeated
    option_id: Id
    option_name: Repeated = Field(default="", alias="option_display_name")


class StoreVariant(Document):
    """A SKU. A simple product has one, without option values."""

    id: Id
    product_id: Id
    sku: Text = ""
    price: Money | None = None
    """None where it is the product's."""
    weight: Measure | None = None
    width: Measure | None = None
    depth: Measure | None = None
    height: Measure | None = None
    upc: Text = ""
    gtin: Text = ""
    mpn: Text = ""
    purchasing_disabled: Flag = False
    option_values: tuple[OptionValue, ...] = ()


class CustomField(Document):
    """A name and a value that a product shows."""

    id: Id
    name: Text
    value: Text


class StoreProduct(Document):
    """A product of the store, the fields that are synced."""

    id: Id
    name: Text
    type: Repeated = "physical"
    sku: Text = ""
    description: Text = ""
    price: Money
    weight: Size = Decimal(0)
    width: Size = Decimal(0)
    depth: Size = Decimal(0)
    height: Size = Decimal(0)
    tax_class_id: Id = "0"
    categories: tuple[int, ...] = ()
    brand_id: Annotated[int, OrDefault] = 0
    is_visible: Flag = False
    inventory_tracking: Repeated = "none"
    upc: Text = ""
    gtin: Text = ""
    mpn: Text = ""
    variants: tuple[StoreVariant, ...] = ()
    custom_fields: Annotated[tuple[CustomField, ...], OrDefault] = ()

    @property
    def is_simple(self) -> bool:
        """Whether it has no choices."""
        return not any(variant.option_values for variant in self.variants)


class VariantRef(Document):
    """Which variant of which product has a SKU."""

    id: Id
    product_id: Id
    sku: Text = ""


class Brand(Document):
    """A brand."""

    id: int
    name: Text


class Category(Document):
    """A place in the tree of categories; `parent_id` 0 is the top."""

    id: int
    parent_id: int
    name: Text
