"""The frames on the way of stock: which columns each has. See docs/glossary.md for the words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # commands that only look at mappings need no frames, hence no pandas
    from core.frames import Schema

ITEMS: Schema = {
    "sku_key": "text",
    "sku": "text",
    "variant_id": "text",
    "product_id_bc": "text",
    "location_id": "text",
    "is_enabled": "flag",
    "on_hand": "count",
    "available": "count",
    "safety_stock": "count",
}
"""The store's stock: a row per SKU and location. `on_hand` less `safety_stock` is what shoppers may
buy; `available` says so itself, and never less than 0."""

LEVELS: Schema = {
    "sku_key": "text",
    "product_id": "text",
    "warehouse_id": "text",
    "on_hand": "count",
}
"""What Brightpearl can still promise: a row per SKU of the store and warehouse that has it. A
bundle's units are those that its components make in that warehouse."""

OFFERS: Schema = {
    "sku_key": "text",
    "sku": "text",
    "product_id": "text",
    "location_id": "text",
    "promised": "count",
    "held": "count",
    "buffer": "count",
    "sellable": "count",
}
"""What may be sold: a row per SKU and location. `promised` sums the location's warehouses, `held`
are units of store orders that Brightpearl has not set aside, `sellable` is what is left less the
buffer, never below 0."""

STOCK_LEVELS: Schema = {
    "sku_key": "text",
    "sku": "text",
    "product_id": "text",
    "location_id": "text",
    "quantity": "count",
}
"""What shoppers are to be able to buy in BigCommerce: a row per SKU and location."""
