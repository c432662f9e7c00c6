"""The hourly watch over how much happens."""

from __future__ import annotations

from typing import Any

from prefect import flow

from tasks.activity import ended
from tasks.activity import watch_activity as judge_hours


@flow(name="watch-activity", flow_run_name="watch-activity {pair}", persist_result=False)
async def watch_activity(pair: str = "default") -> dict[str, Any]:
    """Compare what happened in the last hours with the same hours before.

    Reads our own tables, and changes nothing.

    Args:
        pair: Which store and account, by the name that the settings give them.
    """
    return ended(judge_hours(pair))
