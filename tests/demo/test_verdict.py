from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from demo.verdict import AccountOrder, Sides, StoreOrder, judge, percentile

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
IMPORTABLE = (11, 9)
IN_STORE = StoreOrder(
    order_id="101",
    status_id=9,
    total=Decimal("12.00"),
    currency="GBP",
    paid=Decimal("12.00"),
    ready_at=NOON,
    external_order_id="100001",
)
IN_ACCOUNT = AccountOrder(
    order_id="100001",
    gross=Decimal("12.00"),
    currency="GBP",
    received=Decimal("12.00"),
    units=3,
    reserved=3,
    could_reserve=0,
    complete_at=NOON + timedelta(seconds=0.8),
)


def verdict(store=(IN_STORE,), account=None, parked=(), quarantined=()):
    there = {"101": [IN_ACCOUNT]} if account is None else account
    return judge(Sides(store, there, frozenset(parked), frozenset(quarantined)), IMPORTABLE)


def test_an_order_that_stands_on_both_sides_agrees():
    found = verdict()
    assert found.agrees
    assert (found.placed, found.eligible, found.in_brightpearl) == (1, 1, 1)
    assert found.latencies_s == [0.8]


def test_an_eligible_order_that_is_nowhere_is_missing():
    assert verdict(account={}).missing == ["101"]


def test_an_eligible_order_that_is_named_in_quarantine_is_not_missing():
    found = verdict(account={}, quarantined=["101"])
    assert found.agrees
    assert found.quarantined == 1


def test_an_order_that_is_only_parked_is_missing_all_the_same():
    assert not verdict(account={}, parked=["101"]).agrees


def test_an_unpaid_order_is_not_eligible_and_must_not_be_there():
    waiting = replace(IN_STORE, status_id=0)
    assert verdict(store=[waiting], account={}).agrees
    assert verdict(store=[waiting]).uncalled_for == ["101"]


def test_an_order_twice_in_brightpearl_is_a_duplicate():
    assert verdict(account={"101": [IN_ACCOUNT, IN_ACCOUNT]}).duplicates == ["101"]


def test_a_sales_order_the_store_does_not_know_is_uncalled_for():
    assert verdict(account={"101": [IN_ACCOUNT], "7": [IN_ACCOUNT]}).uncalled_for == ["7"]


def test_a_cent_is_a_difference():
    found = verdict(account={"101": [replace(IN_ACCOUNT, gross=Decimal("12.01"))]})
    assert found.cents_off == 1
    assert "12.01" in found.differences()[0]


def test_an_order_called_off_on_both_sides_agrees_and_on_one_side_does_not():
    off = replace(IN_STORE, status_id=5)
    cancelled = {"101": [replace(IN_ACCOUNT, is_cancelled=True)]}
    assert verdict(store=[off], account=cancelled).agrees
    assert verdict(store=[off]).uncalled_for == ["101"]


def test_a_refund_needs_its_credit_to_the_cent_and_its_payment_out():
    back = replace(IN_STORE, status_id=14, refunds=1, refunded=Decimal("2.40"))
    credited = replace(IN_ACCOUNT, credits=1, credited=Decimal("2.40"), paid_out=Decimal("2.40"))
    assert verdict(store=[back], account={"101": [credited]}).agrees
    assert not verdict(store=[back]).agrees
    short = replace(credited, paid_out=Decimal("2.39"))
    assert not verdict(store=[back], account={"101": [short]}).agrees


def test_units_that_left_must_be_told():
    sent = {"101": [replace(IN_ACCOUNT, shipped=2)]}
    assert not verdict(account=sent).agrees
    assert verdict(store=[replace(IN_STORE, shipped=2)], account=sent).agrees


@pytest.mark.parametrize(
    "change",
    [
        {"currency": "EUR"},
        {"received": Decimal("11.99")},
        {"could_reserve": 1},
        {"order_id": "100002"},
    ],
)
def test_each_part_of_an_order_is_compared(change):
    found = verdict(account={"101": [replace(IN_ACCOUNT, **change)]})
    assert len(found.differences()) == 1
    assert found.differences()[0].startswith("101")


def test_units_short_for_want_of_stock_are_no_difference():
    found = verdict(account={"101": [replace(IN_ACCOUNT, reserved=1)]})
    assert found.agrees
    assert (found.units, found.units_reserved) == (3, 1)


@pytest.mark.parametrize(
    ("values", "part", "expected"),
    [([], 0.5, None), ([1.0], 0.95, 1.0), ([1, 2, 3, 4], 0.5, 2), (list(range(1, 101)), 0.95, 95)],
)
def test_a_percentile_is_one_of_the_values(values, part, expected):
    assert percentile(values, part) == expected
