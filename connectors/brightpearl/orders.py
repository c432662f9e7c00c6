"""Sales orders, their notes and what they hold of the stock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from connectors.brightpearl.api import period
from connectors.brightpearl.models import OrderRef, SalesOrder, Unreadable
from connectors.brightpearl.order_reads import SALES_ORDERS, OrderReads
from connectors.brightpearl.stock_models import Reservation
from core.errors import NotFoundError


class Orders(OrderReads):
    """The sales orders of an account."""

    def get_sales_orders(self, ids: Iterable[str]) -> list[SalesOrder | Unreadable]:
        """Sales orders by id, 200 to a request; one that is gone is simply not among them."""
        return self._whole("sales-order", SalesOrder, ids)

    def find_sales_orders(self, external_ref: str) -> list[OrderRef]:
        """Sales orders that carry exactly this reference; the list is compared, not trusted."""
        rows = self._refs(SALES_ORDERS, externalRef=external_ref)
        return [row for row in rows if row.external_ref == external_ref]

    def list_order_refs(
        self,
        placed_from: datetime,
        placed_to: datetime,
        instance_id: int,
    ) -> Iterator[OrderRef]:
        """Sales orders of one integration that were placed in this time.

        500 to a request. `instance_id` is compared in every row.
        """
        rows = self._refs(
            SALES_ORDERS,
            installedIntegrationInstanceId=instance_id,
            placedOn=period(placed_from, placed_to),
        )
        for row in rows:
            if row.instance_id == str(instance_id):
                yield row

    def list_child_refs(self, parent_ids: Iterable[str]) -> Iterator[OrderRef]:
        """Sales orders made out of these, such as back orders; 200 parents to a request."""
        yield from self._related(SALES_ORDERS, parent_ids, None)

    def list_changed_refs(self, since: datetime) -> Iterator[OrderRef]:
        """Sales orders of all origins that are new or changed since, each once.

        Two searches, 500 to a request: what was never changed has no time of change. The caller's
        time overlaps what it has seen already.
        """
        yield from self._related(SALES_ORDERS, None, since)

    def get_reservation(self, order_id: str) -> Reservation | None:
        """What is reserved for an order; None when nothing is (they answer 404)."""
        try:
            answer = self._get(f"/warehouse-service/order/{order_id}/reservation")
        except NotFoundError:
            return None
        rows = self._listed(answer)
        return self._one(Reservation, answer, rows[0]) if rows else None
