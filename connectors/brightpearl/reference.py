"""What an account defines for itself: products and prices, statuses, codes, methods, lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Literal

from connectors.brightpearl.account_models import (
    Channel,
    Currency,
    OrderStatus,
    PaymentMethod,
    PriceList,
    ProductPrices,
    ProductRow,
    ShippingMethod,
    TaxCode,
    Warehouse,
)
from connectors.brightpearl.api import Api
from connectors.brightpearl.reads import chunks, id_set, new_or_changed
from connectors.http import unreadable
from core.errors import NotFoundError


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
        """Id of the location that goods of a warehouse come to by default.

        Raises: NotFoundError for a warehouse that does not exist.
        """
        answer = self._get(f"/warehouse-service/warehouse/{warehouse_id}/location/default")
        location_id = self._response(answer)
        if not isinstance(location_id, int | str):
            raise unreadable(answer, "with no id")
        return str(location_id)

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
        """Brightpearl's clock, from the headers of one cheap answer."""
        return self._get("/accounting-service/tax-code").server_time


class Products(Api):
    """Products of an account, and what they cost."""

    def list_products(self, updated_since: datetime | None = None) -> Iterator[ProductRow]:
        """All products, or those created or changed since; one that is both may come twice."""
        for changes in new_or_changed(updated_since):
            yield from self._search("/product-service/product-search", ProductRow, **changes)

    def get_unit_prices(self, product_ids: Iterable[str], price_list_id: str) -> dict[str, Decimal]:
        """The price of a single unit by product id; a product without one is left out.

        200 products to a request.
        """
        found: dict[str, Decimal] = {}
        for part in chunks(product_ids):
            path = f"/product-service/product-price/{id_set(part)}/price-list/{price_list_id}"
            try:
                answer = self._get(path)
            except NotFoundError:
                continue
            for row in self._listed(answer):
                product = self._one(ProductPrices, answer, row)
                for listed in product.lists:
                    if listed.price_list_id == price_list_id and listed.by_quantity:
                        price = listed.by_quantity[min(listed.by_quantity)]
                        found[product.product_id] = price
        return found
