"""Money, both systems side by side: a day's sales, taxes, discounts, refunds and payments."""

from __future__ import annotations

from typing import Any

from prefect import flow

from tasks.money.account import read_account
from tasks.money.audit import begin, tie_out
from tasks.money.store import read_single_orders, read_store
from tasks.reconciler.audit import ended


@flow(name="audit-money", flow_run_name="audit-money {pair}", persist_result=False)
async def audit_money(pair: str = "default", day: str | None = None) -> dict[str, Any]:
    """Compare what the store says of one of its days with what Brightpearl holds, to the cent.

    Writes nothing to either system.

    Args:
        pair: Which store and account, by the name that the settings give them.
        day: A date such as 2026-11-24; the store's yesterday if left out.

    Raises: ConfigError (settings, the day), TransientError, ContractError.
    """
    asked = begin(pair, day)
    store = read_store(pair, asked.day)
    account = read_account(pair, asked.day, store)
    store = read_single_orders(pair, asked.day, store, account)
    return ended(tie_out(asked, store, account))
