"""The only door to Great Expectations: imported quietly, one context for the whole process.

Importing it takes seconds and a hundred megabytes: only a step that validates imports this.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from core.settings import silence_telemetry

silence_telemetry()
logging.getLogger("great_expectations").setLevel(logging.WARNING)
with warnings.catch_warnings():
    # It still imports modules that Python has deprecated; nobody here can act on that.
    warnings.simplefilter("ignore")
    import great_expectations as gx
    from great_expectations import ExpectationSuite
    from great_expectations.core import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.expectations.core.expect_column_pair_values_to_be_equal import (
        ExpectColumnPairValuesToBeEqual,
    )
    from great_expectations.expectations.core.expect_column_value_lengths_to_be_between import (
        ExpectColumnValueLengthsToBeBetween,
    )
    from great_expectations.expectations.core.expect_column_values_to_be_between import (
        ExpectColumnValuesToBeBetween,
    )
    from great_expectations.expectations.core.expect_column_values_to_be_in_set import (
        ExpectColumnValuesToBeInSet,
    )
    from great_expectations.expectations.core.expect_column_values_to_be_unique import (
        ExpectColumnValuesToBeUnique,
    )
    from great_expectations.expectations.core.expect_column_values_to_match_regex import (
        ExpectColumnValuesToMatchRegex,
    )
    from great_expectations.expectations.core.expect_compound_columns_to_be_unique import (
        ExpectCompoundColumnsToBeUnique,
    )
    from great_expectations.expectations.core.expect_table_row_count_to_be_between import (
        ExpectTableRowCountToBeBetween,
    )
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.expectation_configuration import (
        ExpectationConfiguration,
    )
    from great_expectations.expectations.row_conditions import Column

# This module sets its own level, and tells of every temporary folder.
logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)

__all__ = [
    "Column",
    "ExpectColumnPairValuesToBeEqual",
    "ExpectColumnValueLengthsToBeBetween",
    "ExpectColumnValuesToBeBetween",
    "ExpectColumnValuesToBeInSet",
    "ExpectColumnValuesToBeUnique",
    "ExpectColumnValuesToMatchRegex",
    "ExpectCompoundColumnsToBeUnique",
    "ExpectTableRowCountToBeBetween",
    "ExpectationSuite",
    "ExpectationValidationResult",
    "results",
]

NAME = "causeway"


def _batch_definition() -> Any:  # noqa: ANN401 - their type is not exported
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas(NAME).add_dataframe_asset(NAME)
    return asset.add_batch_definition_whole_dataframe(NAME)


_configurations: dict[int, tuple[Expectation, ExpectationConfiguration]] = {}
"""By the expectation's identity, and only while one validation lasts."""
_work_out: Callable[[Expectation], ExpectationConfiguration]
_work_out = vars(Expectation)["configuration"].fget


def _configuration(expectation: Expectation) -> ExpectationConfiguration:
    """Worked out once: a validation asks each expectation for it some fifty times."""
    known = _configurations.get(id(expectation))
    if known is None:
        known = _configurations[id(expectation)] = (expectation, _work_out(expectation))
    return known[1]


# That is two fifths of what a validation of a small batch costs.
Expectation.configuration = property(_configuration)  # type: ignore[assignment,method-assign]

_definition = _batch_definition()
_one_at_a_time = threading.Lock()


def results(
    rows: pd.DataFrame,
    suite: ExpectationSuite,
    parameters: Mapping[str, Any],
    *,
    complete: bool,
) -> list[ExpectationValidationResult]:
    """One result per expectation, in no particular order.

    `complete`: with the index of every unexpected row; otherwise only whether it holds (half the
    time). `parameters` fill the suite's `$PARAMETER`s.
    """
    with _one_at_a_time:
        try:
            answer = _definition.get_batch({"dataframe": rows}).validate(
                suite,
                result_format="COMPLETE" if complete else "BOOLEAN_ONLY",
                expectation_parameters=dict(parameters),
            )
        finally:
            _configurations.clear()
    if not isinstance(answer, ExpectationSuiteValidationResult):
        raise TypeError(f"Great Expectations answered a {type(answer).__name__} to a suite")
    return list(answer.results)
