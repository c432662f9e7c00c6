"""How orders are read in the fewest requests."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.bigcommerce.api import PAGE
from connectors.bigcommerce.orders import ROWS_PER_WANTED, broken_filter, plan_ranges, wire

IDS = st.lists(st.integers(1, 5000).map(str), max_size=300)


@given(IDS)
def test_every_id_is_read_exactly_once_and_in_order(ids):
    planned = [order_id for id_range in plan_ranges(ids) for order_id in id_range.ids]

    assert planned == sorted(set(ids), key=int)


@given(IDS)
def test_a_piece_of_reading_never_needs_a_second_page(ids):
    for id_range in plan_ranges(ids):
        assert int(id_range.ids[-1]) - int(id_range.ids[0]) < PAGE


@given(IDS)
def test_a_list_is_never_read_for_a_few_scattered_orders(ids):
    for id_range in plan_ranges(ids):
        rows = int(id_range.ids[-1]) - int(id_range.ids[0]) + 1
        assert rows <= ROWS_PER_WANTED * len(id_range.ids)


@given(st.integers(1, 10**6), st.integers(1, 1200))
def test_neighbouring_orders_cost_no_more_than_the_floor(first, many):
    ids = [str(first + number) for number in range(many)]

    assert len(plan_ranges(ids)) <= min(many, many // PAGE + 1)


def test_a_lone_order_is_read_by_itself():
    near, lone = plan_ranges(["9000", "1", "7", "9000"])

    assert (near.as_list, near.ids) == (True, ("1", "7"))
    assert (lone.as_list, lone.ids) == (False, ("9000",))


def test_moments_are_sent_in_utc_with_all_their_parts():
    sent = wire({"min_date_modified": datetime(2026, 7, 1, 12, tzinfo=UTC), "status_id": 11})

    assert sent == {"min_date_modified": "2026-07-01T12:00:00.000Z", "status_id": 11}


@pytest.mark.parametrize(
    ("filters", "broken"),
    [
        ({"min_id": 5, "max_id": 9, "limit": 250, "sort": "id:asc", "page": 1}, ""),
        ({"min_id": 8}, "min_id"),
        ({"max_id": 6}, "max_id"),
        ({"status_id": 9}, "status_id"),
        ({"channel_id": 1}, ""),
        ({"min_date_modified": "2026-07-01T12:00:00.900Z"}, ""),
        ({"min_date_modified": "2026-07-01T12:00:05.000Z"}, "min_date_modified"),
        ({"max_date_created": "2026-06-01T00:00:00.000Z"}, "max_date_created"),
    ],
)
def test_a_row_outside_of_a_filter_is_noticed(filters, broken):
    row = {
        "id": 7,
        "status_id": 11,
        "date_modified": "Wed, 01 Jul 2026 12:00:00 +0000",
        "date_created": "Wed, 01 Jul 2026 11:00:00 +0000",
    }

    assert broken_filter(row, filters) == broken


def test_a_date_that_cannot_be_read_is_the_models_matter_not_the_filters():
    row = {"id": 7, "date_modified": "yesterday"}

    assert broken_filter(row, {"min_date_modified": "2026-07-01T12:00:00.000Z"}) == ""
