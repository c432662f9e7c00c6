from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import CENT, decimal, shared_out, two_places

weights = st.lists(st.decimals("0", "1000000", places=4), min_size=1, max_size=60)
cents = st.decimals("-1000000", "1000000", places=2)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4))
def test_rounding_never_moves_more_than_half_a_cent(amount: Decimal) -> None:
    rounded = two_places(amount)

    assert abs(rounded - amount) <= Decimal("0.005")
    assert rounded.as_tuple().exponent == -2
    assert two_places(rounded) == rounded
    assert two_places(-amount) == -rounded


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [("0.005", "0.01"), ("-0.005", "-0.01"), ("0.0049", "0.00"), ("2", "2.00")],
)
def test_half_cents_go_away_from_zero(exact: str, rounded: str) -> None:
    assert str(two_places(Decimal(exact))) == rounded


@given(cents, weights)
def test_shares_add_up_and_none_is_a_cent_off_its_own(total: Decimal, of: list[Decimal]) -> None:
    shares = shared_out(total, of)

    whole = sum(of, Decimal(0))
    assert sum(shares, Decimal(0)) == total
    for share, weight in zip(shares, of, strict=True):
        exact = total * weight / whole if whole else total / len(of)
        assert abs(share - exact) < CENT
        assert share == two_places(share)


@given(cents, weights)
def test_a_split_is_repeatable_and_gives_more_to_more(total: Decimal, of: list[Decimal]) -> None:
    shares = shared_out(abs(total), of)

    assert shares == shared_out(abs(total), of)
    by_weight = sorted(zip(of, shares, strict=True))
    for (light, small), (heavy, large) in itertools.pairwise(by_weight):
        assert small <= large or (heavy == light and small - large <= CENT)


def test_weights_of_nothing_share_equally_and_no_weights_share_nothing() -> None:
    thirds = [Decimal("0.34"), Decimal("0.33"), Decimal("0.33")]

    assert shared_out(Decimal("1.00"), [Decimal(0)] * 3) == thirds
    assert shared_out(Decimal("1.00"), []) == []


def test_what_cannot_be_shared_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        shared_out(Decimal(1), [Decimal(-1)])
    with pytest.raises(ValueError, match="not whole cents"):
        shared_out(Decimal("0.005"), [Decimal(1)])


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_wire_text_becomes_the_exact_decimal(amount: Decimal) -> None:
    assert decimal(str(amount)) == amount


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-inf", "1,5", "", "12 GBP"])
def test_what_is_no_finite_number_is_no_money(value: str) -> None:
    with pytest.raises(ValueError, match="number"):
        decimal(value)


@pytest.mark.parametrize("value", [1.5, True])
def test_a_float_or_a_flag_is_never_money(value: object) -> None:
    with pytest.raises(TypeError, match="money must be"):
        decimal(value)
