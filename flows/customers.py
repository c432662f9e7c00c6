"""Flows of customers, both ways; `paths/customers.py` is the way of one person."""

from __future__ import annotations

from flows.paths import customers
from flows.scheduled import audit_flow, sweep_flow, sync_flow
from tasks.customers.entity import CUSTOMERS

sync_customers = sync_flow(customers)
sweep_customers = sweep_flow(CUSTOMERS, sync_customers)
audit_customers = audit_flow(CUSTOMERS)
