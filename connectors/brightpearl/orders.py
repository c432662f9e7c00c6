"""Sales orders, their notes and what they hold of the stock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from connectors.brightpearl.api import period
from connectors.brightpearl.idsets import parse
from connectors.brightpearl.messages import add_note, set_status
from connectors.brightpearl.models import NoteRow, OrderRef, SalesOrder, Unreadable
from connectors.brightpearl.order_reads import SALES_ORDERS, OrderReads
from connectors.brightpearl.stock_models import Reservation
from core.errors import ContractError, NotFoundError, RejectedError


class Orders(OrderReads):
    """The sales orders of an account."""

    def get_sales_orders(self, ids: Iterable[str]) -> list[SalesOrder | Unreadable]:
        """Sales orders by id, 200 to a request; one that is gone is simply not among them."""
        return self._whole("sales-order", SalesOrder, ids)

    def find_sales_orders(self, external_ref: str) -> list[OrderRef]:
        """Sales orders that carry exactly this reference; the list is compared, not trusted."""
        rows = self._refs(SALES_ORDERS, externalRef=external_ref)
        return [row for row in rows if row.external_ref == external_ref]

    def find_sales_order(self, external_ref: str) -> str | None:
        """Id of the sales order that carries this reference, or None.

        Raises: RejectedError (code `ambiguous`) when several do, naming them.
        """
        ids = [row.order_id for row in self.find_sales_orders(external_ref)]
        if len(ids) > 1:
            raise RejectedError(
                f"The sales orders {', '.join(ids)} all carry the reference {external_ref}.",
                remedy="Keep one of them in Brightpearl and change the reference of the others.",
                code="ambiguous",
            )
        return ids[0] if ids else None

    def list_order_refs(
        self,
        placed_from: datetime | None = None,
        placed_to: datetime | None = None,
        instance_id: int = 0,
        *,
        created_from: datetime | None = None,
    ) -> Iterator[OrderRef]:
        """Sales orders of one integration, by when they were placed or entered.

        500 to a request. `instance_id` is compared in every row.
        """
        windows = {
            "placedOn": period(placed_from, placed_to) if placed_from or placed_to else None,
            "createdOn": period(created_from) if created_from else None,
        }
        rows = self._refs(
            SALES_ORDERS,
            installedIntegrationInstanceId=instance_id,
            **{name: window for name, window in windows.items() if window},
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

    def existing_order_ids(self) -> set[str]:
        """Ids of all sales orders that exist, in one request: whatever is missing was deleted.

        Source: OPTIONS, whose answer holds ready-made paths with id sets.
        """
        path = "/order-service/sales-order"
        answer = self._send("OPTIONS", path)
        try:
            uris = self._response(answer)["getUris"]
            return {one for uri in uris for one in parse(str(uri).rpartition("/")[2])}
        except (KeyError, TypeError, ValueError) as error:
            raise ContractError(
                f"Brightpearl answered {answer.what} with paths that cannot be read."
            ) from error

    def list_notes(self, order_id: str) -> Iterator[NoteRow]:
        """Notes of an order."""
        rows = self._search("/order-service/order-note-search", NoteRow, orderId=order_id)
        return (row for row in rows if row.order_id == order_id)

    def update_status(self, order_id: str, status_id: int, note: str = "") -> None:
        """Set an order's status; this alone releases, cancels or invoices nothing."""
        self._write(set_status("status", order_id, status_id, note))

    def add_note(self, order_id: str, text: str) -> None:
        """Leave a note that staff see and the customer does not. Each call adds one."""
        self._write(add_note("note", order_id, text))

    def get_reservation(self, order_id: str) -> Reservation | None:
        """What is reserved for an order; None when nothing is (they answer 404)."""
        try:
            answer = self._get(f"/warehouse-service/order/{order_id}/reservation")
        except NotFoundError:
            return None
        rows = self._listed(answer)
        return self._one(Reservation, answer, rows[0]) if rows else None
