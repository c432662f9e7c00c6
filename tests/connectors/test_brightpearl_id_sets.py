"""Sets of ids as Brightpearl writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.brightpearl.api import MOST, chunks, id_set

IDS = st.lists(st.integers(1, 10**12).map(str), min_size=1, max_size=400)
NEAR = st.lists(st.integers(1, 300).map(str), min_size=1, max_size=400)


@given(IDS | NEAR)
def test_what_is_written_names_the_same_ids(ids):
    ranges = [part.partition("-") for part in id_set(ids).split(",")]

    named = [range(int(low), int(high or low) + 1) for low, _, high in ranges]

    assert sorted({int(one) for one in ids}) == [number for part in named for number in part]


@given(IDS | NEAR)
def test_chunks_hold_every_id_once_and_fit_into_a_url(ids):
    parts = list(chunks(ids))

    assert [one for part in parts for one in part] == sorted(set(ids), key=int)
    assert all(len(part) <= MOST and len(id_set(part)) < 3000 for part in parts)
    assert len(parts) == -(-len(set(ids)) // MOST)


@pytest.mark.parametrize(
    ("ids", "text"),
    [(["8"], "8"), (["3", "1", "2"], "1-3"), (["1", "9", "2", "20", "9"], "1-2,9,20")],
)
def test_neighbours_become_ranges(ids, text):
    assert id_set(ids) == text


@pytest.mark.parametrize("ids", [[], ["0"], ["-4"], ["x"]])
def test_what_would_mean_everything_or_nothing_is_never_written(ids):
    with pytest.raises(ValueError, match=r"id|literal"):
        id_set(ids)
