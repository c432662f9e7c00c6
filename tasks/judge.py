"""Frames judged by Great Expectations; what is refused leaves the batch with its reason."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import pandas as pd

from tasks.claim import Run


def judge(
    run: Run, entity: str, frames: Mapping[str, pd.DataFrame], *, record: str = "order_id"
) -> None:
    """Each frame by the suite of its name in `expectations/<entity>.py`; the run remembers.

    `record` is the column that names what a row belongs to.

    Raises: ContractError when the batch as a whole cannot be trusted (a STOP).
    """
    # Great Expectations takes seconds to import: only a process that validates pays for it.
    from expectations.check import check  # noqa: PLC0415

    suites = importlib.import_module(f"expectations.{entity}").SUITES
    verdict = check(frames, suites, record=record)
    run.refuse(verdict.refused)
    run.report.notes.update(verdict.notes)
