"""The only door to Great Expectations: imported quietly, one context for the whole process.

Importing it takes seconds and a hundred megabytes: only a step that validates imports this.
"""

from __future__ import annotations

import logging
import warnings

from core.engines import silence_telemetry

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
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.execution_engine.execution_engine import ExecutionEngine
    from great_expectations.expectations.expectation import BatchExpectation, Expectation
    from great_expectations.validator.validator import ValidationDependencies

# This module sets its own level, and logs every temporary folder.
logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)

__all__ = [
    "BATCH",
    "BatchExpectation",
    "ExecutionEngine",
    "Expectation",
    "ExpectationSuite",
    "ExpectationSuiteValidationResult",
    "ExpectationValidationResult",
    "Field",
    "ValidationDependencies",
]

NAME = "causeway"
_context = gx.get_context(mode="ephemeral")
_context.variables.progress_bars = ProgressBarsConfig(globally=False)
_asset = _context.data_sources.add_pandas(NAME).add_dataframe_asset(NAME)
BATCH = _asset.add_batch_definition_whole_dataframe(NAME)
"""A data frame that is handed over when it is validated."""
