"""Everything that Causeway runs: the flows of each entity, and those that belong to none.

Commands, the worker and the tests find flows here. `core/ids.py` has the names for whatever must
not import the engine, and prefect.yaml the deployments; a test compares all three.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prefect import Flow

from flows.activity import watch_activity
from flows.customers import audit_customers, sweep_customers, sync_customers
from flows.duplicates import find_duplicates
from flows.money import audit_money
from flows.orders import audit_orders, recheck_orders, sweep_orders, sync_orders
from flows.prices import audit_prices, sweep_prices, sync_prices
from flows.products import audit_products, reconcile_products, sweep_products, sync_products
from flows.refunds import audit_refunds, sweep_refunds, sync_refunds
from flows.scheduled import EntityFlow
from flows.shipments import audit_shipments, sweep_shipments, sync_shipments
from flows.stock import audit_stock, reconcile_stock, sweep_stock, sync_stock
from flows.tidy import tidy
from tasks.customers.entity import CUSTOMERS
from tasks.orders.entity import ORDERS
from tasks.prices.entity import PRICES
from tasks.products.entity import PRODUCTS
from tasks.reconciler.registry import Entity
from tasks.refunds.entity import REFUNDS
from tasks.shipments.entity import SHIPMENTS
from tasks.stock.entity import STOCK


@dataclass(frozen=True)
class EntityFlows:
    """One entity with its flows."""

    entity: Entity
    sync: EntityFlow
    sweep: EntityFlow
    audit: EntityFlow
    others: tuple[EntityFlow, ...] = ()


ENTITIES: Mapping[str, EntityFlows] = {
    one.entity.name: one
    for one in (
        EntityFlows(ORDERS, sync_orders, sweep_orders, audit_orders, (recheck_orders,)),
        EntityFlows(REFUNDS, sync_refunds, sweep_refunds, audit_refunds),
        EntityFlows(SHIPMENTS, sync_shipments, sweep_shipments, audit_shipments),
        EntityFlows(STOCK, sync_stock, sweep_stock, audit_stock, (reconcile_stock,)),
        EntityFlows(CUSTOMERS, sync_customers, sweep_customers, audit_customers),
        EntityFlows(PRODUCTS, sync_products, sweep_products, audit_products, (reconcile_products,)),
        EntityFlows(PRICES, sync_prices, sweep_prices, audit_prices),
    )
}
FLOWS: tuple[Flow[..., Any], ...] = (
    *(flow for one in ENTITIES.values() for flow in (one.sync, one.sweep, one.audit, *one.others)),
    audit_money,
    watch_activity,
    find_duplicates,
    tidy,
)
