"""The frames that the mapping of stock reads and fills: which columns each has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # commands that only look at mappings need no frames, hence no pandas
    from core.frames import Schema

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
