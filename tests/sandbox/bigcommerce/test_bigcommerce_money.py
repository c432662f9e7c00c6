"""Whatever is bought, an order's documents add up."""

import itertools
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from sandbox.bigcommerce.basket import Basket
from sandbox.bigcommerce.consignments import order_document
from sandbox.bigcommerce.order_documents import line_document
from sandbox.bigcommerce.placing import place
from sandbox.bigcommerce.pricing import share_out
from sandbox.bigcommerce.store import Store
from sandbox.bigcommerce.switches import BigCommerceSwitches
from sandbox.bigcommerce.taxes_api import tax_documents
from sandbox.kit.clock import Clock

ZERO = Decimal(0)
money = st.decimals(min_value="0.01", max_value="500", places=2)
line = st.fixed_dictionaries(
    {
        "name": st.just("Thing"),
        "quantity": st.integers(1, 40),
        "price": st.decimals(min_value="0.0001", max_value="300", places=4),
        "tax_rate": st.sampled_from(["20", "5", "0", "17.5"]),
        "wrapping_price": st.sampled_from(["0", "2.5"]),
        "address": st.integers(0, 1),
    }
)
coupon = st.fixed_dictionaries(
    {
        "code": st.sampled_from(["A", "B"]),
        "type": st.sampled_from(["per_item", "percent", "per_order", "shipping", "free_shipping"]),
        "amount": st.decimals(min_value="0.01", max_value="60", places=2),
    }
)
basket = st.fixed_dictionaries(
    {
        "lines": st.lists(line, min_size=1, max_size=12),
        "coupons": st.lists(coupon, max_size=2, unique_by=lambda c: (c["code"], c["type"])),
        "discount": st.one_of(st.just(ZERO), money),
        "fees": st.lists(st.just({"price": "1.55"}), max_size=2),
        "shipping": st.just([{"cost": "3.33", "handling": "0.75"}, {"cost": "7.77"}]),
        "tax_inclusive": st.booleans(),
        "gift_certificate": st.one_of(st.just(ZERO), money),
        "store_credit": st.one_of(st.just(ZERO), money),
        "currency": st.sampled_from(["GBP", "EUR"]),
    }
)


def d(document: dict[str, Any], name: str) -> Decimal:
    return Decimal(document[name])


def charges(order: dict[str, Any], side: str) -> Decimal:
    names = [f"{part}_cost_{side}" for part in ("shipping", "handling", "wrapping")]
    fees = sum((d(fee, f"cost_{side}") for fee in order["fees"]), ZERO)
    return sum((d(order, name) for name in names), fees)


@pytest.mark.parametrize("kinds", list(itertools.permutations(["shipping", "free_shipping"])))
@pytest.mark.parametrize("freed", ["cost", "discount"])
def test_coupons_of_shipping_take_off_what_it_costs_and_no_more(kinds, freed):
    coupons = [{"code": kind, "type": kind, "amount": "1.77"} for kind in kinds]
    wanted = {
        "lines": [{"name": "Thing", "price": "10", "tax_rate": "20"}],
        "shipping": [{"cost": "3.33"}, {"cost": "7.77"}],
        "coupons": coupons,
    }
    store = Store(None, Clock(), BigCommerceSwitches(free_shipping=freed))
    order = place(store, Basket.model_validate(wanted))
    document = order_document(order, store.switches, frozenset(), as_object=True)
    assert d(document, "total_inc_tax") == 12


@settings(max_examples=150, deadline=None)
@given(wanted=basket, rounding=st.sampled_from(["line", "total"]))
def test_totals_lines_taxes_and_payments_agree(wanted, rounding):
    store = Store(None, Clock(), BigCommerceSwitches(tax_rounding=rounding))
    order = place(store, Basket.model_validate(wanted))
    document = order_document(order, store.switches, frozenset({"fees"}), as_object=True)
    lines = [line_document(order, item) for item in order.lines]

    off = d(document, "discount_amount") + d(document, "coupon_discount")
    total = d(document, "subtotal_inc_tax") + charges(document, "inc_tax") - off
    assert abs(total - d(document, "total_inc_tax")) <= (
        ZERO if rounding == "line" else Decimal("0.005")
    )
    ex, tax = d(document, "total_ex_tax"), d(document, "total_tax")
    assert ex + tax == d(document, "total_inc_tax")
    assert d(document, "total_inc_tax") >= 0
    for item in lines:
        taken = sum((Decimal(part["amount"]) for part in item["applied_discounts"]), ZERO)
        assert d(item, "total_inc_tax") - taken == d(item, "discounted_total_inc_tax")
        assert d(item, "total_ex_tax") + d(item, "total_tax") == d(item, "total_inc_tax")
        assert d(item, "discounted_total_inc_tax") >= 0
    rows = tax_documents(order, details=True)
    summed = tax_documents(order, details=False)
    by_rows = sum((Decimal(row["line_amount"]) for row in rows), ZERO)
    assert by_rows == sum((Decimal(row["line_amount"]) for row in summed), ZERO)
    fee_tax = sum((d(fee, "cost_tax") for fee in document["fees"]), ZERO)
    assert abs(by_rows + fee_tax - tax) <= (ZERO if rounding == "line" else Decimal("0.005"))
    assert sum((row.amount for row in order.transactions), ZERO) == d(document, "total_inc_tax")


@given(
    amount=st.decimals(min_value="0.00", max_value="5000", places=2),
    weights=st.lists(st.decimals(min_value="0.01", max_value="900", places=2), min_size=1),
)
def test_shares_add_up_and_none_is_a_cent_off_its_due(amount, weights):
    shares = share_out(amount, weights)

    assert sum(shares) == amount
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - amount * weight / sum(weights)) < Decimal("0.01")


def test_a_tax_exclusive_line_is_taxed_half_up_to_the_cent(shop):
    order = shop.place({"sku": "TEA", "quantity": 3, "price": "0.85", "tax_rate": "20"})

    document = line_document(order, order.lines[0])

    assert (document["total_ex_tax"], document["total_tax"]) == ("2.5500", "0.5100")
    assert document["price_inc_tax"] == "1.0200"


def test_a_tax_inclusive_order_is_exact_with_tax(shop):
    order = shop.place({"sku": "MUG", "quantity": 3}, tax_inclusive=True)

    document = line_document(order, order.lines[0])

    assert (document["total_inc_tax"], document["total_ex_tax"]) == ("36.0000", "30.0000")
    assert shop.document(order)["is_tax_inclusive_pricing"] is True


def test_exports_carry_no_tax(shop):
    abroad = {"to": {"country": "Germany", "country_iso2": "DE"}}
    document = shop.document(shop.place({"sku": "MUG"}, shipping=[abroad], currency="EUR"))

    assert document["total_tax"] == "0.0000"
    assert (document["default_currency_code"], document["subtotal_ex_tax"]) == ("EUR", "11.7200")
    assert document["store_default_to_transactional_exchange_rate"] == "1.1723000000"


def test_a_coupon_shows_what_it_took_off(shop):
    order = shop.place({"sku": "MUG", "quantity": 10}, coupons=[{"code": "TEN"}])

    (coupon,) = shop.get(f"/v2/orders/{order.id}/coupons")
    (line,) = shop.get(f"/v2/orders/{order.id}/products")

    assert (coupon["code"], coupon["type"], coupon["discount"]) == ("TEN", 1, 12.0)
    assert line["discounted_total_inc_tax"] == "108.0000"
    assert line["applied_discounts"][0]["code"] == "TEN"
    assert shop.document(order)["coupon_discount"] == "12.0000"
