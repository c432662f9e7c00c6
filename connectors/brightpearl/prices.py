"""Prices of products by price list; stored values are net. Source: API reference, product price."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from pydantic import Field, field_validator

from connectors.brightpearl.api import Api
from connectors.brightpearl.idsets import chunks, id_set
from connectors.documents import Document, Id, Money
from core.errors import NotFoundError


class ListPrice(Document):
    """Prices of one list by the quantity from which they hold."""

    price_list_id: Id = Field(alias="priceListId")
    by_quantity: Mapping[int, Money] = Field(default={}, alias="quantityPrice")

    @field_validator("by_quantity", mode="before")
    @classmethod
    def _none_is_empty(cls, value: object) -> object:
        return value or {}


class ProductPrices(Document):
    """A product's prices."""

    product_id: Id = Field(alias="productId")
    lists: tuple[ListPrice, ...] = Field(default=(), alias="priceLists")


class Prices(Api):
    """What products cost."""

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
