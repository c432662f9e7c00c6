"""The nightly search for people who are several customers or contacts."""

from __future__ import annotations

from typing import Any

from prefect import flow

from tasks.duplicates.search import ended, search_duplicates


@flow(name="find-duplicates", flow_run_name="find-duplicates {pair}", persist_result=False)
async def find_duplicates(pair: str = "default") -> dict[str, Any]:
    """Compare all customers and contacts, report who may be one person, and propose merges.

    What was approved is merged by the sync of customers.

    Args:
        pair: Which store and account, by the name that the settings give them.
    """
    return ended(search_duplicates(pair))
