"""What the store asks against the account's price list."""

from __future__ import annotations

from typing import Any

import pytest

from agreement.prices import compare_prices


def compare(price: str, wanted: dict[str, Any], sku: str = "mug") -> dict[str, list[str]]:
    store = {"variants": {"1": {"sku": "MUG", "price": price}}}
    product = {"document": {"identity": {"sku": sku}}, "prices": wanted}
    return compare_prices(store, {"products": {"7": product}}, 2)


def test_prices_agree_to_the_cent_whatever_the_case_of_the_sku() -> None:
    assert compare("8.50", {"2": {"1": "8.4999"}}) == {"mug": []}


def test_a_price_that_differs_is_named_with_both() -> None:
    assert compare("8.50", {"2": {"1": "9"}}) == {"mug": ["8.50 in the store, 9.00 in the account"]}


@pytest.mark.parametrize(
    ("wanted", "sku"), [({}, "mug"), ({"3": {"1": "9"}}, "mug"), ({"2": {"1": "9"}}, "cup")]
)
def test_what_has_no_price_or_is_not_in_both_is_left_out(wanted: dict[str, Any], sku: str) -> None:
    assert compare("8.50", wanted, sku) == {}
