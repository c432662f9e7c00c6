"""Prices through the store's client: whose they are, and records with prices by quantity."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx

from connectors.bigcommerce.price_models import PriceRecord, PriceRecordBody
from tests.connectors.conftest import Script, bigcommerce

VARIANT: dict[str, Any] = {"id": 1, "product_id": 7, "sku": "Mug", "option_values": []}
LARGE = VARIANT | {
    "id": 2,
    "sku": "Large",
    "price": 4,
    "sale_price": 0,
    "option_values": [{"label": "L"}],
}


def page(*rows: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"data": rows, "meta": {"pagination": {"total_pages": 1}}})


def test_a_simple_product_has_the_prices_of_its_variant() -> None:
    script = Script(page(VARIANT | {"cost_price": 9}, LARGE), page({"id": 7, "price": 5.25}))
    mug, large = bigcommerce(script).list_priced_variants(["mug", "LARGE"])
    assert mug.prices == {"price": Decimal("5.25")}
    assert large.prices == {"price": Decimal(4)}
    assert script.requests[1].url.params["id:in"] == "7"


def test_products_are_not_read_where_their_prices_are_not_wanted() -> None:
    script = Script(page(VARIANT))
    (mug,) = bigcommerce(script).list_priced_variants(["mug"], with_products=False)
    assert (mug.prices, len(script.requests)) == ({}, 1)


def test_a_product_that_is_gone_leaves_its_variant_without_prices() -> None:
    script = Script(page(VARIANT | {"price": 3}), page())
    (mug,) = bigcommerce(script).list_priced_variants(["mug"])
    assert mug.prices == {}


def test_a_price_of_nothing_is_one_but_no_other_price_of_nothing() -> None:
    script = Script(page(LARGE | {"price": 0}))
    (large,) = bigcommerce(script).list_priced_variants(["large"])
    assert large.prices == {"price": Decimal(0)}


def test_prices_from_quantities_on_end_where_the_next_one_begins() -> None:
    tiers = [(5, Decimal(9)), (10, Decimal(8))]
    body = PriceRecordBody.of("3", "1", "GBP", Decimal(10), tiers).wire()
    assert body["bulk_pricing_tiers"] == [
        {"quantity_min": 5, "quantity_max": 9, "type": "fixed", "amount": 9.0},
        {"quantity_min": 10, "quantity_max": 0, "type": "fixed", "amount": 8.0},
    ]


def test_a_record_has_its_prices_by_quantity_or_none() -> None:
    tiers = [
        {"quantity_min": at, "type": "fixed", "amount": cost} for at, cost in ((5, 9), (10, 8))
    ]
    row = {"variant_id": 1, "currency": "GBP", "price": 10, "bulk_pricing_tiers": tiers}
    read = PriceRecord.model_validate(row)
    assert read.by_quantity == {0: Decimal(10), 5: Decimal(9), 10: Decimal(8)}
    assert PriceRecord.model_validate({"variant_id": 1, "currency": "GBP"}).by_quantity == {}
