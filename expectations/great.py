"""The only door to Great Expectations: imported quietly, one context for the whole process.

Importing it takes seconds and a hundred megabytes: only a step that validates imports this.
"""

from __future__ import annotations

import logging
import threading
import warnings
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
    from great_expectations.compatibility.pydantic import Field
    from great_expectations.core import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.core.metric_domain_types import MetricDomainTypes
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.execution_engine.pandas_execution_engine import (
        PandasExecutionEngine,
    )
    from great_expectations.expectations.expectation import BatchExpectation
    from great_expectations.expectations.metrics.metric_provider import metric_value
    from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
    from great_expectations.validator.metric_configuration import MetricConfiguration
    from great_expectations.validator.validator import ValidationDependencies

# This module sets its own level, and logs every temporary folder.
logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)

__all__ = [
    "BatchExpectation",
    "ExpectationSuite",
    "ExpectationValidationResult",
    "Field",
    "MetricConfiguration",
    "MetricDomainTypes",
    "PandasExecutionEngine",
    "TableMetricProvider",
    "ValidationDependencies",
    "metric_value",
    "validate",
]

NAME = "causeway"


def _batch_definition() -> Any:  # noqa: ANN401 - their type is not exported
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas(NAME).add_dataframe_asset(NAME)
    return asset.add_batch_definition_whole_dataframe(NAME)


_definition = _batch_definition()
_one_at_a_time = threading.Lock()
"""All batches of the definition have one id, under which the engine holds the newest."""


def validate(batch: pd.DataFrame, suite: ExpectationSuite) -> list[ExpectationValidationResult]:
    """One result per expectation, in no particular order."""
    with _one_at_a_time:
        loaded = _definition.get_batch({"dataframe": batch})
        answer = loaded.validate(suite, result_format="COMPLETE")
    if not isinstance(answer, ExpectationSuiteValidationResult):
        raise TypeError(f"Great Expectations answered a {type(answer).__name__} to a suite")
    return list(answer.results)
