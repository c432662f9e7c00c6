"""Brightpearl's products as last read, by SKU as compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from core.ids import sku_key
from store.database import Repository
from store.sql import in_parts, upsert
from store.tables import catalogue


@dataclass(frozen=True, slots=True)
class CataloguedProduct:
    """A product of Brightpearl."""

    product_id: str
    sku: str
    stock_tracked: bool
    status: str
    is_ambiguous: bool = False
    """Several live products carry the SKU."""


Row = Mapping[str, Any]
READ_COLUMNS = ("product_id", "sku", "sku_key", "is_stock_tracked", "status")
"""Columns whose values come from Brightpearl."""


class Catalogue(Repository):
    """The cached catalogue of a database."""

    def find(self, pair: str, sku_keys: Iterable[str]) -> dict[str, CataloguedProduct]:
        """Products by SKU as compared; archived ones only where no other has the SKU."""
        found: dict[str, list[CataloguedProduct]] = {}
        with self._database.read() as connection:
            for part in in_parts(sorted(set(sku_keys))):
                rows = connection.execute(
                    select(catalogue).where(catalogue.c.pair == pair, catalogue.c.sku_key.in_(part))
                )
                for row in rows:
                    product = CataloguedProduct(
                        row.product_id, row.sku, bool(row.is_stock_tracked), row.status
                    )
                    found.setdefault(row.sku_key, []).append(product)
        return {key: _chosen(products) for key, products in found.items()}

    def by_id(self, pair: str, product_ids: Iterable[str]) -> dict[str, CataloguedProduct]:
        """Products by Brightpearl's id; unknown ids are left out."""
        found: dict[str, CataloguedProduct] = {}
        with self._database.read() as connection:
            for part in in_parts(sorted(set(product_ids))):
                rows = connection.execute(
                    select(catalogue).where(
                        catalogue.c.pair == pair, catalogue.c.product_id.in_(part)
                    )
                )
                for row in rows:
                    found[row.product_id] = CataloguedProduct(
                        row.product_id, row.sku, bool(row.is_stock_tracked), row.status
                    )
        return found

    def tracked(self, pair: str) -> list[str]:
        """SKUs, as compared, of all live products that have stock."""
        query = select(catalogue.c.sku_key).where(
            catalogue.c.pair == pair,
            catalogue.c.is_stock_tracked == 1,
            catalogue.c.status != "ARCHIVED",
            catalogue.c.sku_key != "",
        )
        with self._database.read() as connection:
            return list(connection.scalars(query))

    def put(self, pair: str, products: Sequence[CataloguedProduct], *, now: datetime) -> None:
        """Keep products as read; a product whose SKU changed is found under the new one only.

        Only what changed is written, in short transactions: a catalogue is large.
        """
        rows = [
            {
                "pair": pair,
                "product_id": product.product_id,
                "sku": product.sku,
                "sku_key": sku_key(product.sku),
                "is_stock_tracked": int(product.stock_tracked),
                "status": product.status,
                "updated_at": now,
            }
            for product in products
        ]
        for part in in_parts(rows):
            if changed := self._changed(pair, part):
                with self._database.write_one_of_many() as connection:
                    upsert(connection, catalogue, changed, key=("pair", "product_id"))

    def _changed(self, pair: str, rows: Sequence[Row]) -> list[Row]:
        """Those of these rows that are not kept just so."""
        ids = [row["product_id"] for row in rows]
        query = select(*(catalogue.c[name] for name in READ_COLUMNS)).where(
            catalogue.c.pair == pair, catalogue.c.product_id.in_(ids)
        )
        with self._database.read() as connection:
            kept = {tuple(row) for row in connection.execute(query)}
        return [row for row in rows if tuple(row[name] for name in READ_COLUMNS) not in kept]


def _chosen(products: Sequence[CataloguedProduct]) -> CataloguedProduct:
    """The one live product, or the mark that there are several."""
    live = [product for product in products if product.status != "ARCHIVED"] or list(products)
    first = min(live, key=lambda product: int(product.product_id))
    if len(live) == 1:
        return first
    return CataloguedProduct(
        first.product_id, first.sku, first.stock_tracked, first.status, is_ambiguous=True
    )
