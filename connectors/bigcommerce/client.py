"""BigCommerce over HTTP: models in and out. Each request is sent once; tasks decide on retries."""

from __future__ import annotations

from connectors.bigcommerce.catalog import Catalog
from connectors.bigcommerce.customers import Customers
from connectors.bigcommerce.inventory import Inventory
from connectors.bigcommerce.orders import IdRange, Orders, plan_ranges
from connectors.bigcommerce.prices import Prices
from connectors.bigcommerce.refunds import Refunds
from connectors.bigcommerce.shipments import Shipments
from connectors.bigcommerce.store import StoreSettings

__all__ = ["BigCommerce", "IdRange", "plan_ranges"]


class BigCommerce(Orders, Shipments, Refunds, Inventory, Customers, Catalog, Prices, StoreSettings):
    """One store. Thread-safe.

    Every method raises TransientError, ConfigError or ContractError besides what it names.
    """
