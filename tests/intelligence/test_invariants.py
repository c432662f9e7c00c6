"""A feed that is most likely a fault is recognised as a whole."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from intelligence.invariants import Change, Extent, check_prices, check_stock

UNITS = st.integers(0, 100).map(Decimal)


def feed(after: int, before: int = 10, count: int = 30) -> list[Change]:
    return [Change(f"S{one}", Decimal(before), Decimal(after)) for one in range(count)]


def names(found: list) -> set[str]:
    return {one.name for one in found}


def test_a_feed_of_zeros_is_recognised() -> None:
    assert "all_zero" in names(check_stock(feed(0), catalogue=1000))


def test_negative_stock_is_named() -> None:
    (breach,) = check_stock([Change("A", Decimal(1), Decimal(-2))], catalogue=500)

    assert "A first" in breach.reason


def test_a_feed_that_changes_most_of_the_catalogue_is_recognised() -> None:
    assert "share_changed" in names(check_stock(feed(11), catalogue=40))
    assert check_stock(feed(11), catalogue=100) == []


def test_a_feed_that_moves_most_units_is_recognised() -> None:
    assert "units_moved" in names(check_stock(feed(40), catalogue=30))


def test_few_changes_break_nothing() -> None:
    assert check_stock(feed(0, count=3), catalogue=3) == []


@given(before=st.lists(UNITS, max_size=60))
def test_a_feed_that_changes_nothing_breaks_nothing(before: list[Decimal]) -> None:
    changes = [Change(str(place), units, units) for place, units in enumerate(before)]

    assert check_stock(changes, catalogue=len(changes)) == []


def prices(after: str, before: str = "10", count: int = 30) -> list[Change]:
    return [Change(f"S{one}", Decimal(before), Decimal(after)) for one in range(count)]


def test_prices_that_all_become_0_are_recognised() -> None:
    assert "all_zero" in names(check_prices(prices("0"), Extent(30, 1000)))


def test_most_prices_of_the_catalogue_are_recognised_also_where_they_are_new() -> None:
    (breach,) = check_prices([], Extent(70, 100))

    assert breach.reason == "it changes 70 % of the catalogue; at most 60 % are usual"


def test_prices_of_which_half_move_far_are_recognised_either_way() -> None:
    assert "prices_moved" in names(check_prices(prices("17"), Extent(30, 1000)))
    assert "prices_moved" in names(check_prices(prices("3"), Extent(30, 1000)))
    assert check_prices([*prices("11"), *prices("100", count=29)], Extent(59, 1000)) == []


def test_prices_that_were_0_say_nothing_of_how_far_they_move() -> None:
    assert check_prices(prices("17", before="0"), Extent(30, 1000)) == []


def test_few_prices_break_nothing() -> None:
    assert check_prices(prices("0", count=19), Extent(19, 19)) == []
