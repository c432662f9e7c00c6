import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.brightpearl.id_sets import format_id_set, parse_id_set


@given(st.sets(st.integers(min_value=1, max_value=5000), min_size=1, max_size=60))
def test_a_set_of_ids_survives_being_written_and_read(ids: set[int]) -> None:
    parsed = parse_id_set(format_id_set(ids))

    assert parsed is not None
    assert parsed.ids() == sorted(ids)


@pytest.mark.parametrize("text", ["", "0", "5-", "-5", "5/", "9-1", "1,,2", "a", "1 2", "*"])
def test_what_is_no_id_set_is_not_read_as_one(text: str) -> None:
    assert parse_id_set(text) is None


def test_listed_ids_keep_their_order_and_periods_mean_the_same_as_commas() -> None:
    assert parse_id_set("9,1,5-6").ids() == [9, 1, 5, 6]
    assert parse_id_set("9.1").ids() == [9, 1]


def test_a_range_of_a_billion_ids_is_not_expanded() -> None:
    wide = parse_id_set("1-1000000000")

    assert wide.size == 1_000_000_000
    assert wide.among([3, 7], {3: "a", 7: "b"}) == [3, 7]
