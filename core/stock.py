"""The frames on the way of stock: which columns each has. See docs/glossary.md for the words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # commands that only read mappings need no frames, hence no pandas
    from core.frames import Schema

SKUS: Schema = {"sku_key": "text", "sku": "text", "product_id": "text"}
"""A row per SKU that both systems have."""

ON_HAND: Schema = {"product_id": "text", "warehouse_id": "text", "on_hand": "count"}
"""What Brightpearl can still promise, by its products and warehouses."""

ITEMS: Schema = {
    "sku_key": "text",
    "sku": "text",
    "product_id_bc": "text",
    "location_id": "text",
    "on_hand": "count",
    "safety_stock": "count",
}
"""The store's stock: a row per SKU and enabled location. `on_hand` less `safety_stock`, and never
less than 0, is what shoppers can buy."""

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
are units of store orders that Brightpearl has not allocated, `sellable` is what is left less the
buffer, never below 0."""

STOCK_LEVELS: Schema = {
    "sku_key": "text",
    "sku": "text",
    "product_id": "text",
    "location_id": "text",
    "quantity": "count",
}
"""What shoppers are to be able to buy in BigCommerce: a row per SKU and location."""
