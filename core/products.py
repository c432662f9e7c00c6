"""The frames on the way of products: which columns each has. See docs/products.md."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # commands that only read mappings need no frames, hence no pandas
    from core.frames import Schema

ACCOUNT_VARIANTS: Schema = {
    "key": "text",
    "kind": "text",
    "product_id": "text",
    "sku": "text",
    "ean": "text",
    "upc": "text",
    "mpn": "text",
    "weight_kg": "money",
    "length_cm": "money",
    "width_cm": "money",
    "height_cm": "money",
    "status": "text",
    "options": "text",
}
"""A row per product of Brightpearl that is a variant in BigCommerce. `kind` is `variant`, or of a
product `single` or `group`. `options` has a line for each
option, such as `Size: M`."""

ACCOUNT_PRODUCTS: Schema = {
    **ACCOUNT_VARIANTS,
    "name": "text",
    "description": "text",
    "brand": "text",
    "categories": "text",
    "product_type_id": "text",
    "tax_code": "text",
    "custom_fields": "text",
}
"""A row per product, or per group, of Brightpearl. `categories` has a line for each, with those
above it: `Home > Kitchen`; `custom_fields` a line for each, such as `Care: Wash cold`. SKU, codes
and sizes of a group are blank: its variants have them."""

STORE_VARIANTS: Schema = {
    "key": "text",
    "product_id": "text",
    "sku": "text",
    "gtin": "text",
    "upc": "text",
    "mpn": "text",
    "weight_kg": "money",
    "depth_cm": "money",
    "width_cm": "money",
    "height_cm": "money",
    "purchasing_disabled": "flag",
    "options": "text",
}
"""A row per variant as it is to be in BigCommerce; `product_id` is Brightpearl's."""

STORE_PRODUCTS: Schema = {
    "key": "text",
    "product_id": "text",
    "sku": "text",
    "name": "text",
    "description": "text",
    "brand": "text",
    "categories": "text",
    "tax_class_id": "text",
    "is_visible": "flag",
    "custom_fields": "text",
    "gtin": "text",
    "upc": "text",
    "mpn": "text",
    "weight_kg": "money",
    "depth_cm": "money",
    "width_cm": "money",
    "height_cm": "money",
}
"""A row per product as it is, or is to be, in BigCommerce."""

COUNTERPARTS = {
    "sku": "sku",
    "name": "name",
    "description": "description",
    "brand": "brand",
    "categories": "categories",
    "tax_class_id": "tax_code",
    "is_visible": "status",
    "purchasing_disabled": "status",
    "gtin": "ean",
    "upc": "upc",
    "mpn": "mpn",
    "weight_kg": "weight_kg",
    "depth_cm": "length_cm",
    "width_cm": "width_cm",
    "height_cm": "height_cm",
}
"""Brightpearl's column by BigCommerce's, of what both have."""
PATH = " > "
"""Between the names of a category and of those above it."""
Id = TypeVar("Id", bound=Hashable)


def category_paths(categories: Mapping[Id, tuple[str, Id]]) -> dict[Id, str]:
    """Each category with those above it. In: name and parent by id; a circle ends where it closes.

    Pure.
    """
    found: dict[Id, str] = {}
    for category in categories:
        names: list[str] = []
        seen: set[Id] = set()
        above = category
        while above in categories and above not in seen:
            seen.add(above)
            name, above = categories[above]
            names.insert(0, name.strip())
        found[category] = PATH.join(names)
    return found
