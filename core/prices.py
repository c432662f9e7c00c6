"""The frames on the way of prices: which columns each has. See docs/glossary.md for the words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # commands that only read mappings need no frames, hence no pandas
    from core.frames import Schema

ACCOUNT_PRICES: Schema = {
    "sku_key": "text",
    "sku": "text",
    "product_id": "text",
    "price_list_id": "text",
    "currency": "text",
    "quantity": "count",
    "net": "money",
}
"""Prices in Brightpearl, without tax: a row per SKU, price list and quantity from which one holds.
`product_id` is Brightpearl's, `currency` the ISO 4217 code of the list."""

STORE_PRICES: Schema = {
    "sku_key": "text",
    "sku": "text",
    "product_id": "text",
    "target": "text",
    "currency": "text",
    "quantity": "count",
    "amount": "money",
}
"""Prices as they are to be in BigCommerce: a row per SKU, target and quantity. `target` is a field
of the catalogue (`price`, `sale_price`, `retail_price`, `cost_price`) or `list:` and the name of a
price list; whether `amount` holds tax is up to the table `price_taxes`."""
CATALOGUE_FIELDS = ("price", "sale_price", "retail_price", "cost_price")
LIST = "list:"
