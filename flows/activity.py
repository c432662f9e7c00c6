"""The hourly watch over how much happens, and over cases that nothing recognised."""

from __future__ import annotations

from typing import Any

from prefect import flow

from tasks.activity import ended
from tasks.activity import watch_activity as judge_hours
from tasks.reconciler.classification import classify_cases


@flow(name="watch-activity", flow_run_name="watch-activity {pair}", persist_result=False)
async def watch_activity(pair: str = "default") -> dict[str, Any]:
    """Classify open cases that are unknown; compare the last hours with the same hours before.

    Reads our own tables alone.

    Args:
        pair: Which store and account, by the name that the settings give them.
    """
    classify_cases(pair)
    return ended(judge_hours(pair))
