"""All operations of the store's API."""

from sandbox.bigcommerce import (
    catalog_api,
    customers_api,
    hooks_api,
    inventory_api,
    order_parts_api,
    orders_api,
    payments_api,
    refunds_api,
    shipments_api,
    store_api,
)
from sandbox.bigcommerce.routing import Router, StoreErrors

ROUTER = Router(
    (
        orders_api.routes,
        order_parts_api.routes,
        shipments_api.routes,
        payments_api.routes,
        refunds_api.routes,
        hooks_api.routes,
        store_api.routes,
        catalog_api.routes,
        inventory_api.routes,
        customers_api.routes,
    ),
    StoreErrors(),
)
