"""Brightpearl's products as last read, and the units of them that orders hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from core.ids import sku_key
from store.database import Repository
from store.sql import in_parts, upsert
from store.tables import catalogue, demand

Row = Mapping[str, Any]
READ_COLUMNS = ("product_id", "sku", "sku_key", "is_stock_tracked", "status")
"""Columns whose values come from Brightpearl."""
Units = Mapping[str, int]
"""Units by SKU as compared."""


@dataclass(frozen=True, slots=True)
class CataloguedProduct:
    """A product of Brightpearl."""

    product_id: str
    sku: str
    stock_tracked: bool
    status: str
    is_ambiguous: bool = False
    """Several live products carry the SKU."""


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
        chosen: dict[str, CataloguedProduct] = {}
        for key, products in found.items():
            live = [product for product in products if product.status != "ARCHIVED"] or products
            first = min(live, key=lambda product: int(product.product_id))
            chosen[key] = first if len(live) == 1 else replace(first, is_ambiguous=True)
        return chosen

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

    def count(self, pair: str) -> int:
        """How many products are kept; none before the first scan."""
        query = select(func.count()).select_from(catalogue).where(catalogue.c.pair == pair)
        with self._database.read() as connection:
            return connection.scalars(query).one()

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

    def skus(self, pair: str) -> list[str]:
        """SKUs, as compared, of all live products, each once."""
        query = (
            select(catalogue.c.sku_key)
            .where(
                catalogue.c.pair == pair,
                catalogue.c.status != "ARCHIVED",
                catalogue.c.sku_key != "",
            )
            .distinct()
            .order_by(catalogue.c.sku_key)
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


class Demand(Repository):
    """What orders hold, in a database: units sold, and not yet reserved in Brightpearl."""

    def replace(self, pair: str, by_order: Mapping[str, Units], *, now: datetime) -> set[str]:
        """Say anew what each of these orders holds; nothing is none. SKUs whose units changed.

        An order that holds nothing is not known any more.
        """
        order_ids = sorted(by_order)
        rows = {
            (order_id, sku): units
            for order_id, of_order in by_order.items()
            for sku, units in of_order.items()
            if sku and units > 0
        }
        before: dict[tuple[str, str], int] = {}
        with self._database.read() as connection:
            for part in in_parts(order_ids):
                held = select(demand.c.order_id, demand.c.sku_key, demand.c.units).where(
                    demand.c.pair == pair, demand.c.order_id.in_(part)
                )
                before.update({(row[0], row[1]): row[2] for row in connection.execute(held)})
        if rows == before:
            return set()
        with self._database.write() as connection:
            for part in in_parts(order_ids):
                connection.execute(
                    delete(demand).where(demand.c.pair == pair, demand.c.order_id.in_(part))
                )
            if rows:
                connection.execute(
                    insert(demand),
                    [
                        {
                            "pair": pair,
                            "order_id": order_id,
                            "sku_key": sku,
                            "units": units,
                            "updated_at": now,
                        }
                        for (order_id, sku), units in rows.items()
                    ],
                )
        return {key[1] for key in {*rows, *before} if rows.get(key, 0) != before.get(key, 0)}

    def release(self, pair: str, order_ids: Sequence[str], *, now: datetime) -> set[str]:
        """These orders hold nothing any more, and stay known. SKUs whose units changed."""
        changed: set[str] = set()
        with self._database.write() as connection:
            for part in in_parts(sorted(order_ids)):
                changed.update(
                    connection.scalars(
                        update(demand)
                        .where(
                            demand.c.pair == pair,
                            demand.c.order_id.in_(part),
                            demand.c.units > 0,
                        )
                        .values(units=0, updated_at=now)
                        .returning(demand.c.sku_key)
                    )
                )
        return changed

    def of(self, pair: str, sku_keys: Sequence[str] | None = None) -> dict[str, dict[str, int]]:
        """Units by SKU and order, of these SKUs or of all."""
        query = select(demand.c.sku_key, demand.c.order_id, demand.c.units).where(
            demand.c.pair == pair, demand.c.units > 0
        )
        parts = (
            [query]
            if sku_keys is None
            else [query.where(demand.c.sku_key.in_(part)) for part in in_parts(sku_keys)]
        )
        found: dict[str, dict[str, int]] = defaultdict(dict)
        with self._database.read() as connection:
            for part in parts:
                for row in connection.execute(part):
                    found[row.sku_key][row.order_id] = row.units
        return dict(found)

    def known(self, pair: str, order_ids: Sequence[str]) -> set[str]:
        """Those of the orders that hold something, or did until they were released."""
        found: set[str] = set()
        with self._database.read() as connection:
            for part in in_parts(order_ids):
                query = select(demand.c.order_id).where(
                    demand.c.pair == pair, demand.c.order_id.in_(part)
                )
                found.update(connection.scalars(query.distinct()))
        return found
