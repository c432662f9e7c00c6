from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import orders
from core.frames import DTYPES, Schema, concat, frame, records, records_by

SCHEMA: Schema = {"ref": "text", "net": "money", "at": "time", "is_new": "flag", "qty": "count"}
MOMENT = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "ref": st.text(max_size=20),
            "net": st.none() | st.decimals(-(10**6), 10**6, places=4),
            "at": st.none() | st.just(MOMENT),
            "is_new": st.booleans(),
            "qty": st.integers(-(2**40), 2**40),
        }
    ),
    max_size=8,
)


@given(rows)
def test_records_come_back_as_they_went_in(given_rows: list[dict]) -> None:
    assert records(frame(given_rows, SCHEMA)) == given_rows


@given(rows)
def test_dtypes_are_the_declared_ones_whatever_the_rows(given_rows: list[dict]) -> None:
    made = frame(given_rows, SCHEMA)

    assert list(made.columns) == list(SCHEMA)
    assert [str(made[name].dtype) for name in SCHEMA] == [DTYPES[k] for k in SCHEMA.values()]


@pytest.mark.parametrize(
    "schema",
    [value for name, value in vars(orders).items() if name.isupper() and isinstance(value, dict)],
)
def test_every_frame_of_an_order_can_be_empty_and_keeps_its_dtypes(schema: Schema) -> None:
    empty, one = frame([], schema), frame([{}], schema)

    assert len(empty) == 0
    assert empty.dtypes.equals(one.dtypes)


def test_missing_values_are_blank_text_no_money_no_time_and_unknown_keys_are_left_out() -> None:
    made = frame([{"unknown": 1, "ref": None}], SCHEMA)

    assert records(made) == [{"ref": "", "net": None, "at": None, "is_new": False, "qty": 0}]


@pytest.mark.parametrize(("column", "value"), [("qty", "many"), ("at", "soon")])
def test_a_value_that_does_not_fit_names_its_column(column: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"the column {column} cannot hold"):
        frame([{column: value}], SCHEMA)


def test_an_empty_frame_that_is_filled_leaves_the_next_one_empty() -> None:
    filled = frame([], SCHEMA)
    filled["ref"] = filled["ref"].astype("object")
    filled.loc[0] = ["a", None, MOMENT, True, 1]

    assert len(frame([], SCHEMA)) == 0
    assert str(frame([], SCHEMA)["ref"].dtype) == DTYPES["text"]


def test_joined_frames_keep_dtypes_and_count_anew() -> None:
    one = frame([{"ref": "a", "qty": 1}], SCHEMA)
    nothing = frame([], SCHEMA)

    joined = concat([nothing, one, nothing, one], SCHEMA)

    assert list(joined["ref"]) == ["a", "a"]
    assert list(joined.index) == [0, 1]
    assert joined.dtypes.equals(nothing.dtypes)
    assert concat([], SCHEMA).dtypes.equals(nothing.dtypes)
    assert concat([nothing], SCHEMA).dtypes.equals(nothing.dtypes)


def test_records_are_found_by_the_value_of_a_column() -> None:
    made = frame([{"ref": "a", "qty": 1}, {"ref": "b"}, {"ref": "a", "qty": 2}], SCHEMA)

    found = records_by(made, "ref")

    assert {ref: [row["qty"] for row in rows] for ref, rows in found.items()} == {
        "a": [1, 2],
        "b": [0],
    }
    assert records_by(frame([], SCHEMA), "ref") == {}
