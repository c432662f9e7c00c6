"""BigCommerce over HTTP: models in and out. Each request is sent once; tasks decide on retries."""

from __future__ import annotations

from datetime import UTC, datetime

from connectors.bigcommerce.hooks import Hooks
from connectors.bigcommerce.inventory import Inventory
from connectors.bigcommerce.orders import Orders
from connectors.bigcommerce.reads import IdRange, plan_ranges
from connectors.bigcommerce.refunds import Refunds
from connectors.bigcommerce.shipments import Shipments
from connectors.bigcommerce.store_models import Channel, Store
from core.errors import ContractError

__all__ = ["BigCommerce", "IdRange", "plan_ranges"]


class BigCommerce(Orders, Shipments, Refunds, Inventory, Hooks):
    """One store. Thread-safe.

    Every method raises TransientError, ConfigError or ContractError besides what it names.
    """

    def get_server_time(self) -> datetime:
        """The store's clock, UTC. Source: GET /v2/time, the cheapest check of credentials."""
        answer = self._get("/v2/time")
        try:
            return datetime.fromtimestamp(int(self._field(answer, "time")), UTC)
        except (TypeError, ValueError, OverflowError) as error:
            raise ContractError(f"BigCommerce answered {answer.what} with no time.") from error

    def get_store(self) -> Store:
        """The store's settings. Source: GET /v2/store."""
        answer = self._get("/v2/store")
        return self._one(Store, answer, answer.body)

    def list_channels(self) -> list[Channel]:
        """All sales channels. Source: GET /v3/channels."""
        return [self._one(Channel, answer, row) for answer, row in self._all_data("/v3/channels")]
