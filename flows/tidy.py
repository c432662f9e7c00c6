"""What keeps an installation of years small."""

from __future__ import annotations

from prefect import flow

from tasks.tidy import forget


@flow(name="tidy", persist_result=False)
async def tidy(pair: str = "default") -> dict[str, int]:
    """Drop settled keys, old reports and closed cases; `store/retention.py` says how old."""
    return forget(pair)
