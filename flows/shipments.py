"""Flows of shipments, from Brightpearl to BigCommerce; `paths/shipments.py` is the way of one."""

from __future__ import annotations

from flows.paths import shipments
from flows.scheduled import audit_flow, sweep_flow, sync_flow
from tasks.shipments.entity import SHIPMENTS

sync_shipments = sync_flow(shipments)
sweep_shipments = sweep_flow(SHIPMENTS, sync_shipments)
audit_shipments = audit_flow(SHIPMENTS)
