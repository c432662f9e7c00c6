"""Whether sold stock was put on sale again, by both journals."""

from datetime import UTC, datetime, timedelta

import pytest

from bench.stock.resale import (
    Course,
    Pushes,
    matched,
    resold,
    resold_by_numbers,
    seconds_until_right,
)
from bench.stock.shelves import Moved
from store.ledger import Entry

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def moved(seconds, before, after, cause="order", reference="t"):
    return Moved(at(seconds), "A", "1", before, after, cause, reference)


def course(*store, elsewhere=(), **more):
    return Course("A", 5, store, [at(seconds) for seconds in elsewhere], **more)


def test_what_is_unsold_is_less_all_orders_and_all_sales_elsewhere():
    one = course(moved(1, 5, 3), moved(4, 3, -1), elsewhere=(2,), arrived=[(at(3), 10)])
    assert [one.unsold(at(second)) for second in (0, 1, 2, 3, 4)] == [5, 3, 2, 12, 8]
    assert one.end == 8


def test_a_push_up_to_what_is_unsold_resells_nothing():
    one = course(moved(1, 5, 3), moved(2, 3, 2, "relative"), moved(3, 2, 3, "relative"))
    assert resold(one, {}) == []


def test_a_push_above_what_is_unsold_resells_what_is_above():
    (found,) = resold(course(moved(1, 5, 1), moved(2, 1, 4, "absolute")), {})
    assert (found.units, found.unknowable) == (3, 0)
    assert "1 → 4" in str(found)


def test_a_push_down_resells_nothing_even_if_it_is_not_enough():
    assert resold(course(moved(1, 5, 4, "relative"), elsewhere=(0.1, 0.2, 0.3)), {}) == []


def test_what_was_sold_elsewhere_after_the_read_could_not_be_known():
    one = course(
        moved(1, 5, 2), moved(2, 2, 1, "relative"), moved(6, 1, 2, "relative", "up"),
        elsewhere=(5,),
    )  # fmt: skip
    (found,) = resold(one, {"up": at(4)})
    assert (found.units, found.unknowable) == (1, 1)
    (late,) = resold(one, {"up": at(5.5)})
    assert (late.units, late.unknowable) == (1, 0)


def test_below_nothing_is_nothing_on_sale():
    oversold = course(moved(1, 5, -3), moved(2, -3, 0, "relative"))
    assert resold(oversold, {}) == []


def test_numbers_that_land_late_resell_what_was_bought_meanwhile():
    one = course(moved(1, 5, 4), moved(2, 4, 2))
    assert resold_by_numbers(one, [(at(3), 4)]) == 2
    assert resold_by_numbers(one, [(at(3), 2)]) == 0


def test_a_seed_is_right_from_the_row_after_which_it_stays_so():
    one = course(moved(1, 5, 4), moved(8, 4, 3, "relative"), elsewhere=(2,), changed=[at(3)])
    assert seconds_until_right(one) == pytest.approx(5)
    assert seconds_until_right(course(moved(1, 5, 4))) == 0
    assert seconds_until_right(course(moved(1, 5, 4), elsewhere=(2,))) is None
    assert seconds_until_right(course()) == 0


def test_a_call_is_matched_with_the_journals_row_inside_it():
    calls = [(at(1), at(2)), (at(1.5), at(3)), (at(8), at(9))]
    assert matched(calls, [at(1.9), at(1.2), at(5)]) == [at(1.2), at(1.9), at(9)]


def entry(seconds, run="r", written="t", quantity=7):
    return Entry(
        1, "stock", "a", "adjust stock", "a@1", {}, {"quantity": quantity}, "", run, at(seconds),
        "written", at(seconds + 1), written, "",
    )  # fmt: skip


def test_a_write_follows_the_last_read_of_its_own_run():
    pushes = Pushes([entry(5), entry(9, "other", "u")], {"r": [at(1), at(4), at(6)]})
    assert pushes.read_at() == {"t": at(4)}


def test_numbers_land_as_late_as_the_store_may_take():
    ((landed, number),) = Pushes([entry(0)], {}).numbers("A", seed=1)
    assert number == 7
    assert 0.2 <= (landed - NOON).total_seconds() <= 20
