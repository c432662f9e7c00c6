"""Which changes of the store's prices are taken back, by who owns them."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.bigcommerce.price_models import PricedVariant
from core.frames import frame
from core.prices import STORE_PRICES
from core.settings import PriceSettings
from tasks.prices.frames import AgreedPrices, Desired, Found, Name, Price
from tasks.prices.plan import plan_prices
from tasks.reconciler.cases import Decisions

PRICE = Name("price", "GBP")


def written(owners: dict[str, str], *, agreed: str, in_store: str, in_account: str) -> bool:
    """Whether the store is given Brightpearl's price."""
    run: Any = SimpleNamespace(
        decisions=Decisions,
        connections=SimpleNamespace(pair=SimpleNamespace(prices=PriceSettings())),
        bundle=SimpleNamespace(mappings={"prices": SimpleNamespace(owners=owners)}),
        refused_keys=set(),
    )
    found = Found(
        variants={"mug": PricedVariant(id="1", product_id="2", sku="MUG")},
        actual={"mug": {PRICE: Price(Decimal(in_store))}},
        agreed={"mug": AgreedPrices(prices={str(PRICE): agreed})},
        currency="GBP",
    )
    row = {"sku_key": "mug", "target": "price", "currency": "GBP", "quantity": 1}
    wanted = frame([{**row, "amount": Decimal(in_account)}], STORE_PRICES)
    (plan,) = plan_prices(run, found, Desired(prices=wanted))
    return bool(plan.operations)


@pytest.mark.parametrize(
    ("owners", "is_taken_back"),
    [({"amount": "brightpearl"}, True), ({"amount": "bigcommerce"}, False), ({}, False)],
)
def test_a_price_that_the_store_changed_is_taken_back_only_from_brightpearls(
    owners: dict[str, str], *, is_taken_back: bool
) -> None:
    assert written(owners, agreed="10", in_store="9", in_account="10") is is_taken_back


@pytest.mark.parametrize(
    ("owners", "is_taken_over"),
    [({"amount": "brightpearl"}, True), ({"amount": "bigcommerce"}, False), ({}, True)],
)
def test_a_price_that_brightpearl_changed_is_taken_over_unless_it_is_the_stores(
    owners: dict[str, str], *, is_taken_over: bool
) -> None:
    assert written(owners, agreed="10", in_store="10", in_account="9.5") is is_taken_over
