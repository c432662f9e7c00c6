"""Units of store orders that Brightpearl has not reserved: sold, and not yet out of its stock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from store.database import Repository
from store.sql import in_parts
from store.tables import demand

Units = Mapping[str, int]
"""Units by SKU as compared."""


class Demand(Repository):
    """What orders hold, in a database."""

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
        before = self._of_orders(pair, order_ids)
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
        return {order_id for order_id, _ in self._of_orders(pair, order_ids)}

    def _of_orders(self, pair: str, order_ids: Sequence[str]) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        with self._database.read() as connection:
            for part in in_parts(order_ids):
                rows = connection.execute(
                    select(demand.c.order_id, demand.c.sku_key, demand.c.units).where(
                        demand.c.pair == pair, demand.c.order_id.in_(part)
                    )
                )
                found.update({(row.order_id, row.sku_key): row.units for row in rows})
        return found
