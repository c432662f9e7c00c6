"""Expectations about rows: which rows fail, and that they fail as Great Expectations' own would."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import great_expectations as gx
import pandas as pd
import pytest
from great_expectations.expectations.core import (
    ExpectColumnPairValuesToBeEqual,
    ExpectColumnValueLengthsToBeBetween,
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeInSet,
    ExpectColumnValuesToMatchRegex,
    ExpectCompoundColumnsToBeUnique,
)
from great_expectations.expectations.expectation import Expectation
from hypothesis import given, settings
from hypothesis import strategies as st

from core.frames import frame
from expectations.great import ExpectationSuite
from expectations.rows import (
    ExpectColumnsToBeEqual,
    ExpectTimesNotToBeLater,
    ExpectValueLengthsToBeBetween,
    ExpectValuesToBeBetween,
    ExpectValuesToBeInSet,
    ExpectValuesToBeUnique,
    ExpectValuesToMatchRegex,
    RowExpectation,
    suite,
    validate,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def failing(expectation: RowExpectation, **columns: list[Any]) -> list[int]:
    """Positions of the failing rows of a frame of these columns."""
    rows = pd.DataFrame({name: pd.Series(found, dtype="object") for name, found in columns.items()})
    checked = suite("rows", copy.copy(expectation))
    (result,) = validate({"rows": rows}, NOW, checked.expectations)
    assert not result.exception_info.get("raised_exception"), result.exception_info
    positions: list[int] = result.result["unexpected_index_list"]
    assert result.success == (not positions)
    return positions


def test_a_pattern_is_matched_from_end_to_end() -> None:
    number = ExpectValuesToMatchRegex(column="a", regex="[1-9][0-9]*")

    assert failing(number, a=["1", "10", "x1", "1x", "", "1\n", "0"]) == [2, 3, 4, 5, 6]


def test_a_set_holds_what_it_lists() -> None:
    assert failing(ExpectValuesToBeInSet(column="a", value_set=["", "x"]), a=["x", "", "X"]) == [2]


@pytest.mark.parametrize(
    ("bounds", "positions"),
    [
        ({"min_value": 0}, [0]),
        ({"min_value": 0, "strict_min": True}, [0, 1]),
        ({"max_value": 5}, [4]),
        ({"min_value": 0, "max_value": 5}, [0, 4]),
        ({"min_value": 0, "strict_min": True, "max_value": 5}, [0, 1, 4]),
    ],
)
@pytest.mark.parametrize("kind", [int, Decimal])
def test_bounds_belong_to_the_range_unless_they_are_strict(
    bounds: dict[str, Any], positions: list[int], kind: type
) -> None:
    values = [kind(value) for value in (-1, 0, 1, 5, 6)]

    assert failing(ExpectValuesToBeBetween(column="a", **bounds), a=values) == positions


def test_a_bound_is_compared_to_the_last_digit_of_an_amount() -> None:
    most = ExpectValuesToBeBetween(column="a", max_value=10**9)

    assert failing(most, a=[Decimal("1000000000.0000"), Decimal("1000000000.0001")]) == [1]


def test_lengths_are_counted_in_characters() -> None:
    lengths = ExpectValueLengthsToBeBetween(column="a", min_value=1, max_value=2)

    assert failing(lengths, a=["", "é", "éé", "ééé"]) == [0, 3]


def test_a_time_may_lie_as_far_ahead_as_it_says() -> None:
    ahead = [NOW + timedelta(days=1), NOW + timedelta(days=1, seconds=1), NOW - timedelta(days=9)]

    assert failing(ExpectTimesNotToBeLater(column="a", days_from_now=1), a=ahead) == [1]


def test_all_rows_that_are_equal_fail_together() -> None:
    unique = ExpectValuesToBeUnique(columns=["a", "b"])

    assert failing(unique, a=["1", "1", "2", "1"], b=["x", "y", "x", "x"]) == [0, 3]


def test_columns_are_equal_where_both_lack_a_value_and_differ_where_one_does() -> None:
    equal = ExpectColumnsToBeEqual(column="a", other="b")

    assert failing(equal, a=[1, Decimal(2), None, None, 5], b=[1, 2, None, 4, None]) == [3, 4]


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NaT, Decimal("NaN")])
@pytest.mark.parametrize(
    "expectation",
    [
        ExpectValuesToMatchRegex(column="a", regex="x"),
        ExpectValuesToBeInSet(column="a", value_set=["x"]),
        ExpectValuesToBeBetween(column="a", min_value=0),
        ExpectValueLengthsToBeBetween(column="a", min_value=1),
        ExpectTimesNotToBeLater(column="a", days_from_now=1),
        ExpectValuesToBeUnique(columns=["a"]),
    ],
)
def test_a_missing_value_fails_nothing(expectation: RowExpectation, missing: object) -> None:
    assert failing(expectation, a=[missing, missing]) == []


@pytest.mark.parametrize(
    ("asked", "positions"),
    [
        ({"where": {"kind": ["p"]}}, [0]),
        ({"where": {"kind": ["p", "f"]}}, [0, 1]),
        ({"unless": {"kind": ["p", "f"]}}, [2]),
        ({"where": {"kind": ["p", "f"]}, "unless": {"kind": ["f"]}}, [0]),
    ],
)
def test_only_the_rows_meant_are_asked(asked: dict[str, Any], positions: list[int]) -> None:
    expectation = ExpectValueLengthsToBeBetween(column="a", min_value=1, **asked)

    assert failing(expectation, a=["", "", ""], kind=["p", "f", "r"]) == positions


@pytest.mark.parametrize(
    "expectation",
    [
        ExpectValuesToBeBetween(column="a", min_value=0),
        ExpectValuesToMatchRegex(column="a", regex="x"),
        ExpectValueLengthsToBeBetween(column="a", min_value=1),
        ExpectTimesNotToBeLater(column="a", days_from_now=1),
    ],
)
def test_a_value_of_the_wrong_type_raises_and_names_no_rows(expectation: RowExpectation) -> None:
    rows = pd.DataFrame({"a": pd.Series([object()], dtype="object")})

    checked = suite("rows", copy.copy(expectation))

    (result,) = validate({"rows": rows}, NOW, checked.expectations)

    assert not result.success
    assert "unexpected_index_list" not in result.result


TEXTS = st.sampled_from(["", "1", "12", "0", "x", "GBP", "gbp", "a b", "GBPX"])
AMOUNTS = st.sampled_from([Decimal(-1), Decimal(0), Decimal("0.01"), Decimal(5), None])
ROWS = st.lists(
    st.fixed_dictionaries({"text": TEXTS, "code": TEXTS, "amount": AMOUNTS, "sum": AMOUNTS}),
    min_size=1,
    max_size=8,
)
ALIKE: list[tuple[RowExpectation, Expectation]] = [
    (
        ExpectValuesToMatchRegex(column="text", regex="[1-9][0-9]*"),
        ExpectColumnValuesToMatchRegex(column="text", regex="^[1-9][0-9]*$"),
    ),
    (
        ExpectValuesToBeInSet(column="text", value_set=["", "GBP"]),
        ExpectColumnValuesToBeInSet(column="text", value_set=["", "GBP"]),
    ),
    (
        ExpectValueLengthsToBeBetween(column="text", min_value=1, max_value=3),
        ExpectColumnValueLengthsToBeBetween(column="text", min_value=1, max_value=3),
    ),
    (
        ExpectValuesToBeBetween(column="amount", min_value=0, strict_min=True, max_value=4),
        ExpectColumnValuesToBeBetween(column="amount", min_value=0, strict_min=True, max_value=4),
    ),
    (
        ExpectColumnsToBeEqual(column="amount", other="sum"),
        ExpectColumnPairValuesToBeEqual(column_A="amount", column_B="sum"),
    ),
    (
        ExpectValuesToBeUnique(columns=["text", "code"]),
        ExpectCompoundColumnsToBeUnique(column_list=["text", "code"]),
    ),
]


@pytest.fixture(scope="module")
def core_expectations() -> Any:
    """A data frame asset of Great Expectations, as its documentation makes one."""
    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("core_expectations").add_dataframe_asset(
        "core_expectations"
    )
    return asset.add_batch_definition_whole_dataframe("core_expectations")


@settings(max_examples=15, deadline=None)
@given(records=ROWS)
def test_the_same_rows_fail_as_of_the_core_expectations(
    core_expectations: Any, records: list[Any]
) -> None:
    schema = {"text": "text", "code": "text", "amount": "money", "sum": "money"}
    rows = frame(records, schema)
    ours = suite("rows", *(copy.copy(mine) for mine, _ in ALIKE))
    mine = validate({"rows": rows}, NOW, ours.expectations)

    for result, (_, core) in zip(_in_order(ours, mine), ALIKE, strict=True):
        known = core_expectations.get_batch({"dataframe": rows}).validate(
            core, result_format="COMPLETE"
        )
        assert result == sorted(known.result["unexpected_index_list"])


def _in_order(checked: ExpectationSuite, results: list[Any]) -> list[list[int]]:
    found = {one.expectation_config.type: one.result["unexpected_index_list"] for one in results}
    return [found[one.expectation_type] for one in checked.expectations]
