"""What must be true of products before they are mapped, and of what is to be written.

Limits of BigCommerce's fields are from its fact sheet (catalog), those of Brightpearl from its own.
"""

from __future__ import annotations

from expectations.great import ExpectationSuite
from expectations.rows import (
    ExpectValueLengthsToBeBetween,
    ExpectValuesToBeBetween,
    ExpectValuesToBeUnique,
    suite,
)
from expectations.rules import refuse, stop

LONGEST = {"name": 250, "sku": 255, "brand": 255, "upc": 14, "gtin": 14, "description": 65_535}
HEAVIEST = 10**7
IN_BRIGHTPEARL = "Correct the product in Brightpearl"
NO_SKU = refuse(
    "document",
    "the product has no SKU",
    "Give it a SKU in Brightpearl, by which BigCommerce and orders know it",
    field="sku",
)
TOO_LONG = "Shorten it in Brightpearl, or clip it in mappings/{file}.yaml"


def _lengths(*columns: str, file: str) -> list[ExpectValueLengthsToBeBetween]:
    return [
        ExpectValueLengthsToBeBetween(
            column=column,
            max_value=LONGEST[column],
            meta=refuse(
                column if column == "brand" else "document",
                f"the {column} is longer than the {LONGEST[column]} characters that BigCommerce "
                "takes",
                TOO_LONG.format(file=file),
                field=column,
                value_from="",
            ),
        )
        for column in columns
    ]


def _sizes() -> list[ExpectValuesToBeBetween]:
    return [
        ExpectValuesToBeBetween(
            column=column,
            min_value=0,
            max_value=HEAVIEST,
            meta=refuse("document", f"the {name} is impossible", IN_BRIGHTPEARL, field=column),
        )
        for column, name in (
            ("weight_kg", "weight"),
            ("depth_cm", "length"),
            ("width_cm", "width"),
            ("height_cm", "height"),
        )
    ]


def _in(name: str, *columns: str) -> ExpectationSuite:
    return suite(
        name,
        ExpectValuesToBeUnique(columns=list(columns), meta=stop("a product is there twice")),
        ExpectValueLengthsToBeBetween(
            column="sku", min_value=1, where={"kind": ["single", "variant"]}, meta=NO_SKU
        ),
    )


products_in = _in("products_in", "key")
"""In: ACCOUNT_PRODUCTS."""
variants_in = _in("variants_in", "key", "product_id")
"""In: ACCOUNT_VARIANTS."""
products_out = suite(
    "products_out",
    ExpectValuesToBeUnique(columns=["key"], meta=stop("a product would be written twice")),
    *_lengths("name", "sku", "brand", "upc", "gtin", "description", file="products"),
    *_sizes(),
)
"""In: STORE_PRODUCTS."""
variants_out = suite(
    "variants_out",
    ExpectValuesToBeUnique(
        columns=["key", "product_id"], meta=stop("a variant would be written twice")
    ),
    *_lengths("sku", "upc", "gtin", file="variants"),
    *_sizes(),
)
"""In: STORE_VARIANTS."""

SUITES = {one.name: one for one in (products_in, variants_in, products_out, variants_out)}
