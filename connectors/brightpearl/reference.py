"""What an account defines for itself: statuses, codes, methods, lists."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from connectors.brightpearl.api import Api
from connectors.brightpearl.reference_models import (
    Channel,
    Currency,
    OrderStatus,
    PaymentMethod,
    PriceList,
    ShippingMethod,
    TaxCode,
    Warehouse,
)
from core.errors import ContractError


class Reference(Api):
    """Reference data of an account: rarely changes, a request each."""

    def list_order_statuses(self, order_type: Literal["SO", "SC"] = "SO") -> list[OrderStatus]:
        """Statuses of sales orders, or of sales credits: each belongs to one order type."""
        rows = self._all("/order-service/order-status", OrderStatus)
        return [row for row in rows if row.order_type_code == order_type]

    def list_tax_codes(self) -> list[TaxCode]:
        """Tax codes with their rates."""
        return self._all("/accounting-service/tax-code", TaxCode)

    def list_channels(self) -> list[Channel]:
        """Sales channels."""
        return self._all("/product-service/channel", Channel)

    def list_warehouses(self) -> list[Warehouse]:
        """Warehouses."""
        return self._all("/warehouse-service/warehouse", Warehouse)

    def get_default_location(self, warehouse_id: str) -> str:
        """Where goods of a warehouse stand unless told.

        Raises: NotFoundError for a warehouse that is not there.
        """
        answer = self._get(f"/warehouse-service/warehouse/{warehouse_id}/location/default")
        told = self._response(answer)
        if not isinstance(told, int | str):
            raise ContractError(f"Brightpearl answered {answer.what} with no id.")
        return str(told)

    def list_shipping_methods(self) -> list[ShippingMethod]:
        """Shipping methods."""
        return self._all("/warehouse-service/shipping-method", ShippingMethod)

    def list_price_lists(self) -> list[PriceList]:
        """Price lists."""
        return self._all("/product-service/price-list", PriceList)

    def list_payment_methods(self) -> list[PaymentMethod]:
        """Payment methods."""
        return self._all("/accounting-service/payment-method", PaymentMethod)

    def list_currencies(self) -> list[Currency]:
        """Currencies of the account."""
        return list(self._search("/accounting-service/currency-search", Currency))

    def get_server_time(self) -> datetime | None:
        """Brightpearl's clock, as one cheap answer tells it."""
        return self._get("/accounting-service/tax-code").server_time
