"""Of a catalogue that is in memory as a whole, what many products have in common is there once."""

from __future__ import annotations

import json
from decimal import Decimal

from connectors.bigcommerce.catalog_models import StoreProduct
from connectors.brightpearl.catalogue_models import AccountProduct

ACCOUNT = """{"id": 7, "status": "LIVE", "stock": {"weight": {"magnitude": 0.25}},
 "financialDetails": {"taxCode": {"code": "T20"}}, "salesChannels": [{"productName": "Mug",
 "categories": [{"categoryCode": "276 a"}], "description": {"text": "Blue"}}],
 "variations": [{"optionName": "Size of it", "optionValue": "Very large"}]}"""
STORE = """{"id": 7, "name": "Mug", "price": 1.5, "weight": 0.25, "variants": [{"id": 1,
 "product_id": 7, "weight": 0.25, "option_values": [{"id": 1, "option_id": 2,
 "label": "Very large", "option_display_name": "Size of it"}]}]}"""


def test_equal_texts_and_weights_of_brightpearl_are_kept_once() -> None:
    one, other = (AccountProduct.model_validate(read(ACCOUNT)) for _ in range(2))

    assert (one.name, one.categories, one.description) == ("Mug", ("276 a",), "Blue")
    assert one.categories[0] is other.categories[0]
    assert one.tax_code is other.tax_code
    assert one.variations[0].value is other.variations[0].value
    assert one.weight is other.weight


def test_equal_texts_and_weights_of_the_store_are_kept_once() -> None:
    one, other = (StoreProduct.model_validate(read(STORE)) for _ in range(2))
    variant, same = one.variants[0], other.variants[0]

    assert variant.option_values[0].label is same.option_values[0].label
    assert variant.weight is same.weight is other.weight


def read(text: str) -> object:
    return json.loads(text, parse_float=Decimal)
