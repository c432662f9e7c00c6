"""What must be true of stock before it is compared, and of the numbers before they go.

The largest number that BigCommerce holds is from its fact sheet (inventory).
"""

from __future__ import annotations

from expectations.rows import (
    ExpectValuesToBeBetween,
    ExpectValuesToBeUnique,
    suite,
)
from expectations.rules import refuse, stop

MOST = 2_147_483_647
IN_STORE = "Correct the item's stock in BigCommerce"
IN_BRIGHTPEARL = "Correct the product's stock in Brightpearl"

items_in = suite(
    "items_in",
    ExpectValuesToBeUnique(
        columns=["sku_key", "location_id"],
        meta=stop("a SKU is there twice at one location"),
    ),
    ExpectValuesToBeBetween(
        column="safety_stock",
        min_value=0,
        max_value=MOST,
        meta=refuse(
            "document",
            "the store keeps an impossible number of units back",
            IN_STORE,
            field="safety_stock",
        ),
    ),
    ExpectValuesToBeBetween(
        column="on_hand",
        min_value=-MOST,
        max_value=MOST,
        meta=refuse(
            "document", "the store has an impossible number of units", IN_STORE, field="on_hand"
        ),
    ),
)
"""In: ITEMS."""

stock_levels_out = suite(
    "stock_levels_out",
    ExpectValuesToBeUnique(
        columns=["sku_key", "location_id"],
        meta=stop("the same stock would be sent twice"),
    ),
    ExpectValuesToBeBetween(
        column="quantity",
        min_value=0,
        max_value=MOST,
        meta=refuse(
            "document",
            f"there are more units than the {MOST} that BigCommerce can hold",
            IN_BRIGHTPEARL,
            field="quantity",
        ),
    ),
)
"""In: STOCK_LEVELS."""

SUITES = {one.name: one for one in (items_in, stock_levels_out)}
