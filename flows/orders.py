"""Flows of orders, from BigCommerce to Brightpearl; `paths/orders.py` is the way of one order."""

from __future__ import annotations

from typing import Any

from prefect import flow

from flows.paths import orders
from flows.scheduled import audit_flow, sweep_flow, sync_flow
from tasks.orders.entity import ORDERS, recheck_unsent

sync_orders = sync_flow(orders)
sweep_orders = sweep_flow(ORDERS, sync_orders)
audit_orders = audit_flow(ORDERS)


@flow(name="recheck-orders", flow_run_name="recheck-orders {pair}", persist_result=False)
async def recheck_orders(pair: str = "default") -> dict[str, Any]:
    """Compare every order that has not left with its sales order, and bring both into agreement.

    Finds edits whose event was lost, and what staff changed in Brightpearl.

    Args:
        pair: Which store and account, by the name that the settings give them.
    """
    checked = recheck_unsent(pair)
    await sync_orders(pair)
    return checked
