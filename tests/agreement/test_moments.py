from datetime import datetime

import pytest
from both_states import (
    account,
    at,
    payment,
    row,
    sales_order,
    store,
    store_order,
    transaction,
)

from agreement.moments import complete_at, paid_at, percentile


def test_an_order_is_paid_when_its_money_came():
    order = store_order(transactions=[transaction(4, "purchase", "12.00")])
    assert paid_at(order) == datetime.fromisoformat(at(4))


def test_a_declined_payment_and_an_authorisation_are_no_money():
    rows = [
        transaction(4, "purchase", "12.00", status="error"),
        transaction(5, "authorization", "12.00"),
    ]
    assert paid_at(store_order(transactions=rows)) == datetime.fromisoformat(at(0))


def test_an_order_is_complete_when_the_last_of_its_parts_was_written():
    assert complete_at(store(), account()) == {"101": datetime.fromisoformat(at(3))}


@pytest.mark.parametrize(
    "lacking",
    [
        {"payments": {"1": payment(amount_paid="11.99")}},
        {"reservations": {"100001": {"rows": {"11": [7, 2]}}}},
        {"orders": {}},
    ],
)
def test_an_order_that_is_not_wholly_paid_and_reserved_is_not_complete(lacking):
    assert complete_at(store(), account() | lacking) == {}


def test_rows_without_stock_need_no_reservation():
    shipping = row(12, sku="", product_id=None, external_ref=None, quantity="1", net="0", tax="0")
    both = account(sales_order(row(), shipping), products={})
    assert complete_at(store(), both, lambda one: one["sku"] == "MUG")
    assert not complete_at(store(), both, lambda _: True)


@pytest.mark.parametrize(
    ("values", "part", "expected"),
    [([], 0.5, None), ([1.0], 0.95, 1.0), ([1, 2, 3, 4], 0.5, 2), (list(range(1, 101)), 0.95, 95)],
)
def test_a_percentile_is_one_of_the_values(values, part, expected):
    assert percentile(values, part) == expected
