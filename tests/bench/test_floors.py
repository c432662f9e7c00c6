from dataclasses import replace

import pytest

from bench.floors import (
    Batch,
    Life,
    bigcommerce_floor,
    brightpearl_floor,
    ceiling,
    life_floor,
    long_orders,
    windows_s,
)

KNOWN = Batch(orders=10, span=10, new_contacts=0, contacts_before=0, skus=0, products=0)


def test_ten_orders_of_known_customers_cost_brightpearl_four_requests():
    assert brightpearl_floor(KNOWN).requests == 4


def test_one_order_of_a_known_customer_costs_three():
    assert brightpearl_floor(replace(KNOWN, orders=1)).requests == 3


def test_a_new_customer_costs_an_address_a_contact_and_a_lookup():
    before = brightpearl_floor(KNOWN).requests
    after = brightpearl_floor(replace(KNOWN, new_contacts=1, contacts_before=0)).requests
    assert after - before == 3


@pytest.mark.parametrize(
    ("new", "before", "requests"), [(300, 0, 1), (300, 1001, 3), (2, 5000, 2), (0, 5000, 0)]
)
def test_customers_are_looked_up_one_by_one_or_by_the_page_whichever_is_less(new, before, requests):
    floor = brightpearl_floor(replace(KNOWN, new_contacts=new, contacts_before=before))
    found = {term.what: term.requests for term in floor.terms}
    assert found["contacts looked up"] == requests


def test_a_batch_of_500_new_orders_adds_up():
    batch = Batch(
        orders=500, span=500, new_contacts=321, contacts_before=9, skus=1800, products=2300
    )
    floor = brightpearl_floor(batch)
    assert [term.requests for term in floor.terms] == [50, 3, 100, 33, 33, 1, 5]
    assert floor.requests == 225


def test_a_floor_shows_its_formula_with_the_numbers_put_in():
    text = str(brightpearl_floor(replace(KNOWN, orders=25)))
    assert "⌈25/10⌉ + ⌈25/200⌉ + ⌈50/10⌉" in text
    assert "= 3 + 1 + 5" in text
    assert " = 9 (" in text


@pytest.mark.parametrize(("span", "pages"), [(1, 1), (249, 1), (250, 2), (500, 3), (501, 3)])
def test_a_full_last_page_of_orders_costs_one_more(span, pages):
    floor = bigcommerce_floor(replace(KNOWN, orders=10, span=span))
    assert floor.requests == pages + 20


def test_each_order_costs_bigcommerce_its_transactions_and_one_write_back():
    assert bigcommerce_floor(replace(KNOWN, orders=500, span=500)).requests == 1003


def test_lines_that_do_not_fit_into_the_list_are_read_by_the_page():
    assert long_orders([1, 50, 51, 593]) == [51, 593]
    floor = bigcommerce_floor(replace(KNOWN, long_orders=[51, 593]))
    assert floor.requests == bigcommerce_floor(KNOWN).requests + 1 + 3


@pytest.mark.parametrize(("requests", "seconds"), [(0, 0), (150, 0), (151, 30), (401, 60)])
def test_a_quota_takes_a_window_less_than_its_requests_need(requests, seconds):
    assert windows_s(requests, 150, 30) == seconds


@pytest.mark.parametrize(
    ("count", "size", "parts"), [(0, 10, 0), (1, 10, 1), (10, 10, 1), (11, 10, 2)]
)
def test_parts_are_counted_up(count, size, parts):
    assert ceiling(count, size) == parts


LIFE = Life(orders=100, span=100, notes=150, refunds=0)


def test_a_life_costs_transactions_a_write_back_and_its_parcels():
    assert life_floor(LIFE).requests == 1 + 100 + 100 + 1 + 150


def test_refunds_are_read_by_the_page_with_their_orders_and_put_stock_back():
    assert life_floor(replace(LIFE, refunds=21)).requests == life_floor(LIFE).requests + 4


def test_lines_of_a_life_are_read_by_the_page_once():
    assert life_floor(replace(LIFE, long_orders=[51, 593])).requests == 352 + 1 + 3
