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
from sandbox.bigcommerce.routing import Router

ROUTER = Router()
for _module in (
    orders_api,
    order_parts_api,
    shipments_api,
    payments_api,
    refunds_api,
    hooks_api,
    store_api,
    catalog_api,
    inventory_api,
    customers_api,
):
    ROUTER.add(_module.routes)
