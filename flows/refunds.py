"""Flows of refunds and returns, both ways; `paths/refunds.py` is the way of one order's refunds."""

from __future__ import annotations

from flows.paths import refunds
from flows.scheduled import audit_flow, sweep_flow, sync_flow
from tasks.refunds.entity import REFUNDS

sync_refunds = sync_flow(refunds)
sweep_refunds = sweep_flow(REFUNDS, sync_refunds)
audit_refunds = audit_flow(REFUNDS)
