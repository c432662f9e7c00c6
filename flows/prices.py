"""Flows of prices, from Brightpearl to BigCommerce; `paths/prices.py` is the way of one SKU."""

from __future__ import annotations

from flows.paths import prices
from flows.scheduled import audit_flow, sweep_flow, sync_flow
from tasks.prices.entity import PRICES

sync_prices = sync_flow(prices)
sweep_prices = sweep_flow(PRICES, sync_prices)
audit_prices = audit_flow(PRICES)
