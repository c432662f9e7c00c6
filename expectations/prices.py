"""What must be true of prices before they are mapped, and before they go to the store."""

from __future__ import annotations

from expectations.rows import ExpectValuesToBeBetween, ExpectValuesToBeUnique, suite
from expectations.rules import refuse, stop

MOST = 10**11
"""The largest price that BigCommerce takes."""
IN_BRIGHTPEARL = "Correct the product's price in Brightpearl"

prices_in = suite(
    "prices_in",
    ExpectValuesToBeUnique(
        columns=["sku_key", "price_list_id", "quantity"],
        meta=stop("a SKU has two prices in one list"),
    ),
    ExpectValuesToBeBetween(
        column="net",
        min_value=0,
        max_value=MOST,
        meta=refuse("price", "the price is negative or impossible", IN_BRIGHTPEARL, field="net"),
    ),
    ExpectValuesToBeBetween(
        column="quantity",
        min_value=1,
        max_value=MOST,
        meta=refuse("price", "a price holds from no quantity on", IN_BRIGHTPEARL, field="quantity"),
    ),
)
"""In: ACCOUNT_PRICES."""

prices_out = suite(
    "prices_out",
    ExpectValuesToBeUnique(
        columns=["sku_key", "target", "currency", "quantity"],
        meta=stop("two price lists become the same price: see mappings/tables/price_targets.csv"),
    ),
)
"""In: STORE_PRICES."""

SUITES = {one.name: one for one in (prices_in, prices_out)}
