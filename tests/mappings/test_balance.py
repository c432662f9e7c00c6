from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import CENT, two_places
from mappings.balance import reduced, to_cents, up_or_down

amounts = st.lists(st.decimals("0", "99999", places=4), max_size=30)


def decimals(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


def test_the_largest_remainder_goes_up() -> None:
    assert to_cents(decimals("3.337", "3.334", "3.331"), Decimal("10.00")) == (
        decimals("3.34", "3.33", "3.33"),
        Decimal(0),
    )


def test_whole_cents_are_never_moved_to_hide_a_difference() -> None:
    assert to_cents(decimals("5.00", "5.00"), Decimal("10.01")) == (
        decimals("5.00", "5.00"),
        Decimal("0.01"),
    )


def test_many_fractions_do_not_excuse_a_difference_that_rounding_cannot_make() -> None:
    cents, missing = to_cents([Decimal("1.004")] * 100, Decimal("101.00"))

    assert missing == Decimal("0.60")
    assert sum(cents) == Decimal("100.40")


def test_the_sum_of_rounded_amounts_is_reached_as_well_as_the_rounded_sum() -> None:
    four_thirds = [Decimal("1.006")] * 10

    assert to_cents(four_thirds, Decimal("10.10")) == ([Decimal("1.01")] * 10, Decimal(0))
    assert to_cents(four_thirds, Decimal("10.06"))[1] == Decimal(0)


def test_negative_amounts_round_too() -> None:
    assert to_cents(decimals("-1.006", "2.004"), Decimal("0.98"))[1] == Decimal("-0.01")
    assert to_cents(decimals("-1.006", "2.004"), Decimal("0.99"))[1] == Decimal(0)
    assert to_cents(decimals("-1.006", "2.004"), Decimal("1.00")) == (
        decimals("-1.00", "2.00"),
        Decimal(0),
    )


def test_a_total_beyond_every_rounding_up_or_down_is_not_reached() -> None:
    halves = decimals("1.005", "1.005", "2.00")

    assert up_or_down(halves, Decimal("4.00")) == decimals("1.00", "1.00", "2.00")
    assert up_or_down(halves, Decimal("4.02")) == decimals("1.01", "1.01", "2.00")
    assert up_or_down(halves, Decimal("4.03")) is None
    assert up_or_down(halves, Decimal("3.99")) is None


@given(amounts, st.decimals("-1", "1", places=2))
def test_no_amount_moves_by_a_cent_and_what_is_missing_is_said(
    exact: list[Decimal], off: Decimal
) -> None:
    target = two_places(sum(exact, Decimal(0))) + off

    cents, missing = to_cents(exact, target)

    assert sum(cents, Decimal(0)) + missing == target
    assert all(abs(c - e) < CENT for c, e in zip(cents, exact, strict=True))


@given(amounts)
def test_the_own_sum_is_always_reached(exact: list[Decimal]) -> None:
    assert to_cents(exact, two_places(sum(exact, Decimal(0))))[1] == 0


@given(amounts, st.decimals("0", "1", places=4))
def test_a_discount_is_taken_in_proportion_and_as_a_whole(
    exact: list[Decimal], part: Decimal
) -> None:
    whole = sum(exact, Decimal(0))

    left = reduced(exact, whole * part)

    assert abs(sum(left, Decimal(0)) - (whole - whole * part)) < Decimal("1e-15")
    assert all(0 <= after <= before for after, before in zip(left, exact, strict=True))


def test_more_cannot_be_taken_off_than_there_is() -> None:
    with pytest.raises(ValueError, match="cannot be taken off"):
        reduced([Decimal(1)], Decimal(2))
