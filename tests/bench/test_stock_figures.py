"""What the measurements of stock compute from what they saw."""

from datetime import UTC, datetime, timedelta

import pytest

from bench.floors import account_stock_floor, store_stock_floor
from bench.stock.catalogue import adjustments, changes_of, drawn, split, touched_by_us
from bench.stock.notices import took
from bench.stock.shelves import Moved, Shelves, moved
from demo.controls import Counted

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def shelves(levels, on_sale=None):
    """Both sides of SKUs: what the account promises, and what is on sale if that differs."""
    in_store = levels | (on_sale or {})
    return Shelves(
        {sku: {"1": [units, max(0, units)]} for sku, units in in_store.items()},
        {sku: {"2": [units, units, 0], "3": [1, 0, 1]} for sku, units in levels.items()},
    )


def change(sku="A", before=5, after=4, cause="relative", seconds=0.0, reference="t"):
    return Moved(NOON + timedelta(seconds=seconds), sku, "1", before, after, cause, reference)


def test_a_hundred_thousand_wrong_skus_cost_the_store_150_requests():
    floor = store_stock_floor(100_000, 100_000)
    assert floor.requests == 100 + 50
    assert "⌈100000/1000⌉ + ⌈100000/2000⌉" in str(floor)


def test_the_account_is_asked_by_the_hundred_and_its_catalogue_by_the_page():
    assert account_stock_floor(100_000, 100_000).requests == 1000 + 200
    assert account_stock_floor(101, 0).requests == 2


def test_what_is_on_sale_is_compared_with_what_is_promised_and_not_held():
    both = shelves({"A": 5, "B": 3, "C": 0}, {"A": 4, "C": -2})
    assert {sku: (one.on_sale, one.expected) for sku, one in both.wrong().items()} == {"A": (4, 5)}
    assert both.wrong({"a": 1, "b": 9}).keys() == {"B"}


def test_every_sku_is_made_wrong_and_none_is_taken_off_sale():
    levels = {f"S{number}": number % 5 for number in range(100)}
    store, account = split(shelves(levels), seed=1)
    assert sorted(store + account) == sorted(levels)
    assert len(store) == 50
    assert all(levels[sku] for sku in store)


def test_a_two_hundredth_drifts_up_and_down_by_both_sides():
    levels = {f"S{number}": 10 for number in range(1600)}
    drifts = drawn(shelves(levels), seed=1)
    assert len({one.sku for one in drifts}) == 8
    assert sum(one.units > 0 for one in drifts) == 4
    assert all(levels[one.sku] + one.units > 0 for one in drifts)
    account = changes_of(drifts, "account")
    store = changes_of(drifts, "store")
    assert len(account) == len(store) == 4
    assert {row["sku"]: -row["delta"] for row in account} | {
        row["sku"]: row["delta"] for row in store
    } == {one.sku: one.units for one in drifts}


def test_only_adjustments_over_the_api_are_ours():
    rows = [change("A"), change("B", cause="staff"), change("C", cause="absolute")]
    assert touched_by_us(rows) == {"A", "C"}


def test_requests_that_adjust_are_counted():
    printed = {
        "PUT /v3/inventory/adjustments/absolute": 2,
        "POST /v3/inventory/adjustments/relative": 3,
        "GET /v3/inventory/items": 9,
    }
    assert adjustments(Counted(14, 0, printed)) == 5


def test_a_row_of_the_journal_is_read():
    row = ["2026-11-24T12:00:00+00:00", "A", 1, 5, 4, "order", "100"]
    assert moved(row) == change(cause="order", reference="100")


def test_a_change_takes_from_one_journal_to_the_other():
    account = [{"at": "2026-11-24T12:00:00.000+00:00"}]
    assert took(account, [NOON + timedelta(seconds=1.5)]) == pytest.approx(1.5)
