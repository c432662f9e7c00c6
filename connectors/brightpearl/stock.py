"""Stock: availability, movements, what bundles are made of, corrections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from connectors.brightpearl.api import Api, chunks, id_set, period
from connectors.brightpearl.stock_models import (
    Bundle,
    Movement,
    NotTracked,
    ProductStock,
    UnreadableProduct,
    read_bundle,
    read_stock,
)
from core.errors import NotFoundError, RejectedError

PRODUCTS_AT_ONCE = 200
"""Products in one question for availability. Undocumented: 100 are in daily use, and 200 were seen
to work."""


class Stock(Api):
    """Stock in the warehouses of an account."""

    def list_availability(
        self, product_ids: Iterable[str]
    ) -> Iterator[ProductStock | NotTracked | UnreadableProduct]:
        """The availability of each of these products, each once, by id.

        200 to a request. A product of which no stock is kept makes Brightpearl refuse all of them,
        or is passed over: it is found by halving.
        """
        yield from self._together(product_ids, self._availability, size=PRODUCTS_AT_ONCE)

    def _availability(
        self, product_ids: Sequence[str]
    ) -> Iterator[ProductStock | NotTracked | UnreadableProduct]:
        stock = self._stock_of(product_ids)
        middle = len(product_ids) // 2
        if stock is None and middle:
            yield from self._availability(product_ids[:middle])
            yield from self._availability(product_ids[middle:])
            return
        for product_id in product_ids:
            if stock is not None and product_id in stock:
                yield read_stock(product_id, stock[product_id])
            else:
                yield NotTracked(product_id)

    def _stock_of(self, product_ids: Sequence[str]) -> Mapping[str, Any] | None:
        """Their answer by product id; None when they refuse the whole set for some of it."""
        try:
            answer = self._send(
                "GET", f"/warehouse-service/product-availability/{id_set(product_ids)}"
            )
        except NotFoundError as missing:
            if not missing.code:  # not an answer of Brightpearl
                raise
            return {}
        except RejectedError as refused:
            if refused.status != HTTPStatus.BAD_REQUEST:
                raise
            return None
        stock: dict[str, Any] = self._field(answer, "response", dict)
        return stock

    def on_hand(self, product_ids: Iterable[str]) -> dict[tuple[str, str], int]:
        """Units that may still be promised, by (warehouse id, product id).

        What no warehouse is said to have is left out, and so is a product without stock keeping or
        with an answer that cannot be read.
        """
        return {
            (warehouse_id, product.product_id): units
            for product in self.list_availability(product_ids)
            if isinstance(product, ProductStock)
            for warehouse_id, units in product.on_hand.items()
        }

    def list_movements(self, since: datetime) -> Iterator[Movement]:
        """Goods movements of a moment or later, 500 to a request. Source: goods-movement-search."""
        path = "/warehouse-service/goods-movement-search"
        yield from self._search(path, Movement, updatedOn=period(since))

    def list_bundles(self, product_ids: Iterable[str]) -> Iterator[Bundle | UnreadableProduct]:
        """Those of these products that are bundles, 200 to a request; others are left out."""
        for part in chunks(product_ids):
            try:
                answer = self._send("GET", f"/product-service/product/{id_set(part)}")
            except NotFoundError:
                continue
            for row in self._field(answer, "response", list):
                if (bundle := read_bundle(row)) is not None:
                    yield bundle
